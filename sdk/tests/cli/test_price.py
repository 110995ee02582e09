"""`crex price`: plans compared, and in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crex.documents import convert
from crex.v1 import PricePlan
from sdk.tests.cli.conftest import Shell
from sdk.tests.comparison.samples import component, message, reserved
from sdk.tests.describe.price_lists import OF_DOLLARS, addon, part


def file(folder: Path, plan: PricePlan) -> str:
    """Writes a plan; gives its place."""
    place = folder / f"{plan.header.id.rpartition('/')[2]}.json"
    place.write_bytes(convert.dump(plan))
    return str(place)


def test_plans_are_compared(crex: Shell, tmp_path: Path) -> None:
    """Two plans of files: a table, where they break even, and a chart of plain characters."""
    one, two = file(tmp_path, message(component("2.99"))), file(tmp_path, reserved(months=12))
    assert crex("price", "compare", one, two, "--for", "365d", "--start", "2026-03-01") == 0
    assert crex.out.startswith("1 unit of compute-unit for 8760 h, from 2026-03-01T00:00:00Z; billing")
    assert "Break-even: from 3264 h 12 min 51 s on, B is cheaper than A." in crex.out
    assert "26192.40 EUR in 12 bills" in crex.out
    assert "9760.00 EUR in 12 bills" in crex.out
    assert max(map(len, crex.out.splitlines()[8:])) <= 80


def test_answers_are_exact(crex: Shell, tmp_path: Path) -> None:
    """As JSON every cost is a rational, with the plan's zone and where the demand begins in it."""
    berlin = message(component("1", per_quantity="7"), time_zone="Europe/Berlin")
    found = crex.json(
        *("price", "compare", file(tmp_path, berlin), "--count", "3", "--for", "1h"),
        *("--start", "2026-10-01", "--hours", "2", "--points", "16"),
    )
    (plan,) = found["plans"]
    assert plan["start"] == "2026-09-30T22:00:00Z"
    assert plan["exact"] == {"num": "10800", "den": "7"}
    assert (len(plan["points"]), plan["points"][-1]["lengthMs"]) == (16, "7200000")


def test_folders_lists_and_words(crex: Shell, tmp_path: Path) -> None:
    """A folder gives its plans, a price list its drafts; `--only` chooses among them; each counts once."""
    folder = tmp_path / "documents"
    folder.mkdir()
    file(folder, message(component("2.99")))
    file(folder, message(component("3.99"), name="other"))
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps(addon()))
    where = ("price", "compare", str(folder), str(folder), str(listed), "--start", "2026-12-01")
    found = crex.json(*where)
    assert [one["plan"].rpartition("/")[2] for one in found["plans"]] == ["other", "p1", "b2-7-consumption"]
    chosen = crex.json(*where, "--only", "P1", "--only", "b2-7.consumption")
    assert [one["plan"].rpartition("/")[2] for one in chosen["plans"]] == ["p1", "b2-7-consumption"]
    assert crex(*where, "--only", "nothing") == 1
    assert "none of 5 price plans has nothing in name or SKU" in crex.err


def test_quantities_and_a_demand_of_a_file(crex: Shell, tmp_path: Path) -> None:
    """What is demanded comes from options or from a demand in JSON; an option goes first."""
    listed = tmp_path / "storage.json"
    listed.write_text(json.dumps(part({"value": "0.0255"}, metric="Gigabyte Storage Capacity Per Month")))
    where = ("price", "compare", str(listed), "--start", "2026-03-01")
    found = crex.json(*where, "--quantity", "storage:gibibyte=100", "--for", "31d")
    assert found["plans"][0]["cost"] == "2.55"
    demand = tmp_path / "demand.json"
    quantity = {"dimension": "storage", "unit": "gibibyte", "quantity": "200"}
    demand.write_text(json.dumps({"count": "1", "duration": "2678400s", "quantities": [quantity]}))
    assert "no price for compute-unit" in crex.json(*where, "--demand", str(demand))["plans"][0]["problem"]
    found = crex.json(*where, "--demand", str(demand), "--count", "0")
    assert found["plans"][0]["cost"] == "5.10"
    found = crex.json(*where, "--demand", str(demand), "--count", "0", "--quantity", "storage:gibibyte=100")
    assert found["plans"][0]["cost"] == "2.55"


def test_lists_are_read_together(crex: Shell, tmp_path: Path) -> None:
    """A configuration states the currency of reserved offerings, which are compared as commitments."""
    offerings, dollars = tmp_path / "offerings.json", tmp_path / "usd.json"
    offerings.write_text(json.dumps({f"t{at}.large/us-west-1": at / 26280 for at in range(497, 527)}))
    dollars.write_text(json.dumps(OF_DOLLARS))
    where = ("price", "compare", str(offerings), str(dollars), "--only", "t497", "--start", "2027-01-01")
    found = crex.json(*where, "--for", "1h")
    # 497 ÷ 26280 for each of the 26304 hours of three years with a leap day.
    assert found["plans"][0]["cost"] == "497.45"
    assert crex(*where[:3]) == 1
    assert "there is no price plan in this list. offerings.json: $['t497.large/us-west-1']: it " in crex.err
    assert 'it states no currency; read with it a file that does: {"CPU": "", "RAM": "",' in crex.err
    assert "and 29 more left out; `crex describe prices` names them." in crex.err


