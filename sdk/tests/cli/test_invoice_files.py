"""`crex invoice` and `crex usage reconcile` on files: nothing is fetched, nothing is believed unverified."""

from __future__ import annotations

import csv
import io
import json
import resource
from fractions import Fraction
from pathlib import Path
from typing import Any

import orjson
import pytest

from crex.cli.bundle_files import write_bundle
from crex.errors import CrexError
from crex.trust.envelope import to_json
from sdk.tests.cli.conftest import Shell
from sdk.tests.invoice.bundle_samples import AT, Bundled
from sdk.tests.invoice.samples import World


class Office:
    """Bundles in a folder, and the command line with the trust documents of the parties.

    Attributes:
        folder: The folder.
        bundled: The invoice.
    """

    def __init__(self, folder: Path, crex: Shell) -> None:
        self.folder, self._crex = folder, crex
        world = World.new()
        self.bundled = Bundled.of(world)
        self._options = ["--at", AT.strftime("%Y-%m-%dT%H:%M:%SZ")]
        for party in (world.provider, world.consumer, world.broker):
            place = folder / f"{party.authority}.trust"
            place.write_bytes(to_json(party.trust_document))
            self._options += ["--trust", str(place)]

    def write(self, name: str, **more: Any) -> str:
        """Writes the bundle as it is now; gives its path."""
        place = self.folder / name
        write_bundle(self.bundled.bundle(**more), place)
        return str(place)

    def __call__(self, command: str, *arguments: str) -> int:
        """Runs `crex invoice`."""
        return self._crex("invoice", command, *arguments, *self._options)

    def json(self, command: str, *arguments: str) -> Any:
        """Runs `crex --json invoice`."""
        return self._crex.json("invoice", command, *arguments, *self._options)


@pytest.fixture
def office(tmp_path: Path, crex: Shell) -> Office:
    """An office with one invoice."""
    (tmp_path / "papers").mkdir()
    return Office(tmp_path / "papers", crex)


@pytest.mark.parametrize("name", ["b.json", "b"])
def test_a_bundle_is_shown_and_verified(office: Office, crex: Shell, name: str) -> None:
    """INVOICE-VERIFY-1: without a broker, from a file as from a folder."""
    place = office.write(name)
    assert office("verify", place) == 0
    assert "It is right, to the last digit." in crex.out
    assert office("show", place) == 0
    assert "798.85 EUR" in crex.out
    shown = office.json("show", place)
    assert (shown["owed"], shown["payable"]) == ("798.85 EUR", "798.85 EUR")
    assert len(shown["lines"]) == 3


def test_a_folder_is_written_whole_or_not_at_all(office: Office) -> None:
    """Where a folder does not fit, none of it is left: without its notes it would be another bundle."""
    place, bounds = office.folder / "bundle", resource.getrlimit(resource.RLIMIT_FSIZE)
    before = sorted(office.folder.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (1800, bounds[1]))
    try:
        with pytest.raises(CrexError, match=r"cannot be written \(File too large\)") as refused:
            write_bundle(office.bundled.bundle(), place)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, bounds)
    assert refused.value.source == str(place)
    assert sorted(office.folder.iterdir()) == before
    place.mkdir()
    write_bundle(office.bundled.bundle(), place)
    assert (place / "invoice.json").is_file()


def test_a_dispute_is_shown_to_its_end(office: Office, crex: Shell) -> None:
    """DISPUTE-PAYABLE-1: what is withheld and payable before and after the note that settles it."""
    case, papers = office.bundled.disputed("40.00", "25.00")
    place = office.write("open.json", disputes=(papers,))
    assert office.json("show", place)["payable"] == "769.10 EUR"
    assert office("show", place) == 0
    assert "resolved, 29.75 EUR withheld" in crex.out
    office.bundled.settle(case)
    place = office.write("settled.json", disputes=(papers,))
    shown = office.json("show", place)
    assert (shown["owed"], shown["payable"]) == ("769.10 EUR", "769.10 EUR")
    report = office.json("verify", place)
    assert (crex.code, report["ok"], [note["ok"] for note in report["notes"]]) == (0, True, [True])
    assert office("show", place) == 0
    assert "Credit note  -29.75 EUR, settlement" in crex.out
    assert office("export", place, "--format", "html") == 0
    assert "<dt>Credit note</dt><dd>-29.75 EUR, settlement: crex://provider.example/note/n3</dd>" in crex.out
    assert "<dt>Payable</dt><dd>769.10 EUR</dd>" in crex.out


