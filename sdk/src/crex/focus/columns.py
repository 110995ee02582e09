"""The columns of FOCUS 1.2 and ours, as data: type, whether a cell may be empty, and the clause that says so.

FOCUS is the FinOps Open Cost and Usage Specification. A clause is the identifier of the rule in its published
requirements model 1.2 that says when a cell is null, or else that the column exists. Our own columns begin
with `x_Crex` and come last (ColumnHandling-A-010, A-013).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """What the cells of a column hold."""

    TEXT = "String"
    COST = "Decimal"  # an amount or a price: DECIMAL(38, 18)
    QUANTITY = "Quantity"  # a FOCUS Decimal too: DECIMAL(38, 15)
    TIME = "Date/Time"
    OBJECT = "JSON"  # an object of keys and values, serialised


# Digits in all, and after the point. An amount has at most 18 digits before the point (SCALAR-MONEY-1); held
# bytes come to 10^21 byte-seconds a month in a petabyte, so quantities leave room for 23.
PRECISION: Final = 38
SCALES: Final = {Kind.COST: 18, Kind.QUANTITY: 15}


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: Column ID.
        kind: What its cells hold.
        nullable: Whether a cell may be null.
        clause: Rule of the FOCUS 1.2 requirements model; empty for a column of ours.
        source: What of CREX it is made from, for people.
    """

    name: str
    kind: Kind
    nullable: bool
    clause: str
    source: str

    @property
    def scale(self) -> int:
        """Digits after the decimal point; 0 where cells are no numbers."""
        return SCALES.get(self.kind, 0)


def _text(name: str, clause: str, source: str, *, nullable: bool = True) -> Column:
    return Column(name, Kind.TEXT, nullable, clause, source)


def _cost(name: str, clause: str, source: str, *, nullable: bool = True) -> Column:
    return Column(name, Kind.COST, nullable, clause, source)


def _quantity(name: str, clause: str, source: str) -> Column:
    return Column(name, Kind.QUANTITY, True, clause, source)


def _time(name: str, clause: str, source: str) -> Column:
    return Column(name, Kind.TIME, False, clause, source)


_NEVER: Final = "null: nothing of CREX is one"

