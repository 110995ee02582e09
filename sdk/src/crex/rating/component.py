"""One priced dimension of a plan, made ready for arithmetic: its decimals as exact fractions (pricing.md)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from crex import v1
from crex.decimals import parse_decimal
from crex.rating.windows import NO_RESTRICTIONS, Restrictions
from crex.v1 import AccumulatorReset, AccumulatorScope, ComponentKind, GranularityScope, TierModel

# Dimension and unit of a record: what a component must name, byte for byte, to price it (PRICE-DIMENSION-1).
Use = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tier:
    """Quantities in (previous `up_to`, `up_to`] and their price, exactly as written (PRICE-PRICE-1).

    It has no end where `up_to` is nothing, and no fixed amount where `flat_price` is nothing.
    """

    up_to: Fraction | None
    unit_price: Fraction
    price_text: str
    flat_price: Fraction | None = None
    flat_text: str | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """Granularity of billing: max(minimum, ⌈q/step⌉·step), once in a period or once in each segment."""

    step: Fraction
    minimum: Fraction
    each_segment: bool = False


@dataclass(frozen=True, slots=True)
class Accumulator:
    """Over what quantities are summed before tiers.

    Attributes:
        account: Whether over all leases of the bill rather than over one.
        term: Whether it goes on from bill to bill rather than beginning at zero with each.
        carry: Whether it goes on from the component of the same identifier in the plan before.
    """

    account: bool = False
    term: bool = False
    carry: bool = False


@dataclass(frozen=True, slots=True)
class SeriesRef:
    """The price series by which a component is priced, and the most that is charged."""

    id: str
    publisher: str
    max_unit_price: Fraction


@dataclass(frozen=True, slots=True)
class Component:
    """One priced dimension.

    Attributes:
        id: Identifier within the plan.
        dimension: Dimension token.
        unit: Unit token.
        kind: How a quantity arises from a record.
        per_quantity: The divisor; greater than zero.
        per_text: The divisor as the plan writes it.
        model: How tiers apply.
        tiers: By ascending `up_to`; the last has none.
        steps: Granularity; nothing where billing is exact.
        restrictions: When and to whom it applies.
        accumulator: Over what quantities are summed.
        series: Prices that move with time; nothing where tiers alone price.
        tax_category: Tax category; nothing: no tax.
        monthly: Whether time counts in months rather than seconds.
    """

    id: str
    dimension: str
    unit: str
    kind: ComponentKind.ValueType
    per_quantity: Fraction
    per_text: str
    model: TierModel.ValueType
    tiers: tuple[Tier, ...]
    steps: Steps | None = None
    restrictions: Restrictions = NO_RESTRICTIONS
    accumulator: Accumulator = Accumulator()
    series: SeriesRef | None = None
    tax_category: str | None = None
    monthly: bool = False

    @property
    def use(self) -> Use:
        """Dimension and unit of the records that it prices."""
        return self.dimension, self.unit

    @property
    def timed(self) -> bool:
        """Whether a record's quantity is held over its interval (TIME, GAUGE_TIME) rather than used in it."""
        return self.bounded or self.kind == ComponentKind.COMPONENT_KIND_GAUGE_TIME

    @property
    def bounded(self) -> bool:
        """Whether no more may be held at an instant than was leased (TIME; RATE-QUANTITY-1)."""
        return self.kind == ComponentKind.COMPONENT_KIND_TIME

    @property
    def flat(self) -> bool:
        """Whether it is charged once a billing period (FLAT)."""
        return self.kind == ComponentKind.COMPONENT_KIND_FLAT

    @property
    def once(self) -> bool:
        """Whether it is charged once a lease (ONE_OFF)."""
        return self.kind == ComponentKind.COMPONENT_KIND_ONE_OFF

    @property
    def of_records(self) -> bool:
        """Whether it prices records at all."""
        return not (self.flat or self.once)

    @classmethod
    def of(cls, message: v1.PriceComponent) -> Self:
        """Returns the component of a message whose rules hold."""
        return cls(
            id=message.id,
            dimension=message.dimension,
            unit=message.unit,
            kind=message.kind,
            per_quantity=parse_decimal(message.per_quantity),
            per_text=message.per_quantity,
            model=message.model,
            tiers=tuple(map(_tier, message.tiers)),
            steps=_steps(message.granularity) if message.HasField("granularity") else None,
            restrictions=Restrictions.of(message.restrictions),
            accumulator=_accumulator(message.accumulator),
            series=_series(message.price_series) if message.HasField("price_series") else None,
            tax_category=message.tax_category if message.HasField("tax_category") else None,
            monthly=message.time_unit == "month",
        )


def _tier(message: v1.PriceTier) -> Tier:
    flat = message.flat_price if message.HasField("flat_price") else None
    return Tier(
        up_to=parse_decimal(message.up_to) if message.HasField("up_to") else None,
        unit_price=parse_decimal(message.unit_price),
        price_text=message.unit_price,
        flat_price=None if flat is None else parse_decimal(flat),
        flat_text=flat,
    )


def _steps(message: v1.Granularity) -> Steps:
    minimum = parse_decimal(message.minimum) if message.HasField("minimum") else Fraction(0)
    each_segment = message.scope == GranularityScope.GRANULARITY_SCOPE_SEGMENT
    return Steps(parse_decimal(message.step), minimum, each_segment)


def _accumulator(message: v1.Accumulator) -> Accumulator:
    return Accumulator(
        account=message.scope == AccumulatorScope.ACCUMULATOR_SCOPE_ACCOUNT,
        term=message.reset == AccumulatorReset.ACCUMULATOR_RESET_TERM,
        carry=message.carry_on_revision,
    )


def _series(message: v1.PriceSeriesRef) -> SeriesRef:
    return SeriesRef(message.id, message.publisher, parse_decimal(message.max_unit_price))
