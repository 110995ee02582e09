"""Step 2 of `rate/1`: plans and records in strict form, from scalars.md, pricing.md and metering.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from conformance.tests.independent.refusal import Refused

# ISO 4217, those currencies that the vectors use.
MINOR_DIGITS: Final = {"EUR": 2, "USD": 2, "AUD": 2, "CUP": 2, "CLP": 0, "JPY": 0, "KWD": 3}
_DECIMAL = re.compile(r"0|-?(0|[1-9][0-9]{0,17})(\.[0-9]{0,11}[1-9])|-?[1-9][0-9]{0,17}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.(?!000)\d{3})?Z", re.ASCII)
_FROM_ONE = re.compile(r"[1-9][0-9]{0,18}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def _text(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _time(value: Any) -> bool:
    if not _text(_TIME)(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _any(value: Any) -> bool:
    return isinstance(value, str) and value != ""


# Member → its form; those that end in ? may be absent.
_RECORD: Final[Mapping[str, Callable[[Any], bool]]] = {
    "meterId": _text(_NAME),
    "seq": _text(_FROM_ONE),
    "revision": _text(_FROM_ONE),
    "lease": _any,
    "resource": _any,
    "dimension": _any,
    "start": _time,
    "end": _time,
    "quantity": _text(_DECIMAL),
    "unit": _any,
    "estimated?": lambda value: isinstance(value, bool),
    "method?": _any,
}
_PLAN: Final[Mapping[str, Callable[[Any], bool]]] = {
    "header": lambda value: isinstance(value, dict),
    "currency": lambda value: value in MINOR_DIGITS,
    "timeZone": _any,
    "effectiveStart": _time,
    "effectiveEnd?": _time,
    "components": lambda value: isinstance(value, list) and 1 <= len(value) <= 256,
}
_COMPONENT: Final[Mapping[str, Callable[[Any], bool]]] = {
    "id": _text(_NAME),
    "skuId?": _any,
    "dimension": _any,
    "unit": _any,
    "kind": lambda value: value in ("COMPONENT_KIND_TIME", "COMPONENT_KIND_COUNT"),
    "perQuantity": _text(_DECIMAL),
    "model": lambda value: value in ("TIER_MODEL_UNIT", "TIER_MODEL_GRADUATED"),
    "tiers": lambda value: isinstance(value, list) and 1 <= len(value) <= 64,
    "granularity?": lambda value: isinstance(value, dict),
}
_TIER: Final = {"upTo?": _text(_DECIMAL), "unitPrice": _text(_DECIMAL)}
_GRANULARITY: Final = {"step": _text(_DECIMAL), "minimum?": _text(_DECIMAL)}


def check(plan: Mapping[str, Any], records: Iterable[Mapping[str, Any]]) -> None:
    """Refuses a plan or a record that is not in strict form or breaks a constraint.

    Raises:
        Refused: SCHEMA.
    """
    _members(plan, _PLAN)
    _must("effectiveEnd" not in plan or plan["effectiveEnd"] > plan["effectiveStart"], "effectiveEnd")
    for component in plan["components"]:
        _component(component)
    identifiers = [component["id"] for component in plan["components"]]
    _must(len(set(identifiers)) == len(identifiers), "two components of one id")
    kinds: dict[tuple[str, str], str] = {}
    for component in plan["components"]:
        measure = (component["dimension"], component["unit"])
        _must(kinds.setdefault(measure, component["kind"]) == component["kind"], "two kinds of one unit")
    for record in records:
        _members(record, _RECORD)
        _must(datetime.fromisoformat(record["start"]) <= datetime.fromisoformat(record["end"]), "end < start")
        _must(Fraction(record["quantity"]) >= 0, "quantity")


def _component(component: Mapping[str, Any]) -> None:
    _members(component, _COMPONENT)
    _must(Fraction(component["perQuantity"]) > 0, "perQuantity")
    tiers = component["tiers"]
    for tier in tiers:
        _members(tier, _TIER)
    _must(component["model"] != "TIER_MODEL_UNIT" or len(tiers) == 1, "UNIT has one tier")
    _must(all("upTo" in tier for tier in tiers[:-1]) and "upTo" not in tiers[-1], "upTo")
    bounds = [Fraction(0), *(Fraction(tier["upTo"]) for tier in tiers[:-1])]
    _must(all(lower < upper for lower, upper in pairwise(bounds)), "tiers do not ascend")
    if "granularity" in component:
        _members(component["granularity"], _GRANULARITY)
        _must(Fraction(component["granularity"]["step"]) > 0, "step")
        _must(Fraction(component["granularity"].get("minimum", "0")) >= 0, "minimum")


def _members(value: Any, wanted: Mapping[str, Callable[[Any], bool]]) -> None:
    known = {name.removesuffix("?"): (name, form) for name, form in wanted.items()}
    _must(isinstance(value, dict) and set(value) <= set(known), f"no object, or unknown members: {value}")
    for member, (name, form) in known.items():
        _must(name.endswith("?") if member not in value else form(value[member]), member)


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise Refused("SCHEMA", what)
