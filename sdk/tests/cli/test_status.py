"""`crex status`: an issuer's lists, and those of others."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crex.documents.times import format_time
from crex.trust.certificates import CertificateAuthority
from crex.trust.status_book import StatusListBuilder
from sdk.tests.cli.conftest import Shell

ISSUER, READER = "tuv.example.org", "c.example.org"
NAME = f"crex://{ISSUER}/status-list/a"
WELL_KNOWN = ".well-known/crex/status-list"


@pytest.fixture
def issuer(crex: Shell) -> Shell:
    """An attester with a list."""
    crex("init", ISSUER, "--role", "attester")
    assert crex("status", "new", "a") == 0
    return crex


def site(tmp_path: Path, issuer: str = ISSUER) -> Path:
    """An unsigned attestation."""
    path = tmp_path / "draft.json"
    header = {
        "id": f"crex://{issuer}/attestation/a",
        "revision": "1",
        "issuer": issuer,
        "issuedAt": format_time(datetime.now(UTC).replace(microsecond=0)),
    }
    body = {
        "header": header,
        "subjects": [{"id": "crex://p.example.cn/site/a"}],
        "predicateType": "tuv.example.org/seen",
        "other": "{}",
    }
    path.write_text(json.dumps(body), "utf-8")
    return path


def test_a_new_list_is_named_in_the_trust_document(issuer: Shell) -> None:
    """STATUS-LIST-1: `status new` makes a book, and the next trust document names the list; not twice."""
    shown = issuer.json("trust", "show", ISSUER)
    assert NAME in json.dumps(shown)
    book = issuer.home / ISSUER / "status-books" / "status-list~a.book.json"
    assert book.stat().st_mode & 0o777 == 0o600
    assert issuer("status", "new", "a") == 1
    assert "NAME_EXISTS" in issuer.err


def test_an_interrupted_beginning_is_gone_on_with(crex: Shell) -> None:
    """A book whose list no trust document names yet is kept, and named."""
    crex("init", ISSUER, "--role", "attester")
    path = crex.home / ISSUER / "status-books" / "status-list~a.book.json"
    book = StatusListBuilder(NAME)
    book.allot()
    book.save(path)
    assert crex("status", "new", "a") == 0
    assert crex.json("status", "show", "a")["allotted"] == 1
    assert NAME in json.dumps(crex.json("trust", "show", ISSUER))


def test_sizes_and_times_have_bounds(crex: Shell) -> None:
    """STATUS-SIZE-1, STATUS-TTL-1: what readers would refuse is not begun, and nothing is left of it."""
    crex("init", ISSUER, "--role", "attester")
    assert crex("status", "new", "a", "--size", "1000") == 1
    assert "STATUS-SIZE-1" in crex.err
    assert crex("status", "new", "a", "--ttl", "0s") in (1, 2)
    assert crex("status", "new", "A b") == 1
    assert not (crex.home / ISSUER / "status-books").exists()
    assert NAME not in json.dumps(crex.json("trust", "show", ISSUER))


def test_a_document_gets_a_place_is_signed_and_revoked(issuer: Shell, tmp_path: Path) -> None:
    """A place goes into the draft; the signed document revokes itself; a reader sees both."""
    draft, signed, www = site(tmp_path), tmp_path / "signed.json", tmp_path / "www"
    (place,) = issuer.json("status", "allot", "a", str(draft))
    header = json.loads(draft.read_text("utf-8"))["header"]
    assert header["status"] == {"list": NAME, "index": place["index"]}
    assert issuer("sign", str(draft), "-o", str(signed)) == 0
    assert issuer("status", "publish", "a", "-o", str(www)) == 0
    newest = www / WELL_KNOWN / "a.json"
    assert issuer("verify", str(signed), "--status-list", str(newest)) == 0
    assert issuer("status", "revoke", "a", str(signed), "--reason", "withdrawn") == 0
    # Until it is published, nobody knows.
    assert issuer("verify", str(signed), "--status-list", str(newest)) == 0
    answer = issuer.json("status", "publish", "a", "-o", str(www))
    assert (answer["revision"], answer["revoked"]) == (2, 1)
    assert sorted(path.name for path in (www / WELL_KNOWN).glob("a@?.json")) == ["a@1.json", "a@2.json"]
    assert issuer("verify", str(signed), "--status-list", str(newest)) == 1
    assert "REVOKED" in issuer.out + issuer.err
    shown = issuer.json("status", "show", str(newest))
    assert shown["revoked"] == [{"index": place["index"], "since": None}]
    own = issuer.json("status", "show", "a")
    assert own["revoked"] == [{"index": place["index"], "since": None, "reason": "withdrawn"}]


def test_a_document_gets_one_place_and_before_it_is_signed(issuer: Shell, tmp_path: Path) -> None:
    """Neither a signed document, nor one that has a place, nor another issuer's gets one; none is spent."""
    draft, signed = site(tmp_path), tmp_path / "signed.json"
    issuer("sign", str(draft), "-o", str(signed))
    assert issuer("status", "allot", "a", str(signed)) == 1
    assert "signed already" in issuer.err
    assert issuer("status", "allot", "a", str(site(tmp_path, READER))) == 1
    assert "ISSUER_MISMATCH" in issuer.err
    assert issuer.json("status", "show", "a")["allotted"] == 0
    issuer("status", "allot", "a", str(site(tmp_path)))
    assert issuer("status", "allot", "a", str(draft)) == 1
    assert "has a place already" in issuer.err


