"""Whom an operator may let in without locking out somebody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crex import v1
from crex.errors import CrexError
from crex.trust import authoring
from crex.trust.certificates import CertificateAuthority
from reference_broker.tests.exchange import BROKER, NOW, PROVIDER, Exchange, signer

STRANGER = "stranger.example"


def trust_document(tls_root: str) -> v1.Envelope:
    """The trust document of a stranger with this TLS root."""
    identity = signer(STRANGER)
    assert identity.root is not None
    record = authoring.first_trust_document(
        STRANGER,
        roots=[identity.root],
        signing=identity.role_keys,
        access=identity.access,
        tls_roots=[tls_root],
        now=NOW,
        valid_until=NOW + timedelta(days=1),
    )
    return record.parts.to_message()


async def enrol(exchange: Exchange, document: v1.Envelope) -> v1.EnrolResponse:
    """Enrols the stranger."""
    request = v1.EnrolRequest(request_id=exchange.request_id(), trust_document=document, roles=["consumer"])
    response: v1.EnrolResponse = await exchange.call("AdminService/Enrol", request, BROKER)
    return response


async def test_a_root_in_the_name_of_anothers_is_refused(exchange: Exchange) -> None:
    """CHANNEL-ROOTS-2: a party whose root bears a provider's name would lock that provider out."""
    await exchange.enrol(PROVIDER)
    with pytest.raises(CrexError) as refused:
        await enrol(exchange, trust_document(CertificateAuthority.create(PROVIDER, now=NOW).pem))
    assert refused.value.reason == "CONFLICT"
    assert refused.value.details["owner"] == PROVIDER
    assert exchange.context.trust.current(STRANGER) is None


async def test_the_same_root_serves_two_parties(exchange: Exchange) -> None:
    """CHANNEL-ROOTS-2: one certificate authority of two authorities, under one key, is in nobody's way."""
    await exchange.enrol(PROVIDER)
    shared = signer(PROVIDER).tls_root
    assert shared is not None
    assert (await enrol(exchange, trust_document(shared.pem))).party.authority == STRANGER


async def test_a_party_may_be_enrolled_again_with_a_new_root_of_its_name(exchange: Exchange) -> None:
    """CHANNEL-ROOTS-2 compares with others only."""
    await enrol(exchange, trust_document(CertificateAuthority.create(STRANGER, now=NOW).pem))
    assert exchange.context.trust.current(STRANGER) is not None
    await exchange.enrol(PROVIDER)
