from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from crex.decimals import EXPONENTS
from crex.documents.times import parse_time
from crex.errors import CrexError
from crex.focus import COLUMNS, Bill, FocusError, LeaseFacts, rows
from crex.v1 import CommitmentKind, LineFactor
from sdk.tests.focus import samples
from sdk.tests.focus.samples import COUNT, TIME, bill, component, line, note, plan, tax

Cells = dict[str, Any]
BILLS = (samples.usage_bill, samples.fee_bill, samples.committed_bill, samples.credit_note)


def written(made: Bill) -> list[Cells]:
    """The rows of a bill."""
    return list(rows(made))


def of(found: list[Cells], **cells: str | None) -> Cells:
    """The one row with these cells."""
    fitting = [row for row in found if all(row[name] == value for name, value in cells.items())]
    assert len(fitting) == 1, fitting
    return fitting[0]


def total(found: list[Cells], column: str, **cells: str | None) -> Fraction:
    """The sum of a column over the rows with these cells."""
    fitting = [row[column] for row in found if all(row[name] == value for name, value in cells.items())]
    return sum((cell for cell in fitting if isinstance(cell, Fraction)), Fraction(0))


@pytest.mark.parametrize("make", BILLS)
def test_billed_costs_sum_to_the_total(make: Callable[[], Bill]) -> None:
    """The billed costs of a bill's rows are its total, to the last digit."""
    made = make()
    assert total(written(made), "BilledCost") == Fraction(made.body.total.amount)


@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_billed_costs_sum_in_every_currency(currency: str) -> None:
    """In every currency three rounded thirds are billed as rounded, beside what they are exactly."""
    digits = EXPONENTS[currency]
    third = f"33.{'3' * digits}".rstrip(".")
    lines = [
        line(
            name,
            "compute-unit",
            "unit",
            "1",
            "100/3",
            third,
            currency=currency,
            unit_price="100",
            per_quantity="3",
        )
        for name in "abc"
    ]
    components = [component(name, "compute-unit", "unit", TIME, "100", per="3") for name in "abc"]
    whole = f"99.{'9' * digits}".rstrip(".")
    found = written(bill(plan(*components, currency=currency), lines, whole, currency=currency))
    assert total(found, "BilledCost") == Fraction(whole)
    assert total(found, "EffectiveCost") == total(found, "ListCost") == 100


@pytest.mark.parametrize("make", BILLS)
def test_cells_keep_the_columns(make: Callable[[], Bill]) -> None:
    """Every row has a cell for each column, in their order, and none is null where that is not allowed."""
    for row in written(make()):
        assert list(row) == [column.name for column in COLUMNS]
        assert not [column.name for column in COLUMNS if row[column.name] is None and not column.nullable]


@pytest.mark.parametrize("make", BILLS)
def test_unit_prices_times_quantities_are_costs(make: Callable[[], Bill]) -> None:
    """A unit price times the quantity is the cost, exactly (ContractedCost-C-009, ListCost-C-009)."""
    for row in written(make()):
        for price, cost in (("ContractedUnitPrice", "ContractedCost"), ("ListUnitPrice", "ListCost")):
            if row[price] is not None:
                assert row[price] * row["PricingQuantity"] == row[cost]


def test_use_is_priced_in_hours() -> None:
    """8 GPUs for 745 hours at 2.99 are 5,960 GPU-Hours, listed at 3.50."""
    row = written(samples.usage_bill())[0]
    assert (row["PricingQuantity"], row["PricingUnit"]) == (5960, "GPU-Hours")
    assert (row["ConsumedQuantity"], row["ConsumedUnit"]) == (21456000, "GPU-Seconds")
    assert (row["ContractedUnitPrice"], row["ListUnitPrice"]) == (Fraction("2.99"), Fraction("3.5"))
    assert (row["BilledCost"], row["ListCost"]) == (Fraction("17820.4"), 20860)
    assert (row["SkuId"], row["SkuPriceId"], row["RegionId"]) == ("H100", "gpu#1@3", "eu-north")
    assert (row["ChargeCategory"], row["PricingCategory"]) == ("Usage", "Standard")


def test_digests_are_carried() -> None:
    """Each row names the bill, its digests, its line and the plan that priced it."""
    row = written(samples.usage_bill())[0]
    assert row["InvoiceId"] == samples.INVOICE
    assert row["x_CrexDocumentSha256"] == samples.INVOICE_SHA256
    assert row["x_CrexRatingDigest"] == samples.DIGEST
    assert row["x_CrexLineKey"] == samples.GPU_LINE.key
    assert row["x_CrexPricePlanSha256"] == samples.PLAN_SHA256
    assert (row["x_CrexExactAmount"], row["x_CrexExactQuantity"]) == ("89102/5", "21456000/1")


