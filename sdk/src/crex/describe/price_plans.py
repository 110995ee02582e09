"""Price plans from lines of price lists: exact prices, whole tiers, a currency that exists; or why not.

What a line prices is a `Measure`: so many units for so many seconds or calendar months, or so much of what is
counted. A price is never divided or rounded to fit: one with more digits than a plan can state is stated for
so many times more, digit for digit. What is paid for a term is a commitment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final

from crex.decimals import exponent, format_decimal
from crex.describe.importing import LONGEST_NAME, Draft, Import, Imported
from crex.describe.members import as_number, kind_of
from crex.describe.price_units import (
    Measure,
    UnitOfMeasure,
    UnreadableUnitError,
    held,
    measure_of,
    read_unit,
)
from crex.describe.values import clean
from crex.documents.convert import to_timestamp
from crex.errors import CrexError
from crex.v1 import Commitment, CommitmentKind, PriceComponent, PricePlan, PriceTier, Restrictions, TierModel

SECOND: Final = 1
MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400

COMMITMENT: Final = "it is the price of a commitment whose quantity and term the list does not state"
NO_CURRENCY: Final = "it states no currency"
# Of lists that never state one: what a configuration beside them is made of.
CURRENCY_BESIDE: Final = (
    f'{NO_CURRENCY}; read with it a file that does: {{"CPU": "", "RAM": "", "currencyCode": "USD"}}'
)
NO_SPOT: Final = "a spot price of 0 means that there is no spot capacity"

_MOST_TIERS: Final = 64
_MOST_DIGITS: Final = 12
_LONGEST_SKU: Final = 128
_TIME: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z")
_NANOS_IN_MS: Final = 1_000_000


class UnpricedError(Exception):
    """A line of a list makes no price plan; its text says why, for people."""


@dataclass(frozen=True, slots=True)
class Band:
    """Quantities of the list's own unit in (`low`, `high`] and their price; None: without end."""

    low: Fraction
    high: Fraction | None
    price: Fraction


@dataclass(slots=True)
class Plans:
    """Collects the plans of an import, so that equal lines become one plan and contradicting ones none.

    Attributes:
        books: The books of the import.
        currencies: Currencies that opencost configurations of the input state.
    """

    books: Import
    currencies: set[str] = field(default_factory=set)
    _rows: dict[str, list[str]] = field(default_factory=dict)
    _plans: dict[tuple[str, ...], tuple[str, list[tuple[str, PricePlan]]]] = field(default_factory=dict)

    def row(self, where: str) -> str:
        """Begins a row; gives its place."""
        row = self.books.row(where)
        self._rows[row] = []
        return row

    def __len__(self) -> int:
        return len(self._rows)

    def leave_out(self, row: str, why: str) -> None:
        """Says that a row, or one price of it, makes no plan."""
        self._rows[row].append(why)

    def add(self, row: str, key: tuple[str, ...], name: str, plan: PricePlan) -> None:
        """Takes in the plan of a row.

        Args:
            row: The row.
            key: What it prices: two lines with one key price the same.
            name: Proposed name of the plan.
            plan: The plan.
        """
        self._plans.setdefault(key, (name, []))[1].append((row, plan))

    def note_scope(self, row: str, plan: PricePlan, size: int = 1) -> None:
        """Notes what a list does not say of a plan: with tiers, free, by month, or by packs.

        Args:
            row: The row.
            plan: Its plan.
            size: Of how many the price is.
        """
        report = self.books.report
        (component,) = plan.components
        if component.time_unit:
            why = "the list does not say it; a plan counts its share of the billing period"
            report.leave_out("what a part of a month costs", row, why)
        if size > 1:
            why = "the list does not say it; a plan charges a part of it in proportion"
            report.leave_out(f"whether a begun pack of {size} counts whole", row, why)
        if len(component.tiers) > 1:
            why = "the list does not say it; a plan counts what one lease uses in a billing period"
            report.leave_out(f"over what the tiers of {component.sku_id} count", row, why)
        elif component.tiers[0].unit_price == "0":
            why = "its price is 0 without a bound; where the list has one, it does not state it"
            report.leave_out(f"how much of {component.sku_id} is free", row, why)

    def close(self) -> Imported:
        """Makes the drafts and closes the books."""
        described: set[str] = set()
        for name, lines in self._plans.values():
            rows = tuple(dict.fromkeys(row for row, _ in lines))
            plan = lines[0][1]
            if any(other != plan for _, other in lines[1:]):
                why = f"its lines state several prices of {name}, and none is believed"
                self.books.report.contradict(f"price of {name}", rows[0], why)
                for row in rows:
                    self.leave_out(row, why)
                continue
            described.update(rows)
            self.books.add(Draft(name=name, body=plan, rows=rows))
        for row, reasons in self._rows.items():
            told = "; ".join(dict.fromkeys(reasons))
            if row not in described:
                self.books.leave_out(row, told)
            elif told:
                self.books.report.leave_out("a price", row, told)
        return self.books.done()


