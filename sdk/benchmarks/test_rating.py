"""Rating and recomputing, against parsing the same inputs once.

Both sides are interleaved in one run, and only their ratio counts. Parsing reads the exact bytes strictly,
checks schema and rules, and does nothing else; it is what anybody must do who wants to know what the bytes
say.
Goals: an invoice of 10,000 lines is recomputed and verified in at most 5 times of parsing its inputs; the
reference engine rates a record in about the time of parsing it. (The bulk engine is for millions of records.)
"""

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter

from pytest_benchmark.fixture import BenchmarkFixture

from crex.documents import reader
from crex.documents.times import from_ms
from crex.invoice import Basis, Sale, SealedBatch, verify
from crex.metering import parse_record
from crex.v1 import InvoiceLine, PricePlan
from sdk.tests.invoice.samples import START, Documents, Usage, World, draft, march, signed_invoice
from sdk.tests.rating.samples import activated, bill, component, count, counted, lease, plan, record

ROUNDS = 7
RECORDS = 10_000
# 157 components of 64 tiers, each filled: 10,048 lines, of the at most 256 × 64 that a plan can give.
COMPONENTS, TIERS = 157, 64


def compare(sides: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of each side, all interleaved, after one warm-up."""
    samples: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(ROUNDS + 1):
        for name, side in sides.items():
            begin = perf_counter()
            side()
            if turn:
                samples[name].append(perf_counter() - begin)
    return {name: median(values) for name, values in samples.items()}


def test_rate_records(benchmark: BenchmarkFixture) -> None:
    """Ten thousand records of held and counted use, graduated, against parsing them."""
    begin = march().start_ms
    priced = plan(
        component([("10000", "2.99"), (None, "1.995")]),
        counted([("1000", "0.1"), (None, "0.05")], id="tokens", step="0.01"),
    )
    bodies = []
    for seq in range(1, RECORDS // 2 + 1):
        start, end = from_ms(begin + seq * 1000), from_ms(begin + seq * 1000 + 1000)
        bodies.append(record(start, end, "8", seq=seq).body)
        bodies.append(count(start, end, "1.25", seq=seq).body)
    records = [parse_record(body) for body in bodies]
    terms = lease(8, from_ms(begin), from_ms(march().end_ms))

    def parse() -> object:
        return [parse_record(body) for body in bodies]

    def engine() -> object:
        return bill(priced, records, of=terms, period=march())

    medians = compare({"parse": parse, "rate": engine})
    benchmark.extra_info |= {
        "compared": "parsing the same records strictly",
        "records": RECORDS,
        "parse_us_per_record": round(medians["parse"] / RECORDS * 1e6, 1),
        "rate_us_per_record": round(medians["rate"] / RECORDS * 1e6, 1),
        "ratio": round(medians["rate"] / medians["parse"], 2),
    }
    benchmark(engine)
    print(f"\nrate records: {benchmark.extra_info}")


def _sale(world: World) -> Sale:
    documents = Documents()
    tiers = [(str(tier), f"0.{tier:03d}1") for tier in range(1, TIERS)]
    documents.plan.ClearField("components")
    documents.plan.components.extend(
        counted([*tiers, (None, "0.5")], id=f"c{number}", dimension=f"used-{number}", per="7")
        for number in range(COMPONENTS)
    )
    return documents.signed(world).sale()


def test_verify_an_invoice_of_10_000_lines(benchmark: BenchmarkFixture) -> None:
    """Every check of a buyer, on an invoice of 10,048 lines, against parsing what it is made of."""
    world = World.new()
    sale = _sale(world)
    usage = Usage(world, sale)
    records = [
        count(
            START, START, "100.5", seq=1, meter=f"m{number // 8:02d}-{number % 8}", dimension=f"used-{number}"
        )
        for number in range(COMPONENTS)
    ]
    # A batch states at most 64 ranges of numbers.
    groups = [records[at : at + 60] for at in range(0, COMPONENTS, 60)]
    for index, group in enumerate(groups):
        events = [activated(START)] if index == 0 else []
        usage.seal(group, march(), events=events, final=index == len(groups) - 1)
    made = draft(sale, usage.batches)
    invoice = signed_invoice(world, made.message)
    plan_body, bodies = sale.price_plan.body, [body for each in usage.batches for body in each.bodies or ()]

    def parse() -> None:
        reader.read(plan_body, PricePlan)
        for body in bodies:
            parse_record(body)
        for line in made.lines:
            reader.read(line, InvoiceLine)

    def recompute() -> object:
        batches = [SealedBatch(each.batch, each.bodies) for each in usage.batches]
        return verify(invoice, made.lines, Basis.of(sale, batches)).require()

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
    print(f"\nverify an invoice: {benchmark.extra_info}")
