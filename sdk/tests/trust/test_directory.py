"""The directory of pinned trust documents: explicit trust, versions that only go up, and their rules."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID

from crex.documents.times import format_time
from crex.errors import TrustError
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.keys import AccessKey, LocalSigningKey, SigningKey
from sdk.tests.trust.samples import (
    CONSUMER,
    NOW,
    PROVIDER,
    SECOND,
    outcome,
    paths,
    pinned,
    root_of,
    sign_raw,
    sign_trust,
    trust_body,
)
from sdk.tests.trust.test_verify import spki_text


def test_first_pin_is_explicit(provider: Identity) -> None:
    """A trust document that comes over the network cannot make itself trusted (TRUST-PIN-1)."""
    trust = TrustDirectory()
    with pytest.raises(TrustError) as refused:
        trust.update(provider.trust_document, now=NOW)
    assert outcome(refused.value) == (5, "ISSUER")
    assert trust.current(PROVIDER) is None
    record = trust.pin(provider.trust_document, now=NOW, authority=PROVIDER)
    assert trust.current(PROVIDER) is record
    assert trust.authorities() == (PROVIDER,)
    assert trust.owners(root_of(provider).keyid) == (record,)


def test_pin_of_another_authority(provider: Identity) -> None:
    """Whoever pins one authority is not given another."""
    with pytest.raises(TrustError) as refused:
        TrustDirectory().pin(provider.trust_document, now=NOW, authority=CONSUMER)
    assert outcome(refused.value) == (14, "ISSUER_MISMATCH")


def test_pinning_again_changes_nothing(provider: Identity) -> None:
    """The same document again is the same pin."""
    trust = pinned(provider)
    record = trust.current(PROVIDER)
    assert trust.pin(provider.trust_document, now=NOW) is record
    assert trust.update(provider.trust_document, now=NOW) is record


def test_next_version(provider: Identity) -> None:
    """The next version, signed by the roots of both, replaces the one before; both stay readable."""
    trust = pinned(provider)
    renewed = provider.renew(now=NOW)
    record = trust.update(renewed.trust_document, now=NOW)
    assert (record.revision, trust.current(PROVIDER)) == (2, record)
    before = trust.version(PROVIDER, 1)
    assert before is not None
    assert before.digest == provider.trust.digest
    assert trust.version(PROVIDER, 3) is None
    assert len(trust.owners(root_of(provider).keyid)) == 1


def test_older_version_is_refused(provider: Identity) -> None:
    """An older revision is a rollback, whoever signed it (TRUST-ROLLBACK-1, VERSION-REVISION-1)."""
    trust = pinned(provider)
    trust.update(provider.renew(now=NOW).trust_document, now=NOW)
    with pytest.raises(TrustError) as refused:
        trust.pin(provider.trust_document, now=NOW)
    assert outcome(refused.value) == (5, "TRUST_ROLLBACK")


def test_other_bytes_of_the_same_revision_are_refused(provider: Identity) -> None:
    """Two documents under one revision are never both believed (TRUST-ROLLBACK-1)."""
    trust = pinned(provider)
    other = sign_trust(trust_body(provider, issuedAt=format_time(NOW + SECOND)), root_of(provider))
    with pytest.raises(TrustError) as refused:
        trust.pin(other, now=NOW)
    assert outcome(refused.value) == (5, "TRUST_ROLLBACK")
    current = trust.current(PROVIDER)
    assert current is not None
    assert current.digest == provider.trust.digest


def test_a_version_is_not_skipped(provider: Identity) -> None:
    """Revision 3 cannot be judged by revision 1; the message says what to get (TRUST-UPDATE-1)."""
    trust = pinned(provider)
    third = provider.renew(now=NOW).renew(now=NOW)
    with pytest.raises(TrustError, match="Get revision 2 first") as refused:
        trust.update(third.trust_document, now=NOW)
    assert outcome(refused.value) == (6, "TRUST_STALE")


def rotated(provider: Identity) -> tuple[dict[str, object], SigningKey]:
    """The body of revision 2 with a new root key in place of the old one, which stays listed."""
    fresh = LocalSigningKey.generate()
    body = trust_body(provider, revision="2")
    body["keys"].append({**body["keys"][0], "keyid": fresh.keyid, "spki": spki_text(fresh)})
    body["roots"] = {"threshold": 1, "keys": [fresh.keyid]}
    return body, fresh


def test_new_root_needs_both_thresholds(provider: Identity) -> None:
    """A new root key is believed only with the old one's signature and its own (TRUST-UPDATE-1)."""
    body, fresh = rotated(provider)
    for signers in ([fresh], [root_of(provider)]):
        with pytest.raises(TrustError) as refused:
            pinned(provider).update(sign_trust(body, *signers), now=NOW)
        assert outcome(refused.value) == (12, "THRESHOLD")
    trust = pinned(provider)
    record = trust.update(sign_trust(body, root_of(provider), fresh), now=NOW)
    assert record.roots == {fresh.keyid}


