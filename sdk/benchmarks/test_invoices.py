"""Recomputing invoices and notes that have everything, against parsing the same inputs once.

Beside the plain invoice of `test_rating`: each line has a discount and bears a tax, and a corrected record
makes a note of it. Goal: at most 5 times of parsing plan, records and lines strictly.
"""

from __future__ import annotations

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from pytest_benchmark.fixture import BenchmarkFixture

from crex.documents import reader
from crex.invoice import Basis, Ledger, SignedNote, cancel, verify, verify_notes
from crex.metering import Record, parse_record
from crex.v1 import Credit, CreditKind, InvoiceLine, PricePlan, TaxRule
from sdk.benchmarks.test_rating import COMPONENTS, TIERS, compare
from sdk.tests.invoice.samples import NOW, PROVIDER, START, Documents, Usage, World, draft, header, march
from sdk.tests.rating.samples import activated, count, counted


def _documents() -> Documents:
    """A plan of 157 components of 64 tiers, all with 5 % off and one of three taxes."""
    documents = Documents()
    plan = documents.plan
    tiers = [(str(tier), f"0.{tier:03d}1") for tier in range(1, TIERS)]
    plan.ClearField("components")
    for number in range(COMPONENTS):
        component = counted([*tiers, (None, "0.5")], id=f"c{number}", dimension=f"used-{number}", per="7")
        component.tax_category = f"category-{number % 3}"
        plan.components.append(component)
    plan.credits.append(Credit(id="loyal", kind=CreditKind.CREDIT_KIND_PERCENT, percent="5"))
    plan.taxes.extend(
        TaxRule(category=f"category-{number}", rate=f"0.{number + 1}9", jurisdiction="de")
        for number in range(3)
    )
    documents.offer.terms.correction_horizon.CopyFrom(Duration(seconds=90 * 86_400))
    return documents


def _used(number: int, quantity: str, revision: int = 1) -> Record:
    meter = f"m{number // 8:02d}-{number % 8}"
    return count(START, START, quantity, seq=1, meter=meter, dimension=f"used-{number}", revision=revision)


def _usage(world: World) -> Usage:
    usage = Usage(world, _documents().signed(world).sale())
    records = [_used(number, "100.5") for number in range(COMPONENTS)]
    # A batch states at most 64 ranges of numbers.
    groups = [records[at : at + 60] for at in range(0, COMPONENTS, 60)]
    for index, group in enumerate(groups):
        events = [activated(START)] if index == 0 else []
        usage.seal(group, march(), events=events, final=index == len(groups) - 1)
    return usage


def test_verify_an_invoice_with_credits_and_taxes(benchmark: BenchmarkFixture) -> None:
    """Every check of a buyer on an invoice of 10,048 lines, each with a factor and a tax."""
    world = World.new()
    usage = _usage(world)
    basis = Basis.of(usage.sale, usage.batches)
    made = draft(usage.sale, usage.batches)
    invoice = world.signed(made.message, NOW)
    bodies = [body for each in usage.batches for body in each.bodies or ()]

    def parse() -> None:
        reader.read(usage.sale.price_plan.body, PricePlan)
        for body in bodies:
            parse_record(body)
        for line in made.lines:
            reader.read(line, InvoiceLine)

    def recompute() -> object:
        return verify(invoice, made.lines, basis).require()

    medians = compare({"parse": parse, "verify": recompute})
    benchmark.extra_info |= {
        "compared": "parsing the plan, the records and the lines once, strictly",
        "lines": len(made.lines),
        "parse_ms": round(medians["parse"] * 1e3, 1),
        "verify_ms": round(medians["verify"] * 1e3, 1),
        "ratio": round(medians["verify"] / medians["parse"], 2),
        "goal": "≤ 5",
    }
    benchmark(recompute)
    print(f"\nverify an invoice with credits and taxes: {benchmark.extra_info}")


def test_verify_a_note(benchmark: BenchmarkFixture) -> None:
    """A note that takes back 10,048 lines, against parsing the lines of the invoice and of the note."""
    world = World.new()
    usage = _usage(world)
    made = draft(usage.sale, usage.batches)
    invoice = world.signed(made.message, NOW)
    ledger = Ledger.of(invoice, made.lines, usage.sale.plan)
    at = NOW + timedelta(hours=1)
    taken = cancel(ledger, header=header(PROVIDER, "note/n1", at))
    note = SignedNote(world.signed(taken.message, at), taken.lines)
    basis = Basis.of(usage.sale, usage.batches)

    def parse() -> None:
        for line in (*made.lines, *taken.lines):
            reader.read(line, InvoiceLine)

    def recompute() -> object:
        start = Ledger.of(invoice, made.lines, usage.sale.plan)
        [report] = verify_notes(start, [note], basis)
        return report.require()

    medians = compare({"parse": parse, "verify": recompute})
    benchmark.extra_info |= {
        "compared": "parsing the lines of invoice and note once, strictly",
        "lines": len(made.lines) + len(taken.lines),
        "parse_ms": round(medians["parse"] * 1e3, 1),
        "verify_ms": round(medians["verify"] * 1e3, 1),
        "ratio": round(medians["verify"] / medians["parse"], 2),
        "goal": "≤ 5",
    }
    benchmark(recompute)
    print(f"\nverify a note: {benchmark.extra_info}")
