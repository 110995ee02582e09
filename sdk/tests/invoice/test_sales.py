"""A sale: documents that cite each other, and every way in which they do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from crex.invoice import Sale, SaleError
from crex.v1 import HoldItem
from sdk.tests.invoice.samples import (
    CONSUMER,
    LEASE,
    ORDER,
    PROVIDER,
    Documents,
    Usage,
    World,
    draft,
    interval,
)


def test_a_sale(world: World) -> None:
    """Order, quantity, interval, parties and terms come from the documents of the sale."""
    sale = Documents().signed(world).sale()
    assert (sale.terms.name, sale.terms.order, sale.terms.quantity) == (LEASE, ORDER, 4)
    assert (sale.terms.interval, sale.seller, sale.buyer) == (interval(), PROVIDER, CONSUMER)
    assert (sale.account, sale.anchor_day, sale.spend_limit) == (CONSUMER, 1, None)


def test_what_the_documents_state(world: World) -> None:
    """Account, anchor day and spend limit are taken where they are stated."""
    documents = Documents().limit("100.00")
    documents.order.account = "research"
    documents.offer.terms.billing_anchor_day = 15
    sale = documents.signed(world).sale()
    assert (sale.account, sale.anchor_day) == ("research", 15)
    assert sale.spend_limit is not None
    assert sale.spend_limit.amount == "100.00"


def _other_quantity(documents: Documents) -> None:
    documents.order.items[0].quantity = 3


def _other_interval(documents: Documents) -> None:
    documents.order.items[0].interval.end.FromSeconds(documents.order.items[0].interval.end.seconds - 3600)


def _more_items(documents: Documents) -> None:
    documents.order.items.add().CopyFrom(documents.order.items[0])
    documents.order.items[1].offer.CopyFrom(
        Documents()
        .hold.items[0]
        .offer.__class__(id="crex://provider.example/offer/f2", revision=1, sha256="0" * 64)
    )


def _other_lease(documents: Documents) -> None:
    documents.hold.items[0].CopyFrom(HoldItem(quantity=4, lease=LEASE + "x"))


def _other_provider(documents: Documents) -> None:
    documents.hold.provider = "other.example"


def _other_consumer(documents: Documents) -> None:
    documents.hold.consumer = "other.example"


def _other_audience(documents: Documents) -> None:
    documents.order.audience = "other.example"


CONTRADICTIONS: dict[str, tuple[Callable[[Documents], None], str]] = {
    "quantity": (_other_quantity, "item 0 of the order"),
    "interval": (_other_interval, "item 0 of the order"),
    "items": (_more_items, "2 items"),
    "lease": (_other_lease, "names no lease"),
    "provider": (_other_provider, "the provider is other.example"),
    "consumer": (_other_consumer, "the consumer is other.example"),
    "audience": (_other_audience, "by the order"),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_documents_that_contradict_each_other(world: World, case: str) -> None:
    """Each is one change away from a sale."""
    change, text = CONTRADICTIONS[case]
    documents = Documents()
    change(documents)
    with pytest.raises(SaleError, match=text) as refused:
        documents.signed(world).sale()
    assert (refused.value.reason, refused.value.details["requirement"]) == ("TERMS", "INVOICE-SALE-1")


@pytest.mark.parametrize("document", ["plan", "offer", "hold"])
def test_documents_that_are_not_those_pinned(world: World, document: str) -> None:
    """A later revision of a pinned document is another document."""
    signed, other = Documents().signed(world), Documents()
    getattr(other, document).header.revision = 2
    with pytest.raises(SaleError, match="revision 2, is not the document") as refused:
        replace(signed, **{document: getattr(other.signed(world), document)}).sale()
    assert refused.value.reason == "SUBJECT"


def test_usage_of_another_order(world: World, usage: Usage) -> None:
    """Usage that pins another order is not billed."""
    documents = Documents()
    documents.order.header.id += "x"
    other = documents.signed(world).sale()
    with pytest.raises(SaleError, match="the usage batch pins") as refused:
        draft(other, usage.batches)
    assert refused.value.reason == "SUBJECT"


def test_usage_of_another_provider(world: World, usage: Usage, sale: Sale) -> None:
    """Usage that another authority signed is not billed."""
    with pytest.raises(SaleError, match="by the batch") as refused:
        draft(replace(sale, seller="other.example"), usage.batches)
    assert refused.value.reason == "TERMS"
