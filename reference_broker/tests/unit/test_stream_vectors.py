"""The conformance vectors of keepers of streams, run against the broker's own (STREAM-GAP-1)."""

from __future__ import annotations

import json
import sqlite3
from base64 import b64decode
from importlib.resources import files
from typing import Any

import pytest

from crex.documents import reader
from crex.documents.types import document_type
from crex.errors import CrexError
from crex.trust.envelope import digest
from crex_broker.application.ports.documents import NewDocument
from crex_broker.storage.sqlite import streams
from crex_broker.storage.sqlite.writer import Tx

FOLDER = files("crex_conformance") / "vectors" / "streams"
VECTORS: dict[str, dict[str, Any]] = {
    entry.name.removesuffix(".json"): vector
    for entry in sorted(FOLDER.iterdir(), key=lambda entry: entry.name)
    if (vector := json.loads(entry.read_bytes()))["op"] == "stream.check"
}
_TABLE = """
CREATE TABLE streams (issuer TEXT, stream TEXT, sequence INTEGER, sha256 TEXT)
"""


def answer(vector: dict[str, Any]) -> list[str]:
    """What a keeper answers that reads each document and keeps it: no reason where it takes all."""
    kind = document_type(vector["input"]["type"])
    tx = Tx(sqlite3.connect(":memory:"), 0)
    tx.connection.execute(_TABLE)
    kept: set[str] = set()
    try:
        for body in map(b64decode, vector["input"]["bodies"]):
            head = reader.read(body, kind)["header"]
            sha256 = digest(body)
            document = NewDocument(
                type=kind.token,
                id=head["id"],
                revision=int(head["revision"]),
                sha256=sha256,
                issuer=head["issuer"],
                envelope=b"",
                stream=head.get("stream"),
                sequence=int(head.get("sequence", "0")),
                prev=head.get("prev", ""),
            )
            if document.stream and sha256 not in kept:
                streams.require_next(tx, document)
                streams.keep(tx, document)
            kept.add(sha256)
    except CrexError as error:
        return [error.reason]
    finally:
        tx.connection.close()
    return []


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_vector(vector: dict[str, Any]) -> None:
    """The broker takes in the documents of a stream as the specification demands."""
    assert answer(vector) == vector["expect"]["reasons"]
