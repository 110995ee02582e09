"""`crex trust renew` and `crex trust draft`: what the next revision says, and what is not left unsaid."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from crex.documents.times import SystemClock
from crex.errors import CrexError
from crex.trust.authoring import own_record, types_signed_by
from crex.trust.envelope import to_json
from crex.trust.identity_files import load_identity
from crex.trust.own_trust import settle
from crex.trust.trust_draft import TrustDraft, sign_draft
from sdk.tests.cli.conftest import Shell

NAME = "p.example.cn"
UNTIL = "2099-06-01T00:00:00Z"


@pytest.fixture
def own(crex: Shell) -> Shell:
    """A home with a provider."""
    assert crex("init", NAME, "--role", "provider") == 0
    return crex


def folder(crex: Shell) -> Path:
    """The folder of the identity."""
    return crex.home / NAME


def use(crex: Shell, keyid: str) -> set[str]:
    """What a key may sign."""
    return set(load_identity(folder(crex)).trust.keys[keyid].use)


def made_by_an_older_edition(crex: Shell, *unknown: str) -> str:
    """Writes revision 1 as an edition does that does not know some types; gives the provider's key."""
    identity = load_identity(folder(crex))
    (key,) = identity.role_keys["provider"]
    draft = TrustDraft.read(identity.trust.parts.body)
    draft.set_use(key.keyid, [token for token in types_signed_by("provider") if token not in unknown])
    envelope = sign_draft(draft.body(), identity.roots)
    own_record(envelope)
    (folder(crex) / "trust" / "1.json").write_bytes(to_json(envelope))
    return key.keyid


def change(crex: Shell, edit: Callable[[TrustDraft], None]) -> None:
    """Makes the next revision with an edit for which there is no command."""
    identity, now = load_identity(folder(crex)), SystemClock().now()
    draft = TrustDraft.after(identity.trust, now=now, valid_until=identity.trust.valid_until)
    edit(draft)
    assert settle(folder(crex), identity, draft, identity.roots, now=now).record is not None


def test_a_renewal_takes_up_types_of_a_newer_edition(own: Shell) -> None:
    """What this edition knows and the one that made the key did not, the key may sign from then on."""
    keyid = made_by_an_older_edition(own, "offer", "status-list")
    assert "offer" not in use(own, keyid)
    assert own("trust", "renew", "--delegate", "site.example.cn", "--type", "site", "--until", UNTIL) == 0
    assert f"key {keyid} may sign also offer, status-list" in own.out
    assert use(own, keyid) == set(types_signed_by("provider"))
    (delegation,) = load_identity(folder(own)).trust.delegations
    assert delegation.types == {"site"}
    own("trust", "renew")
    assert "may sign" not in own.out
    assert load_identity(folder(own)).trust.delegations == (delegation,)


def test_a_draft_takes_up_types_as_well(own: Shell, tmp_path: Path) -> None:
    """Where the root key is elsewhere, the draft says the same as the renewal would."""
    keyid = made_by_an_older_edition(own, "offer")
    assert own("trust", "draft", "-o", str(tmp_path / "draft.json")) == 0
    assert f"key {keyid} may sign also offer" in own.out


def test_a_renewal_keeps_types_of_a_newer_edition_than_this(own: Shell) -> None:
    """An older edition that renews takes nothing away that it does not know."""
    identity = load_identity(folder(own))
    (key,) = identity.role_keys["provider"]
    change(own, lambda draft: draft.set_use(key.keyid, [*types_signed_by("provider"), "type-of-tomorrow"]))
    own("trust", "renew")
    assert "type-of-tomorrow" in use(own, key.keyid)


def test_a_key_that_was_narrowed_stays_narrow(own: Shell) -> None:
    """A key that lost a type in an earlier revision lost it on purpose; the renewal says that it stays so."""
    (key,) = load_identity(folder(own)).role_keys["provider"]
    change(own, lambda draft: draft.set_use(key.keyid, ["site"]))
    for _ in range(2):
        assert own("trust", "renew") == 0
        assert use(own, key.keyid) == {"site"}
        assert f"Key {key.keyid} stays as narrow as you made it" in own.out


