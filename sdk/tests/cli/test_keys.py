"""`crex key` and the ceremonies of `crex trust`: keys change, and nobody is left with half a change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crex.documents.times import SystemClock
from crex.trust.directory import TrustDirectory
from crex.trust.identity_files import load_identity
from sdk.tests.cli.conftest import Shell

NAME = "p.example.cn"


@pytest.fixture
def own(crex: Shell) -> Shell:
    """A home with a provider that also buys."""
    assert crex("init", NAME) == 0
    return crex


def folder(crex: Shell) -> Path:
    """The folder of the identity."""
    return crex.home / NAME


def keys(crex: Shell) -> dict[str, dict[str, Any]]:
    """The keys of the identity, by name."""
    return {key["keyid"]: key for key in crex.json("key", "list")["keys"]}


def one(crex: Shell, purpose: str, state: str = "in-use") -> str:
    """The name of the key for a purpose in a state."""
    (found,) = [keyid for keyid, key in keys(crex).items() if key["for"] == purpose and key["state"] == state]
    return found


def test_keys_are_listed(own: Shell) -> None:
    """Every key with what it is for, its algorithm, and whether it is here."""
    found = own.json("key", "list")
    assert [(key["for"], key["alg"], key["here"]) for key in found["keys"]] == [
        ("root", "ed25519", True),
        ("provider", "ed25519", True),
        ("consumer", "ed25519", True),
        ("access", "x25519", True),
    ]
    assert found["threshold"] == 1
    (folder(own) / "keys" / "root.pem").unlink()
    own("key", "list")
    assert "elsewhere" in own.out
    assert "1 of 1 root keys must sign." in own.out


@pytest.mark.parametrize("what", ["provider", "consumer", "access", "root", "tls"])
def test_every_purpose_is_rotated(own: Shell, what: str) -> None:
    """A rotation makes the next revision, which everyone who has the one before accepts."""
    reader = TrustDirectory()
    reader.pin(load_identity(folder(own)).trust_document, now=SystemClock().now())
    changed = own.json("key", "rotate", what, "--reason", "yearly")
    assert changed["revision"] == 2
    identity = load_identity(folder(own))
    assert reader.update(identity.trust_document, now=SystemClock().now()).revision == 2
    journal = (folder(own) / "trust" / "journal.jsonl").read_text("utf-8")
    assert json.loads(journal)["reason"] == "yearly"
    assert "PRIVATE" not in journal


def test_an_overlap_keeps_the_old_key(own: Shell) -> None:
    """With an overlap the old key has an end and still counts; without one it has ended."""
    before = one(own, "provider")
    assert own("key", "rotate", "provider", "--overlap", "24h") == 0
    assert "refused from" in own.out
    found = keys(own)
    assert (found[before]["state"], found[before]["notAfter"] is not None) == ("in-use", True)
    consumer = one(own, "consumer")
    own("key", "rotate", "consumer")
    assert keys(own)[consumer]["state"] == "ended"


def test_a_later_start(own: Shell) -> None:
    """A key that begins later waits, so that others can fetch the trust document first."""
    own("key", "rotate", "provider", "--starts-in", "2h")
    assert keys(own)[one(own, "provider", "waiting")]["state"] == "waiting"
    assert one(own, "provider")


def test_a_hybrid_role(own: Shell) -> None:
    """A role gets a post-quantum key beside the classical one, and `crex init` makes both at once."""
    own("key", "rotate", "provider", "--algorithm", "ed25519", "--algorithm", "ml-dsa-65", "--overlap", "1h")
    families = {key["family"] for key in keys(own).values() if key["for"] == "provider"}
    assert families == {"classical", "post-quantum"}
    own("init", "q.example.cn", "--role", "provider", "--algorithm", "ed25519", "--algorithm", "ml-dsa-65")
    found = own.json("--as", "q.example.cn", "key", "list")["keys"]
    assert [key["alg"] for key in found] == ["ed25519", "ed25519", "ml-dsa-65"]
    assert own("key", "rotate", "provider", "--algorithm", "rot13", "--as", NAME) == 1
    assert "ALG" in own.err


def test_a_key_is_revoked_as_of_the_past(own: Shell) -> None:
    """A revocation may lie in the past; it is replaced in the same revision where that is asked for."""
    keyid = one(own, "provider")
    assert own("key", "revoke", keyid, "--at", "2026-01-01T00:00:00Z", "--replace", "--reason", "stolen") == 0
    found = keys(own)
    assert (found[keyid]["state"], found[keyid]["revokedAt"]) == ("revoked", "2026-01-01T00:00:00Z")
    assert one(own, "provider") != keyid
    assert load_identity(folder(own)).trust.revision == 2
    assert own("key", "revoke", keyid, "--at", "2099-01-01T00:00:00Z") == 1
    assert "past" in own.err


def test_a_revocation_is_never_taken_back(own: Shell) -> None:
    """TRUST-REVOKED-1: a second revocation moves the time to an earlier one only."""
    keyid = one(own, "consumer")
    own("key", "revoke", keyid, "--at", "2026-06-01T00:00:00Z")
    own("key", "revoke", keyid, "--at", "2026-07-01T00:00:00Z")
    assert keys(own)[keyid]["revokedAt"] == "2026-06-01T00:00:00Z"
    own("key", "revoke", keyid, "--at", "2026-05-01T00:00:00Z")
    assert keys(own)[keyid]["revokedAt"] == "2026-05-01T00:00:00Z"


def test_the_only_root_key_is_revoked_by_replacing_it(own: Shell) -> None:
    """Nobody locks oneself out: without another root key the revocation is refused, with what to do."""
    keyid = one(own, "root")
    assert own("key", "revoke", keyid) == 1
    assert "--replace" in own.err
    assert load_identity(folder(own)).trust.revision == 1
    assert own("key", "revoke", keyid, "--replace") == 0
    found = keys(own)
    assert (found[keyid]["root"], found[keyid]["state"]) == (False, "revoked")
    assert own("key", "rotate", "provider") == 0


@pytest.mark.parametrize("arguments", [["revoke"], ["threshold", "1", "--remove"]])
def test_a_key_whose_name_begins_with_a_hyphen(own: Shell, arguments: list[str]) -> None:
    """One name in 64 does, and is no option."""
    keyid = "-" + "x" * 41 + "A"
    assert own("key", *arguments, keyid) == 1
    assert f"{keyid} is no" in own.err
    assert own("key", *arguments, "--nonsense") == 2


def test_unknown_keys_and_purposes(own: Shell) -> None:
    """What is not there is named, and nothing is written."""
    for arguments in (
        ["key", "revoke", "x" * 43],
        ["key", "revoke", "x" * 43, "--replace"],
        ["key", "revoke", f"{NAME}/log+00000000+AQAA"],
        ["key", "rotate", "broker"],
        ["key", "rotate", "provider", "--finish"],
        ["key", "rotate", "tls", "--finish"],
        ["key", "threshold", "2"],
        ["key", "threshold", "1", "--remove", "x" * 43],
        ["key", "threshold", "1", "--root", str(own.home / NAME / "identity.json")],
    ):
        assert own(*arguments) == 1, arguments
        assert own.err.startswith("crex: ")
    assert load_identity(folder(own)).trust.revision == 1
    assert not list((folder(own) / "keys").glob("*.*.pem"))


def test_tls_roots_change_in_two_steps(own: Shell) -> None:
    """First both roots count and certificates stay; then the old root goes and certificates are new."""
    before = load_identity(folder(own))
    own("key", "rotate", "tls")
    between = load_identity(folder(own))
    assert len(between.trust.tls_roots) == 2
    assert between.tls.chain_pem == before.tls.chain_pem
    own("key", "rotate", "tls", "--finish")
    after = load_identity(folder(own))
    assert after.trust.tls_roots == between.trust.tls_roots[1:]
    assert after.tls.chain_pem != before.tls.chain_pem


def test_note_keys_are_rotated_and_taken_out(crex: Shell) -> None:
    """A witness gets a new key beside the old one, which is then taken out of the list."""
    crex("init", "w.example.org", "--role", "witness")
    (old,) = crex.json("key", "list")["noteKeys"]
    assert crex("key", "rotate", "witness") == 0
    found = crex.json("key", "list")["noteKeys"]
    assert [(note["for"], note["here"]) for note in found] == [("witness", True), ("witness", True)]
    identity = load_identity(crex.home / "w.example.org")
    assert [key.vkey for key in identity.earlier_note_keys] == [old["vkey"]]
    assert identity.witness is not None
    assert identity.witness.vkey == found[1]["vkey"]
    assert crex("key", "revoke", old["vkey"]) == 0
    (new,) = crex.json("key", "list")["noteKeys"]
    assert new["vkey"] != old["vkey"]


# --- several persons ---


def sign(crex: Shell, draft: Path, key: Path, target: Path) -> int:
    """One person signs a draft."""
    return crex("trust", "sign", str(draft), "--key", str(key), "-o", str(target))


def test_a_ceremony_of_three(own: Shell, tmp_path: Path) -> None:
    """Two of three root keys make a revision; one alone leaves a draft and changes nothing."""
    persons = [tmp_path / f"{name}.pem" for name in ("alice", "bob")]
    for path in persons:
        assert own("key", "new", str(path)) == 0
        assert path.stat().st_mode & 0o777 == 0o600
    roots = [flag for path in persons for flag in ("--root", f"{path}.pub")]
    waiting = own.json("key", "threshold", "2", *roots)
    draft = Path(waiting["draft"])
    assert len(waiting["missing"]) == 1
    assert load_identity(folder(own)).trust.revision == 1
    assert own("trust", "complete", str(draft)) == 1
    assert "1 of 2 signatures by root keys of revision 2" in own.err
    assert sign(own, draft, persons[0], tmp_path / "a.json") == 0
    assert "root key" in own.out
    assert own("trust", "complete", str(tmp_path / "a.json"), "--reason", "we are three") == 0
    assert not draft.exists()
    # From now on nothing counts without a second person; both sign apart.
    second = Path(own.json("key", "rotate", "provider")["draft"])
    for path in persons:
        assert sign(own, second, path, path.with_suffix(".json")) == 0
    signed = [str(path.with_suffix(".json")) for path in persons]
    assert own("trust", "complete", *signed) == 0
    assert load_identity(folder(own)).trust.revision == 3


def test_drafts_add_up(own: Shell, tmp_path: Path) -> None:
    """While a draft waits, further changes go into it, and it must be signed anew."""
    person = tmp_path / "alice.pem"
    own("key", "new", str(person))
    own("key", "threshold", "2", "--root", f"{person}.pub")
    draft = Path(own.json("key", "rotate", "provider")["draft"])
    sign(own, draft, person, tmp_path / "a.json")
    assert own("trust", "complete", str(tmp_path / "a.json")) == 0
    trust = load_identity(folder(own)).trust
    assert (trust.revision, trust.threshold, len(trust.keys)) == (2, 2, 6)
    assert own("key", "list") == 0


def test_an_offline_ceremony(own: Shell, tmp_path: Path) -> None:
    """The root key never comes near the network: the draft goes to it and the signature back."""
    away = tmp_path / "root.pem"
    (folder(own) / "keys" / "root.pem").rename(away)
    draft, signed = tmp_path / "draft.json", tmp_path / "signed.json"
    assert own("key", "rotate", "provider") == 0
    assert "waits for signatures" in own.out
    assert own("trust", "draft", "-o", str(draft)) == 0
    assert "to be signed by 1 of the root keys of revision 1" in own.out
    assert own("trust", "complete", str(draft)) == 1
    assert "THRESHOLD" in own.err
    assert sign(own, draft, away, signed) == 0
    assert own("trust", "complete", str(signed)) == 0
    assert len(load_identity(folder(own)).role_keys["provider"]) == 2


def test_the_members_of_a_part_stand_in_any_order(own: Shell, tmp_path: Path) -> None:
    """A program on the way may write the members of a signed draft anew, sorted; it is the same envelope."""
    draft, signed = tmp_path / "draft.json", tmp_path / "signed.json"
    own("trust", "draft", "-o", str(draft))
    sign(own, draft, folder(own) / "keys" / "root.pem", signed)
    signed.write_text(json.dumps(json.loads(signed.read_text()), sort_keys=True))
    assert own("trust", "complete", str(signed)) == 0
    assert load_identity(folder(own)).trust.revision == 2


def test_what_cannot_be_signed(own: Shell, tmp_path: Path) -> None:
    """Another key, another document and another identity are each told for what they are."""
    draft, other = tmp_path / "draft.json", tmp_path / "other.pem"
    own("trust", "draft", "-o", str(draft))
    own("key", "new", str(other))
    assert sign(own, draft, other, tmp_path / "x.json") == 1
    assert "KEY_USE" in own.err
    (tmp_path / "junk.json").write_text("{}")
    assert sign(own, tmp_path / "junk.json", other, tmp_path / "x.json") == 1
    assert "junk.json" in own.err
    own("init", "q.example.cn", "--role", "provider")
    act = ["--as", NAME]
    assert own(*act, "trust", "sign", str(draft), "-o", str(tmp_path / "s.json")) == 0
    assert own("--as", "q.example.cn", "trust", "complete", str(tmp_path / "s.json")) == 1
    assert "ISSUER_MISMATCH" in own.err
    assert load_identity(own.home / "q.example.cn").trust.revision == 1


def test_encrypted_root_keys(own: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's root key is encrypted with a passphrase, which no message repeats."""
    monkeypatch.setenv("CREX_PASSPHRASE", "correct horse battery staple")
    path = tmp_path / "alice.pem"
    assert own("key", "new", str(path), "--encrypt") == 0
    assert "ENCRYPTED" in path.read_text("ascii")
    monkeypatch.setenv("CREX_PASSPHRASE", "another one")
    draft = tmp_path / "d.json"
    own("trust", "draft", "-o", str(draft))
    assert sign(own, draft, path, tmp_path / "x.json") == 1
    assert "horse" not in own.err
    assert "another" not in own.err
    assert own("key", "new", str(path)) == 1
    assert "never overwritten" in own.err


