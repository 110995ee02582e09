"""Credit and debit notes: an invoice and its notes always sum to what is owed, to the last digit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crex.decimals import Money
from crex.errors import CrexError, RatingError
from crex.invoice.ledger import Ledger
from crex.invoice.notes import NoteDraft
from crex.invoice.standing import SignedNote
from crex.invoice.verify_notes import verify_notes
from crex.metering import Span
from crex.rating.corrections import nothing_owed
from crex.trust import merkle
from crex.v1 import Correction, CreditNote, DebitNote, Invoice
from sdk.tests.invoice.note_samples import RULING, Corrected, taxed
from sdk.tests.invoice.samples import World, draft


@pytest.fixture
def case(world: World) -> Corrected:
    """An invoice of March: 671.30 net and 127.55 tax."""
    return Corrected.of(world)


def owed(case: Corrected) -> tuple[Decimal, Decimal]:
    """Net total and total of the bill of the usage as it is now."""
    rating = draft(case.sale, case.usage.batches, start_ms=case.made.message.period.start.ToMilliseconds())
    return Decimal(rating.rating.net_total.amount), Decimal(rating.rating.total.amount)


def test_less_usage_is_a_credit_note(case: Corrected) -> None:
    """1,000 s of CPU less are 0.21 less, and 0.04 less tax; only that line is stated (RATE-CORRECT-1)."""
    # 4,000 s × 0.0125 ÷ 60 = 0.8333… → 0.83, and 1.04 was billed. 671.09 × 0.19 = 127.5071 → 127.51.
    case.revise("3000")
    note = case.issue(case.by_usage())
    assert isinstance(note.note.message, CreditNote)
    stated = note.correction
    assert (stated.net_total.amount, stated.total.amount) == ("-0.21", "-0.25")
    assert [tax.amount.amount for tax in stated.taxes] == ["-0.04"]
    assert stated.line_count == 1
    assert [report.ok for report in case.reports()] == [True], str(case.reports()[0])
    assert case.issued() == owed(case)


def test_late_usage_is_a_debit_note(case: Corrected) -> None:
    """More usage is owed in addition (NOTE-SIGN-1)."""
    case.revise("40000")
    note = case.issue(case.by_usage())
    assert isinstance(note.note.message, DebitNote)
    assert case.reports()[0].ok
    assert case.issued() == owed(case)


def test_nothing_changed_nothing_stated(case: Corrected) -> None:
    """A revision that comes to the same makes no note."""
    case.revise("4000")
    assert case.by_usage() is None


def test_a_full_credit_nets_to_zero(case: Corrected) -> None:
    """A cancellation takes back lines, taxes and totals, to exactly zero, with all notes before it."""
    case.revise("3000")
    case.issue(case.by_usage())
    note = case.issue(case.by_cancellation())
    assert case.issued() == (Decimal(0), Decimal(0))
    sums: dict[str, Money] = {}
    for one in case.ledger.issued:
        for line in one.lines:
            sums[line.key] = sums[line.key] + line.amount if line.key in sums else line.amount
    assert {amount.minor for amount in sums.values()} == {0}
    assert note.correction.rating_digest == nothing_owed("EUR").digest
    assert all(report.ok for report in case.reports())


def test_nothing_follows_a_cancellation(case: Corrected) -> None:
    """What was taken back for good is not billed again (NOTE-LAST-1)."""
    before = case.ledger
    case.issue(case.by_cancellation())
    case.revise("3000")
    with pytest.raises(CrexError, match="NOTE-LAST-1") as refused:
        case.by_usage()
    assert refused.value.reason == "CONFLICT"
    made = case.notes[0]
    assert before.owed.total.minor > 0
    [report, second] = case.reports([made, made])
    assert report.ok
    assert (second.reason, second.differences[0].requirement) == ("CONFLICT", "NOTE-LAST-1")


def test_a_settlement_stays(case: Corrected) -> None:
    """A ruling is carried out with its tax, and a later correction leaves it so (NOTE-SETTLE-1)."""
    amounts = {case.key("cores", 2): Money.parse("EUR", "100.00")}
    note = case.issue(case.by_settlement(amounts))
    # 571.30 × 0.19 = 108.547 → 108.55, and 127.55 was billed.
    assert (note.correction.net_total.amount, note.correction.total.amount) == ("-100.00", "-119.00")
    case.revise("3000")
    later = case.issue(case.by_usage())
    assert later.correction.net_total.amount == "-0.21"
    assert [report.ok for report in case.reports(amounts=amounts)] == [True, True]
    net, _ = owed(case)
    assert case.issued()[0] == net - 100


def test_the_example_of_the_specification(case: Corrected) -> None:
    """The table at the end of the page on invoices: invoice, usage, settlement, cancellation."""
    case.revise("3000")
    case.issue(case.by_usage())
    case.issue(case.by_settlement({case.key("cores", 2): Money.parse("EUR", "100.00")}))
    case.issue(case.by_cancellation())
    page = (Path(__file__).parents[3] / "proto" / "spec" / "invoice.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")][-4:]
    everything = Decimal(0)
    issued: list[Invoice | Correction] = [case.made.message]
    issued += [one.correction for one in case.notes]
    for row, stated in zip(rows, issued, strict=True):
        everything += Decimal(stated.total.amount)
        [tax] = stated.taxes
        found = [stated.net_total.amount, tax.amount.amount, stated.total.amount, str(everything)]
        assert [cell.replace("−", "-") for cell in row[1:]] == found


def test_a_settled_line_must_be_there(case: Corrected) -> None:
    """What nobody billed nobody takes back (NOTE-REASON-1)."""
    with pytest.raises(CrexError, match="NOTE-REASON-1") as refused:
        case.by_settlement({"none": Money.parse("EUR", "1.00")})
    assert refused.value.reason == "TERMS"


def test_taxes_of_notes_are_differences(world: World) -> None:
    """With tax included, note and invoice still sum to the bill of what was used (RATE-CORRECT-2)."""
    case = Corrected.of(world, taxed(included=True))
    for quantity in ("3100", "3033", "9"):
        case.revise(quantity)
        case.issue(case.by_usage())
        assert case.issued() == owed(case)
    assert all(report.ok for report in case.reports())


@pytest.mark.parametrize("horizon", [None, timedelta(days=61)])
def test_a_correction_that_comes_too_late(world: World, horizon: timedelta | None) -> None:
    """After the offer's horizon what was billed stands (RATE-CORRECT-3)."""
    case = Corrected.of(world, taxed(horizon))  # March ended more than 61 days before the invoice
    case.revise("3000")
    with pytest.raises(RatingError, match="RATE-CORRECT-3") as refused:
        case.by_usage()
    assert refused.value.reason == "TERMS"


