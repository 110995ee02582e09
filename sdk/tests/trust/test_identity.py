"""Identities: what they may sign, and how they are kept on disk."""

import os
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from crex import v1
from crex.documents import convert
from crex.documents.types import DocumentType
from crex.errors import CrexError, DocumentError, InvalidName, TrustError
from crex.trust.authoring import types_signed_by
from crex.trust.identity import Identity
from crex.trust.identity_files import (
    default_home,
    identity_folder,
    load_credential,
    load_identity,
    open_pins,
    save_credential,
    save_identity,
    save_renewed,
)
from crex.trust.key_files import PASSPHRASE_VARIABLE, Passphrase
from crex.trust.seal import open_sealed, seal
from crex.trust.verify import open_envelope
from sdk.tests.trust.samples import CONSUMER, NOW, PROVIDER, header, outcome, pinned, root_of, site

SECRET = Passphrase(b"correct horse")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder with an identity of all roles."""
    identity = Identity.create(PROVIDER, roles=["provider", "consumer"], now=NOW, hosts=["localhost"])
    folder = tmp_path / PROVIDER
    save_identity(identity, folder)
    return folder


def test_signs_what_its_role_signs(provider: Identity) -> None:
    """A message of the role's types is signed, and opens by the identity's own trust document."""
    message = convert.to_message(site(), v1.Site)
    envelope = provider.sign_document(message)
    verified = open_envelope(envelope, v1.Site, pinned(provider), now=NOW)
    assert verified.message == message
    assert verified.keyids == (provider.signing["provider"].keyid,)


def test_every_type_of_a_role_has_a_key(provider: Identity) -> None:
    """The trust document lets the role's key sign each type that the contract gives to the role."""
    entry = provider.trust.keys[provider.signing["provider"].keyid]
    assert entry.use == set(types_signed_by("provider"))
    assert {"offer", "usage-batch", "invoice"} <= entry.use
    assert types_signed_by("nobody") == ()


def test_signs_nothing_of_another_role(consumer: Identity) -> None:
    """A consumer's identity has no key for sites, and says which roles it has (KEY_USE)."""
    body = {"header": header(CONSUMER, "site/a")}
    with pytest.raises(TrustError, match="consumer") as refused:
        consumer.sign_body(orjson.dumps(body), DocumentType.of(v1.Site))
    assert outcome(refused.value) == (8, "KEY_USE")


def test_signs_for_itself_only(consumer: Identity) -> None:
    """A document that names another issuer is not signed (ISSUER_MISMATCH)."""
    with pytest.raises(TrustError) as refused:
        consumer.sign_body(orjson.dumps(site()), DocumentType.of(v1.Site))
    assert outcome(refused.value) == (14, "ISSUER_MISMATCH")


def test_signs_nothing_invalid(provider: Identity) -> None:
    """A document that readers would refuse is not signed."""
    with pytest.raises(DocumentError):
        provider.sign_document(v1.Site(header=v1.Header(id="crex://x"), country="CN"))


def test_roles_without_documents(tmp_path: Path) -> None:
    """An administrator gets a certificate and a trust document, and signs nothing."""
    admin = Identity.create("a.example.com", roles=["admin"], now=NOW)
    assert (admin.signing, admin.access) == ({}, None)
    save_identity(admin, tmp_path / "a")
    assert load_identity(tmp_path / "a").roles == ("admin",)


def test_consumer_gets_an_access_key(consumer: Identity) -> None:
    """What is sealed to the consumer's published access key opens with its identity."""
    assert consumer.access is not None
    assert consumer.trust.keys[consumer.access.keyid].use == {"access"}
    sealed = seal(consumer.access.raw, b"info", b"token")
    assert open_sealed(consumer.access, b"info", *sealed) == b"token"


def test_authority_must_be_one() -> None:
    """An identity is only made for a DNS name in its one form."""
    with pytest.raises(InvalidName):
        Identity.create("P.example.cn", roles=[], now=NOW)


