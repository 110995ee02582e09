"""`crex trust`: published, fetched, pinned by fingerprint, bundled for those without a network, and shown."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from crex.trust.identity_files import load_identity
from sdk.tests.cli.conftest import Shell
from sdk.tests.resolve.web import certificate_for

PROVIDER, CONSUMER = "p.example.cn", "c.example.org"
AS_PROVIDER, AS_CONSUMER = ["--as", PROVIDER], ["--as", CONSUMER]


@pytest.fixture
def both(crex: Shell) -> Shell:
    """A home with a provider and a consumer who do not know each other."""
    crex("init", PROVIDER, "--role", "provider")
    crex("init", CONSUMER, "--role", "consumer")
    return crex


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, list[str]]]:
    """Any static web server in the provider's name: its folder, and how a command gets there."""
    root = tmp_path / "web"
    root.mkdir()
    certificate, key = certificate_for(PROVIDER, tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(root)))
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield root, ["--via", f"127.0.0.1:{server.server_address[1]}", "--ca", str(certificate)]
    server.shutdown()
    server.server_close()


def test_published_and_fetched(both: Shell, web: tuple[Path, list[str]]) -> None:
    """TRUST-SERVE-1, TRUST-PIN-1: versions are files; the first is taken by decision, then each next one."""
    root, via = web
    fetch = [*AS_CONSUMER, "trust", "fetch", PROVIDER, *via]
    served = both.json(*AS_PROVIDER, "trust", "publish", "-o", str(root))
    assert both(*fetch) == 1
    assert served["sha256"] in both.err
    assert both(*fetch, "--fingerprint", "0" * 64) == 1
    assert "nothing is trusted" in both.err
    assert both(*AS_CONSUMER, "trust", "show", PROVIDER) == 1
    assert both(*fetch, "--fingerprint", served["sha256"].upper()) == 0
    assert both(*fetch) == 0
    assert "is the latest" in both.out
    assert both(*fetch, "--fingerprint", served["sha256"]) == 0
    assert both(*fetch, "--fingerprint", "0" * 64) == 1
    assert "was trusted here already" in both.err
    for _ in range(2):
        both(*AS_PROVIDER, "trust", "renew")
    both(*AS_PROVIDER, "trust", "publish", "-o", str(root))
    assert both(*fetch) == 0
    assert "revision 2, 3" in both.out
    assert both.json(*AS_CONSUMER, "trust", "show", PROVIDER)["revision"] == 3
    assert both.json(*AS_CONSUMER, "trust", "show", PROVIDER, "--version", "2")["revision"] == 2
    assert both(*AS_CONSUMER, "trust", "show", PROVIDER, "--version", "9") == 1
    assert "pinned are 1, 2, 3" in both.err


def test_the_first_time_by_the_web_server(both: Shell, web: tuple[Path, list[str]]) -> None:
    """TRUST-PIN-1: `--first` is the operator's decision, and prints what is to be compared."""
    root, via = web
    both(*AS_PROVIDER, "trust", "publish", "-o", str(root))
    assert both(*AS_CONSUMER, "trust", "fetch", PROVIDER, *via, "--first") == 0
    assert load_identity(both.home / PROVIDER).trust.digest in both.out


def test_a_web_server_that_serves_another(both: Shell, web: tuple[Path, list[str]]) -> None:
    """A server in the wrong hands changes nothing for those who pinned."""
    root, via = web
    fetch = [*AS_CONSUMER, "trust", "fetch", PROVIDER, *via]
    both(*AS_PROVIDER, "trust", "publish", "-o", str(root))
    both(*fetch, "--first")
    stranger = Shell(both.home.parent / "stranger", both.capsys)
    stranger("init", PROVIDER, "--role", "provider")
    stranger("trust", "renew")
    stranger("trust", "renew")
    assert stranger("trust", "publish", "-o", str(root)) == 1
    assert "never change" in stranger.err
    for path in root.rglob("*.json"):
        path.unlink()
    stranger("trust", "publish", "-o", str(root))
    assert both(*fetch) == 1
    assert both.json(*AS_CONSUMER, "trust", "show", PROVIDER)["revision"] == 1