def test_what_no_component_prices_is_free_use() -> None:
    """Use without a price is a row of use at 0, under its dimension and unit."""
    row = of(written(samples.usage_bill()), PricingCategory="Other")
    assert (row["BilledCost"], row["ContractedUnitPrice"], row["PricingQuantity"]) == (0, 0, Fraction("7.5"))
    assert (row["SkuId"], row["PricingUnit"]) == ("egress:gigabyte", "GB")


def test_adjustments_have_categories_of_their_own() -> None:
    """A credit is a Credit, a minimum an Adjustment; both cost what they come to and have no quantity."""
    found = written(samples.usage_bill())
    credit, minimum = of(found, ChargeCategory="Credit"), of(found, ChargeCategory="Adjustment")
    assert (credit["BilledCost"], credit["ListCost"]) == (Fraction("-20.4"), Fraction("-20.4"))
    assert (credit["x_CrexAdjustmentId"], minimum["x_CrexAdjustmentId"]) == ("welcome", "minimum")
    assert credit["PricingQuantity"] is minimum["PricingQuantity"] is None


def test_fees_are_purchases() -> None:
    """A fee of every period recurs, one of activation does not; both are purchases."""
    found = written(samples.fee_bill())
    fee = of(found, ChargeCategory="Purchase", ChargeFrequency="Recurring")
    setup = of(found, ChargeCategory="Purchase", ChargeFrequency="One-Time")
    assert (fee["BilledCost"], fee["EffectiveCost"], fee["PricingUnit"]) == (25, 25, "Units")
    assert (setup["BilledCost"], setup["EffectiveCost"]) == (100, 100)


def test_a_tax_is_of_what_it_is_on() -> None:
    """A tax is a row of its own; at list prices it would be a tax on those (ListCost-C-007)."""
    row = of(written(samples.usage_bill()), ChargeCategory="Tax")
    assert (row["BilledCost"], row["EffectiveCost"]) == (3382, 3382)
    assert row["ListCost"] == Fraction("0.19") * (20860 - Fraction("20.4"))
    assert row["SkuId"] is row["PricingQuantity"] is row["ListUnitPrice"] is None
    assert (row["x_CrexTaxRate"], row["x_CrexTaxJurisdiction"]) == ("0.19", "de")


def test_an_included_tax_is_taken_out_of_the_prices() -> None:
    """Where prices include 5.2 %, 5.00 stay 5.00: 0.25 of tax, and as much out of the charges."""
    taxed = line(
        "gpu",
        "compute-unit",
        "unit",
        "3600",
        "5",
        "5.00",
        unit_price="5",
        per_quantity="3600",
        tax_category="x",
    )
    included = plan(component("gpu", "compute-unit", "unit", TIME, "5", per="3600"))
    made = bill(included, [taxed], "5.00", taxes=[tax("x", "0.052", "4.75", "65/263", "0.25")])
    found = written(made)
    assert total(found, "BilledCost") == 5
    assert of(found, ChargeCategory="Tax")["BilledCost"] == Fraction("0.25")
    assert of(found, ChargeCategory="Adjustment")["BilledCost"] == Fraction("-0.25")
    assert total(found, "EffectiveCost") == total(found, "ListCost") == 5


def test_an_exemption_is_shown() -> None:
    """A tax of which nothing is due is a row of 0 with the reason."""
    exempt = tax("x", "0", "0.00", "0", "0.00", exemption_code="ReverseCharge")
    row = of(written(bill(plan(), [], "0.00", taxes=[exempt])), ChargeCategory="Tax")
    assert (row["BilledCost"], row["x_CrexTaxExemptionCode"]) == (0, "ReverseCharge")


