"""Offline bundles: what is pinned goes forward, nobody new is trusted by them, nothing is mixed up."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex import v1
from crex.documents import convert
from crex.errors import CrexError, DocumentError, TrustError
from crex.trust import trust_bundle
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import record_id
from crex.trust.identity import Identity
from crex.trust.status_lists import StatusLists
from crex.trust.trust_bundle import Bundle, read_bundle, write_bundle
from crex.trust.verify import open_envelope
from sdk.tests.trust.samples import CONSUMER, NOW, PROVIDER, SECOND, header, pinned, sign_raw, site
from sdk.tests.trust.status_samples import LIST, signed_list, signing_key, trusting
from sdk.tests.trust.step_samples import LOG, SmallLog

DAY = timedelta(days=1)


def chain(identity: Identity, number: int) -> list[v1.Envelope]:
    """The trust documents of an identity and its renewals."""
    found = [identity.trust_document]
    while len(found) < number:
        identity = identity.renew(now=NOW)
        found.append(identity.trust_document)
    return found


def bundled(*chains: list[v1.Envelope], **parts: Any) -> Bundle:
    """A bundle of some chains."""
    return read_bundle(write_bundle([envelope for chain in chains for envelope in chain], **parts))


def attested(identity: Identity, name: str = "a1") -> v1.Envelope:
    """An attestation by an identity's key."""
    body = {
        "header": header(PROVIDER, f"attestation/{name}"),
        "subjects": [{"authority": CONSUMER}],
        "predicateType": "crex.dev/none",
    }
    return sign_raw("attestation", body, signing_key(identity))


def test_what_is_pinned_goes_forward(provider: Identity, consumer: Identity) -> None:
    """OFFLINE-TRUST-1: a pinned authority takes its next revisions; another stays a stranger."""
    bundle = bundled(chain(consumer, 1), chain(provider, 3))
    assert bundle.authorities == (CONSUMER, PROVIDER)
    pins = pinned(provider)
    opened = bundle.open(pins, now=NOW)
    current = opened.trust.current(PROVIDER)
    assert current is not None
    assert current.revision == 3
    assert [one.revision for one in opened.taken] == [3]
    assert (opened.untrusted, opened.trust.current(CONSUMER)) == ((CONSUMER,), None)
    before = pins.current(PROVIDER)
    assert before is not None
    assert before.revision == 1  # opening changes nothing


def test_nobody_is_trusted_by_the_bundle_alone(provider: Identity) -> None:
    """OFFLINE-TRUST-1: a reader that pinned nobody trusts nobody, whatever the bundle says."""
    opened = bundled(chain(provider, 2)).open(now=NOW)
    assert opened.trust.authorities() == ()
    envelope = sign_raw("site", site(), signing_key(provider))
    with pytest.raises(TrustError) as refused:
        open_envelope(envelope, v1.Site, opened.trust, now=NOW)
    assert refused.value.reason == "ISSUER"


@pytest.mark.parametrize("known", [0, 1, 2])
def test_a_fingerprint_decides(provider: Identity, consumer: Identity, known: int) -> None:
    """TRUST-PIN-1: by the fingerprint of any version, from that version on."""
    documents = chain(provider, 3)
    bundle = bundled(documents, chain(consumer, 1))
    digest = bundle.chains[PROVIDER][known].digest
    opened = bundle.open(now=NOW, fingerprints=[digest])
    assert opened.trust.authorities() == (PROVIDER,)
    assert [one.revision for one in opened.trust.versions(PROVIDER)] == [1, 2, 3][known:]
    envelope = sign_raw("site", site(), signing_key(provider))
    assert open_envelope(envelope, v1.Site, opened.trust, now=NOW).issuer == PROVIDER


def test_a_fingerprint_of_nobody(provider: Identity) -> None:
    """A fingerprint that fits nothing is refused, and nothing else is trusted instead."""
    bundle = bundled(chain(provider, 1))
    pins = TrustDirectory()
    with pytest.raises(TrustError) as refused:
        bundle.pin(pins, now=NOW, fingerprints=[bundle.chains[PROVIDER][0].digest, "0" * 64])
    assert refused.value.reason == "SUBJECT"
    assert pins.authorities() == ()
    with pytest.raises(TrustError) as refused:
        bundle.pin(pins, now=NOW, authorities=["q.example.cn"])
    assert refused.value.reason == "ISSUER"


def test_an_authority_that_is_named_is_trusted(provider: Identity) -> None:
    """Whoever trusts the bundle itself says for whom."""
    pins = TrustDirectory()
    taken = bundled(chain(provider, 2)).pin(pins, now=NOW, authorities=[PROVIDER])
    assert [one.revision for one in taken] == [2]
    assert bundled(chain(provider, 2)).pin(pins, now=NOW) == ()


