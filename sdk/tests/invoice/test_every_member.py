"""Whatever is changed in an invoice or a note that has everything, its buyer finds it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from crex.documents import convert
from crex.errors import CrexError
from crex.invoice import Basis, InvoiceDraft, verify
from crex.v1 import Accumulator, AccumulatorReset, AccumulatorScope, CreditNote, Invoice
from sdk.tests.invoice.note_samples import Corrected
from sdk.tests.invoice.samples import NOW, World
from sdk.tests.invoice.test_account_invoices import billed, sold
from sdk.tests.invoice.test_render_everything import everything

Json = dict[str, Any]
# What an invoice or a note says that follows from nothing: its own name and time, and when it is due.
FREE = ("header", "dueTime")


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every leaf and every list of a document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if path or name not in FREE:
                yield from places(inner, (*path, name))
    elif isinstance(value, list):
        yield path
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))
    else:
        yield path


def changed(value: Json, path: tuple[str | int, ...]) -> Json:
    """The document with one leaf changed, or one list shortened, as little as can be."""
    found = copy.deepcopy(value)
    inner: Any = found
    for step in path[:-1]:
        inner = inner[step]
    last = path[-1]
    old = inner[last]
    if isinstance(old, list):
        del old[-1]
        if not old:
            del inner[last]
    elif isinstance(old, bool):
        inner[last] = not old
    elif isinstance(old, int):
        inner[last] = old + 1
    elif old.endswith("Z") and "T" in old:
        inner[last] = old.replace(":00Z", ":01Z")
    else:
        inner[last] = old[:-1] + ("8" if old[-1] == "7" else "7")
    return found


@pytest.fixture(scope="module")
def basis(world: World) -> Basis:
    """April under a plan that has everything, some of it counted over the term."""
    documents = everything()
    documents.plan.components[1].accumulator.CopyFrom(
        Accumulator(
            scope=AccumulatorScope.ACCUMULATOR_SCOPE_LEASE, reset=AccumulatorReset.ACCUMULATOR_RESET_TERM
        )
    )
    documents.plan.components[1].tiers[0].ClearField("flat_price")
    own = sold(world, documents)
    march = billed(Basis.of(own.sale, own.batches[:2]), "march")
    return Basis.of(own.sale, own.batches, earlier=world.signed(march.message, NOW))


@pytest.fixture(scope="module")
def made(basis: Basis) -> InvoiceDraft:
    """Its invoice."""
    return billed(basis)


def test_every_member_of_an_invoice_is_held_to(world: World, basis: Basis, made: InvoiceDraft) -> None:
    """A change of any member is named as a difference, or is no invoice at all (INVOICE-VERIFY-1)."""
    value = convert.to_json(made.message)
    assert verify(world.signed(made.message, NOW), made.lines, basis).ok
    seen = set()
    for path in places(value):
        try:
            message = convert.to_message(changed(value, path), Invoice)
            invoice = world.signed(message, NOW)
        except CrexError:
            continue  # not in strict form, or against the contract
        seen.add(path[0])
        if path[0] == "tzTransitions" and path[-1] == "utc":
            continue  # since when an offset holds is asked only as far as it matters (RATE-ZONE-1)
        assert not verify(invoice, made.lines, basis).ok, path
    assert seen >= {
        "orders", "pricePlans", "usageBatches", "tzTransitions", "seller", "buyer", "account", "period",
        "linesRoot", "lineCount", "netTotal", "total", "ratingDigest", "taxes", "earlierInvoices",
        "openings", "closings", "leases",
    }  # fmt: skip


def test_every_byte_of_the_lines_is_held_to(world: World, basis: Basis, made: InvoiceDraft) -> None:
    """A line with one byte more, less or other is named, root or not (INVOICE-LINES-1)."""
    invoice = world.signed(made.message, NOW)
    body = made.lines[0]
    for index in range(0, len(body), 7):
        for other in (body[:index] + b"7" + body[index + 1 :], body[:index] + body[index + 1 :]):
            if other != body:
                assert not verify(invoice, (other, *made.lines[1:]), basis).ok
    assert not verify(invoice, made.lines[1:], basis).ok
    assert not verify(invoice, (*made.lines, made.lines[0]), basis).ok
    assert not verify(invoice, made.lines[::-1], basis).ok


def test_every_member_of_a_note_is_held_to(world: World) -> None:
    """A change of any member is named as a difference, or is no note at all (NOTE-REASON-1)."""
    case = Corrected.of(world)
    case.revise("3000")
    case.issue(case.by_usage())
    case.revise("2000")
    note = case.by_usage()
    assert note is not None
    value = convert.to_json(note.message)
    first = case.notes[0]
    assert [one.ok for one in case.reports([first, case.sign(note)])] == [True, True]
    seen = set()
    for path in places(value["correction"], ("correction",)):
        try:
            message = convert.to_message(changed(value, path), CreditNote)
            signed = case.sign(type(note)(message, note.lines, note.differences))
        except CrexError:
            continue
        seen.add(path[1])
        reports = case.reports([first, signed])
        assert not reports[1].ok, path
    assert seen >= {"invoice", "earlierNotes", "usageBatches", "seller", "taxes", "total"}
