"""Gathers the result for the report: from the story, the folder, and what the consumer holds in its hands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from crex import v1
from crex.demand.matching import match
from crex.demand.price import PlanPricer
from crex.demand.view import OfferView
from crex.documents import convert
from crex.documents.strict import loads
from crex.invoice.arithmetic import equation, rounding
from crex.invoice.report import InvoiceReport
from crex.trust.verified import Verified
from demo.audit import Audited
from demo.catalogue_facts import Fact
from demo.refusals import Refusal
from demo.result import DocumentRow, LineRow, OfferRow, Result, StepRow
from demo.story import Story

_MANY: Final = 1000


@dataclass(slots=True)
class Gathered:
    """What came up while the story went on; whatever is missing, did not come that far."""

    demand: v1.Demand | None = None
    demand_text: str = ""
    machine: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    program: dict[str, Any] = field(default_factory=dict)
    invoice: Verified[v1.Invoice] | None = None
    report: InvoiceReport | None = None
    lines: Sequence[bytes] = ()
    refusals: Sequence[Refusal] = ()
    audited: Sequence[Audited] = ()
    searched_at: datetime | None = None


def result_of(story: Story, gathered: Gathered, *, began: str, folder: str, error: str) -> Result:
    """Makes the result of a story that ended."""
    currency = gathered.demand.currency if gathered.demand is not None else ""
    total = digest = ""
    if gathered.invoice is not None:
        money = gathered.invoice.message.total
        total, digest = f"{money.amount} {money.currency}", gathered.invoice.message.rating_digest
    return Result(
        began=began,
        seconds=story.seconds,
        error=error,
        demand=gathered.demand_text,
        currency=currency,
        machine=gathered.machine,
        steps=tuple(
            StepRow(
                number=step.number,
                chapter=step.chapter,
                title=step.title,
                outcome=step.outcome,
                details=tuple(step.details),
                seconds=step.seconds,
                failed=step.failed,
            )
            for step in story.steps
        ),
        offers=_offers(gathered),
        program=gathered.program,
        total=total,
        rating_digest=digest,
        lines=tuple(map(_line, gathered.lines)),
        refusals=tuple((one.attempt, one.reason, one.message) for one in gathered.refusals),
        documents=tuple(map(_document, gathered.audited)),
        folder=folder,
    )


def _offers(gathered: Gathered) -> tuple[OfferRow, ...]:
    """Judges every offer of the folder once more, with the SDK's own evaluator, for every reason."""
    demand, now = gathered.demand, gathered.searched_at
    if demand is None or now is None:
        return ()
    views = list(_views(gathered.audited))
    found = match(demand, views, now=now, max_rejections=_MANY)
    why = {one.offer_id: one for one in found.explanation.rejections} if found.explanation else {}
    pricer, rows = PlanPricer(), []
    for view in views:
        price = pricer(demand, view.plan, view.offer, now=now)
        rejection = why.get(view.offer_id)
        fact = gathered.facts.get(view.offer_id)
        candidate = v1.Candidate()
        price.into(candidate)
        rows.append(
            OfferRow(
                id=view.offer_id,
                seller=fact.seller if fact else "This machine",
                shape=fact.shape if fact else "one dedicated core",
                source=fact.source if fact else "",
                price=candidate.price.amount,
                matched=rejection is None,
                why_not="" if rejection is None else _why(rejection),
            )
        )
    return tuple(
        sorted(rows, key=lambda row: (not row.matched, row.price == "", float(row.price or 0), row.id))
    )


def _why(rejection: v1.Rejection) -> str:
    if rejection.unstated:
        return f"does not state {rejection.constraint.split(' ')[0]}"
    return f"{rejection.constraint}; it has {rejection.found}"


def _views(audited: Iterable[Audited]) -> Iterable[OfferView]:
    by_digest = {one.document.digest: one.document.json for one in audited}
    by_name = {one.document.id: one.document.json for one in audited}
    for one in audited:
        if one.kind != "offer":
            continue
        body = one.document.json
        resource = by_digest[body["resource"]["sha256"]]
        yield OfferView(
            offer=body,
            resource=resource,
            site=by_name[resource["siteId"]],
            plan=by_digest[body["pricePlan"]["sha256"]],
            sha256=one.document.digest,
            holdable="pool" in body,
        )


def _line(body: bytes) -> LineRow:
    line = convert.to_message(loads(body), v1.InvoiceLine)
    component = f"{line.component or line.dimension}{f', tier {line.tier}' if line.HasField('tier') else ''}"
    return LineRow(
        component=component,
        amount=f"{line.amount.amount} {line.amount.currency}",
        equation=equation(line),
        rounding=rounding(line),
    )


def _document(audited: Audited) -> DocumentRow:
    document = audited.document
    return DocumentRow(
        path=audited.path,
        kind=audited.kind,
        id=document.id,
        issuer=document.issuer,
        sha256=document.digest,
        body=document.json,
        checks=tuple(map(str, document.steps)),
    )
