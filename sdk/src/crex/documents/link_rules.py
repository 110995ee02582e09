"""Rules of links.md that relate several members of a link."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from crex.documents.description_rules import closed_lists
from crex.documents.paths import json_path
from crex.documents.rules import Json, Path, Rule, at_most, whole_number
from crex.errors import Violation
from crex.v1 import NetworkLink

# Figures that mean nothing without the period over which they hold.
_OVER_TIME = ("rttUs", "jitterUs", "lossPpm", "availabilityPpm")
_PERCENTILES = ("p50", "p95", "p99")


def _link(link: Json, path: Path) -> Iterator[Violation]:
    if link["fromSite"] == link["toSite"]:
        found = f"it is the site of {json_path((*path, 'fromSite'))}, and a link joins two"
        yield Violation(json_path((*path, "toSite")), found, "LINK-SITE-1", "name the other end")
    capacity = whole_number(link, "capacityBitsPerS")
    yield from at_most(link, "committedBitsPerS", capacity, (*path, "capacityBitsPerS"), path, "LINK-RATE-1")
    if "window" not in link:
        for name in _OVER_TIME:
            if name in link:
                found = f"nothing says over which period it holds: {json_path((*path, 'window'))} is absent"
                fix = "state the window of measurement, or of the promise"
                yield Violation(json_path((*path, name)), found, "LINK-WINDOW-1", fix)
    yield from closed_lists(link, path, NetworkLink)


def _round_trip(rtt: Json, path: Path) -> Iterator[Violation]:
    """A higher percentile is no shorter time than a lower one (LINK-RTT-1)."""
    if not any(name in rtt for name in _PERCENTILES):
        found, fix = "no percentile is stated", "state p50, p95 or p99, or leave the round trip time out"
        yield Violation(json_path(path), found, "LINK-RTT-1", fix)
    for low, high in combinations(_PERCENTILES, 2):
        yield from at_most(rtt, low, whole_number(rtt, high), (*path, high), path, "LINK-RTT-1")


RULES: Mapping[str, Rule] = {"crex.v1.NetworkLink": _link, "crex.v1.RoundTripTime": _round_trip}