def test_publishing_again_changes_no_version(both: Shell, tmp_path: Path) -> None:
    """TRUST-SERVE-1: files of versions stay byte for byte; a mirror may serve another's."""
    root = tmp_path / "web"
    both(*AS_PROVIDER, "trust", "publish", "-o", str(root))
    first = (root / ".well-known/crex-trust/1.json").read_bytes()
    both(*AS_PROVIDER, "key", "rotate", "provider")
    both(*AS_PROVIDER, "trust", "publish", "-o", str(root))
    assert (root / ".well-known/crex-trust/1.json").read_bytes() == first
    latest = (root / ".well-known/crex-trust.json").read_bytes()
    assert latest == (root / ".well-known/crex-trust/2.json").read_bytes()
    assert both(*AS_CONSUMER, "trust", "publish", PROVIDER, "-o", str(tmp_path / "m")) == 1
    assert both(*AS_CONSUMER, "trust", "publish") == 1
    assert "-o" in both.err


def test_pinned_by_a_fingerprint(both: Shell, tmp_path: Path) -> None:
    """A file counts only if it is what its authority told by another way."""
    paper = tmp_path / "p.json"
    both("-o", str(paper), *AS_PROVIDER, "trust", "export")
    digest = load_identity(both.home / PROVIDER).trust.digest
    pin = [*AS_CONSUMER, "trust", "pin", str(paper)]
    assert both(*pin, "--fingerprint", "1" * 64) == 1
    assert digest in both.err
    assert both(*AS_CONSUMER, "trust", "show", PROVIDER) == 1
    assert both(*pin, "--fingerprint", digest) == 0


def test_a_fingerprint_as_people_hand_it_on(both: Shell, tmp_path: Path) -> None:
    """Capitals, colons and spaces change nothing; what is no fingerprint is told so, and pins nobody."""
    paper = tmp_path / "p.json"
    both(*AS_PROVIDER, "trust", "export", "-o", str(paper))
    digest = load_identity(both.home / PROVIDER).trust.digest
    pin = [*AS_CONSUMER, "trust", "pin", str(paper), "--fingerprint"]
    for wrong in (digest[:-1], digest + "0", digest[:-1] + "x", digest[:-1] + "٣", "", "sha256:" + digest):
        assert both(*pin, wrong) == 2
        assert "64 hexadecimal digits" in both.err
    assert both(*AS_CONSUMER, "trust", "show", PROVIDER) == 1
    pairs = [digest[at : at + 2] for at in range(0, 64, 2)]
    groups = [digest[at : at + 8] for at in range(0, 64, 8)]
    for right in (digest.upper(), ":".join(pairs).upper(), f" {' '.join(groups)}\u00a0\n", "-".join(groups)):
        assert both(*pin, right) == 0


def test_a_bundle_for_those_without_a_network(both: Shell, tmp_path: Path) -> None:
    """OFFLINE-TRUST-1: a bundle is shown, trusts nobody by itself, and is taken up by a fingerprint."""
    bundle = tmp_path / "bundle.json"
    both(*AS_PROVIDER, "key", "rotate", "provider", "--overlap", "24h")
    assert both(*AS_PROVIDER, "trust", "bundle", "-o", str(bundle)) == 0
    shown = both.json("trust", "show", "--bundle", str(bundle))
    assert [one["authority"] for one in shown["trustDocuments"]] == [PROVIDER]
    assert both("trust", "show", PROVIDER, "--bundle", str(bundle), "--version", "1") == 0
    assert both("trust", "show", CONSUMER, "--bundle", str(bundle)) == 1
    pin = [*AS_CONSUMER, "trust", "pin", str(bundle)]
    assert both.json(*pin) == {"taken": [], "untrusted": [PROVIDER]}
    assert both(*AS_CONSUMER, "trust", "show", PROVIDER) == 1
    digest = shown["trustDocuments"][0]["sha256"]
    assert both(*pin, "--fingerprint", digest) == 0
    assert both.json(*AS_CONSUMER, "trust", "show", PROVIDER)["revision"] == 2
    both(*AS_PROVIDER, "trust", "renew")
    both(*AS_PROVIDER, "trust", "bundle", "-o", str(bundle))
    assert both(*pin) == 0
    assert both.json(*AS_CONSUMER, "trust", "show", PROVIDER)["revision"] == 3