def test_renewal_keeps_the_keys(provider: Identity) -> None:
    """A renewed identity has the next trust document, a later end, the same keys and another certificate."""
    later = NOW + timedelta(days=300, microseconds=1)
    renewed = provider.renew(now=later)
    assert renewed.trust.revision == 2
    assert renewed.trust.valid_until > provider.trust.valid_until
    assert renewed.trust.keys.keys() == provider.trust.keys.keys()
    assert renewed.tls.chain_pem != provider.tls.chain_pem
    trust = pinned(provider)
    assert trust.update(renewed.trust_document, now=later).revision == 2


def test_saved_and_loaded(saved: Path) -> None:
    """What is loaded signs, opens and identifies as what was saved."""
    identity = load_identity(saved)
    assert (identity.authority, identity.program, identity.hosts) == (PROVIDER, "main", ("localhost",))
    assert identity.roles == ("provider", "consumer")
    assert identity.access is not None
    assert identity.tls_root is not None
    envelope = identity.sign_body(orjson.dumps(site()), DocumentType.of(v1.Site))
    assert open_envelope(envelope, v1.Site, pinned(identity), now=NOW).issuer == PROVIDER
    assert identity.issue_certificate("agent-1", now=NOW).chain_pem


def test_files_are_private(saved: Path) -> None:
    """Every file with a private key is 0600, whatever the umask, and no folder can be entered by others."""
    secrets = [*saved.glob("keys/*.pem"), *saved.glob("tls/*.pem")]
    assert len(secrets) == 6
    for path in secrets:
        assert b"PRIVATE KEY" in path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
    assert (saved / "keys").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660])
def test_key_file_that_others_can_use_is_refused(saved: Path, mode: int) -> None:
    """A key file that its group or the world can read or write is refused, with the command that mends it."""
    path = saved / "keys" / "provider.pem"
    path.chmod(mode)
    with pytest.raises(CrexError, match=f"chmod 600 {path}") as refused:
        load_identity(saved)
    assert (refused.value.reason, refused.value.source) == ("IDENTITY", str(path))


def test_nothing_is_overwritten(saved: Path, provider: Identity) -> None:
    """A folder that has an identity, or a single key, is never written over."""
    with pytest.raises(CrexError, match="already"):
        save_identity(provider, saved)
    (saved / "identity.json").unlink()
    before = (saved / "keys" / "root.pem").read_bytes()
    with pytest.raises(CrexError, match="never overwritten"):
        save_identity(provider, saved)
    assert (saved / "keys" / "root.pem").read_bytes() == before


def test_encrypted_keys(tmp_path: Path, provider: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    """Encrypted keys open with the passphrase given, from the environment, or by asking; not with another."""
    save_identity(provider, tmp_path, SECRET)
    for path in (*tmp_path.glob("keys/*.pem"), *tmp_path.glob("tls/*.pem")):
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    with pytest.raises(CrexError, match=PASSPHRASE_VARIABLE):
        load_identity(tmp_path)
    with pytest.raises(CrexError, match="does not open") as refused:
        load_identity(tmp_path, Passphrase(b"wrong"))
    assert "wrong" not in str(refused.value)
    asked: list[Path] = []

    def ask(path: Path) -> bytes:
        asked.append(path)
        return b"correct horse"

    load_identity(tmp_path, Passphrase(ask=ask))
    assert asked == [tmp_path / "keys" / "provider.pem"]
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "correct horse")
    assert load_identity(tmp_path).tls == provider.tls
    assert "correct" not in repr(SECRET)


