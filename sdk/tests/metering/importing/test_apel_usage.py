"""The importer `apel`: jobs and months of grids, from APEL messages and OGF usage records."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crex.describe.sources import open_sources
from crex.metering.importing.apel import USAGE_IMPORTER
from sdk.tests.metering.importing.usages import check_books, check_damaged, read, said, why

UR = "http://schema.ogf.org/urf/2003/09/urf"
UR2 = "http://schema.ogf.org/urf/2013/04/urf"
CAR = "http://eu-emi.eu/namespaces/2012/11/computerecord"
JOB = {
    "Site": "UNI-A", "SubmitHost": "ce.uni-a.example", "LocalJobId": "42", "WallDuration": "3600",
    "CpuDuration": "3400", "Processors": "1", "StartTime": "1772697600", "EndTime": "1772701200",
}  # fmt: skip
MONTH = {
    "Site": "UNI-A", "VO": "atlas", "EarliestEndTime": "1772409600", "LatestEndTime": "1774915200",
    "Month": "03", "Year": "2026", "WallDuration": "154230", "CpuDuration": "2452",
    "NormalisedCpuDuration": "23710", "NumberOfJobs": "2474",
}  # fmt: skip
SPAN = "2026-03-05T08:00:00Z/2026-03-05T09:00:00Z"


def message(kind: str, *records: dict[str, str]) -> str:
    """A message of some kind."""
    bodies = ["".join(f"{name}: {value}\n" for name, value in record.items()) for record in records]
    return f"APEL-{kind}-message: v0.3\n" + "".join(f"{body}%%\n" for body in bodies)


def record(namespace: str = UR, cpu: str = "<u:CpuDuration>PT56M40S</u:CpuDuration>", **texts: str) -> str:
    """A usage record in XML."""
    texts = {
        "LocalJobId": "42",
        "WallDuration": "PT1H",
        "StartTime": "2026-03-05T08:00:00Z",
        "EndTime": "2026-03-05T09:00:00Z",
        **texts,
    }
    inner = "".join(f"<u:{name}>{text}</u:{name}>" for name, text in texts.items() if text)
    return (
        f'<u:UsageRecords xmlns:u="{namespace}"><u:UsageRecord>{inner}{cpu}</u:UsageRecord></u:UsageRecords>'
    )


def part(use: str, length: str) -> str:
    """Processor time by who used it."""
    return f'<u:CpuDuration u:usageType="{use}">{length}</u:CpuDuration>'


def test_a_job() -> None:
    """Processor and wall time, from its start to its end."""
    imported = read(USAGE_IMPORTER, message("individual-job", JOB), zone=None)
    assert said(imported) == [("cpu-time", "3400 s", SPAN), ("wall-time", "3600 s", SPAN)]
    assert imported.drafts[0].method == "APEL CpuDuration, job 42"


def test_a_month() -> None:
    """The sums of a month are of that month; normalised ones are no time."""
    imported = read(USAGE_IMPORTER, message("summary-job", MONTH, {**MONTH, "VO": "cms"}))
    march = "2026-03-01T00:00:00Z/2026-04-01T00:00:00Z"
    assert said(imported) == [("cpu-time", "2452 s", march), ("wall-time", "154230 s", march)] * 2
    newer = read(USAGE_IMPORTER, message("normalised-summary", MONTH))
    assert said(newer) == said(imported)[:2]


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ("individual-job", {"EndTime": "1772697599"}, "before its StartTime"),
        ("individual-job", {"WallDuration": "3601"}, "longer than from StartTime"),
        ("individual-job", {"StartTime": "None"}, "states no StartTime"),
        ("individual-job", {"CpuDuration": "-5"}, "no number of seconds"),
        ("individual-job", {"LocalJobId": ""}, "LocalJobId"),
        ("summary-job", {"Month": "13"}, "no Month and Year"),
        ("summary-job", {"LatestEndTime": "1775001600"}, "does not lie within 2026-03"),
        ("summary-job", {"EarliestEndTime": "1"}, "does not lie within 2026-03"),
        ("summary-job", {"CpuDuration": "1.5"}, "no number of seconds"),
        ("sync", {}, "says nothing about jobs"),
    ],
)
def test_records_that_are_left_out(kind: str, change: dict[str, str], reason: str) -> None:
    """With the reason, and the line where each begins."""
    kept = MONTH if kind == "summary-job" else JOB
    imported = read(USAGE_IMPORTER, message(kind, {**kept, **change}))
    assert imported.drafts == ()
    assert imported.left_out[0].where == "f0: line 1"
    assert reason in why(imported)[0]


def test_the_same_thing_twice() -> None:
    """IMPORT-SECOND-1: told alike it counts once, told differently not at all."""
    once = read(USAGE_IMPORTER, message("summary-job", MONTH), message("summary-job", MONTH))
    assert (len(once.drafts), len(once.left_out)) == (2, 1)
    none = read(USAGE_IMPORTER, message("summary-job", MONTH, {**MONTH, "CpuDuration": "1"}))
    assert (len(none.drafts), len(none.left_out)) == (0, 2)
    assert "tell month 2026-03" in why(none)[0]


@pytest.mark.parametrize("namespace", [UR, UR2, CAR])
def test_a_record_in_xml(namespace: str) -> None:
    """Both versions of the usage record, and the profile of it that APEL takes."""
    imported = read(USAGE_IMPORTER, record(namespace), zone=None)
    assert said(imported) == [("cpu-time", "3400 s", SPAN), ("wall-time", "3600 s", SPAN)]


@pytest.mark.parametrize(
    ("cpu", "seconds"),
    [
        (part("all", "PT5S"), "5 s"),
        (part("user", "PT3S") + part("system", "PT2.5S"), "11/2 s"),
        (part("user", "PT3S") + part("system", "PT2S") + part("all", "PT5S"), "5 s"),
        (part("user", "PT3S") + part("system", "PT2S") + part("all", "PT6S"), None),
        (part("user", "PT3S"), None),
        ("<u:CpuDuration>P1M</u:CpuDuration>", None),
        ("<u:CpuDuration>PT1S</u:CpuDuration><u:CpuDuration>PT2S</u:CpuDuration>", None),
        ("", None),
    ],
)
def test_processor_time_in_parts(cpu: str, seconds: str | None) -> None:
    """Its parts are added up, and held against the whole where that is stated, too (IMPORT-SECOND-1)."""
    imported = read(USAGE_IMPORTER, record(cpu=cpu))
    found = [quantity for dimension, quantity, _ in said(imported) if dimension == "cpu-time"]
    assert found == ([seconds] if seconds else [])
    assert len(imported.findings) == (0 if seconds else 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (record(StartTime="2026-03-05T08:00:00"), "does not say in which time zone"),
        (record(EndTime="2026-03-05T07:00:00Z"), "before its StartTime"),
        (record(WallDuration="PT2H"), "longer than from StartTime"),
        (record(StartTime=""), "has no StartTime"),
        (record(LocalJobId=""), "no LocalJobId"),
        (record(WallDuration="", cpu=""), "neither CpuDuration nor WallDuration"),
        (record("http://example.org/other"), "no usage record of OGF"),
        (record()[:-5], "not XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares entities"),
        ("hello", "neither a message of APEL nor XML"),
        (message("individual-job", JOB)[:-3], "may be cut"),
        (message("individual-job", JOB)[:-3] + "nonsense\n%%\n", "is no member of a record"),
        (message("individual-job", JOB)[:-3] + "Site: B\n%%\n", "states Site twice"),
    ],
)
def test_inputs_that_are_left_out(text: str, reason: str) -> None:
    """What cannot be read, with the reason."""
    imported = read(USAGE_IMPORTER, text, zone=None)
    assert imported.drafts == ()
    assert reason in why(imported)[0]


def test_a_report_that_does_not_name_its_unit() -> None:
    """Monthly reports of one system hold seconds in one file and hours in another: none is believed."""
    line = "\t".join(["A", "9.67", "atlas", "5", "10", "20", "30", "40", "2026-03-01", *["x"] * 6])
    imported = read(USAGE_IMPORTER, f"{line}\n{line}\n")
    assert (imported.rows, imported.drafts) == (2, ())
    assert "whether its durations are seconds or hours" in why(imported)[0]


def test_damage() -> None:
    """IMPORT-DAMAGE-1: cut or changed, there is a report and no invented figure."""
    texts = [
        message("individual-job", JOB, {**JOB, "LocalJobId": "43"}),
        message("summary-job", MONTH),
        record(),
    ]
    check_damaged(USAGE_IMPORTER, texts, seed=3)


def test_recorded_months_of_a_grid(real_data: Path) -> None:
    """A year of OSG: 2,258 sums; 1,054 of months in which their last job did not end, 112 without unit."""
    imported = USAGE_IMPORTER.read(open_sources([real_data / "osg-apel"]), ZoneInfo("UTC"))
    check_books(imported)
    reasons = [one.why.partition(",")[0] for one in imported.left_out]
    assert len(imported.drafts) == 2 * 2258
    assert sum("LatestEndTime" in one for one in reasons) == 1054
    assert sum("seconds or hours" in one for one in reasons) == 112
    mine = [
        use for use in imported.drafts if dict(use.labels)["Site"] == "AGLT2" and use.dimension == "cpu-time"
    ]
    assert sum(use.quantity for use in mine) == _recomputed(real_data)


def _recomputed(real_data: Path) -> int:
    """The processor seconds of one site, added up by another way to read the files."""
    total = 0
    for source in open_sources(sorted((real_data / "osg-apel").glob("send_*.gz"))):
        if source.name < "send_05":
            continue  # reported again in June, as ending then
        for text in source.text.split("%%"):
            if "\nSite: AGLT2\n" in f"\n{text}":
                total += int(text.split("\nCpuDuration: ")[1].split("\n")[0])
    return total
