"""The keys of a role: several algorithms together, several generations after each other, and note keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest

from crex import v1
from crex.documents.times import format_time
from crex.documents.types import DocumentType
from crex.errors import CrexError, TrustError
from crex.trust import authoring, key_folder
from crex.trust.identity import Identity
from crex.trust.identity_files import load_identity, save_identity
from crex.trust.key_files import Passphrase
from crex.trust.rotation import Schedule, rotate
from crex.trust.signed_note import KIND_COSIGNATURE, KIND_NOTE
from crex.trust.trust_draft import TrustDraft, sign_draft
from crex.trust.verify import open_envelope
from sdk.tests.trust.samples import BROKER, NOW, PROVIDER, outcome, pinned, site

HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)
HYBRID = ("ed25519", "ml-dsa-65")
SITE = DocumentType.of(v1.Site)


def signed(identity: Identity, at: datetime = NOW) -> v1.Envelope:
    """A site that the identity signed at a time."""
    return identity.sign_body(orjson.dumps(site(issuedAt=format_time(at))), SITE)


def rotated(identity: Identity, what: str, schedule: Schedule, *algorithms: str) -> Identity:
    """The identity after a rotation, in memory."""
    draft = TrustDraft.after(identity.trust, now=schedule.now, valid_until=schedule.now + YEAR)
    made = rotate(draft, identity, what, schedule, algorithms=algorithms)
    envelope = sign_draft(draft.body(), [*identity.roots, *made.roots])
    trust = authoring.own_record(identity.trust.parts, envelope)
    keys = dict(identity.role_keys)
    for use, key in made.signing:
        if use in keys:
            keys[use] = (*keys[use], key)
    return replace(identity, trust=trust, role_keys=keys, roots=tuple(made.roots) or identity.roots)


def test_a_hybrid_role_signs_with_each_algorithm() -> None:
    """A classical and a post-quantum signature stand on every document, and both verify."""
    identity = Identity.create(PROVIDER, roles=["provider"], now=NOW, algorithms=HYBRID)
    verified = open_envelope(signed(identity), v1.Site, pinned(identity), now=NOW)
    assert len(verified.keyids) == 2
    assert [key.public_key.alg for key in identity.role_keys["provider"]] == list(HYBRID)
    assert [identity.trust.keys[one].alg for one in identity.trust.roots] == ["ed25519"]


def test_an_algorithm_that_nobody_knows() -> None:
    """Nothing is made with an algorithm that does not work here."""
    with pytest.raises(TrustError) as refused:
        Identity.create(PROVIDER, roles=["provider"], now=NOW, algorithms=["rot13"])
    assert refused.value.reason == "ALG"


@pytest.mark.parametrize(
    ("role", "own"),
    [("auditor", ()), ("attester", ()), ("provider", ("site",)), ("consumer", ("order-document",))],
)
def test_every_role_with_a_key_may_attest(role: str, own: tuple[str, ...]) -> None:
    """Types whose signer is `any` are listed for each signing role, new ones among them."""
    types = authoring.types_signed_by(role)
    assert {"attestation", "status-list", *own} <= set(types)
    assert "trust-document" not in types


@pytest.mark.parametrize("role", ["witness", "admin", "nobody"])
def test_roles_without_a_signing_key(role: str) -> None:
    """A witness co-signs checkpoints and signs no documents."""
    assert authoring.types_signed_by(role) == ()
    assert Identity.create(PROVIDER, roles=[role], now=NOW).role_keys == {}


def test_renewal_picks_up_new_types() -> None:
    """A key that an older edition listed for fewer types may sign all of them after a renewal."""
    identity = Identity.create(PROVIDER, roles=["provider"], now=NOW)
    body = orjson.loads(identity.trust.parts.body)
    body["keys"][1]["use"] = ["site"]
    old = replace(identity, trust=authoring.own_record(sign_draft(orjson.dumps(body), identity.roots)))
    keyid = identity.signing["provider"].keyid
    assert old.trust.keys[keyid].use == {"site"}
    assert "attestation" in old.renew(now=NOW).trust.keys[keyid].use


def test_the_new_keys_sign_as_soon_as_they_begin() -> None:
    """Before its begin the old generation signs, then the new one; both verify during the overlap."""
    old = Identity.create(PROVIDER, roles=["provider"], now=NOW, algorithms=HYBRID)
    new = rotated(old, "provider", Schedule(NOW + HOUR, HOUR, HOUR))
    trust = pinned(old)
    trust.update(new.trust_document, now=NOW + HOUR)
    before, after = NOW + HOUR + timedelta(minutes=30), NOW + 2 * HOUR + timedelta(minutes=30)
    first, second = signed(new, before), signed(new, after)
    ours = {key.keyid for key in old.role_keys["provider"]}
    assert {one.keyid for one in first.signatures} == ours
    assert len(second.signatures) == 2
    assert not {one.keyid for one in second.signatures} & ours
    for envelope in (first, second):
        open_envelope(envelope, v1.Site, trust, now=after)
    with pytest.raises(TrustError) as refused:  # once the old keys have ended
        open_envelope(first, v1.Site, trust, now=NOW + 4 * HOUR)
    assert refused.value.reason == "KEY_TIME"
    open_envelope(second, v1.Site, trust, now=NOW + 4 * HOUR)


def test_another_algorithm_takes_the_place() -> None:
    """After a change of algorithm no signature of the old kind stands beside the new ones."""
    old = Identity.create(PROVIDER, roles=["provider"], now=NOW)
    new = rotated(old, "provider", Schedule(NOW, overlap=HOUR), "ml-dsa-65")
    (signature,) = signed(new, NOW + timedelta(minutes=1)).signatures
    assert new.trust.keys[signature.keyid].alg == "ml-dsa-65"


def test_a_second_rotation_keeps_the_promised_end() -> None:
    """Keys whose end is stated last until then, however often their role is rotated."""
    first = Identity.create(PROVIDER, roles=["provider"], now=NOW)
    second = rotated(first, "provider", Schedule(NOW, overlap=24 * HOUR))
    third = rotated(second, "provider", Schedule(NOW + HOUR))
    assert third.trust.keys[first.signing["provider"].keyid].not_after == NOW + 24 * HOUR
    assert third.trust.keys[second.signing["provider"].keyid].not_after == NOW + HOUR


def test_a_key_that_has_ended_signs_nothing() -> None:
    """What every reader would refuse is not signed: KEY_TIME, and what to do."""
    old = Identity.create(PROVIDER, roles=["provider"], now=NOW)
    new = replace(rotated(old, "provider", Schedule(NOW + HOUR)), role_keys=old.role_keys)
    assert signed(new, NOW).signatures
    with pytest.raises(TrustError, match="crex key rotate") as refused:
        signed(new, NOW + 2 * HOUR)
    assert outcome(refused.value) == (17, "KEY_TIME")


def test_only_what_an_identity_has_is_rotated() -> None:
    """A purpose for which there is no key is named, with what there is."""
    identity = Identity.create(PROVIDER, roles=["provider"], now=NOW)
    for what in ("consumer", "access", "log", "witness", "publisher", "nonsense"):
        with pytest.raises(CrexError, match=f"no {what} key"):
            rotated(identity, what, Schedule(NOW))


def test_brokers_and_witnesses_have_note_keys(tmp_path: Path) -> None:
    """A broker signs its log's checkpoints and a witness co-signs, by keys that their documents list."""
    broker = Identity.create(BROKER, roles=["broker"], now=NOW)
    witness = Identity.create("w.example.org", roles=["witness"], now=NOW)
    assert broker.log is not None
    assert witness.witness is not None
    assert (broker.log.name, broker.log.kind) == (f"{BROKER}/log", KIND_NOTE)
    assert (witness.witness.name, witness.witness.kind) == ("w.example.org/witness", KIND_COSIGNATURE)
    assert [key.vkey for key in broker.trust.logs] == [broker.log.vkey]
    assert [key.vkey for key in witness.trust.witnesses] == [witness.witness.vkey]
    secret = Passphrase(b"correct horse")
    for identity, name in ((broker, "log"), (witness, "witness")):
        folder = tmp_path / identity.authority
        save_identity(identity, folder, secret)
        path = folder / "keys" / f"{name}.pem"
        assert b"ENCRYPTED" in path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
        loaded = load_identity(folder, secret)
        key = loaded.log or loaded.witness
        assert key is not None
        assert key.vkey in {one.vkey for one in (*identity.trust.logs, *identity.trust.witnesses)}
        assert "PRIVATE" not in repr(loaded)


