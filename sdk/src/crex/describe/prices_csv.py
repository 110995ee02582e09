"""Price plans from a CSV in our own form, for lists that somebody keeps by hand (pricing-csv.md).

It is read strictly, because a plan is the complete rule by which use becomes an amount: what is wrong with
the form of the file refuses the file, since nobody can tell which plan lost a line; what is wrong with a line
refuses its plan, and the others stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from crex.decimals import exponent, format_decimal
from crex.describe.price_plans import Plans
from crex.describe.sources import Source
from crex.describe.values import clean
from crex.documents.convert import to_timestamp
from crex.documents.patterns import FORMS
from crex.documents.times import parse_time
from crex.errors import CrexError
from crex.names import Name, is_token
from crex.rating.plan_rules import violations
from crex.v1 import ComponentKind, Granularity, PriceComponent, PricePlan, PriceTier, StringFormat, TierModel

# The columns by which a header is taken for one of this form; what else is wrong with it is then told.
COLUMNS: Final = frozenset({"plan", "dimension", "price"})
_REQUIRED: Final = ("plan", "component", "dimension", "unit", "kind", "currency", "price", "per")
_OF_PLAN: Final = ("currency", "time_zone", "effective_start", "effective_end")
_OF_COMPONENT: Final = ("dimension", "unit", "kind", "per", "model", "sku", "step", "minimum")
_OF_TIER: Final = ("up_to", "flat_price")
_KNOWN: Final = frozenset({*_REQUIRED, *_OF_PLAN, *_OF_COMPONENT, *_OF_TIER})
_KINDS: Final = {
    "time": ComponentKind.COMPONENT_KIND_TIME,
    "count": ComponentKind.COMPONENT_KIND_COUNT,
    "gauge-time": ComponentKind.COMPONENT_KIND_GAUGE_TIME,
    "flat": ComponentKind.COMPONENT_KIND_FLAT,
    "one-off": ComponentKind.COMPONENT_KIND_ONE_OFF,
}
_TIMED: Final = ("time", "gauge-time")
_MONTH: Final = "month"
_MODELS: Final = {
    "unit": TierModel.TIER_MODEL_UNIT,
    "graduated": TierModel.TIER_MODEL_GRADUATED,
    "volume": TierModel.TIER_MODEL_VOLUME,
    "package": TierModel.TIER_MODEL_PACKAGE,
}
_SECONDS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_COMPONENT: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})(?:\.([0-9]{1,12}))?")
_QUANTITY: Final = re.compile(r"(.*[0-9]) ?(s|min|h|d|month)")
_LONGEST_SKU: Final = 128
_MOST_COMPONENTS: Final = 256
_MOST_TIERS: Final = 64

_CELL: Final = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|\Z)')
_BREAK: Final = re.compile(r"\r?\n")


class _RefusedError(Exception):
    """A file or a plan is refused; its text names line and column."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the file: its number, and its cells by column."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def refused(self, column: str, why: str) -> _RefusedError:
        """Makes the error of a cell."""
        return _RefusedError(f"line {self.number}, column {column}: {why}")


def read(source: Source, plans: Plans) -> None:
    """Reads a file; a row is a line after the first (PRICE-CSV-1 to PRICE-CSV-9)."""
    try:
        lines = list(_lines(source))
    except _RefusedError as why:
        plans.leave_out(plans.row(source.name), f"the file is refused: {why}")
        return
    if not lines:
        plans.leave_out(plans.row(source.name), "it has a header and no line")
    rows = {line.number: plans.row(f"{source.name}: line {line.number}") for line in lines}
    by_plan: dict[str, list[_Line]] = {}
    for line in lines:
        by_plan.setdefault(line["plan"], []).append(line)
    for name, own in by_plan.items():
        places = [rows[line.number] for line in own]
        try:
            plan = _plan(own)
        except _RefusedError as why:
            for place in places:
                plans.leave_out(place, f"the plan {clean(name, 63) or ''!r} is refused: {why}")
            continue
        for place in places:
            plans.add(place, ("csv", name), name, plan)