def test_a_commitment_is_bought_and_its_use_is_free() -> None:
    """Used and unused parts are billed 0, and their fee is one purchase (DiscountHandling-A-009)."""
    found = written(samples.committed_bill())
    name = f"{samples.PLAN}#reserved"
    used = of(found, CommitmentDiscountId=name, CommitmentDiscountStatus="Used")
    unused = of(found, CommitmentDiscountId=name, CommitmentDiscountStatus="Unused")
    fee = of(found, CommitmentDiscountId=name, ChargeFrequency="Recurring")
    assert used["BilledCost"] == unused["BilledCost"] == fee["EffectiveCost"] == 0
    assert (used["x_CrexLineAmount"], unused["x_CrexLineAmount"]) == (8920, 20)
    assert (fee["BilledCost"], fee["CommitmentDiscountQuantity"]) == (8940, 4470)
    assert used["ContractedCost"] == 4460 * Fraction("2.99")  # without the commitment
    assert (used["PricingCategory"], fee["PricingCategory"]) == ("Committed", "Standard")
    assert used["ResourceId"] == samples.LEASE
    assert unused["ResourceId"] == fee["ResourceId"] == name
    assert unused["ConsumedQuantity"] is None
    assert {used["CommitmentDiscountUnit"], unused["CommitmentDiscountUnit"]} == {"GPU-Hours"}


def test_what_is_paid_upfront_is_spread_over_the_term() -> None:
    """Of 8,760 for a year this month's 745 of 8,760 hours are borne by use, and by what was not used."""
    found = written(samples.committed_bill())
    name = f"{samples.PLAN}#reserved"
    upfront = of(found, CommitmentDiscountId=name, ChargeFrequency="One-Time")
    assert (upfront["BilledCost"], upfront["EffectiveCost"]) == (8760, 0)
    assert (upfront["CommitmentDiscountQuantity"], upfront["CommitmentDiscountUnit"]) == (52560, "GPU-Hours")
    borne = total(found, "EffectiveCost", CommitmentDiscountId=name)
    assert borne == 8940 + 745
    used = of(found, CommitmentDiscountId=name, CommitmentDiscountStatus="Used")
    assert used["EffectiveCost"] == 8920 + 745 * Fraction(4460, 4470)


def test_a_term_is_reckoned_from_the_lease() -> None:
    """A term of months begins with the first lease, and is as long as those months."""
    made = samples.committed_bill()
    reserved = made.plans[samples.PLAN_SHA256].commitments[0]
    reserved.ClearField("term")
    reserved.term_months = 12
    borne = total(written(made), "EffectiveCost", CommitmentDiscountName="reserved")
    assert borne == 8940 + Fraction(8760 * 745, 365 * 24)
    reserved.ClearField("term_months")  # then it is the lease, of which all lies in the period
    assert total(written(made), "EffectiveCost", CommitmentDiscountName="reserved") == 8940 + 8760


def test_an_unknown_term_costs_at_once() -> None:
    """Where no term is known, what was paid upfront is borne by the period in which it was."""
    made = samples.committed_bill(leases={samples.LEASE: LeaseFacts()})
    made.plans[samples.PLAN_SHA256].commitments[0].ClearField("term")
    assert total(written(made), "EffectiveCost", CommitmentDiscountName="reserved") == 8940 + 8760


def test_a_spend_commitment_is_counted_in_money() -> None:
    """Of a spend of 10.00 for 8.00, 6.00 were used at 4.80 and 4.00 not, at 3.20."""
    found = written(samples.committed_bill())
    name = f"{samples.PLAN}#spending"
    used = of(found, CommitmentDiscountId=name, CommitmentDiscountStatus="Used")
    unused = of(found, CommitmentDiscountId=name, CommitmentDiscountStatus="Unused")
    assert (used["CommitmentDiscountQuantity"], used["CommitmentDiscountUnit"]) == (6, "EUR")
    assert (used["EffectiveCost"], used["ContractedCost"]) == (Fraction("4.8"), 6)
    assert (unused["CommitmentDiscountQuantity"], unused["EffectiveCost"]) == (4, Fraction("3.2"))
    fee = of(found, CommitmentDiscountId=name, ChargeCategory="Purchase")
    assert (fee["BilledCost"], fee["CommitmentDiscountQuantity"]) == (8, 10)


def test_a_note_is_a_correction() -> None:
    """Rows of a note are corrections under its own name; they name the invoice, and take back."""
    made = samples.credit_note()
    use, taxed = written(made)
    assert use["ChargeClass"] == taxed["ChargeClass"] == "Correction"
    assert use["InvoiceId"] == made.document.header.id
    assert (use["x_CrexCorrectedInvoiceId"], use["x_CrexCorrectionReason"]) == (samples.INVOICE, "usage")
    assert (use["PricingQuantity"], use["ContractedUnitPrice"]) == (-100, Fraction("2.99"))
    assert (use["BilledCost"], taxed["BilledCost"]) == (-299, Fraction("-56.81"))
    assert use["x_CrexDocumentType"] == "credit-note"


