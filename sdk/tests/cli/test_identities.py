"""Making identities, and trusting others."""

import io
import json
from pathlib import Path

import pytest

from sdk.tests.cli.conftest import Shell


def test_init_makes_an_identity_with_private_keys(crex: Shell) -> None:
    """`crex init` keeps keys that nobody else can read, and says where the trust document is."""
    made = crex.json("init", "p.example.cn", "--role", "provider")
    folder = crex.home / "p.example.cn"
    assert made["folder"] == str(folder)
    assert Path(made["trustDocument"]).exists()
    assert all(key.stat().st_mode & 0o077 == 0 for key in (folder / "keys").glob("*.pem"))


def test_an_identity_is_never_overwritten(crex: Shell) -> None:
    """A second `crex init` of the same authority is refused, and leaves the keys as they are."""
    crex("init", "p.example.cn")
    before = (crex.home / "p.example.cn" / "keys" / "root.pem").read_bytes()
    assert crex("init", "p.example.cn") == 1
    assert "never overwritten" in crex.err
    assert (crex.home / "p.example.cn" / "keys" / "root.pem").read_bytes() == before


@pytest.mark.parametrize("name", ["P.example.cn", "p", "p.example.cn/x", "../p.example.cn", "p.example.1"])
def test_a_name_that_is_no_authority_is_refused(crex: Shell, name: str) -> None:
    """An authority is a DNS name; nothing is made for another text, and no path leads out of the home."""
    assert crex("init", name) == 1
    assert not crex.home.exists() or not list(crex.home.rglob("*.pem"))


def test_keys_are_encrypted_with_a_passphrase(crex: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a passphrase the keys at rest are encrypted, and useless without it."""
    monkeypatch.setenv("CREX_PASSPHRASE", "correct horse battery staple")
    assert crex("init", "p.example.cn", "--encrypt") == 0
    text = (crex.home / "p.example.cn" / "keys" / "root.pem").read_text("ascii")
    assert "ENCRYPTED" in text
    assert crex("trust", "export") == 0
    monkeypatch.delenv("CREX_PASSPHRASE")
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody at a terminal
    assert crex("trust", "export") == 1
    assert "passphrase" in crex.err
    assert "correct horse" not in crex.err


def test_policy_is_given_as_options(crex: Shell) -> None:
    """What only the provider knows is kept from options, and what will not do is named."""
    answers = ["--site", "zhongwei-1", "--country", "CN", "--allocation", "shared", "--resource", "node-7"]
    assert crex("init", "p.example.cn", *answers) == 0
    kept = json.loads((crex.home / "p.example.cn" / "policy.json").read_text("utf-8"))
    assert kept == {
        "site": "zhongwei-1", "country": "CN", "allocation": "shared", "resource": "node-7",
    }  # fmt: skip
    answers[3] = "China"
    assert crex("init", "q.example.cn", *answers) == 1
    assert "country" in crex.err
    assert not (crex.home / "q.example.cn").exists()


def test_parties_trust_each_other_by_their_documents(crex: Shell, tmp_path: Path) -> None:
    """A trust document is exported, pinned, listed and shown; the wrong one is refused."""
    crex("init", "p.example.cn")
    crex("init", "c.example.org", "--role", "consumer")
    paper = tmp_path / "c.json"
    assert crex("-o", str(paper), "--as", "c.example.org", "trust", "export") == 0
    act = ["--as", "p.example.cn", "trust"]
    assert crex(*act, "pin", str(paper), "--authority", "d.example.org") == 1
    assert "ISSUER_MISMATCH" in crex.err
    assert crex(*act, "pin", str(paper), "--broker", "127.0.0.1:8443") == 0
    shown = crex.json(*act, "show", "c.example.org")
    assert {use for key in shown["keys"] for use in key["use"]} >= {"order-document", "access"}
    assert [one["authority"] for one in crex.json(*act, "show")] == ["c.example.org", "p.example.cn"]
    assert crex(*act, "show", "d.example.org") == 1
    assert "crex trust pin" in crex.err


def test_a_file_that_is_no_trust_document_is_named(crex: Shell, tmp_path: Path) -> None:
    """What cannot be pinned is refused with the file's name."""
    crex("init", "p.example.cn")
    paper = tmp_path / "paper.json"
    paper.write_text("{}", "utf-8")
    assert crex("trust", "pin", str(paper)) == 1
    assert str(paper) in crex.err
    assert crex("trust", "pin", str(tmp_path / "none.json")) == 1
    assert "none.json" in crex.err


def test_the_identity_must_be_clear(crex: Shell) -> None:
    """Without an identity, or with several and none named, a command says what to do."""
    assert crex("trust", "show") == 1
    assert "crex init" in crex.err
    crex("init", "p.example.cn")
    assert crex("trust", "show") == 0
    crex("init", "q.example.cn")
    assert crex("trust", "show") == 1
    assert "--as" in crex.err


def test_a_broker_must_be_known_and_pinned(crex: Shell) -> None:
    """Nothing is sent to an address without the trust document that tells the broker from an impostor."""
    crex("init", "p.example.cn")
    assert crex("server") == 1
    assert "--broker" in crex.err
    assert crex("--broker", "127.0.0.1:1", "server") == 1
    assert "impostor" in crex.err
    assert crex("--broker", "nowhere", "server") == 1
    assert "HOST:PORT" in crex.err
