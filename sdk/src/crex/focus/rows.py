"""From an invoice or a note to FOCUS rows: one for each line, each tax, and the fee of each commitment.

The billed costs of all rows sum to the bill's total, to the last digit; a bill for which they do not is
refused. Two things make rows that are no lines:

- FOCUS bills a commitment as a purchase and lets its use cost nothing (DiscountHandling-A-009): the amounts
  of its used and unused lines are the billed cost of one row of category Purchase, and theirs are 0. What
  each line came to stays in `x_CrexLineAmount`.
- Where prices include tax, a row of category Tax states it, and one of category Adjustment takes it out of
  the charges that contain it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Final

from crex.focus.amortization import amortized
from crex.focus.bill import Bill, FocusError, LeaseFacts, decimal, divisor, money
from crex.focus.catalogue import service
from crex.focus.cells import Cell, Row, describe, priced, sku, whole_seconds
from crex.focus.charges import Charge, charge_of, commitment_units, committed_quantity
from crex.focus.columns import COLUMNS
from crex.focus.numbers import exact_text
from crex.invoice.arithmetic import exact
from crex.v1 import (
    Commitment,
    CommitmentKind,
    ComponentKind,
    Correction,
    InvoiceLine,
    InvoiceTax,
)

_EMPTY: Final[Mapping[str, Cell]] = {column.name: None for column in COLUMNS}
_PARTS: Final = (":used", ":unused")
_LIMITS: Final = ("minimum", "maximum")
_FREQUENCIES: Final = {
    ComponentKind.COMPONENT_KIND_FLAT: "Recurring",
    ComponentKind.COMPONENT_KIND_ONE_OFF: "One-Time",
}
_COMMITMENTS: Final = {
    CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY: ("Usage", "Hourly Quantity"),
    CommitmentKind.COMMITMENT_KIND_PERIOD_SPEND: ("Spend", "Period Spend"),
}
_NO_FACTS: Final = LeaseFacts()


def rows(bill: Bill) -> list[Row]:
    """Returns the rows of a bill, each with a cell for each column.

    Order: lines by key as the bill has them, each commitment's fee, taxes.

    Raises:
        FocusError: A plan is missing or is not the lines' (NOT_FOUND, SUBJECT), or the rows do not sum to the
            total (RATING_DIFFERS).
        CrexError: A number is not in its one spelling, or larger than its column.
    """
    found = list(_Writer(bill).rows())
    billed = sum((cell for row in found if isinstance(cell := row["BilledCost"], Fraction)), Fraction(0))
    total = money(bill.body.total, bill.body.currency)
    if billed != total:
        raise FocusError(
            "RATING_DIFFERS",
            f"The lines and taxes come to {billed} {bill.body.currency}, and the bill's total is {total}. It "
            "is not exported: verify it first, `crex invoice verify`.",
            source=bill.document.header.id,
        )
    return found


class _Writer:
    """Writes the rows of one bill."""

    def __init__(self, bill: Bill) -> None:
        self._bill = bill
        self._charges = [charge_of(bill, line) for line in bill.lines]
        self._exchange = next(
            (each.factors.exchange for each in self._charges if each.factors.exchange != 1), Fraction(1)
        )
        self._upfront = amortized(bill)
        self._every = self._common()

    def rows(self) -> Iterator[Row]:
        fees: dict[tuple[str, str], tuple[Commitment, list[tuple[InvoiceLine, Charge]]]] = {}
        for line, charge in zip(self._bill.lines, self._charges, strict=True):
            yield self._line(line, charge)
            commitment = self._bill.commitment(line)
            if commitment is not None and line.commitment.endswith(_PARTS) and not line.adjustment:
                _, parts = fees.setdefault((line.price_plan.sha256, commitment.id), (commitment, []))
                parts.append((line, charge))
        for commitment, parts in fees.values():
            yield self._fee(commitment, parts)
        yield from self._taxes()

    def _common(self) -> Row:
        """The cells that every row of the bill has."""
        bill, body = self._bill, self._bill.body
        start, end = whole_seconds(bill.period.start_ms, bill.period.end_ms)
        category, subcategory, name = service("")
        row: Row = {
            **_EMPTY,
            "BillingAccountId": bill.account_id,
            "BillingAccountName": bill.account_name,
            "BillingAccountType": "Account",
            "BillingCurrency": body.currency,
            "BillingPeriodStart": start,
            "BillingPeriodEnd": end,
            "ChargePeriodStart": start,
            "ChargePeriodEnd": end,
            "ChargeClass": "Correction" if bill.is_note else None,
            "InvoiceId": bill.document.header.id,
            "InvoiceIssuerName": body.seller,
            "ProviderName": body.seller,
            "PublisherName": body.seller,
            "ServiceCategory": category,
            "ServiceSubcategory": subcategory,
            "ServiceName": name,
            "x_CrexDocumentType": bill.type,
            "x_CrexDocumentSha256": bill.sha256,
            "x_CrexRatingDigest": body.rating_digest,
        }
        if isinstance(body, Correction):
            row["x_CrexCorrectedInvoiceId"] = body.invoice.id
            row["x_CrexCorrectionReason"] = body.reason
        plan = bill.plan(bill.lines[0]) if bill.lines else next(iter(bill.plans.values()), None)
        row["PricingCurrency"] = plan.currency if plan is not None else body.currency
        return row

    def _line(self, line: InvoiceLine, charge: Charge) -> Row:
        bill = self._bill
        plan = bill.plan(line)
        category, subcategory, name = service(line.dimension)
        facts = bill.leases.get(line.lease, _NO_FACTS)
        row: Row = {
            **self._every,
            "BilledCost": charge.amount,
            "EffectiveCost": charge.effective,
            "ContractedCost": charge.contracted,
            "ListCost": charge.listed,
            "PricingCurrency": plan.currency,
            "PricingCurrencyEffectiveCost": charge.effective / charge.factors.exchange,
            "ServiceCategory": category,
            "ServiceSubcategory": subcategory,
            "ServiceName": name,
            "RegionId": facts.region,
            "RegionName": facts.region,
            "ResourceId": line.lease or None,
            "ResourceType": "Lease" if line.lease else None,
            "x_CrexLineKey": line.key,
            "x_CrexLineAmount": charge.amount,
            "x_CrexExactAmount": exact_text(exact(line.exact_amount)),
            "x_CrexExactQuantity": exact_text(charge.quantity),
            "x_CrexOrderId": line.order or None,
            "x_CrexPricePlanId": line.price_plan.id,
            "x_CrexPricePlanSha256": line.price_plan.sha256,
            "x_CrexTaxCategory": line.tax_category or None,
        }
        commitment = bill.commitment(line)
        if commitment is not None:
            row |= self._of_commitment(line, commitment)
        if line.adjustment:
            return row | self._adjusted(line, charge)
        component = bill.component(line)
        row |= priced(charge)
        row |= sku(line, plan, component)
        part = line.commitment.rpartition(":")[2]
        if part == "upfront" and commitment is not None:
            return row | self._paid_upfront(line, charge, commitment)
        if part and commitment is not None:
            return row | self._part(line, charge, commitment, part)
        frequency = _FREQUENCIES.get(component.kind) if component is not None else None
        if frequency is not None:
            row |= {"ChargeCategory": "Purchase", "ChargeFrequency": frequency, "PricingCategory": "Standard"}
        else:
            row |= {
                "ChargeCategory": "Usage",
                "ChargeFrequency": "Usage-Based",
                "PricingCategory": "Other" if line.unpriced else "Dynamic" if line.series else "Standard",
                "ConsumedQuantity": charge.quantity,
                "ConsumedUnit": charge.units.consumed,
            }
        row["ChargeDescription"] = describe(line, component)
        return row

    def _adjusted(self, line: InvoiceLine, charge: Charge) -> Row:
        """An adjustment is related to no quantity: its costs are what it comes to (EffectiveCost-C-010)."""
        limit = line.adjustment in _LIMITS
        words = f"{line.adjustment.capitalize()} of the bill" if limit else f"Credit {line.adjustment}"
        rate = self._exchange
        return {
            "ChargeCategory": "Adjustment" if limit else "Credit",
            "ChargeFrequency": "Recurring" if limit else "One-Time",
            "ChargeDescription": f"{words}, on {line.component}" if line.component else words,
            "EffectiveCost": charge.amount,
            "ContractedCost": charge.amount,
            "ListCost": charge.amount,
            "PricingCurrencyEffectiveCost": charge.amount / rate,
            "x_CrexAdjustmentId": line.adjustment,
        }

    def _of_commitment(self, line: InvoiceLine, commitment: Commitment) -> Row:
        category, kind = _COMMITMENTS[commitment.kind]
        name = f"{line.price_plan.id}#{commitment.id}"
        row: Row = {
            "CommitmentDiscountCategory": category,
            "CommitmentDiscountId": name,
            "CommitmentDiscountName": commitment.id,
            "CommitmentDiscountType": kind,
        }
        if not line.lease:  # DiscountHandling-A-012, A-019
            row |= {"ResourceId": name, "ResourceType": "Commitment"}
        return row

    def _part(self, line: InvoiceLine, charge: Charge, commitment: Commitment, part: str) -> Row:
        """A used or unused part costs nothing by itself; its fee is billed as a purchase."""
        unit = commitment_units(self._bill, line, commitment)
        effective = charge.effective + self._upfront.shares.get(line.key, Fraction(0))
        row: Row = {
            "BilledCost": Fraction(0),
            "EffectiveCost": effective,
            "PricingCurrencyEffectiveCost": effective / charge.factors.exchange,
            "ChargeCategory": "Usage",
            "ChargeFrequency": "Usage-Based",
            "PricingCategory": "Committed",
            "CommitmentDiscountQuantity": committed_quantity(line, commitment, unit),
            "CommitmentDiscountUnit": unit.name,
            "CommitmentDiscountStatus": part.capitalize(),
        }
        if part == "used":
            row |= {"ConsumedQuantity": charge.quantity, "ConsumedUnit": charge.units.consumed}
            row["ChargeDescription"] = (
                f"{describe(line, self._bill.component(line))}, by commitment {commitment.id}"
            )
        else:
            row["ChargeDescription"] = f"Commitment {commitment.id}, not used"
        return row

    def _paid_upfront(self, line: InvoiceLine, charge: Charge, commitment: Commitment) -> Row:
        """What is paid upfront costs nothing as it is paid: its use does (EffectiveCost-C-005)."""
        unit = commitment_units(self._bill, line, commitment)
        spread = line.key in self._upfront.spread
        effective = Fraction(0) if spread else charge.effective
        return {
            "EffectiveCost": effective,
            "PricingCurrencyEffectiveCost": effective / charge.factors.exchange,
            "ChargeCategory": "Purchase",
            "ChargeFrequency": "One-Time",
            "PricingCategory": "Standard",
            "ChargeDescription": f"Commitment {commitment.id}, paid upfront",
            "CommitmentDiscountQuantity": self._upfront.bought.get(line.key, Fraction(0)) / unit.size,
            "CommitmentDiscountUnit": unit.name,
        }

    def _fee(self, commitment: Commitment, parts: list[tuple[InvoiceLine, Charge]]) -> Row:
        """What a commitment costs in the period: a recurring purchase, whose use is billed at 0."""
        line, first = parts[0]
        plan = self._bill.plan(line)
        unit = commitment_units(self._bill, line, commitment)
        quantity = sum((committed_quantity(each, commitment, unit) for each, _ in parts), Fraction(0))
        cost = sum((charge.effective for _, charge in parts), Fraction(0))
        per = commitment.per_quantity if commitment.HasField("per_quantity") else commitment.amount
        price = decimal(commitment.price) * unit.size / divisor(per) * first.factors.exchange
        category, subcategory, name = service(line.dimension if line.dimension != "spend" else "")
        fee: Row = {
            **self._every,
            **self._of_commitment(line, commitment),
            "BilledCost": sum((charge.amount for _, charge in parts), Fraction(0)),
            "EffectiveCost": Fraction(0),
            "ContractedCost": cost,
            "ListCost": cost,
            "ContractedUnitPrice": price,
            "ListUnitPrice": price,
            "PricingQuantity": quantity,
            "PricingUnit": unit.name,
            "PricingCategory": "Standard",
            "PricingCurrency": plan.currency,
            "PricingCurrencyEffectiveCost": Fraction(0),
            "PricingCurrencyContractedUnitPrice": price / first.factors.exchange,
            "PricingCurrencyListUnitPrice": price / first.factors.exchange,
            "ChargeCategory": "Purchase",
            "ChargeFrequency": "Recurring",
            "ChargeDescription": f"Commitment {commitment.id}, for the period",
            "CommitmentDiscountQuantity": quantity,
            "CommitmentDiscountUnit": unit.name,
            "ResourceId": f"{line.price_plan.id}#{commitment.id}",
            "ResourceType": "Commitment",
            "ServiceCategory": category,
            "ServiceSubcategory": subcategory,
            "ServiceName": name,
            "SkuId": commitment.id,
            "SkuMeter": "commitment",
            "SkuPriceId": f"{commitment.id}#fee@{line.price_plan.revision}",
            "x_CrexPricePlanId": line.price_plan.id,
            "x_CrexPricePlanSha256": line.price_plan.sha256,
        }
        return fee

    def _taxes(self) -> Iterator[Row]:
        body = self._bill.body
        taxes = [(tax, money(tax.amount, body.currency)) for tax in body.taxes]
        gross = sum((charge.amount for charge in self._charges), Fraction(0))
        due = sum((amount for _, amount in taxes), Fraction(0))
        included = due != 0 and gross == money(body.total, body.currency)
        for tax, amount in taxes:
            row = self._tax(tax, amount, included=included)
            yield row
            if included:
                yield row | {
                    "ChargeCategory": "Adjustment",
                    "ChargeDescription": f"{row['ChargeDescription']}, taken out of prices that include it",
                    "x_CrexLineAmount": None,
                    "x_CrexExactAmount": None,
                    **{
                        name: -value
                        for name, value in row.items()
                        if isinstance(value, Fraction) and name in _COSTS
                    },
                }

    def _tax(self, tax: InvoiceTax, amount: Fraction, *, included: bool) -> Row:
        """A tax is computed on what it is on, in each of the four ways (ListCost-C-007)."""
        rate = decimal(tax.rate)
        share = rate / (1 + rate) if included else rate
        taxed = [
            charge
            for line, charge in zip(self._bill.lines, self._charges, strict=True)
            if line.tax_category == tax.category
        ]
        effective = exact(tax.exact_amount)
        return {
            **self._every,
            "BilledCost": amount,
            "EffectiveCost": effective,
            "ContractedCost": share * sum((each.contracted for each in taxed), Fraction(0)),
            "ListCost": share * sum((each.listed for each in taxed), Fraction(0)),
            "PricingCurrencyEffectiveCost": effective / self._exchange,
            "ChargeCategory": "Tax",
            "ChargeFrequency": "Recurring",
            "ChargeDescription": f"Tax {tax.jurisdiction}, category {tax.category}, rate {tax.rate}",
            "x_CrexLineAmount": amount,
            "x_CrexExactAmount": exact_text(effective),
            "x_CrexTaxCategory": tax.category,
            "x_CrexTaxJurisdiction": tax.jurisdiction,
            "x_CrexTaxRate": tax.rate,
            "x_CrexTaxExemptionCode": tax.exemption_code or None,
        }


_COSTS: Final = frozenset(
    {"BilledCost", "EffectiveCost", "ContractedCost", "ListCost", "PricingCurrencyEffectiveCost"}
)