def test_only_places_that_were_given_out_are_revoked(issuer: Shell, tmp_path: Path) -> None:
    """STATUS-KEEP-1: nothing is revoked by a slip, and nothing is revoked less."""
    (place,) = issuer.json("status", "allot", "a")
    index = place["index"]
    other = str((int(index) + 1) % 131_072)
    assert issuer("status", "revoke", "a", other) == 1
    assert "never given out" in issuer.err
    assert issuer("status", "revoke", "a", index, "--since", "2026-03-01T00:00:00Z") == 0
    assert issuer("status", "revoke", "a", index, "--since", "2026-04-01T00:00:00Z") == 1
    assert "STATUS-KEEP-1" in issuer.err
    assert issuer("status", "revoke", "a", index, "--reason", "No Token") == 1
    assert issuer("status", "revoke", "a", str(site(tmp_path))) == 1
    assert "names no place" in issuer.err
    assert issuer("status", "revoke", "b", index) == 1


def test_a_list_in_a_file_is_verified(issuer: Shell, tmp_path: Path) -> None:
    """A list of an issuer that is not trusted, or that was altered, is shown to nobody as good."""
    issuer("status", "publish", "a", "-o", str(tmp_path))
    newest = tmp_path / WELL_KNOWN / "a.json"
    issuer("init", READER, "--role", "consumer")
    assert issuer("--as", READER, "status", "show", str(newest)) == 1
    assert "ISSUER" in issuer.err
    value = json.loads(newest.read_text("utf-8"))
    value["payload"] = value["payload"][:-8] + "AAAAAA=="
    newest.write_text(json.dumps(value), "utf-8")
    assert issuer("--as", ISSUER, "status", "show", str(newest)) == 1


# --- fetched over HTTPS ---


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str, Path]]:
    """A folder, the address at which it is served as the issuer, and the roots of its certificate."""
    www, ca = tmp_path / "www", tmp_path / "ca.pem"
    www.mkdir()
    now = datetime.now(UTC).replace(microsecond=0)
    authority = CertificateAuthority.create(ISSUER, now=now)
    ca.write_text(authority.pem, "ascii")
    tls = authority.issue("web", now=now, hosts=[ISSUER])
    (tmp_path / "tls.pem").write_bytes(tls.chain_pem + tls.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.pem")

    class Quiet(SimpleHTTPRequestHandler):
        """Says nothing of its own."""

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(www)))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield www, f"127.0.0.1:{server.server_address[1]}", ca
    server.shutdown()
    server.server_close()
    thread.join()


def test_lists_of_trusted_issuers_are_fetched_and_kept(
    issuer: Shell, served: tuple[Path, str, Path], tmp_path: Path
) -> None:
    """STATUS-TTL-1, STATUS-MONOTONIC-1: once in their time to live, kept as signed, no older one after."""
    www, address, ca = served
    issuer("status", "publish", "a", "-o", str(www))
    first = (www / WELL_KNOWN / "a.json").read_bytes()
    trust = tmp_path / "trust.json"
    issuer("trust", "export", "-o", str(trust))
    issuer("init", READER, "--role", "consumer")
    reader = ("--as", READER)
    fetch = (*reader, "status", "fetch", "--via", address, "--ca", str(ca))
    assert issuer(*fetch) == 1
    assert "Nobody whom you trust" in issuer.err
    issuer(*reader, "trust", "pin", str(trust))
    (found,) = issuer.json(*fetch)
    assert (found["list"], found["revision"]) == (NAME, 1)
    assert Path(found["file"]).read_bytes() == first
    issuer("--as", ISSUER, "status", "publish", "a", "-o", str(www))
    assert issuer.json(*fetch)[0]["revision"] == 1
    assert issuer.json(*fetch, "--anew")[0]["revision"] == 2
    (www / WELL_KNOWN / "a.json").write_bytes(first)
    assert issuer(*fetch, "--anew", NAME) == 1
    assert "TRUST_ROLLBACK" in issuer.err
    assert issuer.json(*reader, "status", "show", NAME)["revision"] == 2
    assert issuer(*reader, "status", "show", NAME + "2") == 1
    assert "NOT_FOUND" in issuer.err


def test_a_list_that_is_not_there_is_told(issuer: Shell, tmp_path: Path) -> None:
    """Where nobody answers, the exit code says so, and which list is missing."""
    trust = tmp_path / "trust.json"
    issuer("trust", "export", "-o", str(trust))
    issuer("init", READER, "--role", "consumer")
    issuer("--as", READER, "trust", "pin", str(trust))
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    assert issuer("--as", READER, "status", "fetch", "--via", f"127.0.0.1:{port}") == 3
    assert "a.json" in issuer.err


def test_validity_is_as_told(issuer: Shell) -> None:
    """`--valid-for` ends a list even where its time to live is longer."""
    assert issuer("status", "publish", "a", "--valid-for", "1h") == 0
    path = issuer.home / ISSUER / "status-books" / "status-list~a.json"
    shown = issuer.json("status", "show", str(path))
    assert shown["young"]
    issuer("status", "show", str(path))
    assert "for 1 h" in issuer.out
