"""Gathers the result for the report: from the story, the folder, and what the consumer holds in its hands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from crex import v1
from crex.decimals import parse_decimal, show
from crex.demand.matching import match
from crex.demand.price import PlanPricer
from crex.demand.terms import wanted
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
_MS: Final = 1000


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
    refused = {one.attempt for one in gathered.refusals}
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
                # What was said of a refusal stands with the refusals.
                details=() if step.title in refused else tuple(step.details),
                seconds=step.seconds,
                failed=step.failed,
            )
            for step in story.steps
        ),
        offers=_offers(gathered),
        program=gathered.program,
        total=total,
        rating_digest=digest,
        lines=tuple(_line(body, gathered.audited) for body in gathered.lines),
        refusals=tuple((one.attempt, one.by, one.reason, one.message) for one in gathered.refusals),
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
    pricer, want, rows = PlanPricer(), wanted(demand, now=now), []
    for view in views:
        price = pricer(demand, view.plan, view.offer, time=want.time_at(view))
        rejection = why.get(view.offer_id)
        fact = gathered.facts.get(view.offer_id)
        candidate = v1.Candidate()
        price.into(candidate)
        rows.append(
            OfferRow(
                id=view.offer_id,
                digest=view.sha256,
                seller=fact.seller if fact else "This machine",
                shape=fact.shape if fact else "one dedicated core",
                source=fact.source if fact else "",
                price=candidate.price.amount,
                matched=rejection is None,
                why_not="" if rejection is None else _why(rejection),
            )
        )
    return tuple(
        sorted(
            rows, key=lambda row: (not row.matched, row.price == "", parse_decimal(row.price or "0"), row.id)
        )
    )


def _why(rejection: v1.Rejection) -> str:
    if rejection.unstated:
        return f"does not state {rejection.constraint.split(' ')[0]}"
    return f"needs {rejection.constraint}, has {rejection.found}"


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


def _line(body: bytes, audited: Sequence[Audited]) -> LineRow:
    line = convert.to_message(loads(body), v1.InvoiceLine)
    component = _component(line, audited)
    held = component is not None and component.kind == v1.ComponentKind.COMPONENT_KIND_TIME
    unit = f"{line.unit}·s" if held else line.unit
    measured = show(_measured(line, audited, held=held))
    tier = f", tier {line.tier}" if component is not None and len(component.tiers) > 1 else ""
    return LineRow(
        component=f"{line.component or line.dimension}{tier}",
        amount=f"{line.amount.amount} {line.amount.currency}",
        measured=f"measured {measured} {unit}{_rules(line, component, unit)}",
        equation=equation(line, unit),
        rounding=rounding(line),
        document=body.decode(),
    )


def _component(line: v1.InvoiceLine, audited: Sequence[Audited]) -> v1.PriceComponent | None:
    for one in audited:
        if one.document.digest == line.price_plan.sha256:
            plan = convert.to_message(one.document.json, v1.PricePlan)
            return next((found for found in plan.components if found.id == line.component), None)
    return None


def _measured(line: v1.InvoiceLine, audited: Sequence[Audited], *, held: bool) -> Fraction:
    """Adds up what the records state of a line's dimension: units held times seconds, or what was counted."""
    total = Fraction(0)
    for one in audited:
        for leaf in one.leaves if one.kind == "usage-batch" else ():
            record = convert.to_message(loads(leaf), v1.UsageRecord)
            if (record.lease, record.dimension, record.unit) == (line.lease, line.dimension, line.unit):
                span_ms = record.end.ToMilliseconds() - record.start.ToMilliseconds()
                total += parse_decimal(record.quantity) * (Fraction(span_ms, _MS) if held else 1)
    return total


def _rules(line: v1.InvoiceLine, component: v1.PriceComponent | None, unit: str) -> str:
    """States the rules of the plan by which a measured amount became the line's quantity."""
    if component is None:
        return ""
    rules = ""
    if component.HasField("granularity"):
        granularity = component.granularity
        rules = f"; billed in steps of {granularity.step} {unit}"
        rules += f", at least {granularity.minimum} {unit}" if granularity.minimum else ""
    if len(component.tiers) > 1:
        at = line.tier - 1
        above = component.tiers[at - 1].up_to if at else "0"
        upto = f" up to {component.tiers[at].up_to}" if component.tiers[at].HasField("up_to") else ""
        rules += f"; this tier is what lies above {above}{upto} {unit}"
    return rules


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
        leaves=tuple(leaf.decode() for leaf in audited.leaves),
    )
