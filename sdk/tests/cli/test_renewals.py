"""`crex trust renew` and `crex trust draft`: what the next revision says, and what is not left unsaid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crex.documents.times import SystemClock
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
