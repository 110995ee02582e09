"""A party's trust document, status lists and channel at a broker that serves (CHANNEL-RECHECK-1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crex import v1
from crex.client import Client
from crex.documents.times import SystemClock
from crex.errors import RemoteError
from crex.trust.certificates import CertificateAuthority
from crex.trust.status_book import StatusListBuilder
from crex.trust.trust_draft import TrustDraft, sign_draft
from reference_broker.tests.vouching import signing_keyid
from reference_broker.tests.wire import Operation, WireParty, publish, request_id

AUTHORITY = "provider.example"
LIST = f"crex://{AUTHORITY}/status-list/a"


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[Operation, WireParty]]:
    """A broker that serves, and a provider of it with goods on sale."""
    operation = Operation.prepare(tmp_path)
    provider = operation.party(AUTHORITY, ["provider"])
    operation.start()
    publish(provider, 4)
    yield operation, provider
    operation.close()


def send(client: Client, envelope: v1.Envelope) -> v1.PublishDocumentResponse:
    """Publishes an envelope."""
    return client.publish_document(v1.PublishDocumentRequest(request_id=request_id(), envelope=envelope))


def refused(work: Callable[[], Any]) -> str:
    """The reason of a refusal."""
    with pytest.raises(RemoteError) as caught:
        work()
    return caught.value.reason


def next_trust(party: WireParty, change: Callable[[TrustDraft], Any]) -> v1.Envelope:
    """The next trust document of a party."""
    now = SystemClock().now()
    draft = TrustDraft.after(party.identity.trust, now=now, valid_until=now + timedelta(days=30))
    change(draft)
    assert party.identity.root is not None
    return sign_draft(draft.body(), [party.identity.root])


def test_a_rotated_tls_root_ends_open_channels(serving: tuple[Operation, WireParty]) -> None:
    """CHANNEL-RECHECK-1: a channel that shook hands under the old root is refused at its next call."""
    operation, provider = serving
    old = provider.identity.tls_root
    assert old is not None
    now = SystemClock().now()
    new = CertificateAuthority.create(AUTHORITY, now=now)

    def rotate(draft: TrustDraft) -> None:
        draft.add_tls_root(new.pem)
        draft.remove_tls_root(old.pem)

    renewed = WireParty(
        replace(provider.identity, tls=new.issue("main", now=now)), provider.broker, provider.target
    )
    with provider.client() as client:
        client.list_offers(v1.ListOffersRequest())
        send(client, next_trust(provider, rotate))
        assert refused(lambda: client.list_offers(v1.ListOffersRequest())) == "CERTIFICATE"
        with renewed.client() as again:
            (offer,) = again.list_offers(v1.ListOffersRequest()).offers
            assert not offer.void_reason
        assert refused(lambda: client.get_server_info(v1.GetServerInfoRequest())) == "CERTIFICATE"
    operation.kill()
    operation.start()
    with renewed.client() as again:
        assert len(again.list_offers(v1.ListOffersRequest()).offers) == 1


def test_a_revoked_key_signs_nothing_from_the_next_call_on(serving: tuple[Operation, WireParty]) -> None:
    """CHANNEL-RECHECK-1, VERIFY-KEYTIME-1, OFFER-VOID-2: on the same channel, over a restart, too."""
    operation, provider = serving
    keyid = signing_keyid(provider.identity)
    with provider.client() as client:
        revoked_at = SystemClock().now() - timedelta(minutes=5)
        send(client, next_trust(provider, lambda draft: draft.revoke_key(keyid, revoked_at)))
        site = v1.Site(header=provider.header(AUTHORITY, "site", "south"), country="NO")
        envelope = provider.identity.sign_document(site)
        assert refused(lambda: send(client, envelope)) == "KEY_REVOKED"
        (offer,) = client.list_offers(v1.ListOffersRequest(provider=AUTHORITY)).offers
        assert offer.void_reason.startswith("KEY_REVOKED: ")
    operation.kill()
    operation.start()
    with provider.client() as client:
        assert refused(lambda: send(client, envelope)) == "KEY_REVOKED"
        (offer,) = client.list_offers(v1.ListOffersRequest(provider=AUTHORITY)).offers
        assert offer.void_reason.startswith("KEY_REVOKED: ")
        assert not client.list_offers(v1.ListOffersRequest()).offers


def test_a_broker_remembers_lists_over_a_kill(serving: tuple[Operation, WireParty]) -> None:
    """STATUS-MONOTONIC-1, PUBLISH-STATUS-1: an older list is a rollback after a kill -9, too."""
    operation, provider = serving
    book = StatusListBuilder(LIST)
    lists = [provider.identity.sign_document(book.build(now=SystemClock().now())) for _ in range(3)]
    with provider.client() as client:
        send(client, next_trust(provider, lambda draft: draft.add_status_list(LIST)))
        send(client, lists[1])
    operation.kill()
    operation.start()
    with provider.client() as client:
        assert refused(lambda: send(client, lists[0])) == "TRUST_ROLLBACK"
        send(client, lists[1])
        send(client, lists[2])
        shown = client.get_document(v1.GetDocumentRequest(ref=LIST)).envelope
    assert shown == lists[2]
