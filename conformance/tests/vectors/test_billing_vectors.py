"""The vectors of rating.md: complete, fresh, agreed on by two calculations, each one change from its base."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from conformance.tests.independent import bill, corrections, periods, rating, table
from conformance.tests.independent.refusal import Refused
from conformance.tests.vectors.billing_lines import stated
from conformance.tests.vectors.billing_vectors import CASES, FOLDER

VECTORS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))
}
SCHEMAS = Path(__file__).parents[3] / "schemas" / "crex" / "v1"
PLAN, RECORD, SERIES = (
    jsonschema_rs.validator_for(json.loads((SCHEMAS / f"{name}.schema.json").read_bytes()))
    for name in ("price-plan", "usage-record", "price-series")
)


def test_files_are_what_the_cases_say() -> None:
    """The folder holds exactly the cases, byte for byte, each below 200 KB."""
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == {
        f"{case.id}.json": case.as_json() for case in CASES
    }
    assert len({case.id for case in CASES}) == len(CASES)
    assert max(path.stat().st_size for path in FOLDER.iterdir()) < 200_000


RATED = {name: vector for name, vector in VECTORS.items() if vector["op"] == "billing.rate"}
CORRECTED = {name: vector for name, vector in VECTORS.items() if vector["op"] == "billing.correct"}
PERIODS = {name: vector for name, vector in VECTORS.items() if vector["op"] == "billing.period"}


@pytest.mark.parametrize("vector", RATED.values(), ids=RATED)
def test_a_second_calculation_agrees(vector: dict[str, Any]) -> None:
    """What was worked out by hand is what the specification's steps give when carried out independently."""
    expect = vector["expect"]
    if expect["outcome"] == "rejected":
        with pytest.raises(Refused) as refused:
            rating.rate(vector["input"])
        assert [refused.value.reason] == expect["reasons"], refused.value
        return
    answer = rating.rate(vector["input"])
    assert [stated(line) for line in answer.lines] == expect["lines"]
    assert (answer.taxes, answer.closings) == (expect["taxes"], expect["closings"])
    assert (answer.net_total, answer.total) == (expect["net_total"], expect["total"])
    assert (answer.complete, answer.rating_digest) == (expect["complete"], expect["rating_digest"])


@pytest.mark.parametrize("vector", CORRECTED.values(), ids=CORRECTED)
def test_a_second_calculation_agrees_on_notes(vector: dict[str, Any]) -> None:
    """Notes that were worked out by hand are the differences of what is owed, rated independently."""
    expect = vector["expect"]
    if expect["outcome"] == "rejected":
        with pytest.raises(Refused) as refused:
            corrections.correct(vector["input"])
        assert [refused.value.reason] == expect["reasons"], refused.value
        return
    notes = corrections.correct(vector["input"])
    for note in notes:
        note["lines"] = [stated(line) for line in note["lines"]]
    assert notes == expect["notes"]


@pytest.mark.parametrize("vector", PERIODS.values(), ids=PERIODS)
def test_a_second_calendar_agrees(vector: dict[str, Any]) -> None:
    """A period that is computed from the pinned offsets alone is the one worked out by hand."""
    assert periods.period(vector["input"]) == vector["expect"]["period"]


@pytest.mark.parametrize("vector", (RATED | CORRECTED).values(), ids=RATED | CORRECTED)
def test_documents_keep_the_schemas(vector: dict[str, Any]) -> None:
    """Plans, series and records keep the published schemas, but where a vector is about one that does not."""
    if vector["expect"]["reasons"] == ["SCHEMA"]:
        return
    given = vector["input"]
    for stated_plan in given.get("plans") or [given]:
        PLAN.validate(stated_plan["plan"])
    for series in given.get("series", ()):
        SERIES.validate(series)
    for lease in given.get("leases") or [given]:
        for record in bill.unfold(lease["records"]):
            RECORD.validate(record)


def test_equal_use_has_equal_digests() -> None:
    """However the same use is cut into records, ordered or repeated, it comes to one digest."""
    hours = [
        ("hour-of-one-unit", "hour-of-one-second-records", "same-record-twice"),
        ("records-that-touch", "records-in-another-order", "records-of-two-resources-at-once"),
    ]
    for names in hours:
        assert len({VECTORS[name]["expect"]["rating_digest"] for name in names}) == 1
    digests = {it["expect"]["rating_digest"] for it in RATED.values() if it["expect"]["outcome"] == "ok"}
    assert len(digests) > 30


def test_the_table_is_that_of_the_specification() -> None:
    """The example of rating.md has the digest that the page prints, computed here from its text alone."""
    lines = [
        _line("gpu", 1, "compute-unit", "unit", ("1200", "1"), ("2.99", "3600"), ("299", "300"), "1.00"),
        _line("tokens", 1, "output", "tokens", ("10", "1"), ("0.1", "1"), ("1", "1"), "1.00"),
        _line("tokens", 2, "output", "tokens", ("5", "2"), ("0.05", "1"), ("1", "8"), "0.13"),
    ]
    page = (Path(__file__).parents[3] / "proto" / "spec" / "rating.md").read_text("utf-8")
    assert table.digest(lines, [], "EUR", "2.13", "2.13") in page


def _line(
    component: str,
    tier: int,
    dimension: str,
    unit: str,
    quantity: tuple[str, str],
    price: tuple[str, str],
    exact: tuple[str, str],
    amount: str,
) -> dict[str, Any]:
    order, lease = "crex://broker.example/order/o1", "crex://broker.example/lease/l1"
    return {
        "key": f"{order}|{lease}|{component}|{'1f' * 32}|{tier}||",
        "dimension": dimension,
        "unit": unit,
        "quantity": dict(zip(("num", "den"), quantity, strict=True)),
        "unit_price": price[0],
        "per_quantity": price[1],
        "exact_amount": dict(zip(("num", "den"), exact, strict=True)),
        "amount": amount,
    }
