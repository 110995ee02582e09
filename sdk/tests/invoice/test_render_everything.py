"""What a person reads of an invoice that has everything: each figure with where it comes from."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from crex.documents import convert, reader
from crex.invoice import Basis, InvoiceDraft, SoldUsage, render
from crex.invoice.arithmetic import equation, formula, rounding, tax_equation
from crex.invoice.views.conditions import conditions, step_words, tier_words
from crex.invoice.views.page import to_html
from crex.invoice.views.text import render_note
from crex.v1 import (
    Commitment,
    CommitmentKind,
    ComponentKind,
    Credit,
    CreditKind,
    Granularity,
    GranularityScope,
    InvoiceLine,
    InvoiceTax,
    Money,
    PriceComponent,
    PriceTier,
    Rational,
    Restrictions,
    TaxRule,
    TierModel,
)
from sdk.tests.invoice.note_samples import Corrected
from sdk.tests.invoice.samples import LEASE, Documents, World
from sdk.tests.invoice.test_account_invoices import SERIES, billed, by_series, sold, spot
from sdk.tests.rating.samples import component


def parsed(bodies: Sequence[bytes]) -> list[InvoiceLine]:
    """Lines from their bytes."""
    return [convert.to_message(reader.read(body, InvoiceLine), InvoiceLine) for body in bodies]


def everything() -> Documents:
    """A sale under a plan that has one of everything."""
    documents = Documents()
    plan = documents.plan
    cores, cpu = plan.components
    cores.tax_category = cpu.tax_category = "standard"
    cores.tiers[0].flat_price = "7"
    night = component("1", id="night")
    night.restrictions.CopyFrom(
        Restrictions(local_start="22:00", local_end="06:00", days=["fri", "sat"], commitment_id="year")
    )
    plan.components.insert(0, night)
    fee = PriceComponent(
        id="fee",
        dimension="provider.example/fee",
        unit="provider.example/period",
        kind=ComponentKind.COMPONENT_KIND_FLAT,
        per_quantity="1",
        model=TierModel.TIER_MODEL_UNIT,
        tiers=[PriceTier(unit_price="10")],
        tax_category="standard",
    )
    plan.components.append(fee)
    plan.commitments.append(
        Commitment(
            id="year",
            kind=CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY,
            amount="5",
            price="0.5",
            per_quantity="3600",
            eligible=["night"],
            term_months=12,
            upfront_price="100",
        )
    )
    plan.credits.extend(
        [
            Credit(id="loyal", kind=CreditKind.CREDIT_KIND_PERCENT, percent="5", basis=["cores", "fee"]),
            Credit(
                id="start", kind=CreditKind.CREDIT_KIND_FIXED, amount=Money(currency="EUR", amount="50.00")
            ),
        ]
    )
    plan.taxes.append(TaxRule(category="standard", rate="0.19", jurisdiction="de"))
    plan.maximum.CopyFrom(Money(currency="EUR", amount="600.00"))
    return documents


def shown(own: SoldUsage, made: InvoiceDraft, **more: object) -> str:
    """The invoice as text."""
    return render(made.message, parsed(made.lines), own.sale.price_plan.message, **more)  # type: ignore[arg-type]


def test_every_kind_of_line_unfolds(world: World) -> None:
    """Windows in words, commitments, flat prices, factors, adjustments, taxes, the balance of a credit."""
    own = sold(world, everything())
    made = billed(Basis.of(own.sale, own.batches[:2]))
    text = shown(own, made)
    for line in (
        f"  leases   {LEASE}",
        "component night; commitment year, used",
        "applies    22:00 until 06:00, over midnight, local time of Europe/Berlin; on Fri, Sat; while",
        "Sat; while commitment year is in force",
        "compute-unit in unit: commitment year, not used",
        "commitment in term: commitment year, paid upfront",
        "     account    consumer.example",
        "flat price 7 EUR, once",
        "factor     0.95 by credit:loyal",
        "(86400 unit·s × 2.99 EUR ÷ 3600 unit·s + 7 EUR) × 0.95 (credit:loyal) = 74.822 → 74.82 EUR",
        "billed     in steps of 1 s, at least 10, once for the period",
        "adjustment start",
        f"     lease      {LEASE}",
        "quantity   1429200 unit·s = 397 unit·h",
        "rounding   whole minor units, by the largest remainder where lines share it",
        "arithmetic adjustment maximum → ",
        "tax        category standard",
        "Tax          standard in de, 19 %: ",
        "net total and taxes",
        "Carried over credit start: 50.00 of 50.00 EUR used, 0.00 EUR left",
    ):
        assert line in text, f"{line}\n\n{text}"


def test_the_page_says_the_same(world: World) -> None:
    """Each line is told by component, tier, commitment and adjustment; held time in hours, too."""
    own = sold(world, everything())
    made = billed(Basis.of(own.sale, own.batches[:2]))
    plan = own.sale.price_plan
    page = to_html(made.message, parsed(made.lines), plans={plan.digest: plan.message})
    for part in (
        "<summary>cores, tier 1 (above 0, up to and including 86400 unit·s)</summary>",
        "<summary>cores; adjustment maximum</summary>",
        "<summary>night; commitment year, used</summary>",
        "<summary>commitment year, not used</summary>",
        '<td class="number">1429200 unit·s<br><span class="also">= 397 unit·h</span></td>',
        '<td class="number"></td><td class="number">-27.13 EUR</td>',
        "<dt>Arithmetic</dt><dd>1429200 unit·s × 0.5 EUR ÷ 3600 unit·s = 198.5 → 198.50 EUR</dd>",
        "<dt>Applies</dt><dd>22:00 until 06:00, over midnight, local time of Europe/Berlin;",
        "Tax standard, de, 19 %",
    ):
        assert part in page, f"{part}\n\n{page}"


def test_the_points_of_a_series_are_listed(world: World) -> None:
    """A line priced by a series shows the points of its period, and the most that is charged."""
    own = sold(world, by_series())
    series = spot(world, "2", "9", "1")
    made = billed(Basis.of(own.sale, own.batches[:2], series=[series]))
    text = shown(own, made, series=[series.message])
    assert f"series     {SERIES}" in text
    assert "beside 0; at most 5 per 3600" in text
    assert "from 2026-03-28T14:00:00Z: 9 EUR" in text
    assert f"1166400 unit·s at the prices of {SERIES} = 344 → 344.00 EUR" in text


def test_a_note_is_shown_as_differences(world: World) -> None:
    """A note says what it corrects and why; its lines are differences and rounded by nobody."""
    case = Corrected.of(world)
    case.revise("3000")
    note = case.issue(case.by_usage())
    text = render_note(note.note.message, parsed(note.lines), case.sale.price_plan.message)
    for line in (
        f"corrects {case.invoice.id}, after 0 earlier notes",
        "because  usage was corrected: rated again from 3 batches",
        "arithmetic difference of -1000 s: -5/24 (≈ -0.208333333) → -0.21 EUR",
        "rounding   a difference of rounded amounts; nothing is rounded again",
        "Tax          standard in de, 19 %: difference at 0.19, of -0.21 EUR: -0.0399 → -0.04 EUR",
        "Total        -0.25 EUR, the sum of 1 difference and taxes",
    ):
        assert line in text, f"{line}\n\n{text}"
    note = case.issue(case.by_cancellation())
    assert "all that was billed is taken back" in render_note(note.note.message, parsed(note.lines))
    assert text.startswith("Credit note")


def line(**more: object) -> InvoiceLine:
    """A line of 10 at 1 per 3."""
    return InvoiceLine(
        dimension="output",
        unit="token",
        quantity=Rational(num="10", den="1"),
        unit_price="1",
        **{
            "per_quantity": "3",
            "exact_amount": Rational(num="10", den="3"),
            "amount": Money(currency="EUR", amount="3.33"),
            **more,
        },  # type: ignore[arg-type]  # whichever member a test sets
    )


def test_a_line_that_does_not_add_up_is_a_difference() -> None:
    """What is not what its members say is shown as what it is."""
    assert equation(line()) == "10 token × 1 EUR ÷ 3 token = 10/3 (≈ 3.333333333) → 3.33 EUR"
    wrong = line(exact_amount=Rational(num="1", den="1"), amount=Money(currency="EUR", amount="1.00"))
    assert equation(wrong) == "difference of 10 token: 1 → 1.00 EUR"
    assert rounding(line(amount=Money(currency="EUR", amount="3.34"))).startswith("a difference")
    zero = line(per_quantity="0")
    assert formula(zero) is None
    assert equation(zero).startswith("10 token")


def test_a_price_that_was_exchanged() -> None:
    """The factor of the exchange is named, and the price has the plan's currency or none."""
    member = {
        "factors": [{"id": "exchange", "value": {"num": "2", "den": "1"}}],
        "exactAmount": {"num": "20", "den": "3"},
        "amount": {"currency": "CNY", "amount": "6.67"},
    }
    value = convert.to_json(line()) | member
    exchanged = convert.to_message(value, InvoiceLine)
    tail = "÷ 3 token × 2 (exchange) = 20/3 (≈ 6.666666667) → 6.67 CNY"
    assert equation(exchanged) == f"10 token × 1 {tail}"
    assert equation(exchanged, currency="EUR") == f"10 token × 1 EUR {tail}"


