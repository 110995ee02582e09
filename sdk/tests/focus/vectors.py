"""The conformance vectors of billing, rated and put on an invoice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from crex.documents import convert, reader
from crex.focus import Bill, LeaseFacts
from crex.rating import Rating, rate_bill
from crex.v1 import Header, Invoice, Money, PricePlan
from sdk.tests.rating.vector_bills import bill_of

VECTORS = Path(__file__).parents[3] / "conformance/src/crex_conformance/vectors/billing"


def load(op: str) -> Iterator[Mapping[str, Any]]:
    """Yields the vectors of an operation that expect a bill; a file holds one vector or a list of them."""
    for path in sorted(VECTORS.glob("*.json")):
        found = orjson.loads(path.read_bytes())
        for vector in found if isinstance(found, list) else [found]:
            if vector["op"] == op and {"lines", "notes"} & set(vector["expect"]):
                yield vector


def invoiced(given: Mapping[str, Any], rating: Rating) -> Bill:
    """The invoice of a rated vector."""
    made = bill_of(given)
    currency = rating.total.currency
    names = [use.terms.name for use in made.leases]
    invoice = Invoice(
        header=Header(id="crex://provider.example/invoice/i1", revision=1, issuer="provider.example"),
        seller="provider.example",
        buyer="consumer.example",
        account=made.account or "consumer.example",
        leases=names,
        period=made.period.message(),
        currency=currency,
        taxes=[tax.message() for tax in rating.taxes],
        total=Money(currency=currency, amount=rating.total.amount),
        rating_digest=rating.digest,
    )
    plans = {}
    for each, plan in zip(given.get("plans") or [{"plan": given.get("plan")}], made.plans, strict=True):
        body = orjson.dumps(each["plan"])
        plans[plan.pin.sha256] = convert.to_message(reader.read(body, PricePlan), PricePlan)
    return Bill(
        document=invoice,
        sha256="2e" * 32,
        lines=[line.message() for line in rating.lines],
        plans=plans,
        leases={use.terms.name: LeaseFacts(interval=use.terms.interval) for use in made.leases},
    )


def bill_of_vector(vector: Mapping[str, Any]) -> Bill:
    """The invoice that a vector's input comes to."""
    return invoiced(vector["input"], rate_bill(bill_of(vector["input"])))
