"""Price lists: each is recognised by its structure, never by the name of its file.

A list says what a unit of something costs and not what that is made of; so it makes price plans and nothing
else. A plan is the complete rule by which use becomes an amount: a price that this version of plans cannot
state whole (by calendar month, with a commitment, a cap, a currency that is not stated) makes none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from crex.describe import (
    prices_aws,
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
    (prices_aws.recognises_offerings, prices_aws.read_offerings),
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
_NO_LIST: Final = "it is no price list of a layout that is known here"
_SHOWN_COLUMNS: Final = 6
_BEGINNING: Final = 4096


@dataclass(frozen=True, slots=True)
class Prices:
    """The importer of price lists."""

    name: str = "prices"
    about: str = "price lists of public clouds (JSON, CSV), and a CSV of our own"
    commands: Sequence[Sequence[str]] = ()

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads lists together; a row is a price of a list, or a part that has none."""
        plans = Plans(Import())
        # JSON first: a configuration states the currency of tables that have no column for it.
        for source in sorted(sources, key=lambda source: not _is_json(source)):
            before = len(plans)
            if source.problem:
                plans.leave_out(plans.row(source.name), source.problem)
            elif _is_json(source):
                _read_json(source, plans)
            else:
                _read_table(source, plans)
            if len(plans) == before:
                plans.leave_out(plans.row(source.name), "it lists no price")
        return plans.close()


def _is_json(source: Source) -> bool:
    beginning = Source(source.name, source.data[:_BEGINNING]).text
    return beginning.lstrip()[:1] in ("{", "[")


def _read_json(source: Source, plans: Plans) -> None:
    parsed = read_json(source)
    if parsed.problem:
        plans.leave_out(plans.row(source.name), parsed.problem)
        return
    for recognises, read in _JSON:
        if recognises(parsed.value):
            read(source.name, parsed.value, plans)
            return
    plans.leave_out(plans.row(source.name), _error(parsed.value) or _NO_LIST)


def _error(value: object) -> str:
    """Gives what an API answered instead of prices."""
    error = value.get("error") if isinstance(value, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return f"it is an error, not a list: {clean(message)}" if isinstance(message, str) else ""


def _read_table(source: Source, plans: Plans) -> None:
    columns = columns_of(source)
    for needed, read in _TABLES:
        if needed <= set(columns):
            read(source, plans)
            return
    shown = ", ".join(clean(name, 40) or "?" for name in columns[:_SHOWN_COLUMNS])
    plans.leave_out(plans.row(source.name), f"{_NO_LIST}: its columns are {shown or 'none'}")


IMPORTER: Final = Prices()
