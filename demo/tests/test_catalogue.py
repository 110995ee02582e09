"""The catalogue of public price facts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from google.protobuf.message import Message

from crex import v1
from crex.client import Client, credentials
from crex.decimals import parse_decimal
from crex.documents import convert
from crex.documents.reader import read
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from demo import catalogue
from demo.catalogue_facts import FACTS, Fact
from demo.papers import Papers
from demo.party import Party

PIN = v1.Pin(id="crex://catalogue.dev.invalid/node-class/x", revision=1, sha256="0" * 64)
every_fact = pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.slug)


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Party]:
    """A party that signs nothing and calls nobody here: the documents take their names from it."""
    identity = Identity.create("catalogue.dev.invalid", roles=["provider"], now=datetime.now(UTC))
    assert identity.tls_root is not None
    channel = credentials(
        certificate_pem=identity.tls.chain_pem,
        key_pem=identity.tls.key_pem,
        server_roots_pem=identity.tls_root.pem.encode(),
    )
    client = Client("127.0.0.1:9", channel)
    folder: Path = tmp_path_factory.mktemp("papers")
    yield Party(identity, TrustDirectory(), client, Papers(folder))
    client.close()


def strict(message: Message) -> None:
    """Reads a document as whoever receives it does."""
    read(convert.dump(message), type(message))


@every_fact
def test_a_fact_makes_documents_that_a_strict_reader_takes(party: Party, fact: Fact) -> None:
    """Site, resource, price plan and offer of every fact are valid documents."""
    site = catalogue.site(party, fact.region, fact.country)
    for document in (
        site,
        catalogue.resource_of(party, fact, site.header.id),
        catalogue.plan_of(party, fact),
        catalogue.offer_of(party, fact, PIN, PIN),
    ):
        strict(document)


@every_fact
def test_a_fact_names_its_source_its_parts_and_a_price(fact: Fact) -> None:
    """Nobody has to believe a price: it says where it was read, and of what it is the sum."""
    assert fact.source.startswith("https://")
    assert fact.seller
    assert fact.shape
    assert fact.parts
    assert all(part.sku and part.what for part in fact.parts)
    assert all(parse_decimal(part.price) > 0 and parse_decimal(part.quantity) > 0 for part in fact.parts)
    assert catalogue.hourly(fact) > 0


def test_no_two_facts_have_one_name() -> None:
    """Two facts of one name would be two documents of one name."""
    assert len({fact.slug for fact in FACTS}) == len(FACTS)


def test_there_are_several_dozen_facts() -> None:
    """A market of three offers explains nothing."""
    assert len(FACTS) >= 36


def test_an_offer_of_the_catalogue_cannot_be_held(party: Party) -> None:
    """It informs: no pool stands behind it."""
    assert all(not catalogue.offer_of(party, fact, PIN, PIN).HasField("pool") for fact in FACTS)
