"""Rules between the members of a link: every contradiction is found, and names both places."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from crex import v1
from crex.amounts import milliseconds, percent
from crex.documents import reader, semantics

PAGE = Path(__file__).parents[3] / "proto/spec/links.md"


def example() -> dict[str, Any]:
    """Gives the example of the specification."""
    match = re.search(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert match
    value: dict[str, Any] = json.loads(match[1])
    return value


def test_the_example_of_the_specification_is_valid() -> None:
    """The page shows a link that the strict reader accepts."""
    assert reader.read(json.dumps(example()).encode(), v1.NetworkLink)


@pytest.mark.parametrize(
    ("members", "place", "other", "requirement"),
    [
        (
            {"toSite": "crex://p.example.cn/site/guiyang-1"},
            "$.toSite",
            "$.fromSite",
            "LINK-SITE-1",
        ),
        (
            {"committedBitsPerS": "400000000001"},
            "$.committedBitsPerS",
            "$.capacityBitsPerS",
            "LINK-RATE-1",
        ),
        ({"rttUs": {"p50": "20000", "p99": "19999"}}, "$.rttUs.p50", "$.rttUs.p99", "LINK-RTT-1"),
        ({"rttUs": {"p95": "3", "p99": "2"}}, "$.rttUs.p95", "$.rttUs.p99", "LINK-RTT-1"),
        ({"rttUs": {}}, "$.rttUs", "p50", "LINK-RTT-1"),
    ],
)
def test_contradictions_of_a_link_are_found(
    members: dict[str, Any], place: str, other: str, requirement: str
) -> None:
    """A link to itself, a promise above the capacity and a p50 above the p99 are refused with both places."""
    (violation,) = semantics.violations(example() | members, v1.NetworkLink)
    assert (violation.path, violation.requirement) == (place, requirement)
    assert other in f"{violation.message} {violation.fix}"


def test_a_figure_over_time_needs_its_window() -> None:
    """Round trip time, loss and availability without a period are each refused at their place."""
    value = example()
    del value["window"]
    found = semantics.violations(value, v1.NetworkLink)
    assert [one.path for one in found] == ["$.rttUs", "$.lossPpm", "$.availabilityPpm"]
    assert {one.requirement for one in found} == {"LINK-WINDOW-1"}


def test_twenty_milliseconds_and_three_nines_between_hubs() -> None:
    """The promise "20 ms, 99.9 %" reads as p99 of the round trip and availability in millionths."""
    link = reader.read(json.dumps(example()).encode(), v1.NetworkLink)
    assert int(link["rttUs"]["p99"]) <= milliseconds(20)
    assert int(link["availabilityPpm"]) >= percent("99.9")


def test_a_link_of_which_little_is_known_contradicts_nothing() -> None:
    """Two ends and a source are a link; what is absent is unknown."""
    value = example()
    kept = {name: value[name] for name in ("header", "fromSite", "toSite", "provenance")}
    assert semantics.violations(kept, v1.NetworkLink) == []
