"""Bundles: written, read back, opened by trust, and refused where they are not what they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.bundles.bundle import BilledPapers, Bundle, BundleError, bodies_of, from_json, rows_of, to_json
from crex.bundles.opening import open_bundle
from crex.cli.bundle_files import read_bundle, write_bundle
from crex.errors import CrexError
from crex.trust.directory import TrustDirectory
from sdk.tests.invoice.bundle_samples import AT, Bundled
from sdk.tests.invoice.samples import World


@pytest.fixture(scope="module")
def bundled() -> Bundled:
    """An invoice with all that it is recomputed from."""
    return Bundled.of(World.new())


def test_a_bundle_is_recomputed_without_a_broker(bundled: Bundled) -> None:
    """BUNDLE-TRUST-1: every envelope is opened, and the invoice comes out to the last digit."""
    opened = open_bundle(from_json(to_json(bundled.bundle())), bundled.case.world.trust, now=AT)
    report = opened.recompute()
    assert report.ok, str(report)
    assert str(opened.billed().standing(2**62).total) == "798.85 EUR"
    assert list(opened.plans) == [bundled.signed.plan.digest]


@pytest.mark.parametrize("name", ["bundle.json", "bundle"])
def test_a_file_and_a_folder_hold_the_same(bundled: Bundled, tmp_path: Path, name: str) -> None:
    """BUNDLE-FORM-1: what is read is what was written, byte for byte."""
    write_bundle(bundled.bundle(), tmp_path / name)
    assert read_bundle(tmp_path / name) == bundled.bundle()
    if name == "bundle":
        rows = (tmp_path / name / "invoice.lines.jsonl").read_bytes().splitlines()
        assert rows == list(bundled.case.made.lines)
        with pytest.raises(CrexError, match="not empty"):
            write_bundle(bundled.bundle(), tmp_path / name)


@given(st.lists(st.one_of(st.binary(max_size=60), st.binary(max_size=20).map(lambda each: b"{" + each))))
def test_any_bytes_survive_as_rows(bodies: list[bytes]) -> None:
    """BUNDLE-FORM-1: bytes with line breaks, or that begin otherwise, stand as base64; all come back."""
    assert bodies_of(rows_of(bodies)) == bodies


def test_hostile_lines_travel_too(tmp_path: Path) -> None:
    """Bytes that are no line are carried as they are: that they are wrong is for recomputation to say."""
    bodies = (b"\xff\xfe", b"{}\n{}", b"", b'{"a":1}')
    bundle = Bundle(BilledPapers(b'{"payloadType":"x","payload":"","signatures":[]}', bodies))
    for name in ("b.json", "b"):
        write_bundle(bundle, tmp_path / name)
        assert read_bundle(tmp_path / name).invoice.lines == bodies


def test_a_whole_story_is_verified() -> None:
    """DISPUTE-SETTLE-1, NOTE-REASON-1: dispute, answer, agreement and the note that carries it out."""
    bundled = Bundled.of(World.new())
    case, papers = bundled.disputed("40.00", "25.00")
    bundled.settle(case)
    opened = open_bundle(bundled.bundle(disputes=(papers,)), bundled.case.world.trust, now=AT)
    assert opened.recompute().ok
    (report,) = opened.recompute_notes()
    assert report.ok, str(report)
    missing = open_bundle(bundled.bundle(), bundled.case.world.trust, now=AT)
    (report,) = missing.recompute_notes()
    assert [each.requirement for each in report.differences] == ["NOTE-REASON-1"]


def test_who_is_not_trusted_proves_nothing(bundled: Bundled) -> None:
    """BUNDLE-TRUST-1: a bundle brings no trust of its own."""
    with pytest.raises(CrexError) as refused:
        open_bundle(bundled.bundle(), TrustDirectory(), now=AT)
    assert refused.value.reason == "ISSUER"


def test_a_changed_record_is_found(bundled: Bundled) -> None:
    """What was changed in the bundle is not what was signed."""
    bundle = bundled.bundle()
    value = json.loads(to_json(bundle))
    first = value["batches"][0]["records"][0]
    value["batches"][0]["records"][0] = value["batches"][1]["records"][0]
    assert first != value["batches"][0]["records"][0]
    opened = open_bundle(from_json(json.dumps(value).encode()), bundled.case.world.trust, now=AT)
    report = opened.recompute()
    assert not report.ok
    assert report.differences[0].place == "usage"


def test_an_invoice_alone_can_be_shown_and_not_recomputed(bundled: Bundled) -> None:
    """A bundle without sales says what is missing."""
    alone = Bundle(bundled.bundle().invoice)
    opened = open_bundle(alone, bundled.case.world.trust, now=AT)
    assert len(opened.messages) == len(bundled.case.made.lines)
    with pytest.raises(BundleError) as refused:
        opened.recompute()
    assert refused.value.reason == "REFERENCE_MISSING"


def test_a_sale_of_another_lease_does_not_do(bundled: Bundled) -> None:
    """A lease of the invoice without its sale is named."""
    other = Bundled.of(bundled.case.world)
    bundle = Bundle(bundled.bundle().invoice, (bundled.bundle().sales[0],), ())
    sale = bundle.sales[0]
    from dataclasses import replace

    from crex.trust.envelope import to_json as file_form
    from sdk.tests.invoice.note_samples import taxed

    documents = taxed()
    documents.hold.items[0].lease = "crex://broker.example/lease/other"
    signed = documents.signed(other.case.world)
    wrong = replace(
        sale,
        hold_receipt=file_form(signed.hold.envelope),
        order=file_form(signed.order.envelope),
        offer=file_form(signed.offer.envelope),
    )
    with pytest.raises(BundleError, match="no sale of crex"):
        open_bundle(replace(bundle, sales=(wrong,)), other.case.world.trust, now=AT)


def _set(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(whole: dict[str, Any]) -> None:
        *places, last = path.split(".")
        at: Any = whole
        for place in places:
            at = at[int(place)] if place.isdecimal() else at[place]
        at[int(last) if last.isdecimal() else last] = value

    return change


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (_set("format", "crex-invoice-bundle/2"), "$"),
        (_set("surprise", "x"), "$"),
        (_set("lines", "x"), "$.lines"),
        (_set("lines.0", "*"), "$.lines[0]"),
        (_set("lines.0", "YR=="), "$.lines[0]"),
        (_set("lines.0", True), "$.lines[0]"),
        (_set("invoice", "x"), "$.invoice"),
        (_set("sales.0.offer", "x"), "$.sales[0].offer"),
        (_set("sales.0.more", "x"), "$.sales[0]"),
        (_set("sales.0", "x"), "$.sales[0]"),
        (_set("batches.0.batch", "x"), "$.batches[0].batch"),
        (_set("batches.0.records", "x"), "$.batches[0].records"),
        (_set("notes", ["x"]), "$.notes[0]"),
        (_set("disputes", ["x"]), "$.disputes[0]"),
        (lambda whole: whole.pop("invoice"), "$"),
        (lambda whole: whole["sales"][0].pop("order"), "$.sales[0]"),
    ],
)
def test_another_form_is_refused(
    bundled: Bundled, change: Callable[[dict[str, Any]], None], place: str
) -> None:
    """BUNDLE-FORM-1: whatever is not of the form is refused, with its place."""
    value = json.loads(to_json(bundled.bundle()))
    change(value)
    with pytest.raises(BundleError) as refused:
        from_json(json.dumps(value).encode())
    assert refused.value.details["path"] == place


def test_rows_that_are_neither_are_refused() -> None:
    """BUNDLE-FORM-1: a row is an object or a text of base64."""
    for rows in (b"x\n", b"1\n", b'"*"\n'):
        with pytest.raises(BundleError, match="line 1"):
            bodies_of(rows)


def test_what_is_no_bundle_is_named(tmp_path: Path) -> None:
    """A folder without an invoice, a file that is not there, and a file of something else."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "other.json").write_text("[]")
    for name, reason in (("empty", "NOT_FOUND"), ("gone.json", "NOT_FOUND"), ("other.json", "SCHEMA")):
        with pytest.raises(CrexError) as refused:
            read_bundle(tmp_path / name)
        assert refused.value.reason == reason
        assert refused.value.source == str(tmp_path / name)
