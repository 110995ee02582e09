"""A description as people read it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex import v1
from crex.describe.render import rate, render, size, to_json
from crex.documents import reader
from sdk.tests.describe import trees
from sdk.tests.describe.trees import Describe


@pytest.mark.parametrize("name", sorted(trees.MACHINES))
def test_every_machine_fits_the_width(name: str, describe: Describe) -> None:
    """Lines stay within the width unless a single word is longer, and none ends in white space."""
    text = render(describe(trees.MACHINES[name]()), width=90)
    for line in text.splitlines():
        assert len(line) <= 90 or " " not in line.strip()
        assert line == line.rstrip()


def test_a_server_is_shown_in_units_that_people_read(describe: Describe) -> None:
    """Sizes are in GiB and TiB, rates in Gbit/s, each with where it was read."""
    text = render(describe(trees.gpu_server()), width=140)
    assert "Intel(R) Xeon(R) Platinum 8480+" in text
    assert "(x86-64-v4)" in text
    assert "16 on which work can be scheduled" in text
    assert "2 sockets, 8 cores, 2 threads per core" in text
    assert "256 GiB, 251.6 GiB usable, ddr5, ECC" in text
    assert "2 × NVIDIA H100 80GB HBM3" in text
    assert "cut into 1g.10gb" in text
    assert "2 × 3.5 TiB nvme-ssd, node-local" in text
    assert "2 × ethernet, 25 Gbit/s" in text
    assert "nvidia-smi -q -x" in text


def test_what_is_not_stated_is_shown_with_the_reason(describe: Describe) -> None:
    """Below the table stand the contradictions and what was left out."""
    text = render(describe(trees.small_vm()))
    assert "rate unknown" in text
    assert "Sources disagree:" in text
    assert "Not stated:" in text
    assert "  - rate of eth0: it says -1, which means unknown" in text
    assert "Less than the hardware has:" in render(describe(trees.limited_container()))


def test_what_was_inferred_says_so(describe: Describe) -> None:
    """A figure on an estimated basis is shown as inferred."""
    assert "inferred from /proc/cpuinfo" in render(describe(trees.Recorded(trees.smt_server().files)))


def test_a_description_as_json_is_in_strict_form(describe: Describe) -> None:
    """The messages in it pass the strict reader, and the report says what, where and why."""
    value = to_json(describe(trees.gpu_server()))
    assert reader.read(json.dumps(value["node"]).encode(), v1.NodeClass)["cpu"]["schedulableCpus"] == "16"
    assert value["closedLists"] == ["accelerators", "cpu.enabledFeatures"]
    assert {"name": "linux", "version": "6.1.0-18-amd64"} in value["software"]
    assert all(entry.keys() == {"kind", "what", "where", "why"} for entry in value["report"])


def test_wide_characters_take_two_columns(describe: Describe) -> None:
    """Columns line up behind a model name in Chinese."""
    info = trees.x86_cpuinfo(2, "HygonGenuine", "海光 7285", trees.V3_FLAGS)
    lines = render(describe(trees.small_vm().with_files({"/proc/cpuinfo": info}))).splitlines()
    named, next_one = lines[0], lines[1]
    assert named.index("/proc/cpuinfo") + 2 == next_one.index("/sys/devices")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 bytes"),
        (1, "1 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (25276514304, "23.5 GiB"),
        (274877906944, "256 GiB"),
        (2**63 - 1, "8 EiB"),
    ],
)
def test_sizes_are_shown_in_binary_units(value: int, text: str) -> None:
    """Bytes are shown in the unit that leaves a number from 1 to 1024."""
    assert size(value) == text


@given(value=st.integers(0, 2**63 - 1))
def test_a_size_is_shown_to_a_tenth(value: int) -> None:
    """What is shown is the size to within half a tenth of its unit."""
    number, unit = size(value).split()
    factor = 1024 ** ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB").index(unit)
    assert abs(round(float(number) * 10) * factor - value * 10) * 2 <= factor or unit == "bytes"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (25 * 10**9, "25 Gbit/s"),
        (2500 * 10**6, "2500 Mbit/s"),
        (56_000, "56 kbit/s"),
        (0, "0 bit/s"),
        (7, "7 bit/s"),
    ],
)
def test_rates_are_shown_in_decimal_units(value: int, text: str) -> None:
    """Line rates are shown in the largest unit that divides them."""
    assert rate(value) == text
