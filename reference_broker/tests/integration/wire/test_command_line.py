"""A sale by the command line alone, and what it then says about it."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from crex.documents.times import SystemClock, format_time
from reference_broker.tests.command_line import Sale


def test_the_order_was_fulfilled(sale: Sale) -> None:
    """Both parties see the order fulfilled and the lease released."""
    for line in (sale.consumer, sale.provider):
        assert line("order", "show", sale.order)["order"]["state"] == "ORDER_STATE_FULFILLED"
        assert line("lease", "show", sale.lease)["state"] == "LEASE_STATE_RELEASED"
        assert [one["name"] for one in line("order", "list")] == [sale.order]
        assert [one["name"] for one in line("lease", "list", "--order", sale.order)] == [sale.lease]


def test_usage_verifies(sale: Sale) -> None:
    """Records stand under signed roots without a gap, for either party."""
    listed = sale.consumer("usage", "list", sale.lease)
    checked = sale.provider("usage", "verify", sale.lease)
    assert checked["records"] == len(listed["records"]) > 0
    assert checked["gaps"] == 0
    assert checked["final"] is True


def test_a_record_is_proven_to_somebody_without_a_network(sale: Sale, tmp_path: Path) -> None:
    """PROOF-ROOT-1: the file of a proof is enough for whoever pinned the provider; no broker is asked."""
    listed = sale.consumer("usage", "list", sale.lease)["records"]
    last = max((one for one in listed if one["meterId"] == "cpu-time"), key=lambda one: int(one["seq"]))
    place = tmp_path / "record.proof"
    assert sale.consumer.plain("-o", str(place), "usage", "prove", sale.lease, "cpu-time", last["seq"]) == 0
    offline = replace(sale.other, target="127.0.0.1:1")
    checked = offline("usage", "check-proof", str(place))
    assert (checked["verified"], checked["record"]) == (True, last)
    place.write_text(place.read_text("utf-8").replace('"leafIndex":"', '"leafIndex":"1'), "utf-8")
    offline("usage", "check-proof", str(place), code=1)
    sale.consumer("usage", "prove", sale.lease, "cpu-time", "1000000", code=1)


def test_the_invoice_is_recomputed_and_accepted(sale: Sale, capsys: pytest.CaptureFixture[str]) -> None:
    """The consumer recomputes the invoice to the last digit, and accepts it by its signature."""
    report = sale.consumer("invoice", "verify", sale.invoice)
    assert report["ok"] is True
    assert all(check["passed"] for check in report["checks"])
    assert sale.consumer.plain("invoice", "show", sale.invoice) == 0
    shown = capsys.readouterr().out
    assert "3600 EUR per 3600 unit·s" in shown
    accepted = sale.consumer("invoice", "accept", sale.invoice)
    assert accepted["state"] == "INVOICE_STATE_ACCEPTED"
    assert sale.consumer("invoice", "list")[0]["state"] == "INVOICE_STATE_ACCEPTED"


def test_the_invoice_exports_as_a_table(sale: Sale, tmp_path: Path) -> None:
    """The export holds a row for each line, and its amounts are those of the invoice."""
    place = tmp_path / "invoice.csv"
    assert sale.consumer.plain("-o", str(place), "invoice", "export", sale.invoice) == 0
    rows = list(csv.DictReader(place.read_text("utf-8").splitlines()))
    shown = sale.consumer("invoice", "show", sale.invoice)
    amounts = [row["amount"] for row in rows if row["kind"] == "line"]
    assert amounts == [line["amount"]["amount"] for line in shown["lines"]]


def test_the_invoice_is_taken_along(sale: Sale, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bundle from the broker is verified without it, and equals what its inputs come to."""
    place = tmp_path / "invoice.json"
    assert sale.consumer.plain("-o", str(place), "invoice", "export", sale.invoice, "--format", "bundle") == 0
    assert sale.consumer("invoice", "verify", str(place))["ok"] is True
    assert sale.consumer("invoice", "diff", str(place))["same"] is True
    assert sale.consumer("invoice", "diff", sale.invoice, str(place))["same"] is True
    assert sale.consumer.plain("invoice", "export", sale.invoice, "--format", "html") == 0
    assert "right to the last digit" in capsys.readouterr().out


def test_a_foreign_invoice_is_not_there(sale: Sale, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever has no part in a sale is told that there is none, and gets exit code 1."""
    assert sale.other.plain("invoice", "show", sale.invoice) == 1
    assert "NOT_FOUND" in capsys.readouterr().err
    assert sale.other("invoice", "list") == []


def test_a_hold_is_repeated_by_its_identifier(sale: Sale, capsys: pytest.CaptureFixture[str]) -> None:
    """IDEMPOTENCY-REPLAY-1: the same identifier and time give the first hold again; an error tells both."""
    start = format_time(SystemClock().now())
    hold = ["hold", sale.offer, "--for", "10min", "--from", start, "--request-id", "my-request-0001"]
    first, again = sale.consumer(*hold), sale.consumer(*hold)
    assert again["replayed"] is True
    assert again["order"] == first["order"]
    released = sale.consumer("order", "release", first["order"]["name"])
    assert released["state"] == "ORDER_STATE_RELEASED"
    capsys.readouterr()
    gone = ["--broker", "127.0.0.1:1", "order", "release", sale.order, "--request-id", "my-request-0002"]
    assert sale.consumer.plain(*gone) == 3
    assert "add --request-id=my-request-0002" in capsys.readouterr().err


def test_an_offer_is_paused_resumed_and_withdrawn(sale: Sale) -> None:
    """A provider takes its offer from sale, puts it back, and takes it back for good."""
    assert sale.provider("offers", "pause", sale.offer)["state"] == "OFFER_STATE_PAUSED"
    assert sale.consumer("offers", "list") == []
    assert sale.provider("offers", "resume", sale.offer)["state"] == "OFFER_STATE_PUBLISHED"
    assert [one["id"] for one in sale.consumer("offers", "list")] == [sale.offer]
    assert sale.provider("offers", "withdraw", sale.offer)["state"] == "OFFER_STATE_WITHDRAWN"
    assert sale.consumer("offers", "list") == []


def test_a_refusal_has_its_reason_and_exit_code(sale: Sale, capsys: pytest.CaptureFixture[str]) -> None:
    """What the broker refuses ends with code 1; a broker that is not there ends with code 3."""
    assert sale.consumer.plain("order", "cancel", sale.order) == 1
    assert "ILLEGAL_TRANSITION" in capsys.readouterr().err
    assert sale.consumer.plain("--broker", "127.0.0.1:1", "server") == 3
    assert "could be reached" in capsys.readouterr().err
    assert sale.consumer.plain("server") == 0
    assert "broker.example" in capsys.readouterr().out
