"""Period closes: the seller's word that this was issued, and nothing else (statements.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crex.accounts.account import Account
from crex.decimals import Money
from crex.disputes.case import document_ms
from crex.documents import convert
from crex.errors import CrexError
from crex.invoice.money import money_message, money_of
from crex.invoice.standing import Note
from crex.metering.span import Span
from crex.trust import merkle
from crex.trust.verified import Verified
from crex.v1 import CreditNote, DebitNote, Header, Invoice, PeriodClose, PeriodTotals, Pin


class CloseError(CrexError):
    """A period close is not what its documents come to."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The documents of a period, in their order (CLOSE-ROOT-1).

    Attributes:
        documents: Invoices and notes by ascending time of issue, then by the bytes of their names.
    """

    documents: tuple[Verified[Invoice] | Verified[Note], ...]

    @classmethod
    def of(cls, account: Account, period: Span) -> Closed:
        """Returns what was issued to an account in a period (CLOSE-PERIOD-1)."""
        found: list[Verified[Invoice] | Verified[Note]] = []
        for billed in account.billed:
            found.append(billed.invoice)
            found += [each.note for each in billed.notes]
        inside = [each for each in found if period.start_ms <= document_ms(each) < period.end_ms]
        return cls(tuple(sorted(inside, key=lambda each: (document_ms(each), each.id.encode()))))

    @property
    def leaves(self) -> list[bytes]:
        """Exact bytes of the pins, in order: the leaves of the tree."""
        return [leaf(each.pin) for each in self.documents]

    def count(self, message: type[Invoice | CreditNote | DebitNote]) -> int:
        """Returns how many documents of a type there are."""
        return sum(each.doctype.message is message for each in self.documents)

    def totals(self) -> list[PeriodTotals]:
        """Returns the totals by ascending currency (CLOSE-TOTAL-1)."""
        sums: dict[str, dict[str, int]] = {}
        for each in self.documents:
            message = each.message
            if isinstance(message, Invoice):
                net, total = money_of(message.net_total), money_of(message.total)
                mine = _of(sums, total.currency)
                mine["net"] += net.minor
                mine["taxes"] += sum(money_of(tax.amount).minor for tax in message.taxes)
                mine["total"] += total.minor
            else:
                total = money_of(message.correction.total)
                kind = "credited" if isinstance(message, CreditNote) else "debited"
                _of(sums, total.currency)[kind] += total.minor
        return [
            PeriodTotals(
                **{name: money_message(Money(currency, minor)) for name, minor in sums[currency].items()}
            )
            for currency in sorted(sums)
        ]


def leaf(pin: Pin) -> bytes:
    """Returns the exact bytes of a pin as they stand in the tree of a close (CLOSE-ROOT-1)."""
    return convert.dump(pin)


def build_close(
    account: Account, period: Span, *, header: Header, previous: Verified[PeriodClose] | None = None
) -> PeriodClose:
    """Returns the close of a period, to be signed.

    Args:
        account: The account, with everything that was issued in the period, and the invoices of its notes.
        period: The period; it begins where the close before it ends.
        header: The close's header; its issuer is the seller.
        previous: The close before it; unset: this is the first.

    Raises:
        CloseError: The period does not follow (CLOSE-CHAIN-1).
    """
    closed = Closed.of(account, period)
    close = PeriodClose(
        header=header,
        counterparty=account.buyer,
        account=account.account,
        period=period.message(),
        previous=previous.pin if previous is not None else None,
        invoice_count=closed.count(Invoice),
        credit_note_count=closed.count(CreditNote),
        debit_note_count=closed.count(DebitNote),
        totals=closed.totals(),
        documents_root=merkle.root(closed.leaves).hex(),
    )
    _check_chain(close, previous)
    return close


def check_close(
    close: Verified[PeriodClose], account: Account, previous: Verified[PeriodClose] | None = None
) -> Closed:
    """Checks a close against the documents that the buyer has.

    Args:
        close: The close.
        account: The account, as the buyer knows it.
        previous: The close before it; nothing for the first.

    Returns:
        The documents that it closes.

    Raises:
        CloseError: NOT_A_PARTY or TERMS: it is of another account (CLOSE-PERIOD-1). SUBJECT or CONFLICT: it
            does not follow the close before it (CLOSE-CHAIN-1). SUBJECT: its documents are others
            (CLOSE-ROOT-1). TERMS: its totals are others (CLOSE-TOTAL-1).
    """
    message = close.message
    if close.issuer != account.seller:
        raise _refused(
            "NOT_A_PARTY",
            "CLOSE-PERIOD-1",
            f"{close.id} is issued by {close.issuer}, and {account.seller} bills the account.",
        )
    if (message.counterparty, message.account) != (account.buyer, account.account):
        raise _refused(
            "TERMS",
            "CLOSE-PERIOD-1",
            f"{close.id} closes account {message.account} of {message.counterparty}, not {account.account} "
            f"of {account.buyer}.",
        )
    _check_chain(message, previous)
    closed = Closed.of(account, Span.of(message.period))
    counts = (message.invoice_count, message.credit_note_count, message.debit_note_count)
    ours = tuple(closed.count(kind) for kind in (Invoice, CreditNote, DebitNote))
    if counts != ours:
        raise _refused(
            "SUBJECT",
            "CLOSE-ROOT-1",
            f"{close.id} closes {_counts(counts)}, and there are {_counts(ours)}. One side lacks a document: "
            "compare the lists.",
        )
    if message.documents_root != merkle.root(closed.leaves).hex():
        raise _refused(
            "SUBJECT",
            "CLOSE-ROOT-1",
            f"{close.id} closes as many documents as there are, but not these: the roots over their pins "
            "differ.",
        )
    totals = closed.totals()
    if list(message.totals) != totals:
        raise _refused(
            "TERMS",
            "CLOSE-TOTAL-1",
            f"{close.id} states {_totals(message.totals)}, and its documents come to {_totals(totals)}.",
        )
    return closed


def _check_chain(close: PeriodClose, previous: Verified[PeriodClose] | None) -> None:
    pinned = close.previous if close.HasField("previous") else None
    if pinned != (previous.pin if previous is not None else None):
        raise _refused(
            "SUBJECT",
            "CLOSE-CHAIN-1",
            f"{close.header.id} follows {pinned.id if pinned else 'no close'}, and the close before it is "
            f"{previous.id if previous else 'none'}. Something between them could be missing.",
        )
    if previous is None:
        return
    start, end = Span.of(close.period), Span.of(previous.message.period)
    if start.start_ms != end.end_ms:
        raise _refused(
            "CONFLICT",
            "CLOSE-CHAIN-1",
            f"{close.header.id} closes {start}, and the close before it {end}. Begin where that one ends.",
        )
    before = previous.message
    if (before.counterparty, before.account) != (close.counterparty, close.account):
        raise _refused(
            "SUBJECT",
            "CLOSE-CHAIN-1",
            f"{previous.id} closes another account, {before.account} of {before.counterparty}.",
        )


def _of(sums: dict[str, dict[str, int]], currency: str) -> dict[str, int]:
    return sums.setdefault(currency, dict.fromkeys(("net", "taxes", "total", "credited", "debited"), 0))


def _counts(counts: Sequence[int]) -> str:
    return f"{counts[0]} invoices, {counts[1]} credit notes and {counts[2]} debit notes"


def _totals(totals: Iterable[PeriodTotals]) -> str:
    shown = [
        f"{each.total.amount} {each.total.currency} (net {each.net.amount}, taxes {each.taxes.amount}, "
        f"credited {each.credited.amount}, debited {each.debited.amount})"
        for each in totals
    ]
    return ", ".join(shown) or "nothing"


def _refused(reason: str, requirement: str, message: str) -> CloseError:
    return CloseError(reason, f"{message} ({requirement})", details={"requirement": requirement})