def test_invoice_and_full_credit_come_to_nothing() -> None:
    """What an invoice bills and a cancellation takes back sum to zero in each cost."""
    price = plan(samples.GPU)
    taken = line(
        "gpu",
        "compute-unit",
        "unit",
        "-21456000",
        "-17820.4",
        "-17820.40",
        unit_price="2.99",
        per_quantity="3600",
    )
    charged = line(
        "gpu",
        "compute-unit",
        "unit",
        "21456000",
        "17820.4",
        "17820.40",
        unit_price="2.99",
        per_quantity="3600",
    )
    both = written(bill(price, [charged], "17820.40")) + written(
        note(price, [taken], "-17820.40", reason="cancellation")
    )
    for cost in ("BilledCost", "EffectiveCost", "ContractedCost", "ListCost"):
        assert total(both, cost) == 0


def test_discounts_and_exchange_are_told_apart() -> None:
    """A percentage lowers the contracted cost and not the list's; the plan's currency is without exchange."""
    lowered = line(
        "gpu",
        "compute-unit",
        "unit",
        "3600",
        "99/50",
        "1.98",
        unit_price="2",
        per_quantity="3600",
        factors={"exchange": "11/10", "credit:loyal": "9/10"},
    )
    priced = plan(component("gpu", "compute-unit", "unit", TIME, "2", per="3600"), currency="USD")
    row = written(bill(priced, [lowered], "1.98"))[0]
    assert (row["ListCost"], row["ContractedCost"]) == (Fraction("2.2"), Fraction("1.98"))
    assert (row["ListUnitPrice"], row["ContractedUnitPrice"]) == (Fraction("2.2"), Fraction("1.98"))
    assert (row["BillingCurrency"], row["PricingCurrency"]) == ("EUR", "USD")
    assert row["PricingCurrencyListUnitPrice"] == 2
    assert row["PricingCurrencyEffectiveCost"] == Fraction("1.8")


def test_a_discount_of_everything_still_has_a_list_cost() -> None:
    """Where 100 % are taken off, what it would have cost is computed from quantity and price."""
    free = line(
        "gpu", "compute-unit", "unit", "3600", "0", "0.00", unit_price="2", per_quantity="3600",
        factors={"credit:all": "0"},
    )  # fmt: skip
    row = written(
        bill(plan(component("gpu", "compute-unit", "unit", TIME, "2", per="3600")), [free], "0.00")
    )[0]
    assert (row["ListCost"], row["ContractedCost"], row["ContractedUnitPrice"]) == (2, 0, 0)


def test_flat_prices_and_series_have_an_average_price() -> None:
    """Where no one price holds, the unit price is the cost divided by the quantity."""
    flat = line(
        "gpu",
        "compute-unit",
        "unit",
        "7200",
        "9",
        "9.00",
        unit_price="2",
        per_quantity="3600",
        flat_price="5",
    )
    moving = line(
        "spot", "compute-unit", "unit", "7200", "3", "3.00", per_quantity="3600", series="crex://s/x/y"
    )
    priced = plan(
        component("gpu", "compute-unit", "unit", TIME, "2", per="3600"),
        component("spot", "compute-unit", "unit", TIME, "0", per="3600"),
    )
    first, second = written(bill(priced, [flat, moving], "12.00"))
    assert (first["ContractedUnitPrice"], first["PricingCategory"]) == (Fraction("4.5"), "Standard")
    assert (second["ContractedUnitPrice"], second["PricingCategory"]) == (Fraction("1.5"), "Dynamic")


def test_accounts_are_told_apart_by_their_buyer() -> None:
    """An account is the buyer's own word, so its identifier begins with the buyer."""
    row = written(bill(plan(samples.GPU), [], "0.00", account="team-a", taxes=[
        tax("x", "0", "0.00", "0", "0.00")
    ]))[0]  # fmt: skip
    assert (row["BillingAccountId"], row["BillingAccountName"]) == ("consumer.example/team-a", "team-a")


def test_a_forecast_says_so() -> None:
    """Rows of a provisional invoice say that nobody owes them."""
    made = bill(plan(samples.GPU), [samples.GPU_LINE], "17820.40", provisional=True)
    assert written(made)[0]["x_CrexDocumentType"] == "provisional-invoice"