def test_two_notes_at_once(case: Corrected) -> None:
    """Of two notes that pin the same notes before them, the second is refused (NOTE-PIN-1)."""
    case.revise("3000")
    first, second = case.by_usage(), case.by_cancellation()
    assert first is not None
    reports = case.reports([case.sign(first), case.sign(second)])
    assert reports[0].ok
    assert (reports[1].reason, reports[1].differences[0].requirement) == ("SUBJECT", "NOTE-PIN-1")
    assert reports[1].rating is None


def test_a_note_on_another_invoice(case: Corrected, world: World) -> None:
    """The pin of the invoice is held to (NOTE-PIN-1)."""
    made = case.by_cancellation()
    made.message.correction.invoice.sha256 = "0" * 64
    with pytest.raises(CrexError, match="NOTE-PIN-1"):
        Ledger.of(case.invoice, case.made.lines, case.sale.plan, [case.sign(made)])


def test_a_usage_batch_that_is_left_out(case: Corrected) -> None:
    """A note pins every batch of the period that had been issued (NOTE-PIN-1)."""
    case.revise("3000")
    case.revise("2000")
    made = case.by_usage()
    assert made is not None
    del made.message.correction.usage_batches[-1]
    [report] = case.reports([case.sign(made)])
    assert report.differences[0].place == "usageBatches"
    assert (report.reason, report.differences[0].requirement) == ("SUBJECT", "NOTE-PIN-1")