@pytest.mark.parametrize("what", ["access", "tls"])
@pytest.mark.parametrize("by", ["--key", "--algorithm"])
def test_keys_that_are_always_made_here(own: Shell, tmp_path: Path, what: str, by: str) -> None:
    """A key for a purpose that takes none is refused, and no revision lists a key that is then lost."""
    assert own("key", "new", str(tmp_path / "k.pem")) == 0
    given = str(tmp_path / "k.pem") if by == "--key" else "ecdsa-p256"
    before = sorted(folder(own).joinpath("keys").iterdir())
    assert own("key", "rotate", what, by, given) == 1
    assert f"A new {what} key is always made here" in own.err
    assert sorted(folder(own).joinpath("keys").iterdir()) == before
    assert load_identity(folder(own)).trust.revision == 1


def test_a_passphrase_that_is_too_long(own: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the library would not take is refused by name, and no part of it is shown."""
    monkeypatch.setenv("CREX_PASSPHRASE", "horse" * 300)
    assert own("key", "new", str(tmp_path / "k.pem"), "--encrypt") == 1
    assert "The passphrase has 1500 bytes, and at most 1023 are taken." in own.err
    assert "horse" not in own.err
    assert not (tmp_path / "k.pem").exists()


def test_a_public_half_of_another_key_stays(own: Shell, tmp_path: Path) -> None:
    """Where a `.pub` file lies without its key, which may be kept elsewhere, no key takes its place."""
    (tmp_path / "k.pem.pub").write_text("another's")
    assert own("key", "new", str(tmp_path / "k.pem")) == 1
    assert "public half of another key" in own.err
    assert (tmp_path / "k.pem.pub").read_text() == "another's"
    assert not (tmp_path / "k.pem").exists()


def test_a_huge_key_file_is_not_read(own: Shell, tmp_path: Path) -> None:
    """A file that is no key file by its size is refused before all of it is in memory."""
    huge = tmp_path / "huge.pem"
    huge.touch(mode=0o600)
    with huge.open("wb") as file:
        file.truncate(1 << 40)
    assert own("key", "rotate", "provider", "--key", str(huge)) == 1
    assert "it is no key file" in own.err


def test_a_renewal(own: Shell) -> None:
    """The next revision with the same keys and new certificates; and what else is asked for."""
    before = load_identity(folder(own))
    until = "2027-06-01T00:00:00Z"
    arguments = ["--delegate", "site.example.cn", "--type", "site", "--until", until]
    arguments += ["--status-list", f"crex://{NAME}/status-list/main", "--valid-for", "30d"]
    assert own("trust", "renew", *arguments) == 0
    after = load_identity(folder(own))
    assert after.tls.chain_pem != before.tls.chain_pem
    assert after.trust.keys.keys() == before.trust.keys.keys()
    assert [one.to for one in after.trust.delegations] == ["site.example.cn"]
    assert after.trust.status_lists == (f"crex://{NAME}/status-list/main",)
    assert own("trust", "renew", "--end-delegation", "site.example.cn") == 0
    assert load_identity(folder(own)).trust.delegations == ()
    assert own("trust", "renew", "--end-delegation", "site.example.cn") == 1
    assert own("trust", "renew", "--delegate", "site.example.cn") == 1
    assert own("trust", "renew", "--delegate", NAME, "--type", "site", "--until", until) == 1
    assert "own name" in own.err