def test_a_broker_of_an_older_edition_has_no_log_key(tmp_path: Path) -> None:
    """An identity without note keys loads as it did, and gets a key by a rotation."""
    made = Identity.create(BROKER, roles=["broker", "arbiter"], now=NOW)
    body = orjson.loads(made.trust.parts.body)
    del body["logs"]
    trust = authoring.own_record(sign_draft(orjson.dumps(body), made.roots))
    save_identity(replace(made, trust=trust, log=None), tmp_path)
    old = load_identity(tmp_path)
    assert (old.log, old.trust.logs) == (None, ())
    assert len(rotated(old, "log", Schedule(NOW)).trust.logs) == 1


def test_a_note_key_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """A key file that the trust document does not list is named."""
    broker, other = (Identity.create(BROKER, roles=["broker"], now=NOW) for _ in range(2))
    save_identity(broker, tmp_path / "a")
    save_identity(other, tmp_path / "b")
    path = tmp_path / "a" / "keys" / "log.pem"
    path.write_bytes((tmp_path / "b" / "keys" / "log.pem").read_bytes())
    with pytest.raises(CrexError, match="logs") as refused:
        load_identity(tmp_path / "a")
    assert refused.value.source == str(path)


def test_hybrid_identities_on_disk(tmp_path: Path) -> None:
    """Each algorithm has a file; a key that no trust document lists yet is left alone."""
    identity = Identity.create(PROVIDER, roles=["provider"], now=NOW, algorithms=HYBRID)
    save_identity(identity, tmp_path)
    assert len(key_folder.paths(tmp_path / "keys", "provider")) == 2
    stray = Identity.create(PROVIDER, roles=["provider"], now=NOW).signing["provider"]
    key_folder.write_signing_key(tmp_path / "keys", "provider", stray)
    loaded = load_identity(tmp_path)
    assert [key.keyid for key in loaded.role_keys["provider"]] == [
        key.keyid for key in identity.role_keys["provider"]
    ]
    assert len(signed(loaded).signatures) == 2
