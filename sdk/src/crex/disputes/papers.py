"""Writing the documents of a dispute, ready to be signed (disputes.md).

Each is checked as whoever reads it will check it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from crex.decimals import Money
from crex.disputes.case import Case
from crex.disputes.checks import check_amounts, check_lines
from crex.documents.times import to_ms
from crex.invoice.money import money_message
from crex.invoice.standing import Standing
from crex.metering.span import ms_timestamp
from crex.v1 import (
    AnsweredLine,
    Dispute,
    DisputeAnswer,
    DisputedLine,
    DisputeReply,
    Header,
    Pin,
    RuledLine,
    Ruling,
)


@dataclass(frozen=True, slots=True)
class Objection:
    """What is disputed of one line.

    Attributes:
        key: Key of the line.
        amount: How much of its amount, taxes aside.
        reason: Token of the reason.
        text: The objection in words; empty: the reason says it.
    """

    key: str
    amount: Money
    reason: str
    text: str = ""


def build_dispute(
    standing: Standing,
    objections: Iterable[Objection],
    *,
    header: Header,
    answer_by: datetime,
    arbiter: str | None = None,
) -> Dispute:
    """Returns a dispute of lines of an invoice, with what is disputed and undisputed in all.

    Args:
        standing: The invoice with all notes on it.
        objections: What is disputed, in any order.
        header: The dispute's header; its issuer is the buyer.
        answer_by: When it goes to the arbiter unless it is answered; seven days from issue, at least.
        arbiter: Authority that is accepted as arbiter; unset: the broker of the lease.

    Raises:
        DisputeError: TERMS: a line cannot be disputed so (DISPUTE-LINE-1).
    """
    ordered = sorted(objections, key=lambda each: each.key.encode())
    lowered = {each.key: each.amount for each in ordered if each.key in standing.lines}
    undisputed = standing.part(lowered)
    dispute = Dispute(
        header=header,
        invoice=standing.invoice.pin,
        notes=standing.pins,
        lines=[
            DisputedLine(
                key=each.key, disputed=money_message(each.amount), reason=each.reason, text=each.text or None
            )
            for each in ordered
        ],
        disputed=money_message(standing.total - undisputed),
        undisputed=money_message(undisputed),
        answer_by=ms_timestamp(to_ms(answer_by)),
        arbiter=arbiter,
    )
    check_amounts(dispute, standing)
    return dispute


def build_answer(
    case: Case,
    conceded: Mapping[str, Money],
    *,
    header: Header,
    texts: Mapping[str, str] | None = None,
    credit_notes: Mapping[str, Pin] | None = None,
    arbiter: str | None = None,
) -> DisputeAnswer:
    """Returns the answer to a dispute.

    Args:
        case: The dispute.
        conceded: How much is given way to, by line key; zero where a key is absent.
        header: The answer's header; its issuer is the seller.
        texts: The answer in words, by line key.
        credit_notes: Credit notes by which an amount was taken back already, by line key.
        arbiter: Authority that is accepted as arbiter; unset: the broker of the lease.

    Raises:
        DisputeError: TERMS: a key is not disputed, or an amount is not from zero to what is
            (DISPUTE-ANSWER-1).
    """
    amounts = _amounts(header.id, case, conceded, "DISPUTE-ANSWER-1")
    lines = [
        AnsweredLine(
            key=key,
            conceded=money_message(amount),
            text=(texts or {}).get(key),
            credit_note=(credit_notes or {}).get(key),
        )
        for key, amount in amounts
    ]
    return DisputeAnswer(header=header, dispute=case.dispute.pin, lines=lines, arbiter=arbiter)


def build_reply(case: Case, step: str, *, header: Header, text: str | None = None) -> DisputeReply:
    """Returns the consumer's next step: `agree`, `escalate` or `withdraw`."""
    return DisputeReply(
        header=header,
        dispute=case.dispute.pin,
        answer=case.answer.pin if case.answer is not None else None,
        step=step,
        text=text,
    )


def build_ruling(
    case: Case,
    upheld: Mapping[str, Money],
    *,
    header: Header,
    texts: Mapping[str, str] | None = None,
    text: str | None = None,
) -> Ruling:
    """Returns the arbiter's ruling.

    Args:
        case: The dispute.
        upheld: How much of the objection is upheld, by line key; zero where a key is absent.
        header: The ruling's header; its issuer is the arbiter.
        texts: Grounds by line key.
        text: Grounds of the whole.

    Raises:
        DisputeError: TERMS: a key is not disputed, or an amount is not from zero to what is
            (DISPUTE-RULING-1).
    """
    lines = [
        RuledLine(key=key, upheld=money_message(amount), text=(texts or {}).get(key))
        for key, amount in _amounts(header.id, case, upheld, "DISPUTE-RULING-1")
    ]
    return Ruling(
        header=header,
        dispute=case.dispute.pin,
        answer=case.answer.pin if case.answer is not None else None,
        lines=lines,
        text=text,
    )


def _amounts(name: str, case: Case, stated: Mapping[str, Money], requirement: str) -> list[tuple[str, Money]]:
    disputed = case.disputed
    nothing = Money(next(iter(disputed.values())).currency, 0)
    extra = [key for key in stated if key not in disputed]
    amounts = [(key, stated.get(key, nothing)) for key in (*disputed, *extra)]
    check_lines(name, amounts, disputed, requirement)
    return amounts
