"""What the documents of a dispute may say, each rule by itself (disputes.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from google.protobuf.message import Message

from crex.decimals import Money, counted
from crex.errors import CrexError
from crex.invoice.money import money_of
from crex.invoice.standing import SignedNote, Standing
from crex.trust.verified import Verified
from crex.v1 import CreditNote, Dispute, DisputeAnswer, DisputeReply, Ruling


class DisputeError(CrexError):
    """A document of a dispute contradicts the invoice, the dispute, or how the dispute stands."""


def refused(reason: str, requirement: str, message: str, **details: str) -> DisputeError:
    """Returns the error of a broken rule of disputes.md."""
    return DisputeError(reason, f"{message} ({requirement})", details={"requirement": requirement, **details})


def require_issuer(
    document: Verified[Message], authority: str, party: str, requirement: str = "DISPUTE-PARTY-1"
) -> None:
    """Checks who issued a document.

    Raises:
        DisputeError: NOT_A_PARTY: somebody else did.
    """
    if document.issuer != authority:
        raise refused(
            "NOT_A_PARTY",
            requirement,
            f"{document.id} is issued by {document.issuer}, and the {party} is {authority}. Only the {party} "
            "takes this step.",
        )


def check_standing_pins(dispute: Dispute, subject: Standing) -> None:
    """Checks that a dispute pins the invoice and its notes (DISPUTE-PIN-1).

    Raises:
        DisputeError: SUBJECT: it pins others.
    """
    name = dispute.header.id
    if dispute.invoice != subject.invoice.pin:
        raise refused(
            "SUBJECT",
            "DISPUTE-PIN-1",
            f"{name} disputes {dispute.invoice.id} with SHA-256 {dispute.invoice.sha256}, not "
            f"{subject.invoice.id} as it was issued. Pin the invoice that is meant.",
        )
    if list(dispute.notes) != list(subject.pins):
        raise refused(
            "SUBJECT",
            "DISPUTE-PIN-1",
            f"{name} pins {counted(len(dispute.notes), 'note')}, and not the {len(subject.pins)} that had "
            f"been issued on {subject.invoice.id}. Pin all of them, first to last.",
        )


def check_amounts(dispute: Dispute, subject: Standing) -> None:
    """Checks what is disputed of each line, and the two totals.

    Raises:
        DisputeError: TERMS: a line is not there, or not disputed so (DISPUTE-LINE-1), or a total is not what
            the lines and their taxes come to (DISPUTE-AMOUNT-1).
    """
    lowered: dict[str, Money] = {}
    last: bytes | None = None
    for line in dispute.lines:
        key = line.key.encode()
        if last is not None and key <= last:
            raise _line(dispute, line.key, "comes after a key that is not below it; order the lines by key")
        last = key
        standing = subject.lines.get(line.key)
        if standing is None:
            raise _line(dispute, line.key, "is no line of the invoice; dispute one that is")
        amount = money_of(line.disputed)
        if amount.currency != standing.amount.currency:
            raise _line(dispute, line.key, f"is billed in {standing.amount.currency}, not {amount.currency}")
        if not 0 < amount.minor <= standing.amount.minor:
            raise _line(
                dispute,
                line.key,
                f"comes to {standing.amount}, of which {amount} cannot be disputed; dispute more than "
                "nothing and no more than all of it",
            )
        lowered[line.key] = amount
    undisputed = subject.part(lowered)
    stated = (money_of(dispute.disputed), money_of(dispute.undisputed))
    expected = (subject.total - undisputed, undisputed)
    if stated != expected:
        raise refused(
            "TERMS",
            "DISPUTE-AMOUNT-1",
            f"{dispute.header.id} states {stated[0]} as disputed and {stated[1]} as undisputed, and "
            f"with taxes it is {expected[0]} and {expected[1]} of {subject.total}. State these.",
        )


def check_pins(document: Verified[DisputeAnswer | DisputeReply | Ruling], dispute: Verified[Dispute]) -> None:
    """Checks that an answer, a reply or a ruling is about the dispute (DISPUTE-PIN-2).

    Raises:
        DisputeError: SUBJECT: it is about another.
    """
    pin = document.message.dispute
    if pin != dispute.pin:
        raise refused(
            "SUBJECT",
            "DISPUTE-PIN-2",
            f"{document.id} is about {pin.id} with SHA-256 {pin.sha256}, not about {dispute.id}. Pin the "
            "dispute that is meant.",
        )


def check_lines(
    name: str, lines: Sequence[tuple[str, Money]], disputed: Mapping[str, Money], requirement: str
) -> None:
    """Checks the amounts of an answer or a ruling against what is disputed.

    Args:
        name: The document.
        lines: Key and amount of each of its lines.
        disputed: What is disputed, by line key, ascending.
        requirement: The rule.

    Raises:
        DisputeError: TERMS: its lines are others, or an amount is below zero or above what is disputed.
    """
    if [key for key, _ in lines] != list(disputed):
        raise refused(
            "TERMS",
            requirement,
            f"{name} has {counted(len(lines), 'line')}, and not the {len(disputed)} disputed in their order. "
            "State one for each.",
        )
    for key, amount in lines:
        most = disputed[key]
        if amount.currency != most.currency or not 0 <= amount.minor <= most.minor:
            raise refused(
                "TERMS",
                requirement,
                f"{name} states {amount} for line {key}, of which {most} is disputed. State an amount from "
                "zero to that.",
            )


def credited_already(
    answer: Verified[DisputeAnswer], subject: Standing, notes: Iterable[SignedNote]
) -> frozenset[str]:
    """Returns the keys of the lines whose credit was given before the answer (DISPUTE-CREDIT-1).

    Raises:
        DisputeError: SUBJECT: what is named gives no such credit.
    """
    given = {note.note.digest: note for note in notes}
    known = {pin.sha256 for pin in subject.pins}
    found: set[str] = set()
    for line in answer.message.lines:
        if not line.HasField("credit_note"):
            continue
        note = given.get(line.credit_note.sha256)
        lowered = sum(
            -each.amount.minor for each in (note.read().lines if note else ()) if each.key == line.key
        )
        if (
            note is None
            or note.note.pin != line.credit_note
            or note.note.doctype.message is not CreditNote
            or note.correction.invoice != subject.invoice.pin
            or line.credit_note.sha256 in known
            or lowered < money_of(line.conceded).minor
        ):
            raise refused(
                "SUBJECT",
                "DISPUTE-CREDIT-1",
                f"{answer.id} says that {line.credit_note.id} took back {line.conceded.amount} "
                f"{line.conceded.currency} of line {line.key} already, and among the notes that are given no "
                "such credit note does. Name the one that does, or none.",
            )
        found.add(line.key)
    return frozenset(found)


def _line(dispute: Dispute, key: str, what: str) -> DisputeError:
    return refused("TERMS", "DISPUTE-LINE-1", f"{dispute.header.id}: line {key} {what}.")
