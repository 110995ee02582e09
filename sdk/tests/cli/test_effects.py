"""Options that have an effect only together with another: given without it, they are refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from crex.cli.status_show import book_path
from crex.trust.identity_files import load_identity
from crex.trust.status_book import StatusListBuilder
from sdk.tests.cli.conftest import Shell

NAME = "b.example.net"
LIST = f"crex://{NAME}/status-list/main"
OFFICE = "pkcs11:token=office;object=provider"


@pytest.fixture
def own(crex: Shell) -> Shell:
    """A home with a broker that also sells and witnesses."""
    roles = [flag for role in ("broker", "provider", "witness") for flag in ("--role", role)]
    assert crex("init", NAME, *roles) == 0
    return crex


@pytest.mark.parametrize(
    ("arguments", "useless", "why"),
    [
        (["key", "rotate", "root", "--overlap", "24h"], "--overlap", "root keys change at once"),
        (["key", "rotate", "tls", "--starts-in", "2h"], "--starts-in", "both TLS roots count from now on"),
        (["key", "rotate", "log", "--overlap", "24h"], "--overlap", "of a log counts at once"),
        (
            ["key", "rotate", "witness", "--overlap", "24h", "--starts-in", "1h"],
            "--starts-in and --overlap",
            "of a witness counts at once",
        ),
        (["key", "rotate", "tls", "--finish", "--overlap", "24h"], "--overlap", "--finish makes no keys"),
        (
            ["key", "rotate", "tls", "--finish", "--key", "k.pem", "--algorithm", "ed25519"],
            "--algorithm and --key",
            "--finish makes no keys",
        ),
        (
            ["key", "rotate", "provider", "--key", "k.pem", "--algorithm", "ml-dsa-65"],
            "--algorithm",
            "have their algorithms",
        ),
        (["key", "revoke", f"{NAME}/log+00000000+AQAA", "--at", "now"], "--at", "has no times"),
        (["key", "new", "k.pkcs11", "--token", OFFICE, "--encrypt"], "--encrypt", "behind its PIN"),
    ],
)
def test_what_a_command_on_keys_takes_no_notice_of(
    own: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], useless: str, why: str
) -> None:
    """It is named, with why and what to do; no key is made and no revision."""
    monkeypatch.chdir(tmp_path)
    before = sorted(own.home.rglob("*"))
    assert own(*arguments) == 1
    assert own.err.startswith(f"crex: {useless} would have no effect: ")
    assert why in own.err
    assert sorted(own.home.rglob("*")) == before
    assert not (tmp_path / "k.pkcs11").exists()
    assert load_identity(own.home / NAME).trust.revision == 1


def test_what_is_of_one_trust_document_and_not_of_a_bundle(own: Shell, tmp_path: Path) -> None:
    """An address and a revision belong to one authority; a bundle holds several."""
    bundle = str(tmp_path / "bundle.json")
    own("trust", "bundle", "-o", bundle)
    assert own("trust", "pin", bundle, "--broker", "127.0.0.1:8443") == 1
    assert "--broker would have no effect: a bundle is of several authorities" in own.err
    assert not (own.home / NAME / "broker.json").exists()
    assert own("trust", "show", "--bundle", bundle, "--version", "1") == 1
    assert "--version would have no effect: a bundle is of several authorities" in own.err
    assert own("trust", "show", NAME, "--bundle", bundle, "--version", "1") == 0
    assert own("trust", "show", "--version", "1") == 0


@pytest.mark.parametrize(
    ("arguments", "useless", "why"),
    [
        (["status", "publish", "main", "--request-id", "1"], "--request-id", "nothing is sent. Add --send"),
        (["log", "audit", "--purpose", "a case"], "--purpose", "no records are asked for. Add --records"),
        (
            ["log", "verify", "a.json", "--proof", "p.json", "--order", "x", "--receipt", "r", "--save", "d"],
            "--order and --receipt and --save",
            "with --proof no log is asked",
        ),
        (
            ["log", "verify", "a.json", "--proof", "p.json", "--log", NAME, "--key", "k", "--state", "d"],
            "--log and --key and --state",
            "with --proof no log is asked",
        ),
        (
            ["policy", "check", "crex://p.example/offer/a", "--policy", "policy.json", "--with", "a.json"],
            "--with",
            "the broker is asked",
        ),
        (
            ["policy", "check", "policy.json", "--policy", "policy.json", "--sha256", "00"],
            "--sha256",
            "policy.json is the offer as it was seen",
        ),
    ],
)
def test_what_a_command_on_lists_logs_and_policies_takes_no_notice_of(
    own: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], useless: str, why: str
) -> None:
    """It is named, with why and what to do, before anything is read or sent."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.json").write_text("{}")
    assert own(*arguments) == 1
    assert own.err.startswith(f"crex: {useless} would have no effect: ")
    assert why in own.err


def test_a_book_that_exists_keeps_its_size(own: Shell) -> None:
    """A list that waits for its place in the trust document has its book, which states size and time."""
    path = book_path(own.home / NAME, LIST)
    StatusListBuilder(LIST, 131_072, timedelta(hours=24)).save(path)
    assert own("status", "new", "main", "--size", "262144", "--ttl", "1h") == 1
    assert "--size and --ttl would have no effect: the book " in own.err
    assert own("status", "new", "main") == 0
    assert LIST in load_identity(own.home / NAME).trust.status_lists


def test_an_address_without_the_name_of_its_broker(crex: Shell) -> None:
    """`crex init` keeps an address beside a name; without the name nothing is made."""
    assert crex("init", NAME, "--broker", "127.0.0.1:8443") == 1
    assert "AUTHORITY@HOST:PORT" in crex.err
    assert not (crex.home / NAME).exists()
    assert crex("init", NAME, "--broker", "b.example.org@127.0.0.1:8443") == 0
    assert (crex.home / NAME / "broker.json").exists()