def _lines(source: Source) -> Iterator[_Line]:
    """Takes a file apart (PRICE-CSV-1, PRICE-CSV-2, PRICE-CSV-3)."""
    table = _cells(_text(source.data))
    head, names = next(table, (1, []))
    for position, name in enumerate(names, start=1):
        if name not in _KNOWN or names.index(name) + 1 != position:
            why = "is there twice" if name in _KNOWN else "is none of this form"
            raise _RefusedError(f"line {head}, column {position}: the column {clean(name, 40) or ''!r} {why}")
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise _RefusedError(f"line {head}: there is no column {', '.join(missing)}")
    for number, cells in table:
        if len(cells) != len(names):
            raise _RefusedError(
                f"line {number}: it has {len(cells)} cells, and the first line has {len(names)}"
            )
        yield _Line(number, dict(zip(names, cells, strict=True)))


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].rpartition(b"\n")
        line = data[: error.start].count(b"\n") + 1
        raise _RefusedError(f"line {line}, byte {len(before[2]) + 1}: it is not UTF-8") from None


def _cells(text: str) -> Iterator[tuple[int, list[str]]]:
    """Gives line number and cells of each record that is not empty; a last one without line break is none."""
    place, line, begun, cells = 0, 1, 1, list[str]()
    while place < len(text) or cells:
        match = _CELL.match(text, place)
        if match is None:
            raise _RefusedError(
                f"line {line}, column {len(cells) + 1}: a quotation mark or a carriage return is out of place"
            )
        if not match[3]:
            raise _RefusedError(f"line {begun}: it ends without a line break, so it may be cut")
        cells.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        line += len(_BREAK.findall(match[0]))
        place = match.end()
        if match[3] != ",":
            if cells != [""]:
                yield begun, cells
            begun, cells = line, []


def _plan(lines: Sequence[_Line]) -> PricePlan:
    """Makes a plan of its lines (PRICE-CSV-4, PRICE-CSV-8, PRICE-CSV-9)."""
    first = lines[0]
    try:
        Name.parse(f"crex://authority.example/price-plan/{first['plan']}")
    except CrexError:
        raise first.refused(
            "plan", f"{clean(first['plan'], 63) or ''!r} is not the segment of a name"
        ) from None
    _check_same(lines, _OF_PLAN, "plan")
    plan = PricePlan(currency=_currency(first))
    if first["time_zone"]:
        if not FORMS[StringFormat.STRING_FORMAT_TIME_ZONE].matches(first["time_zone"]):
            raise first.refused("time_zone", "it is no name of the IANA time zone database")
        plan.time_zone = first["time_zone"]
    bounds = {"effective_start": plan.effective_start, "effective_end": plan.effective_end}
    for column, bound in bounds.items():
        if first[column]:
            try:
                bound.CopyFrom(to_timestamp(parse_time(first[column])))
            except CrexError as error:
                raise first.refused(column, error.message) from None
    by_component: dict[str, list[_Line]] = {}
    for line in lines:
        by_component.setdefault(line["component"], []).append(line)
    if len(by_component) > _MOST_COMPONENTS:
        raise first.refused("component", f"the plan has more than {_MOST_COMPONENTS} components")
    groups = list(by_component.values())
    plan.components.extend(_component(own) for own in groups)
    for violation in violations(plan):
        raise _where(violation.path, groups).refused(_column(violation.path), violation.message)
    return plan


def _where(path: str, groups: Sequence[Sequence[_Line]]) -> _Line:
    """Gives the line of a place in a plan."""
    numbers = [int(number) for number in re.findall(r"\[([0-9]+)\]", path)]
    group = groups[numbers[0]] if numbers else groups[0]
    return group[numbers[1]] if len(numbers) > 1 else group[0]


def _column(path: str) -> str:
    members = {
        "kind": "kind",
        "perQuantity": "per",
        "step": "step",
        "minimum": "minimum",
        "upTo": "up_to",
        "flatPrice": "flat_price",
        "timeUnit": "per",
        "model": "model",
        "tiers": "model",
        "currency": "currency",
        "effectiveEnd": "effective_end",
    }
    return members.get(path.rpartition(".")[2], "component")


def _currency(line: _Line) -> str:
    try:
        exponent(line["currency"])
    except CrexError as error:
        raise line.refused("currency", error.message) from None
    return line["currency"]


def _check_same(lines: Sequence[_Line], columns: Sequence[str], what: str) -> None:
    for line in lines[1:]:
        for column in columns:
            if line[column] != lines[0][column]:
                raise line.refused(column, f"it differs from line {lines[0].number} of the same {what}")


