"""A sale at a spot price by the command line: published, used, billed at no more than agreed, recomputed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import pytest

from crex import v1
from crex.documents import convert
from crex.documents.reader import read
from crex.errors import RemoteError
from crex.trust import merkle
from reference_broker.tests.command_line import Sale, Spot, sell
from reference_broker.tests.exchange import PUBLISHER
from reference_broker.tests.series import SPOT, spot
from reference_broker.tests.wire import WireParty, request_id

MOST: Final = "3600"


def price(plan: dict[str, Any]) -> None:
    """Prices the units of a drafted plan by the series, at 3600 an hour at most."""
    (units,) = [one for one in plan["components"] if one["dimension"] == "compute-unit"]
    units["priceSeries"] = {"id": SPOT, "publisher": PUBLISHER, "maxUnitPrice": MOST}
    units["tiers"] = [{"unitPrice": "0"}]
    units.pop("granularity", None)


def revisions(publisher: WireParty) -> Sequence[v1.PriceSeries]:
    """A day of low prices that ended, and from then on more than anybody has to pay."""
    turn = publisher.at(seconds=-1)
    return (
        spot(publisher, (publisher.at(days=-1), "1"), end=turn),
        spot(publisher, (turn, "9000"), end=publisher.at(hours=2), revision=2),
    )


@pytest.fixture(scope="module")
def spotted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sale]:
    """A sale at the spot price, from publishing the prices to the invoice."""
    with sell(tmp_path_factory.mktemp("spot"), spot=Spot(price, revisions)) as made:
        yield made


def invoice_of(sale: Sale) -> tuple[v1.Invoice, list[bytes]]:
    """The invoice as its consumer sees it, with its lines."""
    with sale.party(sale.consumer).client() as client:
        got = client.get_invoice(v1.GetInvoiceRequest(invoice_id=sale.invoice))
    return convert.to_message(read(got.invoice.payload, v1.Invoice), v1.Invoice), list(got.lines)


def test_the_consumer_recomputes_it_from_the_publishers_prices(spotted: Sale, tmp_path: Path) -> None:
    """INVOICE-VERIFY-1, RATE-SERIES-2: each point above the most that was agreed is charged at that."""
    report = spotted.consumer("invoice", "verify", spotted.invoice)
    assert report["ok"] is True
    invoice, lines = invoice_of(spotted)
    assert [(each.id, each.revision) for each in invoice.series_points] == [(SPOT, 2)]
    (line,) = [each for each in map(json.loads, lines) if "series" in each]
    assert line["series"] == SPOT
    amount = Fraction(int(line["exactAmount"]["num"]), int(line["exactAmount"].get("den", 1)))
    used = Fraction(int(line["quantity"]["num"]), int(line["quantity"].get("den", 1)))
    assert amount == used > 0  # seconds at 3600 an hour, not at 9000
    bundle = tmp_path / "invoice.json"
    export = ["-o", str(bundle), "invoice", "export", spotted.invoice, "--format", "bundle"]
    assert spotted.consumer.plain(*export) == 0
    assert spotted.consumer("invoice", "verify", str(bundle))["ok"] is True
    assert spotted.consumer("invoice", "accept", spotted.invoice)["state"] == "INVOICE_STATE_ACCEPTED"


def test_a_bill_at_the_point_itself_is_refused(spotted: Sale) -> None:
    """BILLING-ISSUE-2: what goes beyond the most that was agreed is refused, however well it is signed."""
    invoice, lines = invoice_of(spotted)
    at, dear = next((at, json.loads(line)) for at, line in enumerate(lines) if b'"series"' in line)
    dear["amount"]["amount"] = "9000.00"
    lines[at] = json.dumps(dear, separators=(",", ":")).encode()
    provider = spotted.party(spotted.provider)
    invoice.header.CopyFrom(provider.header(provider.authority, "invoice", "dear"))
    invoice.lines_root = merkle.root(lines).hex()
    request = v1.IssueInvoiceRequest(
        request_id=request_id(), invoice=provider.identity.sign_document(invoice), lines=lines
    )
    with provider.client() as client, pytest.raises(RemoteError) as refused:
        client.issue_invoice(request)
    assert refused.value.reason == "RATING_DIFFERS"


def test_a_bill_by_prices_that_are_not_published_is_refused(spotted: Sale) -> None:
    """BILLING-SERIES-3: a series that the publisher did not publish here prices nothing here."""
    invoice, lines = invoice_of(spotted)
    provider = spotted.party(spotted.provider)
    invoice.header.CopyFrom(provider.header(provider.authority, "invoice", "unknown"))
    invoice.series_points[0].sha256 = "0" * 64
    request = v1.IssueInvoiceRequest(
        request_id=request_id(), invoice=provider.identity.sign_document(invoice), lines=lines
    )
    with provider.client() as client, pytest.raises(RemoteError) as refused:
        client.issue_invoice(request)
    assert (refused.value.reason, refused.value.code) == ("REFERENCE_MISSING", "NOT_FOUND")


@pytest.mark.parametrize("who", ["provider", "consumer", "other"])
def test_only_a_publisher_publishes_prices(spotted: Sale, who: str) -> None:
    """BILLING-SERIES-1: a provider, a consumer, and one that is both, are told that they may not."""
    publisher = spotted.party(spotted.publisher)
    document = spot(publisher, (publisher.at(hours=2), "1"), end=publisher.at(hours=3), revision=9)
    request = v1.PublishDocumentRequest(
        request_id=request_id(), envelope=publisher.identity.sign_document(document)
    )
    party = spotted.party(getattr(spotted, who))
    with party.client() as client, pytest.raises(RemoteError) as refused:
        client.publish_document(request)
    assert (refused.value.reason, refused.value.code) == ("ROLE", "PERMISSION_DENIED")


def test_a_revision_that_contradicts_is_refused(spotted: Sale) -> None:
    """BILLING-SERIES-2: what was stated once for an instant stays, whatever is published later."""
    publisher = spotted.party(spotted.publisher)
    later = spot(publisher, (publisher.at(minutes=5), "1"), end=publisher.at(hours=3), revision=3)
    request = v1.PublishDocumentRequest(
        request_id=request_id(), envelope=publisher.identity.sign_document(later)
    )
    with publisher.client() as client, pytest.raises(RemoteError) as refused:
        client.publish_document(request)
    assert (refused.value.reason, refused.value.details["requirement"]) == ("CONFLICT", "BILLING-SERIES-2")


def test_prices_that_go_on_are_published_by_command(spotted: Sale, tmp_path: Path) -> None:
    """A revision of the hours that follow is signed and published from its file, as any document is."""
    publisher = spotted.party(spotted.publisher)
    further = spot(publisher, (publisher.at(hours=2), "2"), end=publisher.at(hours=3), revision=4)
    place = tmp_path / "spot.json"
    place.write_bytes(convert.dump(further))
    (published,) = spotted.publisher("publish", str(place), "--type", "price-series")
    assert published["type"] == "price-series"
