"""The conformance vectors of trust.md, run against the SDK."""

import json
from base64 import b64decode
from importlib.resources import files
from typing import Any

import pytest

from crex import v1
from crex.documents.times import parse_time
from crex.documents.types import document_type
from crex.errors import TrustError
from crex.trust.directory import TrustDirectory
from crex.trust.verify import open_envelope

FOLDER = files("crex_conformance") / "vectors" / "trust"
VECTORS: dict[str, dict[str, Any]] = {
    entry.name.removesuffix(".json"): json.loads(entry.read_bytes())
    for entry in sorted(FOLDER.iterdir(), key=lambda entry: entry.name)
}


def answer(vector: dict[str, Any]) -> list[str]:
    """What the SDK answers: no reason where it accepts."""
    now, given = parse_time(vector["now"]), vector["input"]
    options = given["options"]
    pin = options.get("pin")
    trust = TrustDirectory()
    try:
        for document in given["roots"]:
            trust.pin(b64decode(document), now=parse_time(given["pinnedAt"]))
        open_envelope(
            b64decode(given["envelope"]),
            document_type(given["type"]).message,
            trust,
            now=now,
            expected_issuer=options.get("expectedIssuer"),
            expected=v1.Pin(id=pin["id"], revision=int(pin["revision"]), sha256=pin["sha256"])
            if pin
            else None,
            audience=options.get("audience"),
            nonce=options.get("nonce"),
            request_id=options.get("requestId"),
        )
    except TrustError as error:
        return [error.reason]
    return []


def test_there_are_vectors() -> None:
    """The package carries its vectors, wherever it is installed."""
    assert len(VECTORS) > 100


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_vector(vector: dict[str, Any]) -> None:
    """The SDK gives the answer that the specification demands."""
    assert answer(vector) == vector["expect"]["reasons"]