def test_a_wrong_invoice_is_refused(office: Office, crex: Shell) -> None:
    """Exit code 1, and what differs: here a record is not the one that was signed for."""
    place = office.write("b.json")
    value = json.loads(Path(place).read_bytes())
    value["batches"][0]["records"].reverse()
    Path(place).write_bytes(orjson.dumps(value))
    assert office("verify", place) == 1
    assert "Do not pay or accept it" in crex.out
    error = office.json("diff", place)
    assert (crex.code, error["details"]["requirement"]) == (1, "BATCH-ROOT-1")


def test_nobody_is_trusted_by_a_bundle(office: Office, crex: Shell) -> None:
    """BUNDLE-TRUST-1: without the parties' trust documents nothing is shown; the file is named."""
    place = office.write("b.json")
    error = crex.json("invoice", "show", place)
    assert "Or name the trust documents of the parties with --trust FILE." in error["message"]
    crex("init", "c.example.org", "--role", "consumer")
    error = crex.json("invoice", "show", place)
    assert (crex.code, error["reason"], error["source"]) == (1, "ISSUER", place)
    error = crex.json("invoice", "show", str(office.folder / "gone.json"))
    assert (crex.code, error["reason"]) == (1, "NOT_FOUND")


def test_an_invoice_equals_its_recomputation(office: Office, crex: Shell) -> None:
    """`diff` with one invoice holds it against what its inputs come to; with two, against the other."""
    place = office.write("b.json")
    assert office("diff", place) == 0
    assert "They are the same, line by line." in crex.out
    other = office.write("other.json")
    found = office.json("diff", place, other)
    assert (crex.code, found["same"], found["changes"]) == (0, True, [])


def test_an_invoice_is_written_as_a_table_and_a_page(office: Office, crex: Shell, tmp_path: Path) -> None:
    """CSV sums to the total; the page says that it was recomputed; JSON is what the documents say."""
    place = office.write("b.json")
    assert office("export", place) == 0
    rows = list(csv.DictReader(io.StringIO(crex.out)))
    assert [row["amount"] for row in rows if row["kind"] == "total"] == ["798.85"]
    page = tmp_path / "invoice.html"
    assert office("export", place, "--format", "html", "-o", str(page)) == 0
    assert "right to the last digit" in page.read_text("utf-8")
    assert office("export", place, "--format", "json") == 0
    assert json.loads(crex.out)["invoice"]["total"]["amount"] == "798.85"


def test_a_bundle_is_written_on(office: Office, crex: Shell, tmp_path: Path) -> None:
    """A folder becomes a file and a file a folder; nothing is lost, and nothing is written over."""
    place = office.write("b")
    again, folder = tmp_path / "again.json", tmp_path / "folder"
    assert office("export", place, "--format", "bundle", "-o", str(again)) == 0
    assert "3 lines, 3 batches" in crex.out
    assert office("export", str(again), "--format", "bundle", "-o", str(folder)) == 0
    assert office("verify", str(folder)) == 0
    assert office("export", place, "--format", "bundle", "-o", str(folder)) == 1
    assert "not empty" in crex.err
    assert office("export", place, "--format", "bundle") == 1
    assert "Say where to write" in crex.err


def test_a_bill_is_written_as_focus(office: Office, crex: Shell) -> None:
    """FOCUS rows of a bundle come to the total of its invoice."""
    assert office("export", office.write("b.json"), "--format", "focus") == 0
    rows = list(csv.DictReader(io.StringIO(crex.out)))
    assert sum(Fraction(row["BilledCost"]) for row in rows) == Fraction("798.85")


