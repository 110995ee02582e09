"""Bundles of the sale that the invoice tests begin from: with taxes, notes and a dispute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from crex.bundles.bundle import BatchPapers, BilledPapers, Bundle, SalePapers
from crex.decimals import Money
from crex.disputes.case import Case
from crex.disputes.papers import Objection, build_answer, build_dispute, build_reply
from crex.invoice.standing import Standing
from crex.trust.envelope import to_json
from crex.trust.verified import Verified
from crex.v1 import Dispute, DisputeAnswer, DisputeReply
from sdk.tests.invoice.note_samples import Corrected, taxed
from sdk.tests.invoice.samples import CONSUMER, NOW, PROVIDER, Signed, World, draft, header, two_months

AT = NOW + timedelta(days=10)


@dataclass
class Bundled:
    """An invoice of March with all that it is recomputed from."""

    signed: Signed
    case: Corrected

    @classmethod
    def of(cls, world: World) -> Bundled:
        """March sealed and billed: 671.30 and 127.55 tax."""
        signed = taxed().signed(world)
        sale = signed.sale()
        usage = two_months(world, sale)
        made = draft(sale, usage.batches[:2])
        return cls(signed, Corrected(world, sale, usage, made, world.signed(made.message, NOW)))

    def bundle(self, *, disputes: tuple[tuple[bytes, ...], ...] = ()) -> Bundle:
        """The bundle."""
        signed, case = self.signed, self.case
        return Bundle(
            BilledPapers(to_json(case.invoice.envelope), case.made.lines),
            (SalePapers(_file(signed.hold), _file(signed.order), _file(signed.offer), _file(signed.plan)),),
            tuple(BatchPapers(_file(each.batch), tuple(each.bodies or ())) for each in case.usage.batches),
            notes=tuple(BilledPapers(_file(each.note), tuple(each.lines)) for each in case.notes),
            disputes=disputes,
        )

    @property
    def standing(self) -> Standing:
        """The invoice with its notes."""
        base = Standing.of(self.case.invoice, self.case.made.lines)
        for note in self.case.notes:
            base = base.noted(note)
        return base

    def disputed(self, amount: str, conceded: str) -> tuple[Case, tuple[bytes, ...]]:
        """A dispute of the first tier that was answered and agreed, and its papers."""
        world, key = self.case.world, self.case.key("cores", 1)
        dispute: Verified[Dispute] = world.signed(
            build_dispute(
                self.standing,
                [Objection(key, Money.parse("EUR", amount), "quantity")],
                header=header(CONSUMER, "dispute/d1", self.case.later()),
                answer_by=NOW + timedelta(days=9),
            ),
            AT,
        )
        case = Case.opened(dispute, self.standing)
        answer: Verified[DisputeAnswer] = world.signed(
            build_answer(
                case,
                {key: Money.parse("EUR", conceded)},
                header=header(PROVIDER, "dispute-answer/a1", self.case.later()),
            ),
            AT,
        )
        case = case.answered(answer)
        reply: Verified[DisputeReply] = world.signed(
            build_reply(case, "agree", header=header(CONSUMER, "dispute-reply/r1", self.case.later())), AT
        )
        return case.replied(reply), tuple(_file(each) for each in (dispute, answer, reply))

    def settle(self, case: Case) -> None:
        """Issues the note that settles a dispute."""
        settles = case.settled_by
        assert settles is not None
        self.case.issue(self.case.by_settlement(case.settlement(), settles))


def _file(document: Verified) -> bytes:  # type: ignore[type-arg]  # of whatever type
    return to_json(document.envelope)