def test_a_batch_that_came_after_the_note(case: Corrected) -> None:
    """A later correction does not make an earlier note wrong."""
    case.revise("3000")
    case.issue(case.by_usage())
    case.revise("2000")
    assert case.reports()[0].ok
    case.issue(case.by_usage())
    assert [report.ok for report in case.reports()] == [True, True]
    assert case.issued() == owed(case)


def _total(stated: Correction) -> None:
    stated.total.amount = "-0.26"


def _digest(stated: Correction) -> None:
    stated.rating_digest = "0" * 64


def _tax(stated: Correction) -> None:
    stated.taxes[0].amount.amount = "-0.05"


def _no_tax(stated: Correction) -> None:
    stated.ClearField("taxes")


def _buyer(stated: Correction) -> None:
    stated.buyer = "other.example"


def _reason(stated: Correction) -> None:
    stated.reason = "cancellation"


def _settles(stated: Correction) -> None:
    stated.settles.CopyFrom(RULING)


def _settlement(stated: Correction) -> None:
    stated.reason = "settlement"
    stated.ClearField("usage_batches")


LIES: dict[str, tuple[Callable[[Correction], None], str, str, str]] = {
    "another total": (_total, "total", "RATING_DIFFERS", "RATE-CORRECT-1"),
    "another digest": (_digest, "ratingDigest", "RATING_DIFFERS", "RATE-DIGEST-1"),
    "tax on its own lines": (_tax, "taxes[0]", "RATING_DIFFERS", "RATE-CORRECT-2"),
    "no tax": (_no_tax, "taxes[0]", "RATING_DIFFERS", "RATE-CORRECT-2"),
    "another buyer": (_buyer, "buyer", "TERMS", "NOTE-PIN-1"),
    "a cancellation after which all is owed": (_reason, "usageBatches", "SUBJECT", "NOTE-PIN-1"),
    "usage that settles": (_settles, "settles", "RATING_DIFFERS", "NOTE-REASON-1"),
    "a settlement of nothing": (_settlement, "reason", "RATING_DIFFERS", "NOTE-REASON-1"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_note_that_lies(case: Corrected, lie: str) -> None:
    """A wrong member is named with its reason, although its provider signed it."""
    change, place, reason, requirement = LIES[lie]
    case.revise("3000")
    made = case.by_usage()
    assert made is not None
    change(made.message.correction)
    [report] = case.reports([case.sign(made)])
    first = report.differences[0]
    assert (first.place, first.reason, first.requirement) == (place, reason, requirement)
    with pytest.raises(RatingError):
        report.require()


def test_a_line_that_was_changed(case: Corrected) -> None:
    """A line of a note is compared byte for byte."""
    case.revise("3000")
    made = case.by_usage()
    assert made is not None
    lines = (made.lines[0].replace(b'"-0.21"', b'"-0.20"'),)
    made.message.correction.lines_root = merkle.root(lines).hex()
    [report] = case.reports([case.sign(NoteDraft(made.message, lines, made.differences))])
    assert report.differences[0].place.endswith(", amount")


def test_the_kind_of_a_note(case: Corrected) -> None:
    """A debit is no credit note (NOTE-SIGN-1)."""
    case.revise("40000")
    made = case.by_usage()
    assert made is not None
    wrong = CreditNote(header=made.message.header, correction=made.message.correction)
    [report] = case.reports([case.sign(NoteDraft(wrong, made.lines, made.differences))])
    assert [(one.place, one.requirement) for one in report.differences] == [("type", "NOTE-SIGN-1")]


def test_lines_that_are_not_the_notes(case: Corrected) -> None:
    """Lines of which the note states another root are not read (INVOICE-LINES-1)."""
    made = case.by_cancellation()
    [report] = case.reports([SignedNote(case.sign(made).note, made.lines[1:])])
    assert report.differences[0].requirement == "INVOICE-LINES-1"


def test_a_settlement_that_is_not_given(case: Corrected) -> None:
    """Who verifies needs the ruling that is carried out (NOTE-REASON-1)."""
    amounts = {case.key("cores"): Money.parse("EUR", "1.00")}
    other = case.by_settlement(amounts)
    other.message.correction.settles.sha256 = "d" * 64
    [report] = case.reports([case.sign(other)], amounts)
    assert (report.reason, report.differences[0].requirement) == ("SUBJECT", "NOTE-REASON-1")
    wrong = case.by_settlement({case.key("cores"): Money.parse("EUR", "2.00")})
    [report] = case.reports([case.sign(wrong)], amounts)
    assert report.reason == "RATING_DIFFERS"


def test_a_corrected_record_outside_the_use(case: Corrected) -> None:
    """A correction claims no time that the broker's lease object does not know (INVOICE-USE-1)."""
    case.revise("3000")
    note = case.issue(case.by_usage())
    used = Span(case.sale.terms.interval.start_ms, case.sale.terms.interval.end_ms)
    start = Ledger.of(case.invoice, case.made.lines, case.sale.plan)
    [report] = verify_notes(start, [note], case.basis, uses={case.sale.lease: used})
    assert report.ok
    short = Span(used.start_ms, used.start_ms + 1)
    [report] = verify_notes(start, [note], case.basis, uses={case.sale.lease: short})
    assert (report.reason, report.differences[0].requirement) == ("USAGE_OUT_OF_BOUNDS", "INVOICE-USE-1")


def test_another_plan_is_not_rated_by(case: Corrected, world: World) -> None:
    """A correction rates under the pins of the invoice (RATE-CORRECT-1)."""
    documents = taxed()
    documents.plan.components[0].tiers[0].unit_price = "3"
    other = Corrected.of(world, documents)
    other.invoice, other.made = case.invoice, case.made
    with pytest.raises(CrexError, match="RATE-CORRECT-1") as refused:
        other.by_usage()
    assert refused.value.reason == "SUBJECT"


steps = st.lists(
    st.one_of(
        st.tuples(st.just("cpu"), st.integers(0, 10**6)),
        st.tuples(st.just("units"), st.integers(0, 4)),
        st.tuples(st.just("settle"), st.integers(1, 500)),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, included=st.booleans())
def test_any_sequence_of_notes_sums_to_what_is_owed(
    world: World, steps: list[tuple[str, int]], included: bool
) -> None:
    """After any corrections, all that was issued is the bill of the final usage, less settlements."""
    case = Corrected.of(world, taxed(included=included))
    settled, amounts = 0, {}
    for what, number in steps:
        if what == "settle":
            if settled:
                continue
            settled = number
            amounts = {case.key("cores"): Money("EUR", number)}
            case.issue(case.by_settlement(amounts))
            continue
        case.revise(str(number), meter=what)
        made = case.by_usage()
        if made is not None:
            case.issue(made)
    assert all(report.ok for report in case.reports(amounts=amounts))
    net, total = owed(case)
    if settled:
        rated = case.ledger.rated
        assert (Decimal(rated.net_total.amount), Decimal(rated.total.amount)) == (net, total)
    else:
        assert case.issued() == (net, total)
    after = case.ledger.owed
    assert case.issued() == (Decimal(after.net_total.amount), Decimal(after.total.amount))
    case.issue(case.by_cancellation())
    assert case.issued() == (Decimal(0), Decimal(0))
