"""Price lists: each is recognised by its structure, never by the name of its file.

A list says what a unit of something costs and not what that is made of; so it makes price plans and nothing
else. A plan is the complete rule by which use becomes an amount: a price of which a list does not state the
whole (of what it is, for how long, in which currency) makes none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from crex.describe import (
    prices_akash,
    prices_aws,
    prices_aws_offerings,
    prices_azure,
    prices_csv,
    prices_custom,
    prices_digitalocean,
    prices_gcp,
    prices_oracle,
    prices_ovh,
)
from crex.describe.importing import Import, Imported
from crex.describe.price_plans import Plans
from crex.describe.price_tables import columns_of
from crex.describe.sources import Source, read_json
from crex.describe.values import clean

_JSON: Final[tuple[tuple[Callable[[object], bool], Callable[[str, object, Plans], None]], ...]] = (
    (prices_oracle.recognises, prices_oracle.read),
    (prices_gcp.recognises, prices_gcp.read),
    (prices_aws.recognises, prices_aws.read),
    (prices_aws_offerings.recognises, prices_aws_offerings.read),
    (prices_ovh.recognises, prices_ovh.read),
    (prices_digitalocean.recognises, prices_digitalocean.read),
    (prices_custom.recognises, prices_custom.read),
)
# Columns, in lower case, that a table of the layout certainly has.
_TABLES: Final[tuple[tuple[frozenset[str], Callable[[Source, Plans], None]], ...]] = (
    (prices_csv.COLUMNS, prices_csv.read),
    (prices_custom.COLUMNS, prices_custom.read_csv),
    (prices_azure.COLUMNS, prices_azure.read),
)
# How the reason begins why a file as a whole was not read.
NO_LIST: Final = "it is no price list of a layout that is known here"
_SHOWN_COLUMNS: Final = 6
_BEGINNING: Final = 4096


@dataclass(frozen=True, slots=True)
class _Reading:
    """How an input is read.

    Attributes:
        source: The input.
        read: Reads it into plans.
        first: Whether others need what it states: a configuration names the currency of lists without one.
    """

    source: Source
    read: Callable[[Plans], None]
    first: bool = False


@dataclass(frozen=True, slots=True)
class Prices:
    """The importer of price lists."""

    name: str = "prices"
    about: str = "price lists of public clouds (JSON, CSV), and a CSV of our own"
    commands: Sequence[Sequence[str]] = ()

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads lists together; a row is a price of a list, or a part that has none."""
        plans = Plans(Import())
        for reading in sorted(map(_reading, sources), key=lambda reading: not reading.first):
            before = len(plans)
            reading.read(plans)
            if len(plans) == before:
                plans.leave_out(plans.row(reading.source.name), "it lists no price")
        return plans.close()


def _reading(source: Source) -> _Reading:
    if source.problem:
        return _nothing(source, source.problem)
    beginning = Source(source.name, source.data[:_BEGINNING]).text
    if beginning.lstrip()[:1] in ("{", "["):
        return _json(source)
    if prices_akash.recognises(source):
        return _Reading(source, partial(prices_akash.read, source))
    return _table(source)


def _nothing(source: Source, why: str) -> _Reading:
    return _Reading(source, lambda plans: plans.leave_out(plans.row(source.name), why))


def _json(source: Source) -> _Reading:
    parsed = read_json(source)
    if parsed.problem:
        return _nothing(source, parsed.problem)
    for recognises, read in _JSON:
        if recognises(parsed.value):
            return _Reading(source, partial(read, source.name, parsed.value), read is prices_custom.read)
    return _nothing(source, _error(parsed.value) or NO_LIST)


def _error(value: object) -> str:
    """Gives what an API answered instead of prices."""
    error = value.get("error") if isinstance(value, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return f"it is an error, not a list: {clean(message)}" if isinstance(message, str) else ""


def _table(source: Source) -> _Reading:
    columns = columns_of(source)
    for needed, read in _TABLES:
        if needed <= set(columns):
            return _Reading(source, partial(read, source))
    if not columns:
        return _nothing(source, f"{NO_LIST}: it {'has no columns' if source.data.strip() else 'is empty'}")
    shown = ", ".join(clean(name, 40) or "?" for name in columns[:_SHOWN_COLUMNS])
    return _nothing(source, f"{NO_LIST}: its {'columns are' if columns[1:] else 'first line is'} {shown}")


IMPORTER: Final = Prices()