def _component(lines: Sequence[_Line]) -> PriceComponent:
    """Makes a component of its lines, one for each tier (PRICE-CSV-7)."""
    first = lines[0]
    _check_same(lines, _OF_COMPONENT, "component")
    if _COMPONENT.fullmatch(first["component"]) is None:
        raise first.refused("component", f"{clean(first['component'], 63) or ''!r} is no identifier")
    for column in ("dimension", "unit"):
        if not is_token(first[column]):
            raise first.refused(column, f"{clean(first[column], 63) or ''!r} is no token")
    kind = _KINDS.get(first["kind"])
    if kind is None:
        raise first.refused("kind", f"it is none of {', '.join(_KINDS)}")
    model = _MODELS.get(first["model"] or "unit")
    if model is None:
        raise first.refused("model", f"it is none of {', '.join(_MODELS)}")
    if len(lines) > _MOST_TIERS:
        raise lines[_MOST_TIERS].refused("up_to", f"the component has more than {_MOST_TIERS} tiers")
    component = PriceComponent(
        id=first["component"],
        dimension=first["dimension"],
        unit=first["unit"],
        kind=kind,
        per_quantity=_quantity(first, "per"),
        model=model,
        tiers=list(map(_tier, lines)),
    )
    if _is_monthly(lines):
        component.time_unit = _MONTH
    if first["sku"]:
        sku = clean(first["sku"], _LONGEST_SKU)
        if sku != first["sku"]:
            raise first.refused("sku", f"it is longer than {_LONGEST_SKU} characters, or has odd ones")
        component.sku_id = sku
    if first["step"] or first["minimum"]:
        component.granularity.CopyFrom(_granularity(first))
    return component


def _granularity(line: _Line) -> Granularity:
    if not line["step"]:
        raise line.refused("minimum", "there is no step")
    minimum = _quantity(line, "minimum") if line["minimum"] else None
    return Granularity(step=_quantity(line, "step"), minimum=minimum)


def _tier(line: _Line) -> PriceTier:
    tier = PriceTier(unit_price=format_decimal(_number(line, "price", line["price"], signed=True)))
    if line["up_to"]:
        tier.up_to = _quantity(line, "up_to")
    if line["flat_price"]:
        tier.flat_price = format_decimal(_number(line, "flat_price", line["flat_price"], signed=True))
    return tier


def _is_monthly(lines: Sequence[_Line]) -> bool:
    """Tells whether amounts of a component are in months; then none may be in another time (PRICE-CSV-6)."""
    times: dict[str, tuple[_Line, str]] = {}
    for line in lines:
        for column in ("per", "up_to", "step", "minimum"):
            match = _QUANTITY.fullmatch(line[column])
            if match is not None:
                times.setdefault(match[2], (line, column))
    if _MONTH not in times:
        return False
    for time, (line, column) in times.items():
        if time != _MONTH:
            raise line.refused(
                column, "another amount of the component is in months, and no month has a length"
            )
    if _QUANTITY.fullmatch(lines[0]["per"]) is None:
        raise lines[0].refused(
            "per", "an amount of the component is in months; write for how many the price is"
        )
    return True


def _quantity(line: _Line, column: str) -> str:
    """Reads a billed quantity; of time, one in minutes, hours or days counts in seconds (PRICE-CSV-6)."""
    text, factor = line[column], 1
    match = _QUANTITY.fullmatch(text)
    if match is not None:
        if line["kind"] not in _TIMED:
            raise line.refused(column, f"a unit of time goes only with the kinds {' and '.join(_TIMED)}")
        text, factor = match[1], _SECONDS.get(match[2], 1)
    value = _number(line, column, text) * factor
    try:
        return format_decimal(value)
    except CrexError as error:
        raise line.refused(column, error.message) from None


def _number(line: _Line, column: str, text: str, *, signed: bool = False) -> Fraction:
    """Reads a number exactly (PRICE-CSV-5)."""
    match = _NUMBER.fullmatch(text)
    if match is None or (text.startswith("-") and not signed):
        fix = "write it like 3600 or 2.99: at most 18 digits before and 12 after a point, and nothing else"
        raise line.refused(column, f"{clean(text, 60) or ''!r} is no number; {fix}")
    value = Fraction(int(match[1] + (match[2] or "")), 10 ** len(match[2] or ""))
    return -value if text.startswith("-") else value