FOCUS_COLUMNS: Final = (
    _text("AvailabilityZone", "AvailabilityZone-C-003-C", _NEVER),
    _cost("BilledCost", "BilledCost-C-003-M", "rounded amount of the line or tax", nullable=False),
    _text("BillingAccountId", "BillingAccountId-C-001-M", "buyer, and account if another", nullable=False),
    _text("BillingAccountName", "BillingAccountName-C-003-C", "account", nullable=False),
    _text("BillingAccountType", "BillingAccountType-C-005-C", "`Account`", nullable=False),
    _text("BillingCurrency", "BillingCurrency-C-004-M", "currency of the invoice", nullable=False),
    _time("BillingPeriodEnd", "BillingPeriodEnd-C-003-M", "end of the period, exclusive"),
    _time("BillingPeriodStart", "BillingPeriodStart-C-003-M", "start of the period"),
    _text("CapacityReservationId", "CapacityReservationId-C-004-C", _NEVER),
    _text("CapacityReservationStatus", "CapacityReservationStatus-C-003-C", _NEVER),
    _text("ChargeCategory", "ChargeCategory-C-002-M", "what the line is for", nullable=False),
    _text("ChargeClass", "ChargeClass-C-004-C", "`Correction` in notes"),
    _text("ChargeDescription", "ChargeDescription-C-003-O", "a sentence", nullable=False),
    _text("ChargeFrequency", "ChargeFrequency-C-002-M", "kind of the component", nullable=False),
    _time("ChargePeriodEnd", "ChargePeriodEnd-C-003-M", "end of the period, exclusive"),
    _time("ChargePeriodStart", "ChargePeriodStart-C-003-M", "start of the period"),
    _text("CommitmentDiscountCategory", "CommitmentDiscountCategory-C-004-C", "kind of the commitment"),
    _text("CommitmentDiscountId", "CommitmentDiscountId-C-005-C", "plan name `#` commitment"),
    _text("CommitmentDiscountName", "CommitmentDiscountName-C-006-C", "identifier of the commitment"),
    _quantity(
        "CommitmentDiscountQuantity", "CommitmentDiscountQuantity-C-005-C", "what was covered or left over"
    ),
    _text("CommitmentDiscountStatus", "CommitmentDiscountStatus-C-004-C", "`Used` or `Unused`"),
    _text("CommitmentDiscountType", "CommitmentDiscountType-C-005-C", "kind of the commitment, in words"),
    _text("CommitmentDiscountUnit", "CommitmentDiscountUnit-C-006-C", "unit of what is committed"),
    _quantity("ConsumedQuantity", "ConsumedQuantity-C-006-C", "billed quantity, in the metered unit"),
    _text("ConsumedUnit", "ConsumedUnit-C-006-C", "the metered unit"),
    _cost(
        "ContractedCost",
        "ContractedCost-C-003-M",
        "exact amount before commitments, unrounded",
        nullable=False,
    ),
    _cost("ContractedUnitPrice", "ContractedUnitPrice-C-006-C", "price of the tier, less PERCENT credits"),
    _cost("EffectiveCost", "EffectiveCost-C-003-M", "exact amount, unrounded", nullable=False),
    _text("InvoiceId", "InvoiceId-C-005-C", "name of the invoice or note", nullable=False),
    _text("InvoiceIssuerName", "InvoiceIssuerName-C-003-M", "seller", nullable=False),
    _cost("ListCost", "ListCost-C-003-M", "ListUnitPrice × PricingQuantity, unrounded", nullable=False),
    _cost("ListUnitPrice", "ListUnitPrice-C-005-C", "list_price, or the price of the tier"),
    _text("PricingCategory", "PricingCategory-C-004-C", "whether a commitment or a series prices it"),
    _text("PricingCurrency", "PricingCurrency-C-004-M", "currency of the plan", nullable=False),
    _cost(
        "PricingCurrencyContractedUnitPrice",
        "PricingCurrencyContractedUnitPrice-C-005-C",
        "ContractedUnitPrice before the exchange",
    ),
    _cost(
        "PricingCurrencyEffectiveCost",
        "PricingCurrencyEffectiveCost-C-003-M",
        "EffectiveCost before the exchange",
        nullable=False,
    ),
    _cost(
        "PricingCurrencyListUnitPrice",
        "PricingCurrencyListUnitPrice-C-005-C",
        "ListUnitPrice before the exchange",
    ),
    _quantity("PricingQuantity", "PricingQuantity-C-005-C", "billed quantity, in PricingUnit"),
    _text("PricingUnit", "PricingUnit-C-006-C", "dimension, unit and per_quantity"),
    _text("ProviderName", "ProviderName-C-003-M", "seller", nullable=False),
    _text("PublisherName", "PublisherName-C-003-M", "seller", nullable=False),
    _text("RegionId", "RegionId-C-005-C", "region of the offer"),
    _text("RegionName", "RegionName-C-005-C", "region of the offer"),
    _text("ResourceId", "ResourceId-C-005-C", "lease, or commitment"),
    _text("ResourceName", "ResourceName-C-004-C", "null: leases have no display names"),
    _text("ResourceType", "ResourceType-C-005-C", "`Lease` or `Commitment`"),
    _text("ServiceCategory", "ServiceCategory-C-002-M", "dimension", nullable=False),
    _text("ServiceName", "ServiceName-C-003-M", "dimension", nullable=False),
    _text("ServiceSubcategory", "ServiceSubcategory-C-002-M", "dimension", nullable=False),
    _text("SkuId", "SkuId-C-005-C", "sku_id, or the component"),
    _text("SkuMeter", "SkuMeter-C-005-C", "dimension"),
    Column("SkuPriceDetails", Kind.OBJECT, True, "SkuPriceDetails-C-005-C", "component, tier, model"),
    _text("SkuPriceId", "SkuPriceId-C-005-C", "component `#` tier `@` revision of the plan"),
    _text("SubAccountId", "SubAccountId-C-004-C", _NEVER),
    _text("SubAccountName", "SubAccountName-C-004-C", _NEVER),
    _text("SubAccountType", "SubAccountType-C-004-C", _NEVER),
    Column("Tags", Kind.OBJECT, True, "Tags-C-002-O", _NEVER),
)

CREX_COLUMNS: Final = (
    _text("x_CrexDocumentType", "", "invoice, provisional-invoice, credit-note, debit-note", nullable=False),
    _text("x_CrexDocumentSha256", "", "digest of the invoice or note", nullable=False),
    _text("x_CrexRatingDigest", "", "rating digest", nullable=False),
    _text("x_CrexLineKey", "", "key of the line"),
    _cost("x_CrexLineAmount", "", "rounded amount of the line or tax"),
    _text("x_CrexExactAmount", "", "exact amount, numerator `/` denominator"),
    _text("x_CrexExactQuantity", "", "billed quantity, numerator `/` denominator"),
    _text("x_CrexOrderId", "", "order"),
    _text("x_CrexPricePlanId", "", "name of the price plan"),
    _text("x_CrexPricePlanSha256", "", "digest of the price plan"),
    _text("x_CrexAdjustmentId", "", "`minimum`, `maximum` or the credit"),
    _text("x_CrexTaxCategory", "", "tax category"),
    _text("x_CrexTaxJurisdiction", "", "whose tax it is"),
    _text("x_CrexTaxRate", "", "rate, as a share of one"),
    _text("x_CrexTaxExemptionCode", "", "why nothing is due"),
    _text("x_CrexCorrectedInvoiceId", "", "invoice that a note corrects"),
    _text("x_CrexCorrectionReason", "", "reason of the note"),
)

COLUMNS: Final = (*FOCUS_COLUMNS, *CREX_COLUMNS)