def test_a_key_beside_a_wider_one_stays_narrow(own: Shell) -> None:
    """A key that began with less than another of its role stays so, and one that ended is not touched."""
    first = made_by_an_older_edition(own, "offer")
    own("key", "rotate", "provider", "--overlap", "24h")
    (second,) = (key.keyid for key in load_identity(folder(own)).role_keys["provider"] if key.keyid != first)
    assert use(own, second) == set(types_signed_by("provider"))
    own("trust", "renew")
    assert "may sign" not in own.out
    assert "narrow" not in own.out
    assert "offer" not in use(own, first)


@pytest.mark.parametrize("command", ["renew", "draft"])
@pytest.mark.parametrize("given", [["--type", "site"], ["--until", UNTIL], ["--max-depth", "0"]])
def test_what_only_a_delegation_has(own: Shell, tmp_path: Path, command: str, given: list[str]) -> None:
    """Without --delegate nobody is given a right, so what would say more of it is refused, not ignored."""
    target = ["-o", str(tmp_path / "draft.json")] if command == "draft" else []
    assert own("trust", command, *given, *target) == 1
    assert f"{given[0]} would have no effect" in own.err
    assert "--delegate AUTHORITY" in own.err
    assert load_identity(folder(own)).trust.revision == 1
    assert not (tmp_path / "draft.json").exists()


def test_a_right_that_is_given_and_taken_at_once(own: Shell) -> None:
    """To delegate to somebody and to end it in one command would change nothing; it is refused."""
    delegate = ["--delegate", "site.example.cn", "--type", "site", "--until", UNTIL]
    assert own("trust", "renew", *delegate, "--end-delegation", "site.example.cn") == 1
    assert "both name site.example.cn" in own.err
    assert load_identity(folder(own)).trust.revision == 1


# --- several commands at once ---