def test_an_impostors_chain_is_refused(tmp_path: Path, provider: Identity, consumer: Identity) -> None:
    """OFFLINE-TRUST-1: other keys under a pinned name are refused, and then nothing of it is taken."""
    stranger = Identity.create(PROVIDER, roles=["provider"], now=NOW)
    pins = TrustDirectory.open(tmp_path)
    pins.pin(provider.trust_document, now=NOW)
    pins.pin(consumer.trust_document, now=NOW)
    bundle = bundled(chain(consumer, 2), chain(stranger, 3))
    with pytest.raises(TrustError) as refused:
        bundle.pin(pins, now=NOW)
    assert refused.value.reason == "TRUST_ROLLBACK"
    assert [len(pins.versions(name)) for name in (CONSUMER, PROVIDER)] == [1, 1]


def test_an_older_bundle_takes_nothing_back(provider: Identity) -> None:
    """TRUST-ROLLBACK-1: a bundle of last year changes nothing of what is pinned today."""
    documents = chain(provider, 3)
    pins = TrustDirectory()
    for envelope in documents:
        pins.pin(envelope, now=NOW)
    assert bundled(documents[:2]).pin(pins, now=NOW) == ()
    assert len(pins.versions(PROVIDER)) == 3


def test_a_bundle_that_begins_too_late(provider: Identity) -> None:
    """A pinned reader that lacks versions between is told which (TRUST_STALE)."""
    bundle = bundled(chain(provider, 4)[2:])
    with pytest.raises(TrustError, match="revision 2") as refused:
        bundle.open(pinned(provider), now=NOW)
    assert refused.value.reason == "TRUST_STALE"
    assert bundle.open(now=NOW, authorities=[PROVIDER]).trust.authorities() == (PROVIDER,)


def test_a_bundle_whose_last_version_ended(provider: Identity) -> None:
    """A first pin and a next version must hold when they are taken."""
    late = NOW + 400 * DAY
    for documents in (chain(provider, 1), chain(provider, 2)):
        with pytest.raises(TrustError) as refused:
            bundled(documents).open(now=late, authorities=[PROVIDER])
        assert refused.value.reason == "EXPIRED"


def test_status_lists_are_verified(provider: Identity, consumer: Identity) -> None:
    """OFFLINE-STATUS-1: a list that verifies answers; a forged, an old and a strange one do not."""
    forged = signed_list(consumer, [1])
    documents = [trusting(provider)]
    lists = [signed_list(provider, [7]), forged, signed_list(provider, revision=2, issued=NOW - 9 * DAY)]
    opened = bundled(documents, status_lists=lists).open(now=NOW, authorities=[PROVIDER])
    assert opened.status.revoked_since(PROVIDER, LIST, 8, now=NOW) is None
    assert opened.status.revoked_since(PROVIDER, LIST, 7, now=NOW) is not None
    assert [one.what for one in opened.refused] == ["$.statusLists[1]", "$.statusLists[2]"]


def test_older_status_lists_are_refused(provider: Identity) -> None:
    """OFFLINE-STATUS-1: who has seen a newer list is not taken back to before a revocation."""
    pins = TrustDirectory()
    pins.pin(trusting(provider), now=NOW)
    seen = StatusLists()
    seen.accept(signed_list(provider, [7], revision=2), pins, NOW)
    opened = bundled([trusting(provider)], status_lists=[signed_list(provider)]).open(
        pins, now=NOW, status=seen
    )
    assert [one.error.reason for one in opened.refused] == ["TRUST_ROLLBACK"]
    assert opened.status.revoked_since(PROVIDER, LIST, 7, now=NOW) is not None


def test_attestations_that_do_not_verify_are_left_out(provider: Identity) -> None:
    """An attestation that is no valid one is named and not used; the rest of the bundle holds."""
    opened = bundled(chain(provider, 1), attestations=[attested(provider)]).open(
        now=NOW, authorities=[PROVIDER]
    )
    assert opened.attestations == ()
    assert [one.what for one in opened.refused] == ["$.attestations[0]"]