def test_a_bundle_is_told_by_its_members(both: Shell, tmp_path: Path) -> None:
    """OFFLINE-TRUST-1: wherever its trust documents stand in the file, it is a bundle and pins nobody."""
    bundle = tmp_path / "bundle.json"
    both(*AS_PROVIDER, "trust", "bundle", "-o", str(bundle))
    bundle.write_bytes(b" " * 5000 + bundle.read_bytes())
    answer = both.json(*AS_CONSUMER, "trust", "pin", str(bundle))
    assert answer == {"taken": [], "untrusted": [PROVIDER]}


def test_a_bundle_with_everything(both: Shell, tmp_path: Path) -> None:
    """A policy and proofs travel along; what is no policy or proof is named."""
    policy, bundle = tmp_path / "policy.json", tmp_path / "bundle.json"
    policy.write_text('{"log":{"required":true,"quorum":1}}')
    write = [*AS_PROVIDER, "trust", "bundle", "-o", str(bundle)]
    assert both(*write, "--policy", str(policy)) == 0
    both("trust", "show", "--bundle", str(bundle))
    assert "a policy" in both.out
    policy.write_text('{"nonsense":1}')
    assert both(*write, "--policy", str(policy)) == 1
    assert str(policy) in both.err
    assert both(*write, "--proof", str(policy)) == 1
    assert both(*write, "--status", str(policy)) == 1
    assert str(policy) in both.err
    assert both(*write, CONSUMER) == 1
    assert both(*AS_PROVIDER, "trust", "bundle") == 1


def test_all_that_a_trust_document_says_is_shown(crex: Shell) -> None:
    """Keys with family, use, times and state; logs, lists, delegations and TLS roots with their ends."""
    name = "b.example.net"
    crex("init", name, "--role", "broker", "--role", "witness", "--algorithm", "ml-dsa-65")
    lists = f"crex://{name}/status-list/main"
    crex(
        "trust", "renew", "--status-list", lists, "--delegate", CONSUMER, "--type", "offer", "--until",
        "2099-01-01T00:00:00Z", "--max-depth", "1",
    )  # fmt: skip
    crex("key", "revoke", crex.json("key", "list")["keys"][1]["keyid"], "--at", "2026-01-01T00:00:00Z")
    assert crex("trust", "show", name) == 0
    for text in (
        "fingerprint ", "root key, ml-dsa-65, post-quantum, in-use", "revoked as of 2026-01-01T00:00:00Z",
        f"log {name}/log+", f"witness {name}/witness+", f"status list {lists}", "TLS root ",
        f"{CONSUMER} may sign offer in its name until 2099-01-01", "pass it on 1 times", "hold-receipt",
    ):  # fmt: skip
        assert text in crex.out, text
    shown = crex.json("trust", "show", name)
    assert {key["state"] for key in shown["keys"]} == {"in-use", "revoked"}
    assert shown["delegations"][0]["maxDepth"] == 1
    assert shown["tlsRoots"][0]["notAfter"].endswith("Z")


def test_an_own_revision_that_was_made_elsewhere(both: Shell, tmp_path: Path) -> None:
    """The machine that only serves takes up the revision that was completed where the root key is."""
    import shutil

    copy = Shell(tmp_path / "server", both.capsys)
    shutil.copytree(both.home / PROVIDER, copy.home / PROVIDER)
    (copy.home / PROVIDER / "keys" / "root.pem").unlink()
    both(*AS_PROVIDER, "trust", "renew")
    paper = both.home / PROVIDER / "trust" / "2.json"
    assert copy("trust", "pin", str(paper)) == 0
    assert load_identity(copy.home / PROVIDER).trust.revision == 2
    assert (copy.home / PROVIDER / "trust" / "2.json").read_bytes() == paper.read_bytes()


def test_an_old_copy_of_the_own_folder(both: Shell) -> None:
    """A revision that was pinned here is not forgotten when an old copy of `trust` is put back."""
    both(*AS_PROVIDER, "trust", "renew")
    both(*AS_PROVIDER, "trust", "show")
    (both.home / PROVIDER / "trust" / "2.json").unlink()
    assert load_identity(both.home / PROVIDER).trust.revision == 2
    assert both.json(*AS_PROVIDER, "trust", "renew")["revision"] == 3