def test_a_page_is_written(crex: Shell, tmp_path: Path) -> None:
    """`--html` writes the page beside the answer."""
    place = tmp_path / "page.html"
    assert (
        crex("price", "compare", file(tmp_path, message()), "--start", "2026-03-01", "--html", str(place))
        == 0
    )
    assert f"Wrote {place}." in crex.out
    assert place.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_rates_convert_into_one_currency(crex: Shell, tmp_path: Path) -> None:
    """With a rate for all but one currency, that one is meant; else it is asked for."""
    euros = file(tmp_path, message())
    dollars = file(tmp_path, message(name="d", currency="USD"))
    yen = file(tmp_path, message(name="y", currency="JPY"))
    where = ("--for", "100h", "--start", "2026-03-01")
    assert crex("price", "compare", euros, dollars, *where, "--rate", "EUR=1.08") == 0
    assert "1 EUR is taken for 1.08 USD, as stated" in crex.out
    assert "A  crex://provider.example/price-plan/p1    108.00" in crex.out
    assert crex("price", "compare", euros, dollars, yen, *where, "--rate", "EUR=1.08") == 1
    assert "Name it with --currency" in crex.err
    assert crex("price", "compare", euros, dollars, yen, *where) == 0
    assert "are not compared" in crex.out
    both = ("--rate", "EUR=1.08", "--currency", "EUR")
    assert crex("price", "compare", euros, *where, *both) == 1
    assert "EUR is the currency that is converted into" in crex.err


def test_what_cannot_be_compared_is_told(crex: Shell, tmp_path: Path) -> None:
    """Where no plan prices the demand, the command ends with 1 and says why."""
    where = ("price", "compare", file(tmp_path, message()), "--start", "2026-03-01")
    assert crex(*where, "--quantity", "egress:gibibyte=5") == 1
    assert (
        "A crex://provider.example/price-plan/p1 cannot be compared: it has no price for egress" in crex.out
    )


@pytest.mark.parametrize(
    "wrong",
    [
        ("--quantity", "egress=5"),
        ("--quantity", "egress:gibibyte=5e3"),
        ("--start", "2026-02-30"),
        ("--start", "tomorrow"),
        ("--anchor", "32"),
        ("--anchor", "0"),
        ("--start", "0001-01-01"),
        ("--start", "9999-12-31"),
        ("--start", "9999-12-31T00:00:00Z"),
        ("--points", "5"),
        ("--count", "-1"),
        ("--rate", "EUR"),
    ],
)
def test_wrong_options_are_refused(crex: Shell, tmp_path: Path, wrong: tuple[str, str]) -> None:
    """An option that cannot be read is wrong usage."""
    assert crex("price", "compare", file(tmp_path, message()), *wrong) == 2


def test_what_is_no_plan_is_refused(crex: Shell, tmp_path: Path) -> None:
    """A missing file, one that holds something else, and an empty folder are named."""
    assert crex("price", "compare", str(tmp_path / "gone.json")) == 1
    assert "gone.json" in crex.err
    other = tmp_path / "other.json"
    other.write_text('{"nothing": 1}')
    assert crex("price", "show", str(other)) == 1
    assert "other.json" in crex.err
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n")
    assert crex("price", "show", str(table)) == 1
    assert f"{table}: This is neither a price plan nor a price list" in crex.err
    assert "its columns are a, b. Name another file" in crex.err
    plan = tmp_path / "plan.json"
    plan.write_text('{"header": {"id": "crex://p.example/price-plan/p"}, "minimum": 1e400}')
    assert crex("price", "show", str(plan)) == 1
    assert "1e400 has a fraction or an exponent" in crex.err
    assert crex("price", "compare", file(tmp_path, message()), "--series", str(other)) == 1
    assert "other.json: this is not a valid PriceSeries" in crex.err
    empty = tmp_path / "empty"
    empty.mkdir()
    assert crex("price", "show", str(empty)) == 1
    assert "there is no price plan" in crex.err


def test_a_plan_is_shown_in_words(crex: Shell, tmp_path: Path) -> None:
    """`show` says what a plan says; as JSON it is the plan."""
    place = file(tmp_path, reserved())
    assert crex("price", "show", place) == 0
    assert "36 calendar months from the first lease on" in crex.out
    (shown,) = crex.json("price", "show", place)
    assert shown["header"]["id"] == "crex://provider.example/price-plan/reserved"


def test_bounds_are_told(crex: Shell, tmp_path: Path) -> None:
    """Too many plans, lengths beyond the calendar and currencies that are none are told, with what to do."""
    plans = [file(tmp_path, message(name=f"p{number}")) for number in range(17)]
    assert crex("price", "compare", *plans) == 1
    assert "17 plans cannot be compared at once; name 1 to 16 of them, as with --only WORD." in crex.err
    where = ("price", "compare", plans[0], "--start", "2026-03-01")
    assert crex(*where, "--hours", "1000000000000") == 1
    assert "cannot be compared: The demand or a commitment reaches beyond the year 9999." in crex.out
    assert crex(*where, "--currency", "usd") == 1
    assert "--currency: 'usd' is not an active currency code" in crex.err
    assert crex(*where, "--rate", "XXX=2") == 1
    assert "--rate: XXX has no minor unit" in crex.err
