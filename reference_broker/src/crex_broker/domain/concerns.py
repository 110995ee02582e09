"""What a document concerns: what it pins and what it names, found in its parsed body.

The countries of a record follow from these: a site states its own, and everything else is of the countries of
what it concerns (SUPERVISE-SCOPE-1). It is found outside the transaction, for a body may be a megabyte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

# Members that name what a document is about, of whatever type.
_NAMES: Final = ("siteId", "fromSite", "toSite", "pool", "lease", "leases")
# Elements of one list that are looked at: the first ones tell the countries of all that is billed together
# in practice, and bounds the lookups of one transaction.
_ELEMENTS: Final = 256
_MOST: Final = 512


def concerns_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Gives the digests and names that a body refers to, each once, the first 512.

    Args:
        body: The parsed body of a document.

    Returns:
        SHA-256 digests (64 hexadecimal digits) of pinned documents, and names of sites, pools and leases.
    """
    found: dict[str, None] = {}
    for reference in _references(body):
        found.setdefault(reference)
        if len(found) == _MOST:
            break
    return tuple(found)


def countries_of(body: Mapping[str, Any], type_: str) -> tuple[str, ...]:
    """Gives the countries that a body states itself: that of a site; none of anything else."""
    country = body.get("country")
    return (country,) if type_ == "site" and isinstance(country, str) else ()


def _references(body: Mapping[str, Any]) -> Iterator[str]:
    for member, value in body.items():
        if member in _NAMES:
            yield from _texts(value)
        yield from _pins(value)


def _texts(value: object) -> Iterator[str]:
    for one in value[:_ELEMENTS] if isinstance(value, list) else (value,):
        if isinstance(one, str):
            yield one


def _pins(value: object) -> Iterator[str]:
    """Gives the digests of a pin, of a list of pins, and of items that hold a pin."""
    for one in value[:_ELEMENTS] if isinstance(value, list) else (value,):
        if not isinstance(one, dict):
            continue
        for candidate in (one, *one.values()):
            if isinstance(candidate, dict) and isinstance(candidate.get("sha256"), str):
                yield candidate["sha256"]
        if isinstance(one.get("unit"), str):  # a pool of units of another resource
            yield one["unit"]