def waiting_for(lock: Path) -> int:
    """How many processes wait for a lock."""
    inode = lock.stat().st_ino
    found = Path("/proc/locks").read_text("ascii").splitlines()
    return sum("->" in line and line.split()[-3].endswith(f":{inode}") for line in found)


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who waits for a lock")
@pytest.mark.parametrize("command", [["trust", "renew"], ["key", "rotate", "provider"]])
def test_two_at_once(own: Shell, command: list[str]) -> None:
    """One of two makes the next revision; the other is told what happened, and changes nothing."""
    lock = folder(own) / "trust" / ".lock"
    with lock.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        arguments = [sys.executable, "-m", "crex.cli.main", "--home", str(own.home), *command]
        both = [subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        while waiting_for(lock) < 2:
            assert [one.poll() for one in both] == [None, None]
    said = [one.communicate()[1] for one in both]
    assert sorted(one.returncode for one in both) == [0, 1]
    assert "Another command changed this identity at the same time: its revision 2 counts" in "".join(said)
    assert "`crex trust show`" in "".join(said)
    assert load_identity(folder(own)).trust.revision == 2
    assert own(*command) == 0
    assert load_identity(folder(own)).trust.revision == 3


def test_a_change_to_what_was_read_before(own: Shell) -> None:
    """A revision or a draft that came meanwhile is neither replaced nor taken for this change's."""
    (folder(own) / "keys" / "root.pem").rename(own.home / "root.pem")
    identity, now = load_identity(folder(own)), SystemClock().now()
    draft = TrustDraft.after(identity.trust, now=now, valid_until=identity.trust.valid_until)
    own("trust", "renew")
    with pytest.raises(CrexError, match="made, changed or dropped by another command") as refused:
        settle(folder(own), identity, draft, [], now=now)
    assert refused.value.reason == "IDENTITY"
    own("trust", "drop")
    (own.home / "root.pem").rename(folder(own) / "keys" / "root.pem")
    own("trust", "renew")
    with pytest.raises(CrexError, match="its revision 2 counts by now"):
        settle(folder(own), identity, draft, [], now=now)
    assert not list((folder(own) / "drafts").iterdir())


# --- drafts that wait for signatures ---


@pytest.fixture
def away(own: Shell, tmp_path: Path) -> Path:
    """The root key, taken away from the identity."""
    (folder(own) / "keys" / "root.pem").rename(tmp_path / "root.pem")
    return tmp_path / "root.pem"


def signed(own: Shell, draft: Path, key: Path, target: Path) -> str:
    """A draft, signed by a root key."""
    assert own("trust", "sign", str(draft), "--key", str(key), "-o", str(target)) == 0, own.err
    return str(target)


def test_a_change_of_a_draft_that_waits_is_said(own: Shell, away: Path, tmp_path: Path) -> None:
    """The later command says that it holds the earlier one's changes, and that signatures are void."""
    first = own.json("key", "rotate", "provider")
    assert first["replaced"] is None
    assert any(line.startswith("new key") for line in first["changes"])
    draft = Path(first["draft"])
    fingerprint = sha256(draft.read_bytes()).hexdigest()
    early = signed(own, draft, away, tmp_path / "early.json")
    lists = f"crex://{NAME}/status-list/main"
    assert own("trust", "renew", "--status-list", lists, "--reason", "lists") == 0
    assert f"takes the place of the draft that waited here, fingerprint {fingerprint}" in own.out
    assert "Signatures over that are void" in own.out
    assert "new key" in own.out
    assert lists in own.out
    assert "crex trust complete --reason" in own.out
    # What was signed before is not completed past the change, which would be lost without a word.
    assert own("trust", "complete", early) == 1
    assert f"What was signed has the fingerprint {fingerprint}" in own.err
    assert str(draft) in own.err
    assert "crex trust drop" in own.err
    assert load_identity(folder(own)).trust.revision == 1
    assert own("trust", "complete", signed(own, draft, away, tmp_path / "late.json")) == 0
    trust = load_identity(folder(own)).trust
    assert (trust.revision, trust.status_lists) == (2, (lists,))


def test_a_draft_that_waits_is_dropped(own: Shell, away: Path, tmp_path: Path) -> None:
    """Whoever decides for what was signed earlier drops the draft, and sees with what."""
    draft = Path(own.json("key", "rotate", "provider")["draft"])
    early = signed(own, draft, away, tmp_path / "early.json")
    own("trust", "renew", "--status-list", f"crex://{NAME}/status-list/main")
    assert own("trust", "drop") == 0
    assert "Dropped the draft of revision 2" in own.out
    assert "status list" in own.out
    assert not draft.exists()
    assert own("trust", "drop") == 1
    assert "No draft of revision 2 of p.example.cn waits here" in own.err
    assert own("trust", "complete", early) == 0
    trust = load_identity(folder(own)).trust
    assert (trust.revision, trust.status_lists) == (2, ())


def test_a_draft_that_is_handed_out_is_the_one_that_waits(own: Shell, away: Path, tmp_path: Path) -> None:
    """What `crex trust draft` adds goes into the draft that waits, so that there is one to sign."""
    waiting = Path(own.json("key", "rotate", "provider")["draft"])
    target = tmp_path / "draft.json"
    assert own("trust", "draft", "-o", str(target)) == 0
    assert "takes the place of the draft that waited here" in own.out
    assert waiting.read_bytes() == target.read_bytes()
    assert own("trust", "complete", signed(own, target, away, tmp_path / "s.json")) == 0
    assert own("trust", "draft", "-o", str(target)) == 0
    assert "takes the place" not in own.out
    assert not list(waiting.parent.iterdir())


def test_a_draft_that_goes_into_a_revision(own: Shell, away: Path) -> None:
    """With the root key back, the next change counts at once, and says that the draft is part of it."""
    own("key", "rotate", "provider")
    away.rename(folder(own) / "keys" / "root.pem")
    assert own("trust", "renew") == 0
    assert "Revision 2 of p.example.cn counts" in own.out
    assert "is part of it; nobody need sign it" in own.out
    assert not list((folder(own) / "drafts").iterdir())


def test_a_draft_that_another_machine_outran(own: Shell, away: Path, tmp_path: Path) -> None:
    """A revision that was completed elsewhere leaves the draft here without a future, which is said."""
    elsewhere = tmp_path / "draft.json"
    own("trust", "draft", "-o", str(elsewhere))
    draft = own.json("key", "rotate", "provider")["draft"]
    copy = Shell(tmp_path / "copy", own.capsys)
    shutil.copytree(own.home, copy.home)
    copy("trust", "drop")
    assert copy("trust", "complete", signed(copy, elsewhere, away, tmp_path / "s.json")) == 0
    assert own("trust", "pin", str(copy.home / NAME / "trust" / "2.json")) == 0
    assert f"can count no more: {draft}" in own.out