def tax(base: str, amount: str, num: str, den: str, rate: str = "0.052") -> InvoiceTax:
    """A tax."""
    return InvoiceTax(
        category="standard",
        jurisdiction="de",
        rate=rate,
        base=Money(currency="EUR", amount=base),
        exact_amount=Rational(num=num, den=den),
        amount=Money(currency="EUR", amount=amount),
    )


@pytest.mark.parametrize(
    ("stated", "text"),
    [
        (tax("0.30", "0.02", "3", "200", "0.05"), "0.30 EUR × 0.05 = 0.015 → 0.02 EUR"),
        (
            tax("4.75", "0.25", "65", "263"),
            "5 EUR × 0.052 ÷ 1.052 = 65/263 (≈ 0.247148289) → 0.25 EUR, within the prices",
        ),
        (
            tax("-0.10", "0.00", "-1", "200", "0.05"),
            "-0.10 EUR × 0.05 = -0.005 → 0.00 EUR",
        ),
    ],
)
def test_taxes_are_followed_by_hand(stated: InvoiceTax, text: str) -> None:
    """On top of prices, or within them (RATE-TAX-1, RATE-TAX-2)."""
    assert tax_equation(stated) == text
    assert tax_equation(stated, note=True).startswith("difference at ")


def test_conditions_in_words() -> None:
    """Dates are cut where there are many; regions, modes and windows of one end are named."""
    dates = [f"2026-12-{day:02d}" for day in range(1, 9)]
    priced = component("1")
    priced.restrictions.CopyFrom(
        Restrictions(local_end="06:00", local_dates=dates, region="eu", interruptible=False)
    )
    assert conditions(priced, "Asia/Shanghai") == (
        "00:00 until 06:00, local time of Asia/Shanghai; on 2026-12-01, 2026-12-02, 2026-12-03, 2026-12-04, "
        "2026-12-05 and 3 more days; in region eu; no interruptible offers"
    )
    assert conditions(component("1"), "UTC") == ""


def test_tiers_in_words() -> None:
    """A volume's tier prices all of it; a package is whole; a tier that is not there has no words."""
    tiers = component([("10", "2"), (None, "1")])
    assert tier_words(tiers, 1, "s") == "tier 1 (above 0, up to and including 10 s)"
    tiers.model = TierModel.TIER_MODEL_VOLUME
    assert tier_words(tiers, 2, "s") == "tier 2 (all of it, above 10 s, without end)"
    assert tier_words(tiers, 3, "s") == ""
    tiers.model = TierModel.TIER_MODEL_PACKAGE
    assert tier_words(tiers, 1, "s") == "whole packages of 3600 s"
    each = Granularity(step="60", scope=GranularityScope.GRANULARITY_SCOPE_SEGMENT)
    assert step_words(each, "s") == "in steps of 60 s, once for each stretch"
