"""Recomputing the notes on an invoice, each against everything issued before it (invoice.md).

The reason of a note says what is owed after it: the period rated again with the usage that it pins, nothing
at all, or what was owed before less what an answer or a ruling takes back. The note must state exactly the
differences to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crex.decimals import Money, counted
from crex.errors import CrexError
from crex.invoice.basis import Basis
from crex.invoice.build import line_bytes
from crex.invoice.compare import compare_lines, compare_messages, compare_pins
from crex.invoice.ledger import USAGE, Ledger
from crex.invoice.money import show_money
from crex.invoice.notes import rate_again
from crex.invoice.report import Check, Difference, NoteReport
from crex.invoice.standing import CANCELLATION, SignedNote
from crex.invoice.verify import check_uses
from crex.metering.span import Span, timestamp_ms
from crex.rating.corrections import Differences, differences, nothing_owed
from crex.rating.engine import Rating
from crex.v1 import CreditNote

_DIFFERS = "RATING_DIFFERS"


def verify_notes(
    ledger: Ledger,
    notes: Iterable[SignedNote],
    basis: Basis,
    *,
    settlements: Mapping[str, Mapping[str, Money]] | None = None,
    uses: Mapping[str, Span] | None = None,
) -> list[NoteReport]:
    """Recomputes notes and compares (NOTE-PIN-1, NOTE-REASON-1, NOTE-SIGN-1).

    Args:
        ledger: The invoice, which was verified by itself, and notes that were verified already.
        notes: Further notes, first to last.
        basis: What the invoice was computed from, with the batches that came since.
        settlements: What is not owed by line key, by the SHA-256 of each answer or ruling that settles.
        uses: Time of use by lease, by the broker's lease object, as `verify` takes it.

    Returns:
        A report for each note. It raises nothing for a note that is wrong: `report.require()` does.
    """
    reports = []
    for note in notes:
        found = _Verification(ledger, note, basis, settlements or {}, uses or {})
        reports.append(found.run())
        if found.after is None:
            break  # what is owed after it cannot be told
        ledger = found.after
    return reports


class _Verification:
    """One run over one note: it gathers checks and differences, and stops where the rest cannot be asked."""

    def __init__(
        self,
        ledger: Ledger,
        note: SignedNote,
        basis: Basis,
        settlements: Mapping[str, Mapping[str, Money]],
        uses: Mapping[str, Span],
    ) -> None:
        self._ledger = ledger
        self._note = note
        self._stated = note.correction
        self._basis = basis
        self._settlements = settlements
        self._uses = uses
        self._checks: list[Check] = []
        self._differences: list[Difference] = []
        # The ledger with the note; nothing where the note may not follow, or its lines are not its own.
        self.after: Ledger | None = None

    def run(self) -> NoteReport:
        """Recomputes."""
        name, owed = "note", None
        try:
            self.after = self._ledger.noted(self._note)
        except CrexError as error:
            self._refuse(name, error)
        else:
            self._check_parties()
            try:
                name = "usage" if self._stated.reason == USAGE else "reason"
                owed = self._owed()
            except CrexError as error:
                self._refuse(name, error)
            else:
                self._compare(differences(owed, self._ledger.issued))
        return NoteReport(
            name=self._note.note.id,
            checks=tuple(self._checks),
            differences=tuple(self._differences),
            rating=owed,
        )

    def _check_parties(self) -> None:
        """Compares who, to whom and when with the invoice, and the kind with the sum (NOTE-SIGN-1)."""
        stated, invoice = self._stated, self._ledger.invoice.message
        pairs = {
            "issuer": (self._note.note.issuer, invoice.seller),
            "seller": (stated.seller, invoice.seller),
            "buyer": (stated.buyer, invoice.buyer),
            "currency": (stated.currency, invoice.currency),
            "period": (str(stated.period), str(invoice.period)),
        }
        found = [
            Difference(place, theirs, ours, "The invoice states it.", "NOTE-PIN-1", "TERMS")
            for place, (theirs, ours) in pairs.items()
            if theirs != ours
        ]
        self._add("note", f"{stated.reason} of {self._ledger.invoice.id}", found)

    def _owed(self) -> Rating:
        """Returns what is owed after the note, by its reason (NOTE-REASON-1)."""
        stated, ledger = self._stated, self._ledger
        settles, batches = [stated.settles] if stated.HasField("settles") else [], stated.usage_batches
        if stated.reason == USAGE:
            matter, rated = rate_again(
                ledger,
                self._basis,
                pinned=batches,
                until_ms=timestamp_ms(self._note.note.message.header.issued_at),
            )
            found = compare_pins("usageBatches", batches, matter.batches, "NOTE-PIN-1")
            found += compare_pins("settles", settles, [], "NOTE-REASON-1", _DIFFERS)
            found += check_uses(matter, self._uses)
            counts = f"{counted(len(matter.batches), 'batch', 'batches')}, "
            counts += f"{counted(matter.record_count, 'record')} rated again"
            self._add("usage", counts, found)
            return ledger.after(rated=rated)
        found = compare_pins("usageBatches", batches, [], "NOTE-PIN-1")
        if stated.reason == CANCELLATION:
            found += compare_pins("settles", settles, [], "NOTE-REASON-1", _DIFFERS)
            self._add("reason", "all that was billed is taken back", found)
            return nothing_owed(ledger.plan.billed_currency)
        if not settles:
            raise CrexError(
                _DIFFERS,
                f"{self._note.note.id} settles a dispute and pins neither an answer nor a ruling; what it "
                "carries out cannot be told (NOTE-REASON-1).",
                details={"requirement": "NOTE-REASON-1"},
            )
        amounts = self._settlements.get(stated.settles.sha256)
        if amounts is None:
            raise CrexError(
                "SUBJECT",
                f"The answer or ruling that {self._note.note.id} settles, {stated.settles.id}, is not given. "
                "Give it, with the dispute that it is of (NOTE-REASON-1).",
                details={"requirement": "NOTE-REASON-1"},
            )
        self._add("reason", f"{stated.settles.id} is carried out, {counted(len(amounts), 'line')}", found)
        return ledger.after(settled=amounts)

    def _compare(self, expected: Differences) -> None:
        """Compares lines byte for byte, taxes, totals, digest and kind."""
        stated, lines = self._stated, self._note.lines
        found = compare_lines(lines, line_bytes(expected), expected.lines, note=True)
        self._add("lines", f"{counted(len(lines), 'difference')}, compared byte for byte", found)
        why = "A note states the differences of cumulative taxes."
        found = compare_messages(
            "taxes", stated.taxes, [tax.message() for tax in expected.taxes], why, "RATE-CORRECT-2"
        )
        for place, money, ours in (
            ("netTotal", stated.net_total, expected.net_total),
            ("total", stated.total, expected.total),
        ):
            theirs = show_money(money)
            if theirs != str(ours):
                why = "It is what is owed after the note, less everything issued before."
                found.append(Difference(place, theirs, str(ours), why, "RATE-CORRECT-1"))
        if stated.rating_digest != expected.digest:
            why = "The digest is that of what is owed after the note."
            found.append(
                Difference("ratingDigest", stated.rating_digest, expected.digest, why, "RATE-DIGEST-1")
            )
        self._add("totals", f"{expected.total}, digest {expected.digest[:16]}…", found)
        credit = self._note.note.doctype.message is CreditNote
        found = []
        if credit != expected.credit:
            kinds = {True: "a credit note", False: "a debit note"}
            why = f"Its total is {expected.total}."
            found.append(
                Difference("type", kinds[credit], kinds[expected.credit], why, "NOTE-SIGN-1", "TERMS")
            )
        self._add("kind", "credit note" if credit else "debit note", found)

    def _refuse(self, name: str, error: CrexError) -> None:
        requirement = error.details.get("requirement", "")
        self._differences.append(Difference(name, "a note", "", error.message, requirement, error.reason))
        self._checks.append(Check(name, "it cannot be recomputed", passed=False))

    def _add(self, name: str, finding: str, found: list[Difference]) -> None:
        passed = not found
        self._checks.append(
            Check(name, finding if passed else counted(len(found), "difference"), passed=passed)
        )
        self._differences += found
