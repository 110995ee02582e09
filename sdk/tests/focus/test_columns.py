from __future__ import annotations

import csv
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from crex.focus import COLUMNS, CREX_COLUMNS, FOCUS_COLUMNS, Kind, rows
from crex.focus.catalogue import OTHER_SERVICE, SERVICES
from sdk.tests.focus import samples

ROOT = Path(__file__).parents[3]
BY_NAME = {column.name: column for column in COLUMNS}
# Columns of the real rows that FOCUS does not define: the sample's own.
FOREIGN = {"Id"}
# Where the real rows, of FOCUS 1.0, keep another rule than 1.2 states: a cell of theirs may be null.
NULL_IN_THE_SAMPLE = {"BillingAccountName", "ContractedCost", "ChargeFrequency", "ChargeDescription"}
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(E-?[0-9]+)?", re.IGNORECASE)
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}Z?")


@pytest.fixture(scope="module")
def model(real_data: Path) -> dict[str, Any]:
    """The rules of the published requirements model 1.2."""
    with gzip.open(real_data / "focus" / "focus_requirements_model-1.2.json.gz") as file:
        rules: dict[str, Any] = json.load(file)["ModelRules"]
    return rules


def test_columns_are_those_of_focus(model: dict[str, Any]) -> None:
    """Our FOCUS columns are exactly those whose presence the requirements model asks for or allows."""
    present = {rule["Reference"] for rule in model.values() if rule["Function"] == "Presence"}
    assert {column.name for column in FOCUS_COLUMNS} == present


def test_clauses_are_rules_of_the_model(model: dict[str, Any]) -> None:
    """The clause of each column is a rule about that column in the requirements model."""
    assert {column.clause: model[column.clause]["Reference"] for column in FOCUS_COLUMNS} == {
        column.clause: column.name for column in FOCUS_COLUMNS
    }


def test_types_are_those_of_focus(model: dict[str, Any]) -> None:
    """A column is a decimal, an instant or a text as its rule of type says."""
    words = {Kind.TEXT: "String", Kind.COST: "Decimal", Kind.QUANTITY: "Decimal", Kind.TIME: "Date/Time"}
    for rule in model.values():
        said = rule["ValidationCriteria"]["MustSatisfy"]
        if rule["Function"] == "Type" and "MUST be of type" in said:
            assert f"of type {words[BY_NAME[rule['Reference']].kind]}" in said, said


def test_columns_that_must_have_a_value_have_one(model: dict[str, Any]) -> None:
    """What the model never lets be null, is not nullable with us."""
    for rule in model.values():
        said = rule["ValidationCriteria"]["MustSatisfy"]
        if said == f"{rule['Reference']} MUST NOT be null.":
            assert not BY_NAME[rule["Reference"]].nullable, said


def test_listed_values_are_allowed(model: dict[str, Any]) -> None:
    """Cells of columns with a list of values are of that list, which the validator does not ask.

    The model's list of CommitmentDiscountStatus is another column's: FOCUS 1.2 says Used and Unused.
    """
    makers = (samples.usage_bill, samples.fee_bill, samples.committed_bill, samples.credit_note)
    found = [row for make in makers for row in rows(make())]
    listed = [rule for rule in model.values() if "MUST be one of the allowed values" in _said(rule)]
    assert len(listed) >= 8
    for rule in listed:
        name = rule["Reference"]
        allowed = {item["Value"] for item in rule["ValidationCriteria"]["Requirement"]["Items"]}
        if name == "CommitmentDiscountStatus":
            allowed = {"Used", "Unused"}
        assert {row[name] for row in found} - {None} <= allowed, name


def test_services_are_of_the_list(model: dict[str, Any]) -> None:
    """Each dimension's subcategory belongs to its category."""
    pairs = model["ServiceSubcategory-C-004-M"]["ValidationCriteria"]["Requirement"]["Items"]
    allowed = {tuple(item["Value"] for item in pair["Items"]) for pair in pairs}
    assert {
        (subcategory, category) for category, subcategory in (*SERVICES.values(), OTHER_SERVICE)
    } <= allowed


def _said(rule: dict[str, Any]) -> str:
    said: str = rule["ValidationCriteria"]["MustSatisfy"]
    return said


def test_our_own_columns_come_last() -> None:
    """Columns of ours begin with x_ and follow FOCUS's, which are in alphabetical order (ColumnHandling)."""
    names = [column.name for column in COLUMNS]
    assert names[-len(CREX_COLUMNS) :] == [column.name for column in CREX_COLUMNS]
    assert all(column.name.startswith("x_Crex") for column in CREX_COLUMNS)
    assert [column.name for column in FOCUS_COLUMNS] == sorted(column.name for column in FOCUS_COLUMNS)
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 50


def test_real_rows_have_our_columns_and_formats(real_data: Path) -> None:
    """The columns of 1,000 real rows are among ours, and their cells are of our types."""
    with (real_data / "focus" / "focus_sample.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert len(found) == 1000
    assert set(found[0]) - FOREIGN <= set(BY_NAME)
    for row in found:
        for name, cell in row.items():
            if name in FOREIGN:
                continue
            column = BY_NAME[name]
            if cell == "NULL":
                assert column.nullable or name in NULL_IN_THE_SAMPLE, name
            elif column.kind in (Kind.COST, Kind.QUANTITY):
                assert NUMBER.fullmatch(cell), (name, cell)
                assert len(cell.partition(".")[2]) <= column.scale, (name, cell)
            elif column.kind is Kind.TIME:  # 1.0 wrote a space where 1.2 asks for a T, and no Z
                assert TIME.fullmatch(cell), (name, cell)
            elif column.kind is Kind.OBJECT:
                assert isinstance(json.loads(cell), dict), (name, cell)


def test_the_page_states_every_column() -> None:
    """docs/focus.md has a row for each column, with its type, clause and source."""
    page = (ROOT / "docs" / "focus.md").read_text("utf-8")
    for column in COLUMNS:
        may = "yes" if column.nullable else "no"
        clause = column.clause or "ours"
        row = f"| `{column.name}` | {_type(column.kind)} | {may} | {clause} | {column.source} |"
        assert row in page, row


def _type(kind: Kind) -> str:
    return "Decimal" if kind is Kind.QUANTITY else kind.value
