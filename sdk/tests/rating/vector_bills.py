"""Reading the input of a billing vector: what a bill is made of, each document in strict form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any, TypeVar

import orjson
from google.protobuf.message import Message

from crex.documents import convert, reader
from crex.documents.times import format_time, parse_time
from crex.metering import Record, Span, parse_record
from crex.rating import Bill, LeaseTerms, LeaseUse, Openings, Plan, Series, Zone
from crex.v1 import AccumulatorValue, GapMarker, Pin, PricePlan, PriceSeries, ServiceEvent, TzTransition

M = TypeVar("M", bound=Message)


def bill_of(given: Mapping[str, Any]) -> Bill:
    """Returns the bill that a vector's input describes.

    Raises:
        CrexError: A document of it is not in strict form or breaks a rule.
    """
    period = span(given["period"])
    transitions = messages(given.get("tz_transitions", []), TzTransition)
    return Bill(
        plans=tuple(plans(given)),
        leases=tuple(leases(given)),
        period=period,
        whole=span(given["whole_period"]) if "whole_period" in given else period,
        zone=Zone.of(transitions) if transitions else None,
        account=given.get("account"),
        series=tuple(Series.of(one) for one in messages(given.get("series", []), PriceSeries)),
        openings=Openings.of(messages(given.get("openings", []), AccumulatorValue)),
    )


def plans(given: Mapping[str, Any]) -> Iterator[Plan]:
    """Yields the plans of an input: `plans`, or the one `plan`."""
    one = {"plan": given.get("plan"), "sha256": given.get("plan_sha256")}
    for each in given.get("plans") or [one]:
        body = orjson.dumps(each["plan"])
        plan = convert.to_message(reader.read(body, PricePlan), PricePlan)
        digest = each.get("sha256") or sha256(body).hexdigest()
        pin = Pin(id=plan.header.id, revision=plan.header.revision, sha256=digest)
        yield Plan.of(plan, pin)


def leases(given: Mapping[str, Any]) -> Iterator[LeaseUse]:
    """Yields the leases of an input with their use: `leases`, or the one `lease`."""
    use = ("records", "service_events", "gaps", "first_seq")
    one = {**given.get("lease", {}), **{name: given[name] for name in use if name in given}}
    for each in given.get("leases") or [one]:
        terms = LeaseTerms(
            each["name"],
            each["order"],
            int(each["quantity"]),
            span(each["interval"]),
            region=each.get("region"),
            interruptible=each.get("interruptible", False),
        )
        yield LeaseUse(
            terms=terms,
            records=parsed(each["records"]),
            events=tuple(messages(each.get("service_events", []), ServiceEvent)),
            gaps=tuple(messages(each.get("gaps", []), GapMarker)),
            first_seq={name: int(seq) for name, seq in each.get("first_seq", {}).items()},
        )


def parsed(records: Sequence[Mapping[str, Any]]) -> tuple[Record, ...]:
    """Reads the records of a vector."""
    return tuple(parse_record(orjson.dumps(record)) for record in written_out(records))


def written_out(records: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yields records, each `repeat` as what it stands for: one number on and `step_ms` later each time."""
    for value in records:
        repeat = value.get("repeat", {"count": 1, "step_ms": 0, "record": value})
        record, step = repeat["record"], timedelta(milliseconds=repeat["step_ms"])
        for turn in range(repeat["count"]):
            moved = {name: format_time(parse_time(record[name]) + turn * step) for name in ("start", "end")}
            yield {**record, "seq": str(int(record["seq"]) + turn), **moved} if turn else record


def messages(values: list[dict[str, Any]], message: type[M]) -> list[M]:
    """Parts of documents, each in strict form."""
    return [convert.to_message(reader.read(orjson.dumps(value), message), message) for value in values]


def span(value: Mapping[str, str]) -> Span:
    """An interval of the vector."""
    return Span.between(parse_time(value["start"]), parse_time(value["end"]))