def unit_of(text: str, *, dimension: str = "", data: str = "") -> tuple[UnitOfMeasure, Measure]:
    """Reads the unit of a price, and what a component prices by it.

    Args:
        text: The unit.
        dimension: As `measure_of` takes it.
        data: As `measure_of` takes it.

    Raises:
        UnpricedError: It cannot be read, leaves open what is priced, or a plan cannot state it.
    """
    try:
        unit = read_unit(text)
        return unit, measure_of(unit, dimension=dimension, data=data)
    except UnreadableUnitError as why:
        raise UnpricedError(str(why)) from None


def price_of(value: object) -> Fraction:
    """Gives a price of a list exactly.

    Raises:
        UnpricedError: It is no number, is below zero, or has more digits than a plan can state.
    """
    number = as_number(value)
    if number is None:
        raise UnpricedError(f"its price is {kind_of(value)}, not a number")
    price = Fraction(number)
    if price < 0:
        raise UnpricedError(f"its price {number} is below zero")
    return price


def decimal_of(value: Fraction, what: str) -> str:
    """Writes a number of a plan.

    Raises:
        UnpricedError: A plan cannot state it.
    """
    try:
        return format_decimal(value)
    except CrexError:
        raise UnpricedError(
            f"{what} has more digits than a plan can state: 18 before and 12 after the point"
        ) from None


def currency_of(value: object) -> str:
    """Gives a currency.

    Raises:
        UnpricedError: None is stated, or none of ISO 4217.
    """
    if value is None or value == "":
        raise UnpricedError(NO_CURRENCY)
    if not isinstance(value, str):
        raise UnpricedError(f"its currency is {kind_of(value)}, not text")
    try:
        exponent(value)
    except CrexError as error:
        raise UnpricedError(f"its currency cannot be used: {error.message}") from None
    return value