def test_periods_have_whole_seconds() -> None:
    """A period that was closed within a second ends with that second, never before its end."""
    end = parse_time("2026-10-05T10:00:00.250Z")
    row = written(bill(plan(samples.GPU), [samples.GPU_LINE], "17820.40", end=end))[0]
    assert row["ChargePeriodEnd"] == row["BillingPeriodEnd"] == parse_time("2026-10-05T10:00:01Z")


def test_a_bill_that_does_not_sum_is_refused() -> None:
    """Rows whose sum is not the bill's total are not written."""
    with pytest.raises(FocusError, match="verify it first") as caught:
        written(bill(plan(samples.GPU), [samples.GPU_LINE], "17820.41"))
    assert caught.value.reason == "RATING_DIFFERS"


def test_a_missing_plan_is_named() -> None:
    """A line whose plan was not given is refused with the plan's name."""
    made = bill(plan(samples.GPU), [samples.GPU_LINE], "17820.40")
    with pytest.raises(FocusError, match="price-plan/p1 with SHA-256 1f1f") as caught:
        written(Bill(document=made.document, sha256=made.sha256, lines=made.lines, plans={}))
    assert caught.value.reason == "NOT_FOUND"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"component": "other"}, "component other, which"),
        ({"commitment": "none:used"}, "commitment none, which"),
    ],
)
def test_a_foreign_line_is_refused(change: dict[str, str], words: str) -> None:
    """A line of a component or commitment that its plan does not have is no line of this plan."""
    foreign = line("gpu", "compute-unit", "unit", "1", "0", "0.00")
    for member, value in change.items():
        setattr(foreign, member, value)
    with pytest.raises(FocusError, match=words):
        written(bill(plan(samples.GPU), [foreign], "0.00"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"per_quantity": "0"}, "SCHEMA"),
        ({"per_quantity": "1e3"}, "SCHEMA"),
        ({"unit_price": "2.50"}, "SCHEMA"),
    ],
)
def test_hostile_numbers_are_refused(change: dict[str, str], reason: str) -> None:
    """A divisor of zero and a number in another spelling are refused, not computed with."""
    bad = line("gpu", "compute-unit", "unit", "1", "0", "0.00", unit_price="1", per_quantity="1")
    for member, value in change.items():
        setattr(bad, member, value)
    with pytest.raises(CrexError) as caught:
        written(bill(plan(samples.GPU), [bad], "0.00"))
    assert caught.value.reason == reason


def test_amounts_of_another_currency_are_refused() -> None:
    """A line in another currency than the bill's cannot be summed with it."""
    odd = line("gpu", "compute-unit", "unit", "1", "0", "0", currency="JPY")
    with pytest.raises(FocusError, match="JPY"):
        written(bill(plan(samples.GPU), [odd], "0.00"))


def test_a_commitment_of_counts_is_bought_by_the_hour() -> None:
    """An upfront payment for 1,000 tokens an hour buys that times the hours of the term."""
    made = samples.committed_bill()
    reserved = made.plans[samples.PLAN_SHA256].commitments[0]
    reserved.eligible[:] = ["tokens"]
    reserved.kind = CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY
    reserved.per_quantity = "1000"
    row = of(written(made), ChargeFrequency="One-Time")
    assert (row["CommitmentDiscountQuantity"], row["CommitmentDiscountUnit"]) == (
        Fraction(6 * 8760, 1000),
        "1000 Tokens",
    )


def test_a_free_spend_commitment_counts_what_it_covered() -> None:
    """A commitment at a price of 0 has a factor of 0: what it covered is computed from the price."""
    made = samples.committed_bill()
    spent = made.lines[4]
    del spent.factors[:]
    spent.factors.append(LineFactor(id="commitment:spending", value=samples.rational("0")))
    spent.exact_amount.CopyFrom(samples.rational("0"))
    spent.amount.amount = "0.00"
    made.body.total.amount = "22188.20"
    used = of(written(made), CommitmentDiscountName="spending", CommitmentDiscountStatus="Used")
    assert (used["CommitmentDiscountQuantity"], used["ContractedCost"]) == (6, 6)


def test_counts_that_are_held_by_nobody_have_no_resource() -> None:
    """A line of the account is related to no lease."""
    shared = line(
        "tokens",
        "output-token",
        "token",
        "1000",
        "0.1",
        "0.10",
        lease=None,
        unit_price="0.1",
        per_quantity="1000",
    )
    row = written(
        bill(plan(component("tokens", "output-token", "token", COUNT, "0.1", per="1000")), [shared], "0.10")
    )
    assert row[0]["ResourceId"] is row[0]["ResourceType"] is row[0]["RegionId"] is None
