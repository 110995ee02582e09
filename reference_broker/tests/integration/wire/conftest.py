"""One broker for all tests on the wire that leave it as they found it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from reference_broker.tests.command_line import Sale, sell
from reference_broker.tests.documents import Goods
from reference_broker.tests.wire import Operation, WireParty, publish

UNITS = 1000


@dataclass(frozen=True)
class Market:
    """A broker that serves, and its parties.

    Attributes:
        operation: The broker.
        provider: Sells `goods`.
        consumer: Buys.
        other: A provider and a consumer, who is to see nothing of these two.
        publisher: Publishes prices.
        operator: The broker's operator.
        goods: What is on sale.
    """

    operation: Operation
    provider: WireParty
    consumer: WireParty
    other: WireParty
    publisher: WireParty
    operator: WireParty
    goods: Goods


@pytest.fixture(scope="package")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A market of three parties and one that publishes prices."""
    operation = Operation.prepare(tmp_path_factory.mktemp("market"))
    provider = operation.party("provider.example", ["provider"])
    consumer = operation.party("consumer.example", ["consumer"])
    other = operation.party("other.example", ["provider", "consumer"])
    publisher = operation.party("publisher.example", ["publisher"])
    operation.start()
    try:
        goods = publish(provider, UNITS)
        yield Market(operation, provider, consumer, other, publisher, operation.operator, goods)
    finally:
        operation.close()


@pytest.fixture(scope="package")
def sale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sale]:
    """A sale from describing the host to the invoice, made with `crex` only."""
    with sell(tmp_path_factory.mktemp("sale")) as made:
        yield made