def test_root_key_kept_elsewhere(saved: Path) -> None:
    """Without its root keys an identity still signs documents; what needs them says where to do it."""
    (saved / "keys" / "root.pem").unlink()
    (saved / "keys" / "tls-root.pem").unlink()
    identity = load_identity(saved)
    assert identity.sign_body(orjson.dumps(site()), DocumentType.of(v1.Site)).signatures
    with pytest.raises(TrustError, match="trust-document"):
        identity.renew(now=NOW)
    with pytest.raises(CrexError, match="TLS root key"):
        identity.issue_certificate("other", now=NOW)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("identity.json", b"{"),
        ("identity.json", b"{}"),
        ("identity.json", b'{"authority":"../x","program":"main","roles":[],"hosts":[]}'),
        ("identity.json", b'{"authority":"p.example.cn","program":"../x","roles":[],"hosts":[]}'),
        ("identity.json", b'{"authority":"p.example.cn","program":"main","roles":[1],"hosts":[]}'),
        ("identity.json", b'{"authority":"q.example.cn","program":"main","roles":[],"hosts":[]}'),
        ("identity.json", None),
        ("keys/provider.pem", b"junk"),
        ("keys/provider.pem", None),
        ("tls/main.pem", b"junk"),
        ("tls/main.pem", None),
        ("trust/1.json", b"{}"),
        ("trust/1.json", None),
    ],
)
def test_damage_is_named(saved: Path, file: str, content: bytes | None) -> None:
    """A damaged or missing file is named, with what to do; never a traceback of a parser."""
    path = saved / file
    path.unlink()
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    with pytest.raises(CrexError) as refused:
        load_identity(saved)
    assert refused.value.source is not None
    assert str(saved) in refused.value.source


@pytest.mark.parametrize("name", ["root", "provider", "access", "tls-root"])
def test_keys_that_do_not_belong_here(saved: Path, tmp_path: Path, name: str) -> None:
    """A key of another identity, or of another kind, is refused."""
    other = tmp_path / "other"
    save_identity(Identity.create(PROVIDER, roles=["provider", "consumer"], now=NOW), other)
    path = saved / "keys" / f"{name}.pem"
    path.write_bytes((other / "keys" / f"{name}.pem").read_bytes())
    with pytest.raises(CrexError, match="IDENTITY"):
        load_identity(saved)
    wrong_kind = "access" if name != "access" else "root"
    path.write_bytes((other / "keys" / f"{wrong_kind}.pem").read_bytes())
    with pytest.raises(CrexError, match="another kind"):
        load_identity(saved)


def test_certificate_file_whose_parts_do_not_belong_together(saved: Path) -> None:
    """A certificate beside another certificate's key is refused."""
    path = saved / "tls" / "main.pem"
    key, _, _ = path.read_bytes().partition(b"-----BEGIN CERTIFICATE")
    other = load_identity(saved).issue_certificate("main", now=NOW)
    path.write_bytes(key + other.chain_pem)
    with pytest.raises(CrexError, match="not that of its certificate"):
        load_identity(saved)
    path.write_bytes(key)
    with pytest.raises(CrexError, match="no certificate"):
        load_identity(saved)


def test_renewal_on_disk(saved: Path) -> None:
    """After a renewal the folder holds both trust documents, and the newest is used and pinned."""
    later = NOW + timedelta(days=300)
    before = load_identity(saved)
    assert open_pins(before, saved, now=NOW).authorities() == (PROVIDER,)
    save_renewed(before.renew(now=later), saved)
    after = load_identity(saved)
    assert (after.trust.revision, after.tls != before.tls) == (2, True)
    current = open_pins(after, saved, now=later).current(PROVIDER)
    assert current is not None
    assert current.revision == 2
    assert root_of(after).keyid == root_of(before).keyid


def test_certificate_of_another_program(saved: Path) -> None:
    """One identity serves several programs, each with its own certificate file."""
    tls = load_identity(saved).issue_certificate("agent-1", now=NOW)
    path = save_credential(tls, saved, "agent-1")
    assert path.name == "agent-1.pem"
    assert load_credential(saved, "agent-1") == tls


def test_where_identities_live(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """CREX_HOME comes first, then the user's configuration folder; no authority leads outside."""
    monkeypatch.setenv("CREX_HOME", str(tmp_path))
    assert identity_folder(PROVIDER) == tmp_path / PROVIDER
    monkeypatch.delenv("CREX_HOME")
    monkeypatch.setenv("XDG_CONFIG_HOME", os.fspath(tmp_path / "c"))
    assert default_home() == tmp_path / "c" / "crex"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", os.fspath(tmp_path))
    assert default_home() == tmp_path / ".config" / "crex"
    with pytest.raises(InvalidName):
        identity_folder("../etc")
