"""A dispute: what its documents may say, how it stands after each of them, and what it withholds.

Enforces disputes.md. The state machine is the contract's table (`crex.v1.state_tables`); nothing here knows a
row of it. A case is a value: each step gives a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from google.protobuf.message import Message

from crex.decimals import Money
from crex.disputes.checks import (
    check_amounts,
    check_lines,
    check_pins,
    check_standing_pins,
    credited_already,
    refused,
    require_issuer,
)
from crex.invoice.money import money_of
from crex.invoice.standing import Note, SignedNote, Standing
from crex.metering.span import show_ms, timestamp_ms
from crex.names import Name
from crex.trust.verified import Verified
from crex.v1 import Dispute, DisputeAnswer, DisputeReply, Pin, Ruling
from crex.v1.state_tables import MACHINES

MACHINE: Final = MACHINES["dispute"]
# Time that a provider has to answer, at least (DISPUTE-DEADLINE-1).
ANSWER_WITHIN: Final = timedelta(days=7)
_RESOLVED: Final = "RESOLVED"


def next_state(state: str | None, event: str) -> str:
    """Takes one step by the table of states (STATE-DISPUTE-1).

    Args:
        state: The present state; None before the dispute is opened.
        event: The event, as the table writes it.

    Raises:
        DisputeError: ILLEGAL_TRANSITION: the state does not allow the event.
    """
    for row in MACHINE.steps:
        if row.event == event and (state in row.sources or (state is None and not row.sources)):
            return row.target
    raise refused(
        "ILLEGAL_TRANSITION",
        "STATE-DISPUTE-1",
        f"The dispute is in state {state or 'none'}, which does not allow '{event}'. Read how it stands and "
        "decide from that.",
        current_state=state or "",
        event=event,
    )


@dataclass(frozen=True, slots=True)
class Case:
    """A dispute and what came of it.

    Attributes:
        dispute: The dispute.
        subject: The invoice as it stood when it was disputed.
        state: Its state, by the table.
        answer: The provider's answer, if one came in time.
        ruling: The arbiter's ruling, if one came.
        credited: Keys of the lines whose credit was given before the answer.
        last: Digest of the document that led to the present state; empty where time did.
    """

    dispute: Verified[Dispute]
    subject: Standing
    state: str
    answer: Verified[DisputeAnswer] | None = None
    ruling: Verified[Ruling] | None = None
    credited: frozenset[str] = frozenset()
    last: str = ""

    @classmethod
    def opened(cls, dispute: Verified[Dispute], subject: Standing, others: Iterable[Case] = ()) -> Case:
        """Opens a dispute.

        Args:
            dispute: The dispute.
            subject: The invoice with the notes that were issued before the dispute.
            others: Other disputes of the invoice, as they stand.

        Raises:
            DisputeError: SUBJECT: it pins other documents (DISPUTE-PIN-1). NOT_A_PARTY: the buyer did not
                issue it (DISPUTE-PARTY-1). TERMS: a line cannot be disputed so (DISPUTE-LINE-1), the totals
                are others (DISPUTE-AMOUNT-1), or the time to answer is too short (DISPUTE-DEADLINE-1).
                CONFLICT: a line is disputed already (DISPUTE-ONE-1).
        """
        message = dispute.message
        require_issuer(dispute, subject.invoice.message.buyer, "buyer")
        check_standing_pins(message, subject)
        check_amounts(message, subject)
        issued, until = document_ms(dispute), timestamp_ms(message.answer_by)
        if until - issued < ANSWER_WITHIN // timedelta(milliseconds=1):
            raise refused(
                "TERMS",
                "DISPUTE-DEADLINE-1",
                f"{dispute.id} wants an answer by {show_ms(until)}, less than seven days after it was issued "
                f"at {show_ms(issued)}. Give the provider that time.",
            )
        open_keys = {key for case in others if case.open for key in case.keys}
        for line in message.lines:
            if line.key in open_keys:
                raise refused(
                    "CONFLICT",
                    "DISPUTE-ONE-1",
                    f"Line {line.key} is disputed already, and that dispute is open. Wait for its end, or "
                    "withdraw it.",
                )
        return cls(dispute, subject, next_state(None, "open"), last=dispute.digest)

    @property
    def open(self) -> bool:
        """Whether it is neither resolved nor withdrawn."""
        return self.state not in MACHINE.terminal

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the disputed lines, ascending."""
        return tuple(line.key for line in self.dispute.message.lines)

    @property
    def disputed(self) -> dict[str, Money]:
        """What is disputed, by line key."""
        return {line.key: money_of(line.disputed) for line in self.dispute.message.lines}

    @property
    def granted(self) -> dict[str, Money]:
        """What the ruling upholds or, before one, what the answer gives way to, by line key."""
        if self.ruling is not None:
            return {line.key: money_of(line.upheld) for line in self.ruling.message.lines}
        if self.answer is not None:
            return {line.key: money_of(line.conceded) for line in self.answer.message.lines}
        return {}

    @property
    def arbiter(self) -> str:
        """Authority that rules (DISPUTE-ARBITER-1)."""
        invoice = self.subject.invoice.message
        broker = Name.parse(invoice.lease or invoice.leases[0]).authority
        if self.answer is None:
            return broker
        named, accepted = self.dispute.message.arbiter, self.answer.message.arbiter
        return named if named and named == accepted else broker

    @property
    def settled_by(self) -> Pin | None:
        """The document that a settling note pins: ruling or answer; nothing before it is resolved."""
        if self.state != _RESOLVED:
            return None
        settling = self.ruling or self.answer
        return settling.pin if settling is not None else None

    def at(self, now_ms: int) -> Case:
        """Returns how it stands at an instant: unanswered by its deadline, it is before the arbiter."""
        if self.state == "OPEN" and now_ms >= timestamp_ms(self.dispute.message.answer_by):
            return replace(self, state=next_state(self.state, "deadline"), last="")
        return self

    def answered(self, answer: Verified[DisputeAnswer], notes: Iterable[SignedNote] = ()) -> Case:
        """Takes the provider's answer.

        Args:
            answer: The answer.
            notes: Notes on the invoice: those that the answer names, at least.

        Raises:
            DisputeError: ILLEGAL_TRANSITION (STATE-DISPUTE-1); SUBJECT (DISPUTE-PIN-2, DISPUTE-CREDIT-1);
                NOT_A_PARTY (DISPUTE-PARTY-1); TERMS (DISPUTE-ANSWER-1).
        """
        if self.last == answer.digest:
            return self
        case = self.at(document_ms(answer))
        state = next_state(case.state, "answer")
        require_issuer(answer, case.subject.invoice.message.seller, "seller")
        check_pins(answer, case.dispute)
        check_lines(
            answer.id,
            [(line.key, money_of(line.conceded)) for line in answer.message.lines],
            case.disputed,
            "DISPUTE-ANSWER-1",
        )
        credited = credited_already(answer, case.subject, notes)
        return replace(case, state=state, answer=answer, credited=credited, last=answer.digest)

    def replied(self, reply: Verified[DisputeReply]) -> Case:
        """Takes the consumer's next step: agree, escalate or withdraw.

        Raises:
            DisputeError: ILLEGAL_TRANSITION (STATE-DISPUTE-1); SUBJECT (DISPUTE-PIN-2, DISPUTE-REPLY-1);
                NOT_A_PARTY (DISPUTE-PARTY-1).
        """
        if self.last == reply.digest:
            return self
        case, message = self.at(document_ms(reply)), reply.message
        require_issuer(reply, case.subject.invoice.message.buyer, "buyer")
        check_pins(reply, case.dispute)
        state = next_state(case.state, message.step)
        pinned = message.HasField("answer")
        if pinned or message.step != "withdraw":
            _require_answer(reply.id, message.answer if pinned else None, case.answer, "DISPUTE-REPLY-1")
        return replace(case, state=state, last=reply.digest)

    def ruled(self, ruling: Verified[Ruling]) -> Case:
        """Takes the arbiter's ruling.

        Raises:
            DisputeError: ILLEGAL_TRANSITION (STATE-DISPUTE-1); SUBJECT (DISPUTE-PIN-2, DISPUTE-RULING-1);
                NOT_A_PARTY (DISPUTE-ARBITER-1); TERMS (DISPUTE-RULING-1).
        """
        if self.last == ruling.digest:
            return self
        case, message = self.at(document_ms(ruling)), ruling.message
        state = next_state(case.state, "rule")
        require_issuer(ruling, case.arbiter, "arbiter", "DISPUTE-ARBITER-1")
        check_pins(ruling, case.dispute)
        pin = message.answer if message.HasField("answer") else None
        if pin is not None or case.answer is not None:
            _require_answer(ruling.id, pin, case.answer, "DISPUTE-RULING-1")
        check_lines(
            ruling.id,
            [(line.key, money_of(line.upheld)) for line in message.lines],
            case.disputed,
            "DISPUTE-RULING-1",
        )
        return replace(case, state=state, ruling=ruling, credited=frozenset(), last=ruling.digest)

    def withheld(self, standing: Standing) -> dict[str, Money]:
        """Returns what it keeps from being payable, by line key (DISPUTE-PAYABLE-1).

        Args:
            standing: The invoice as it stands now.
        """
        found: dict[str, Money] = {}
        if any(settles(each.note, self) for each in standing.notes):
            return found
        for key, amount in self._in_state().items():
            now, then = standing.lines[key].amount, self.subject.lines[key].amount
            left = now.minor - (then.minor - amount.minor)
            if min(left, amount.minor) > 0:
                found[key] = Money(amount.currency, min(left, amount.minor))
        return found

    def settlement(self) -> dict[str, Money]:
        """Returns what the note that settles it takes back, by line key (DISPUTE-SETTLE-1).

        Empty where nothing is taken back, or was before.

        Raises:
            DisputeError: INCOMPLETE: it is not resolved.
        """
        if self.state != _RESOLVED:
            raise refused(
                "INCOMPLETE",
                "DISPUTE-SETTLE-1",
                f"{self.dispute.id} is in state {self.state}, so nothing settles it yet. Wait until it is "
                "agreed or ruled.",
            )
        return {
            key: amount
            for key, amount in self.granted.items()
            if amount.minor > 0 and key not in self.credited
        }

    def _in_state(self) -> Mapping[str, Money]:
        """The table of DISPUTE-PAYABLE-1, before notes are counted."""
        if self.open:
            return self.disputed
        return self.granted if self.state == _RESOLVED else {}