def test_a_root_key_may_sign_its_own_end(provider: Identity) -> None:
    """The version that ends or revokes a root key can be signed by that key; the next one no longer."""
    body, fresh = rotated(provider)
    keys = body["keys"]
    assert isinstance(keys, list)
    keys[0] |= {"revokedAt": format_time(NOW)}
    trust = pinned(provider)
    trust.update(sign_trust(body, root_of(provider), fresh), now=NOW)
    third = {**body, "header": trust_body(provider, revision="3")["header"]}
    with pytest.raises(TrustError) as refused:
        trust.update(sign_trust(third, root_of(provider)), now=NOW)
    assert outcome(refused.value) == (12, "THRESHOLD")
    assert trust.update(sign_trust(third, fresh), now=NOW).revision == 3


def test_threshold_counts_keys_not_names(provider: Identity) -> None:
    """One key under two names cannot be published, so it cannot meet a threshold of two (TRUST-KEYS-1)."""
    body = trust_body(provider)
    body["keys"].append(dict(body["keys"][0]))
    body["roots"]["threshold"] = 2
    with pytest.raises(TrustError) as refused:
        TrustDirectory().pin(sign_trust(body, root_of(provider)), now=NOW)
    assert outcome(refused.value) == (13, "SCHEMA")
    assert set(paths(refused.value)) == {"$.keys[2]", "$.roots.threshold"}


def test_threshold_that_is_not_met(provider: Identity) -> None:
    """A document that asks for two root signatures and has one is refused at once (THRESHOLD)."""
    body, fresh = rotated(provider)
    body["header"] = trust_body(provider)["header"]
    body["roots"] = {"threshold": 2, "keys": [root_of(provider).keyid, fresh.keyid]}
    with pytest.raises(TrustError) as refused:
        TrustDirectory().pin(sign_trust(body, fresh), now=NOW)
    assert outcome(refused.value) == (12, "THRESHOLD")


def test_signed_by_a_key_that_is_no_root(provider: Identity) -> None:
    """The key that signs offers cannot sign a trust document (KEY_USE)."""
    with pytest.raises(TrustError) as refused:
        TrustDirectory().pin(sign_trust(trust_body(provider), provider.signing["provider"]), now=NOW)
    assert outcome(refused.value) == (8, "KEY_USE")


def test_times_of_a_trust_document(provider: Identity) -> None:
    """A trust document from the future, or one that has ended, is not pinned."""
    with pytest.raises(TrustError) as refused:
        TrustDirectory().pin(provider.trust_document, now=NOW - 61 * SECOND)
    assert outcome(refused.value) == (16, "NOT_YET")
    with pytest.raises(TrustError) as refused:
        TrustDirectory().pin(provider.trust_document, now=provider.trust.valid_until)
    assert outcome(refused.value) == (16, "EXPIRED")


def test_restored_for_no_time(provider: Identity) -> None:
    """What was pinned once is taken back from a store even after it ended; using it then says TRUST_STALE."""
    trust = TrustDirectory()
    assert trust.restore(provider.trust_document).revision == 1
    assert trust.restore(provider.renew(now=NOW).trust_document).revision == 2


def test_a_trust_document_of_another_type(provider: Identity) -> None:
    """Only a trust document is pinned (TYPE)."""
    with pytest.raises(TrustError) as refused:
        TrustDirectory().pin(sign_raw("site", trust_body(provider), root_of(provider)), now=NOW)
    assert outcome(refused.value) == (4, "TYPE")


def _wrong_keyid(body: dict[str, list[dict[str, object]]]) -> None:
    body["keys"][1]["keyid"] = "A" * 43


def _access_and_more(body: dict[str, list[dict[str, object]]]) -> None:
    body["keys"][1]["use"] = ["site", "access"]


def _x25519_for_sites(body: dict[str, list[dict[str, object]]]) -> None:
    key = AccessKey.generate().public_key
    from base64 import b64encode

    body["keys"][1] |= {"keyid": key.keyid, "alg": "x25519", "spki": b64encode(key.spki).decode()}


def _ends_before_it_begins(body: dict[str, list[dict[str, object]]]) -> None:
    body["keys"][1]["notAfter"] = body["keys"][1]["notBefore"]


