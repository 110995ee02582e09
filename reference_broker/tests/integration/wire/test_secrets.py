"""ERROR-SECRET-1: no secret of a whole sale is in a log, in an error, or anywhere but in its own file."""

from __future__ import annotations

import base64
import json
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from reference_broker.tests.command_line import CONSUMER, PROVIDER, Sale

_PEM = re.compile(rb"-----BEGIN PRIVATE KEY-----\n.*?-----END PRIVATE KEY-----\n", re.DOTALL)
# The only folders of an identity in which private keys lie.
_OWN = {"keys", "tls"}


def _spellings(pem: bytes) -> list[bytes]:
    """The private part of a key in every form in which it might slip out."""
    key = load_pem_private_key(pem, None)
    if isinstance(key, EllipticCurvePrivateKey):
        raw = key.private_numbers().private_value.to_bytes(32, "big")
    else:
        assert isinstance(key, Ed25519PrivateKey | X25519PrivateKey)
        raw = key.private_bytes_raw()
    lines = [line for line in pem.split(b"\n")[1:-2] if len(line) > 20]
    return [raw, raw.hex().encode(), base64.b64encode(raw)[:40], base64.urlsafe_b64encode(raw)[:40], *lines]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and _OWN.isdisjoint(path.parts)]


@pytest.fixture(scope="module")
def secret(sale: Sale, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The secret with which the consumer used its lease."""
    place = tmp_path_factory.mktemp("kept") / "credential.json"
    assert sale.consumer.plain("-o", str(place), "access", "show", sale.lease) == 0
    return str(json.loads(place.read_text("utf-8"))["secret"]).encode()


@pytest.fixture(scope="module")
def secrets(sale: Sale, secret: bytes) -> list[bytes]:
    """Every secret of the broker and of its parties."""
    keys = [
        key
        for folder in (sale.operation.folder, sale.consumer.home)
        for path in folder.rglob("*.pem")
        for key in _PEM.findall(path.read_bytes())
    ]
    assert len(keys) >= 12, "every identity has a root, a TLS root and keys of its own"
    return [secret, *(spelling for key in keys for spelling in _spellings(key))]


def test_no_file_but_its_own_holds_a_secret(sale: Sale, secrets: list[bytes]) -> None:
    """ERROR-SECRET-1: not the logs of broker, agent and lease, nor the store, the journal or an answer."""
    searched = [path for folder in (sale.operation.folder, sale.consumer.home) for path in _files(folder)]
    names = {path.name for path in searched}
    assert {"broker.log", f"{PROVIDER}.log", "server.log", "broker.sqlite", "journal.sqlite"} <= names
    for path in searched:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content], path


def test_no_log_line_holds_a_salt(sale: Sale) -> None:
    """ERROR-SECRET-1, LOG-LEAF-2: a salt goes to the parties of a record, and into no line of any program."""
    with closing(sqlite3.connect(sale.operation.database)) as store:
        salts = [row[0] for row in store.execute("SELECT salt FROM log_entries WHERE salt IS NOT NULL")]
    assert len(salts) >= 5, "an order, its steps, usage and an invoice are private"
    spelled = [form for salt in salts for form in (salt, salt.hex().encode(), base64.b64encode(salt)[:40])]
    logs = [
        path
        for folder in (sale.operation.folder, sale.consumer.home)
        for path in folder.rglob("*")
        if path.suffix in {".log", ".out"}
    ]
    assert len(logs) >= 3
    for path in logs:
        content = path.read_bytes()
        assert not [salt for salt in spelled if salt in content], path


def test_no_error_tells_a_secret(
    sale: Sale,
    secrets: list[bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """ERROR-SECRET-1: not of a damaged or locked key, of a refused call, nor of a lease that is gone."""
    home = tmp_path / "home"
    shutil.copytree(sale.consumer.home, home)
    lost = replace(sale.consumer, home=home)
    key = home / CONSUMER / "keys" / "access.pem"
    whole = key.read_bytes()
    monkeypatch.setenv("CREX_PASSPHRASE", "correct horse battery staple")
    said = ""
    for content in (whole[:70], whole.replace(b"PRIVATE", b"PUBLIC"), whole.swapcase(), whole.strip(b"-\n")):
        key.write_bytes(content)
        assert lost.plain("access", "show", sale.lease) != 0
        said += "".join(capsys.readouterr())
    assert sale.consumer.plain("access", "run", sale.lease, "--", "true") != 0
    assert sale.other.plain("access", "show", sale.lease) != 0
    said += "".join(capsys.readouterr())
    assert said.count("\n") >= 6
    assert "correct horse" not in said
    assert "Traceback" not in said
    assert not [secret for secret in secrets if secret in said.encode()]
    assert whole.split(b"\n")[1][:30].decode() not in said