@dataclass(frozen=True, slots=True)
class Payable:
    """What of an invoice is to be paid.

    Attributes:
        owed: Total of the invoice and its notes.
        payable: What is undisputed, with its taxes.
        withheld: What each dispute withholds, with its taxes; their sum and `payable` are `owed`.
    """

    owed: Money
    payable: Money
    withheld: tuple[Money, ...]


def payable(standing: Standing, cases: Iterable[Case]) -> Payable:
    """Returns what of an invoice is payable when it is due (DISPUTE-PAYABLE-1).

    Args:
        standing: The invoice as it stands.
        cases: Its disputes as they stand, in order of issue.
    """
    lowered: dict[str, Money] = {}
    total, withheld = standing.total, []
    for case in cases:
        for key, amount in case.withheld(standing).items():
            sum_minor = amount.minor + (lowered[key].minor if key in lowered else 0)
            most = standing.lines[key].amount.minor
            lowered[key] = Money(amount.currency, min(sum_minor, most))
        rest = standing.part(lowered)
        withheld.append(total - rest)
        total = rest
    return Payable(standing.total, total, tuple(withheld))


def document_ms(document: Verified[Message]) -> int:
    """Returns when a document was issued, in milliseconds since 1970."""
    return timestamp_ms(document.message.header.issued_at)  # type: ignore[attr-defined]  # documents have one


def settles(note: Verified[Note], case: Case) -> bool:
    """Tells whether a note is the one that settles a case."""
    correction = note.message.correction
    return correction.HasField("settles") and correction.settles == case.settled_by


def _require_answer(
    name: str, pin: Pin | None, answer: Verified[DisputeAnswer] | None, requirement: str
) -> None:
    if pin is None or answer is None or pin != answer.pin:
        given = f"pins {pin.id} with SHA-256 {pin.sha256}" if pin is not None else "pins no answer"
        came = f"the answer that came is {answer.id}" if answer is not None else "no answer came in time"
        raise refused("SUBJECT", requirement, f"{name} {given}, and {came}. Pin the answer that is meant.")