def test_a_proof_serves_its_own_record_only(provider: Identity) -> None:
    """OFFLINE-PROOF-1: a document is shown to be logged by the proof that names it, and by no other."""
    log = SmallLog()
    first, second = (sign_raw("site", site(revision=str(at)), signing_key(provider)) for at in (1, 2))
    index = log.append(first)
    log.fill(5)
    proof = log.proof(index, NOW)
    pins = pinned(provider)
    log.pin(pins)
    documents = [[one.parts.to_message() for one in pins.versions(name)] for name in pins.authorities()]
    bundle = bundled(*documents, proofs={record_id(first): proof}, checkpoints=[proof.checkpoint])
    opened = bundle.open(now=NOW, authorities=pins.authorities())
    evidence = opened.evidence(first)
    assert evidence is not None
    verified = open_envelope(first, v1.Site, opened.trust, now=NOW, log=evidence)
    assert verified.log is not None
    assert verified.log.authority == LOG
    assert opened.evidence(second) is None
    assert opened.proof("0" * 64) is None
    wrong = bundled(*documents, proofs={record_id(second): proof})
    shown = wrong.open(now=NOW, authorities=pins.authorities()).evidence(second)
    with pytest.raises(TrustError) as refused:
        open_envelope(second, v1.Site, opened.trust, now=NOW, log=shown)
    assert refused.value.reason == "INCLUSION"


def test_a_policy_travels_along(provider: Identity) -> None:
    """The reader gets the policy and decides whether to judge by it."""
    policy = v1.TrustPolicy(log=v1.PolicyLog(required=True, quorum=1))
    opened = bundled(chain(provider, 1), policy=policy).open(now=NOW)
    assert opened.policy == policy
    assert bundled(chain(provider, 1)).open(now=NOW).policy is None


def edited(data: bytes, **members: Any) -> bytes:
    """A bundle with other members."""
    value = json.loads(data)
    value |= members
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "members",
    [
        {"trustDocuments": []},
        {"trustDocuments": [{}]},
        {"trustDocuments": "x"},
        {"statusLists": [{}]},
        {"proofs": [{"recordSha256": "0" * 64}]},
        {"proofs": [{"recordSha256": "X", "proof": {"index": "0", "checkpoint": "x"}}]},
        {"proofs": [{"recordSha256": "0" * 64, "proof": {"index": "0", "checkpoint": "x"}}] * 2},
        {"checkpoints": ["no note"]},
        {"checkpoints": [""]},
        {"policy": {"nonsense": 1}},
        {"pinned": [PROVIDER]},
    ],
)
def test_what_is_no_bundle(provider: Identity, members: dict[str, Any]) -> None:
    """A bundle is read strictly: members, forms, doubles."""
    data = write_bundle(chain(provider, 1))
    with pytest.raises(CrexError):
        read_bundle(edited(data, **members))


def test_versions_must_follow_each_other(provider: Identity) -> None:
    """OFFLINE-TRUST-1: a gap or another order is refused where it stands."""
    documents = chain(provider, 3)
    with pytest.raises(DocumentError) as refused:
        write_bundle([documents[0], documents[2]])
    assert [(one.path, one.requirement) for one in refused.value.violations] == [
        ("$.trustDocuments[1]", "OFFLINE-TRUST-1")
    ]
    data = json.loads(write_bundle(documents))
    data["trustDocuments"].reverse()
    with pytest.raises(DocumentError):
        read_bundle(json.dumps(data).encode())


def test_other_documents_have_no_place(provider: Identity) -> None:
    """A site among the trust documents, or among the attestations, is refused by its type."""
    envelope = sign_raw("site", site(), signing_key(provider))
    value = json.loads(write_bundle(chain(provider, 1)))
    as_json = convert.to_json(envelope)
    for member in ("trustDocuments", "statusLists", "attestations"):
        with pytest.raises(TrustError) as refused:
            read_bundle(json.dumps(value | {member: [*value.get(member, []), as_json]}).encode())
        assert refused.value.reason == "TYPE"
        assert str(refused.value).startswith(f"$.{member}[")


def test_size_is_bounded(provider: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bundle above the limit is refused before it is parsed."""
    data = write_bundle(chain(provider, 1))
    monkeypatch.setattr(trust_bundle, "BUNDLE_BYTES_MAX", len(data) - 1)
    with pytest.raises(DocumentError) as refused:
        read_bundle(data)
    assert refused.value.reason == "LIMIT"


def test_the_same_document_twice_is_written_once(provider: Identity) -> None:
    """Whatever order and doubles the writer has, the bundle is one text."""
    documents = chain(provider, 3)
    assert write_bundle([*reversed(documents), documents[0]]) == write_bundle(documents)


SAMPLE = write_bundle([Identity.create(PROVIDER, roles=["provider"], now=NOW).trust_document])


@settings(deadline=None, max_examples=300)
@given(at=st.integers(0, len(SAMPLE) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_any_damage_is_refused_or_trusts_nobody(at: int, byte: int, cut: bool) -> None:
    """No changed byte makes the reader crash, hang or trust anybody."""
    data = SAMPLE[:at] if cut else SAMPLE[:at] + bytes([byte]) + SAMPLE[at + 1 :]
    try:
        opened = read_bundle(data).open(now=NOW + SECOND)
    except CrexError:
        return
    assert opened.trust.authorities() == ()
