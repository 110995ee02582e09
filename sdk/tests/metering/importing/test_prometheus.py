"""The importer `prometheus`: counters of containers, from one scrape to the next."""

from __future__ import annotations

from fractions import Fraction

import pytest

from crex.metering.importing.numbering import number
from crex.metering.importing.prometheus import USAGE_IMPORTER
from sdk.tests.metering.importing.usages import WANTED, check_damaged, read, said, why

START = 1772697600000
APP = 'container="app",cpu="total",id="/kubepods/x",namespace="shop",pod="web-0"'
CPU = "container_cpu_usage_seconds_total"
MEMORY = "container_memory_working_set_bytes"
RECEIVED = "container_network_receive_bytes_total"


def scrape(cpu: str, seconds: int, *more: str) -> str:
    """A scrape with one counter of a container, and other lines."""
    head = f"# HELP {CPU} Cumulative cpu time consumed in seconds.\n# TYPE {CPU} counter\n"
    return head + "".join(f"{line}\n" for line in (f"{CPU}{{{APP}}} {cpu} {START + seconds * 1000}", *more))


def test_a_counter_of_two_scrapes() -> None:
    """What it grew by, in the digits that were printed, with both readings; and nothing before the first."""
    imported = read(USAGE_IMPORTER, scrape("1234.567890123", 0), scrape("1.2350e+03", 60), zone=None)
    span = "2026-03-05T08:00:00Z/2026-03-05T08:01:00Z"
    (use,) = imported.drafts
    assert said(imported)[0][2] == span
    assert use.quantity == Fraction("0.432109877")
    assert use.readings == (Fraction("1234.567890123"), Fraction(1235))
    assert use.method == f"{CPU}, shop/web-0/app"
    assert "first of its series" in why(imported)[0]
    (record,) = number(imported.drafts, WANTED).records
    assert record.readings == use.readings


def test_a_counter_that_began_anew() -> None:
    """USAGE-COUNTER-1: a container that was started again has used what its counter stands at."""
    imported = read(USAGE_IMPORTER, scrape("10", 0), scrape("2.5", 60), scrape("4", 120))
    assert [(use.quantity, use.readings) for use in imported.drafts] == [
        (Fraction("2.5"), None),
        (Fraction("1.5"), (Fraction("2.5"), Fraction(4))),
    ]


def test_a_level_counts_until_the_next_scrape() -> None:
    """Memory × time, as an estimate (USAGE-IMPORT-3): nobody looked in between."""
    lines = [f"{MEMORY}{{{APP}}} {size} {START + at * 1000}" for at, size in ((0, "2.048e+06"), (30, "0"))]
    imported = read(USAGE_IMPORTER, *(scrape("1", at, line) for at, line in zip((0, 30), lines, strict=True)))
    use = next(use for use in imported.drafts if use.dimension == "memory-time")
    assert (str(use.quantity), use.estimated) == ("60000", True)
    assert use.readings is None


def test_bytes_of_pods() -> None:
    """A pod has one network, whichever container shows it; the loopback leaves no host."""
    pod = 'id="/kubepods/x",interface="{}",namespace="shop",pod="web-0"'
    lines = [
        [f"{RECEIVED}{{{pod.format(name)}}} {count} {START + at}" for name in ("eth0", "lo")]
        for at, count in ((0, 100), (1000, 350))
    ]
    imported = read(USAGE_IMPORTER, *(scrape("1", at, *more) for at, more in enumerate(lines)))
    received = [one for one in said(imported) if one[0] == "network-received"]
    assert [quantity for _, quantity, _ in received] == ["250 byte"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f'{CPU}{{id="/"}} 5 {START}', "of no pod"),
        (f'{CPU}{{container="",pod="p"}} 5 {START}', "of a whole pod"),
        (f'{CPU}{{container="POD",pod="p"}} 5 {START}', "of a whole pod"),
        (f'{CPU}{{container="a",cpu="cpu00",pod="p"}} 5 {START}', "of one processor"),
        (f'{CPU}{{container="a",pod="p"}} 5', "no time"),
        (f'{CPU}{{container="a",pod="p"}} NaN {START}', "no number"),
        (f'{CPU}{{container="a",pod="p"}} -5 {START}', "no number"),
        (f'{CPU}{{container="a",pod="p"}} 5 0', "outside the years"),
        (f'{CPU}{{container="a",pod="p",pod="q"}} 5 {START}', "there twice"),
        (f'{CPU}{{container="a}} 5 {START}', "cannot be read"),
        (f'{RECEIVED}{{container="a",pod="p"}} 5 {START}', "names no interface"),
        (f'node_cpu_hourly_cost{{node="n"}} 0.03 {START}', "does not say how much"),
        ("hello", "no line of Prometheus"),
        (f"{CPU}{{{APP}}} 1 {START}", "states the same"),
        (f"{CPU}{{{APP}}} 2 {START}", "states another value"),
    ],
)
def test_lines_that_are_left_out(line: str, reason: str) -> None:
    """With the reason; the counter beside it stands."""
    imported = read(USAGE_IMPORTER, scrape("1", 0, line), scrape("2", 60))
    assert len(imported.drafts) == 1
    assert any(reason in one for one in why(imported))


def test_labels_with_quotes() -> None:
    """Commas, braces, quotes and line breaks within a label are part of it."""
    odd = r'container="a,}\"\\\n",pod="p"'
    lines = [f"{CPU}{{{odd}}} {value} {START + at}" for value, at in ((1, 0), (3, 1000))]
    imported = read(USAGE_IMPORTER, "\n".join(lines) + "\n")
    (use,) = imported.drafts
    assert dict(use.labels)["container"] == 'a,}"\\\n'
    assert use.method == f'{CPU}, p/a,}}"\\'


@pytest.mark.parametrize("text", ["", "# nothing\n", "\n\n", scrape("1", 0)[:-1]])
def test_inputs_that_say_nothing(text: str) -> None:
    """No line, or one that may be cut."""
    imported = read(USAGE_IMPORTER, text)
    assert imported.drafts == ()
    assert imported.left_out


def test_damage() -> None:
    """IMPORT-DAMAGE-1: cut or changed, there is a report and no invented figure."""
    check_damaged(USAGE_IMPORTER, [scrape("1.5", 0), scrape("2.25", 60)], seed=5)
