"""The billing vectors of the conformance suite, whose expected values were worked out without this engine.

A vector gives plan, records, service events, lease, period, offsets and gap markers; it expects lines and
sums, or a refusal with its reason. Values are compared exactly: quantities and exact amounts as fractions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import orjson
import pytest
from google.protobuf.message import Message

from crex.documents import convert, reader
from crex.documents.times import format_time, parse_time
from crex.errors import CrexError
from crex.metering import Span, parse_record
from crex.rating import LeaseTerms, Line, Plan, Rating, Zone, rate
from crex.v1 import GapMarker, Pin, PricePlan, ServiceEvent, TzTransition

VECTORS = Path(__file__).parents[3] / "conformance/src/crex_conformance/vectors/billing"
M = TypeVar("M", bound=Message)


def load() -> Iterator[Any]:
    """Yields the vectors of the folder as test parameters; a file holds one vector or a list of them."""
    for path in sorted(VECTORS.glob("*.json")):
        found = orjson.loads(path.read_bytes())
        for vector in found if isinstance(found, list) else [found]:
            if vector["op"] == "billing.rate":
                yield pytest.param(vector, id=vector["id"])


def messages(values: list[dict[str, Any]], message: type[M]) -> list[M]:
    """Parts of documents, each in strict form."""
    return [convert.to_message(reader.read(orjson.dumps(value), message), message) for value in values]


def span(value: Mapping[str, str]) -> Span:
    """An interval of the vector."""
    return Span.between(parse_time(value["start"]), parse_time(value["end"]))


def written_out(records: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yields records, each `repeat` as what it stands for: one number on and `step_ms` later each time."""
    for value in records:
        repeat = value.get("repeat", {"count": 1, "step_ms": 0, "record": value})
        record, step = repeat["record"], timedelta(milliseconds=repeat["step_ms"])
        for turn in range(repeat["count"]):
            moved = {name: format_time(parse_time(record[name]) + turn * step) for name in ("start", "end")}
            yield {**record, "seq": str(int(record["seq"]) + turn), **moved} if turn else record


def rated(given: Mapping[str, Any]) -> Rating:
    """Carries a vector's input out."""
    body = orjson.dumps(given["plan"])
    plan = convert.to_message(reader.read(body, PricePlan), PricePlan)
    digest = given.get("plan_sha256", sha256(body).hexdigest())
    pin = Pin(id=plan.header.id, revision=plan.header.revision, sha256=digest)
    lease, transitions = given["lease"], messages(given.get("tz_transitions", []), TzTransition)
    return rate(
        Plan.of(plan, pin),
        LeaseTerms(lease["name"], lease["order"], int(lease["quantity"]), span(lease["interval"])),
        span(given["period"]),
        [parse_record(orjson.dumps(record)) for record in written_out(given["records"])],
        messages(given.get("service_events", []), ServiceEvent),
        zone=Zone.of(transitions) if transitions else None,
        gaps=messages(given.get("gaps", []), GapMarker),
    )


def shown(line: Line) -> tuple[Any, ...]:
    """A line as vectors state it."""
    return (
        line.component or f"{line.dimension}:{line.unit}",
        line.tier,
        (str(line.quantity.numerator), str(line.quantity.denominator)),
        (str(line.exact_amount.numerator), str(line.exact_amount.denominator)),
        line.amount.amount,
    )


def expected(line: Mapping[str, Any]) -> tuple[Any, ...]:
    """A line that a vector expects."""
    return (
        line.get("component") or f"{line['dimension']}:{line['unit']}",
        int(line["tier"]) if line.get("tier") else None,
        (str(line["quantity"]["num"]), str(line["quantity"]["den"])),
        (str(line["exact_amount"]["num"]), str(line["exact_amount"]["den"])),
        line["amount"],
    )


@pytest.mark.parametrize("vector", list(load()))
def test_a_vector(vector: Mapping[str, Any]) -> None:
    """The engine comes to what the vector expects, or refuses for its reason."""
    expect = vector["expect"]
    if expect["outcome"] == "rejected":
        with pytest.raises(CrexError) as refused:
            rated(vector["input"])
        assert refused.value.reason in expect["reasons"], vector["why"]
        return
    rating = rated(vector["input"])
    lines = sorted(map(shown, rating.lines), key=repr)
    assert lines == sorted(map(expected, expect["lines"]), key=repr), vector["why"]
    assert rating.net_total.amount == expect["net_total"], vector["why"]
    assert rating.complete == expect["complete"], vector["why"]
    assert rating.digest == expect.get("rating_digest", rating.digest), vector["why"]