def test_an_account_is_stated_from_a_folder(office: Office, crex: Shell, tmp_path: Path) -> None:
    """STATEMENT-BALANCE-1: invoices, notes and payments of a folder come to one balance."""
    case, papers = office.bundled.disputed("40.00", "25.00")
    office.bundled.settle(case)
    office.write("march.json", disputes=(papers,))
    invoice = office.bundled.case.invoice.id
    payments = office.folder / "payments.json"
    paid = {"amount": {"currency": "EUR", "amount": "700.00"}, "time": "2026-06-05T00:00:00Z"}
    payments.write_text(json.dumps([{"invoice": invoice, **paid, "reference": "4711"}]))
    options = ("--payments", str(payments), "--until", "2026-07-01T00:00:00Z")
    found = office.json("statement", str(office.folder), *options)
    balance = found["balances"][0]
    names = ("invoiced", "credited", "paid", "closing", "payable")
    amounts = [balance[name]["amount"] for name in names]
    assert amounts == ["798.85", "-29.75", "700.00", "69.10", "69.10"]
    assert office("statement", str(office.folder), *options) == 0
    assert ["closing", "69.10"] in [row.split() for row in crex.out.splitlines()]
    assert "invoiced 798.85, notes -29.75, paid 700.00, payable 69.10 EUR" in crex.out
    payments.write_text(json.dumps([{"invoice": invoice, **paid}]))
    error = office.json("statement", str(office.folder), *options)
    assert (crex.code, error["source"]) == (1, f"{payments}, payment 1")
    again = office.write("again.json")
    error = office.json("statement", str(office.folder))
    assert (error["reason"], error["source"]) == ("CONFLICT", str(office.folder / "march.json"))
    assert f"is also in {again}" in error["message"]
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "gone"):
        assert office.json("statement", str(folder))["reason"] == "NOT_FOUND"


def test_our_records_are_held_against_a_bundle(office: Office, crex: Shell, tmp_path: Path) -> None:
    """Records of a file and of a bundle are the same use; a record that one side lacks is named."""
    place = office.write("b.json")
    bodies = [body for batch in office.bundled.bundle().batches for body in batch.records or ()]
    ours = tmp_path / "ours.jsonl"
    ours.write_bytes(b"\n".join(bodies) + b"\n")
    assert crex("usage", "reconcile", str(ours), place) == 0
    assert "0 differences." in crex.out
    nameless = tmp_path / "records"
    nameless.write_bytes(ours.read_bytes())
    assert crex("usage", "reconcile", str(nameless), place) == 0
    ours.write_bytes(b"\n".join(bodies[1:]) + b"\n")
    found = crex.json("usage", "reconcile", str(ours), office.write("b"), "--tolerance", "0.5%")
    assert (crex.code, [each["kind"] for each in found["differences"]]) == (1, ["missing-ours"])


def test_other_lists_of_records_are_read(crex: Shell, office: Office, tmp_path: Path) -> None:
    """What `crex usage list --json` gives, a bare list, and one record; anything else is named by place."""
    records = [json.loads(body) for body in office.bundled.bundle().batches[0].records or ()]
    whole = tmp_path / "list.json"
    whole.write_text(json.dumps({"periods": [], "records": records}))
    bare = tmp_path / "bare.json"
    bare.write_text(json.dumps(records))
    assert crex("usage", "reconcile", str(whole), str(bare)) == 0
    bare.write_text(json.dumps([{**records[0], "quantity": 1}]))
    error = crex.json("usage", "reconcile", str(whole), str(bare))
    assert (crex.code, error["source"]) == (1, f"{bare}, record 1")
    bare.write_text("{}")
    error = crex.json("usage", "reconcile", str(whole), str(bare))
    assert "There are no usage records here" in error["message"]
    error = crex.json("usage", "reconcile", str(whole), str(whole), "--tolerance", "much")
    assert "is no tolerance" in error["message"]