def tiers_of(bands: Iterable[Band]) -> list[Band]:
    """Orders bands and checks that they cover every quantity once.

    Raises:
        UnpricedError: They do not.
    """
    ordered = sorted(bands, key=lambda band: band.low)
    if not ordered:
        raise UnpricedError("it states no price")
    if len(ordered) > _MOST_TIERS:
        raise UnpricedError(f"it has more than {_MOST_TIERS} tiers")
    reached: Fraction | None = Fraction(0)
    for band in ordered:
        if band.low != reached or (band.high is not None and band.high <= band.low):
            raise UnpricedError("its tiers leave a gap or overlap, so that a quantity has no price or two")
        reached = band.high
    if reached is not None:
        raise UnpricedError("its last tier ends, and what is beyond it has no price")
    return ordered


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What is paid for a reserved unit, used or not.

    Attributes:
        months: Length in calendar months.
        price: Price by the hour, not below zero.
        upfront: Price that is due once as it begins; 0: none.
    """

    months: int
    price: Fraction
    upfront: Fraction = Fraction(0)


def plan_of(
    sku: str, currency: str, measure: Measure, bands: Sequence[Band], start: datetime | None = None
) -> PricePlan:
    """Makes the plan of a price.

    Args:
        sku: What the list calls it.
        currency: Currency, as `currency_of` gives it.
        measure: For what, and for how much of it, the price is; bounds of tiers are in the same amount.
        bands: The tiers, as `tiers_of` gives them.
        start: First instant at which it applies, if the list states one.

    Raises:
        UnpricedError: A plan cannot state it.
    """
    name = clean(sku)
    if name is None or len(name) > _LONGEST_SKU:
        raise UnpricedError(
            "it has no name of its own" if name is None else "its name is too long for a plan"
        )
    scale = scale_of(band.price for band in bands)
    component = PriceComponent(
        id=measure.dimension,
        sku_id=name,
        dimension=measure.dimension,
        unit=measure.unit,
        kind=measure.kind,
        per_quantity=decimal_of(measure.per * scale, "what it is the price of"),
        model=TierModel.TIER_MODEL_GRADUATED if len(bands) > 1 else TierModel.TIER_MODEL_UNIT,
        tiers=[
            PriceTier(
                up_to=None
                if band.high is None
                else decimal_of(band.high * measure.per, "the bound of a tier"),
                unit_price=decimal_of(band.price * scale, "its price"),
            )
            for band in bands
        ],
    )
    if measure.month:
        component.time_unit = "month"
    plan = PricePlan(currency=currency, components=[component])
    if start is not None:
        plan.effective_start.CopyFrom(to_timestamp(start))
    return plan


def reserve(plan: PricePlan, term: Term) -> PricePlan:
    """Adds to a plan of one component, by time, the commitment to one unit of it for a term.

    The component prices what the commitment does not cover, and nothing outside its term.
    """
    (component,) = plan.components
    scale = scale_of((term.price,))
    plan.commitments.append(
        Commitment(
            id="reserved",
            kind=CommitmentKind.COMMITMENT_KIND_HOURLY_QUANTITY,
            amount="1",
            price=decimal_of(term.price * scale, "its price"),
            per_quantity=decimal_of(Fraction(HOUR * scale), "what it is the price of"),
            eligible=[component.id],
            term_months=term.months,
            upfront_price=decimal_of(term.upfront, "what is due upfront") if term.upfront else None,
        )
    )
    component.restrictions.CopyFrom(Restrictions(commitment_id="reserved"))
    return plan


def plan_by_time(
    sku: str, currency: str, seconds: int, bands: Sequence[Band], start: datetime | None = None
) -> PricePlan:
    """Makes the plan of a price for one thing held for so many seconds.

    Raises:
        UnpricedError: A plan cannot state it.
    """
    return plan_of(sku, currency, held(seconds), bands, start)


def scale_of(prices: Iterable[Fraction]) -> int:
    """Gives the power of ten by which prices are multiplied so that a plan can state every digit of them.

    Prices by the hour in a list are at times quotients with all the digits of a binary float. These digits
    are what the list states: none is cut off. A price of 0.0189117199391172 for an hour is one of
    189.117199391172 for 10000 hours.
    """
    scale = 1
    for price in prices:
        while scale <= 10**_MOST_DIGITS and (price * scale * 10**_MOST_DIGITS).denominator != 1:
            scale *= 10
    return scale


def flat(price: Fraction) -> list[Band]:
    """Gives the one band of a price that is the same for every quantity."""
    return [Band(Fraction(0), None, price)]


def start_of(value: object) -> datetime | None:
    """Gives the instant from which a price applies, in whole milliseconds; later parts of one begin the next.

    Raises:
        UnpricedError: It is stated, and no instant in UTC.
    """
    if value is None:
        return None
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    try:
        if match is not None:
            moment = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
            nanos = int((match[2] or "").ljust(9, "0"))
            return moment + timedelta(milliseconds=-(-nanos // _NANOS_IN_MS))
    except (ValueError, OverflowError):
        pass
    raise UnpricedError(f"from when it applies is {kind_of(value)}, not an instant in UTC")


def name_of(*parts: str) -> str:
    """Makes the last segment of a name of what a list calls something; of a long one, its end."""
    made = "-".join(re.findall(r"[a-z0-9]+", " ".join(parts).lower()))
    return made[-LONGEST_NAME:].lstrip("-") or "price"