def _root_without_record(body: dict[str, list[dict[str, object]]]) -> None:
    body["keys"].pop(0)


def _root_without_use(body: dict[str, list[dict[str, object]]]) -> None:
    body["keys"][0]["use"] = ["site"]


def _no_certificate(body: dict[str, list[str]]) -> None:
    body["tlsRoots"] = [body["tlsRoots"][0].replace("M", "N", 3)]


def _two_certificates(body: dict[str, list[str]]) -> None:
    body["tlsRoots"] = [body["tlsRoots"][0] * 2]


def _leaf_as_root(body: dict[str, list[str]]) -> None:
    leaf = Identity.create(PROVIDER, roles=[], now=NOW).tls.chain_pem
    body["tlsRoots"] = [leaf.decode()]


def _unreadable_name(body: dict[str, list[str]]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    x400_address = x509.UnrecognizedExtension(
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"\x30\x04\xa3\x02\x05\x00"
    )
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x400_address, critical=False)
        .sign(key, hashes.SHA256())
    )
    body["tlsRoots"] = [certificate.public_bytes(serialization.Encoding.PEM).decode()]


def _another_name(body: dict[str, dict[str, str]]) -> None:
    body["header"]["id"] = f"crex://{PROVIDER}/trust/other"


@pytest.mark.parametrize(
    ("change", "requirement"),
    [
        (_wrong_keyid, "TRUST-KEYID-1"),
        (_access_and_more, "TRUST-USE-1"),
        (_x25519_for_sites, "TRUST-USE-1"),
        (_ends_before_it_begins, "TRUST-PERIOD-1"),
        (_root_without_record, "TRUST-ROOTS-1"),
        (_root_without_use, "TRUST-ROOTS-1"),
        (_no_certificate, "TRUST-TLS-1"),
        (_two_certificates, "TRUST-TLS-1"),
        (_leaf_as_root, "TRUST-TLS-1"),
        (_unreadable_name, "TRUST-TLS-1"),
        (_another_name, "TRUST-NAME-1"),
    ],
)
def test_rules_of_a_trust_document(provider: Identity, change: object, requirement: str) -> None:
    """Each rule that the schema cannot state is checked, with its requirement and a fix."""
    body = trust_body(provider)
    assert callable(change)
    change(body)
    with pytest.raises(TrustError) as refused:
        TrustDirectory().pin(sign_trust(body, root_of(provider)), now=NOW)
    assert outcome(refused.value) == (13, "SCHEMA")
    assert [violation.requirement for violation in refused.value.violations] == [requirement]
    assert all(violation.fix for violation in refused.value.violations)


def test_weak_key_in_a_trust_document(provider: Identity) -> None:
    """A trust document with a degenerate key is refused as a whole (KEY_WEAK)."""
    from base64 import b64encode

    from crex.trust.keys import key_id

    spki = bytes.fromhex("302a300506032b6570032100" + "01" + "00" * 31)
    body = trust_body(provider)
    body["keys"][1] |= {"keyid": key_id(spki), "spki": b64encode(spki).decode()}
    with pytest.raises(TrustError) as refused:
        TrustDirectory().pin(sign_trust(body, root_of(provider)), now=NOW)
    assert outcome(refused.value) == (10, "KEY_WEAK")


@pytest.mark.parametrize("change", ["removed", "exchanged", "un-revoked", "revoked later"])
def test_keys_are_ended_never_removed(provider: Identity, change: str) -> None:
    """The next version keeps every key's record, and every revocation (TRUST-KEYS-1, TRUST-REVOKED-1)."""
    first = trust_body(provider)
    first["keys"][1]["revokedAt"] = format_time(NOW)
    trust = TrustDirectory()
    trust.pin(sign_trust(first, root_of(provider)), now=NOW)
    body = {**first, "header": {**first["header"], "revision": "2"}, "keys": [dict(k) for k in first["keys"]]}
    match change:
        case "removed":
            body["keys"].pop()
        case "exchanged":
            fresh = LocalSigningKey.generate()
            body["keys"][1] |= {"keyid": fresh.keyid, "spki": spki_text(fresh)}
        case "un-revoked":
            del body["keys"][1]["revokedAt"]
        case _:
            body["keys"][1]["revokedAt"] = format_time(NOW + SECOND)
    with pytest.raises(TrustError) as refused:
        trust.update(sign_trust(body, root_of(provider)), now=NOW)
    assert outcome(refused.value) == (13, "SCHEMA")
    expected = "TRUST-REVOKED-1" if "revoked" in change else "TRUST-KEYS-1"
    assert [violation.requirement for violation in refused.value.violations] == [expected]
