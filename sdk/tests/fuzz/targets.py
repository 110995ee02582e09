"""Parsers of hostile bytes, each with seeds and with what it may never accept.

A target takes bytes. It may refuse them by a `CrexError`; whatever else it raises is a defect. Where it
accepts, it checks that what it accepted is what was signed, or that it is written back as the same bytes.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from crex import v1
from crex.documents import convert, reader, strict
from crex.documents.ear import read_ear
from crex.documents.types import document_types
from crex.errors import CrexError
from crex.transparency.tiles import Tile, read_hashes, read_leaves, write_hashes, write_leaves
from crex.trust.checkpoint import Checkpoint
from crex.trust.cosignature import cosign, cosigned
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import Parts, pae, parse_wire, read_parts, sign_bytes, to_json
from crex.trust.identity import Identity
from crex.trust.log_proof import check_proof, leaf_data
from crex.trust.merkle import leaf_hash
from crex.trust.peer import PeerVerifier
from crex.trust.policies import Evidence, PolicySubject, evaluate, parse_policy
from crex.trust.signed_note import KIND_COSIGNATURE, NoteKey, NoteVerifier, SignedNote
from crex.trust.status_lists import StatusLists
from crex.trust.trust_bundle import read_bundle, write_bundle
from crex.trust.verify import open_any
from sdk.tests.trust.status_samples import directory, signed_list, signing_key

NOW: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
PARTY, BROKER, WITNESS = "p.example.cn", "b.example.net", "w.example.org"


class AcceptedError(AssertionError):
    """Something was accepted that nobody signed, or that is written in another way."""


@dataclass(frozen=True, slots=True)
class Target:
    """One parser.

    Attributes:
        run: Takes bytes; raises a `CrexError` to refuse them.
        seeds: What it accepts, to begin with.
        words: Pieces of its language, to be put anywhere.
    """

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()


def require(condition: object, what: str) -> None:
    """Fails where something was accepted that should not have been."""
    if not condition:
        raise AcceptedError(what)


_JSON_WORDS: Final = (
    b"{", b"}", b"[", b"]", b":", b",", b'"', b"\\u0000", b"\\ud800", b"null", b"true", b"NaN", b"-0", b"1e9",
    b"\xef\xbb\xbf", b"\xff", b'"header":', b'"id":', b"[" * 70, b'"\\u0061"', b"1.0", b"99999999999", b"  ",
)  # fmt: skip
_NOTE_WORDS: Final = (
    b"\n",
    b"\n\n",
    "— ".encode(),
    b"+",
    b"=",
    b"0",
    b"9223372036854775808",
    b"-1",
    b"/log",
    b"\r",
)


class Makers:
    """Identities and signed things that the seeds are made of; once, and the same every time but for keys."""

    def __init__(self) -> None:
        self.party = Identity.create(PARTY, roles=["provider", "consumer"], now=NOW)
        self.broker = Identity.create(BROKER, roles=["broker"], now=NOW)
        self.witness = Identity.create(WITNESS, roles=["witness"], now=NOW)
        self.trust = TrustDirectory()
        for identity in (self.party, self.broker, self.witness):
            self.trust.pin(identity.trust_document, now=NOW)
        header = v1.Header(id=f"crex://{PARTY}/site/a", revision=1, issuer=PARTY)
        header.issued_at.FromDatetime(NOW)
        self.site = self.party.sign_document(v1.Site(header=header, country="CN"))
        assert self.broker.log is not None
        self.log: NoteKey = self.broker.log
        self.note_witness = NoteKey.generate(f"{WITNESS}/witness", KIND_COSIGNATURE)

    def proof(self) -> v1.LogProof:
        """The proof that the site stands alone in the broker's log."""
        record = pae(self.site.payload_type, self.site.payload)
        root = leaf_hash(leaf_data(record, None))
        note = Checkpoint(f"{BROKER}/log", 1, root).sign(self.log)
        return v1.LogProof(index=0, checkpoint=str(note))


def targets() -> dict[str, Target]:
    """Makes every target by its name."""
    made = Makers()
    return {
        **_envelopes(made),
        **_documents(made),
        **_notes(made),
        **_logs(made),
        **_channel(made),
    }


def _envelopes(made: Makers) -> dict[str, Target]:
    original = read_parts(made.site)

    def same(parts: Parts) -> None:
        require(parts.payload_type == original.payload_type and parts.body == original.body, "another body")

    def file_form(data: bytes) -> None:
        open_any(data, made.trust, now=NOW)
        same(read_parts(data))

    def wire_form(data: bytes) -> None:
        envelope = parse_wire(data)
        open_any(envelope, made.trust, now=NOW)
        same(read_parts(envelope))

    def signed_body(data: bytes) -> None:
        """Whatever the body says, the signer really signed it: only the reader stands in the way."""
        key = next(iter(made.party.signing.values()))
        open_any(sign_bytes(original.payload_type, data, [key]), made.trust, now=NOW)

    return {
        "envelope-file": Target(file_form, (to_json(made.site),), _JSON_WORDS),
        "envelope-wire": Target(wire_form, (made.site.SerializeToString(),)),
        "signed-body": Target(signed_body, (original.body,), _JSON_WORDS),
    }


def _documents(made: Makers) -> dict[str, Target]:
    pinned = made.party.trust.parts

    def text(data: bytes) -> None:
        value = strict.loads(data)
        require(json.loads(data, object_pairs_hook=_no_doubles) == value, "another reader reads otherwise")

    def trust_document(data: bytes) -> None:
        record = made.trust.update(data, now=NOW)
        require(record.parts.body == pinned.body, "a trust document that nobody signed")

    def trust_body(data: bytes) -> None:
        root = made.party.root
        assert root is not None
        TrustDirectory().pin(sign_bytes(pinned.payload_type, data, [root]), now=NOW)

    def policy(data: bytes) -> None:
        parsed = parse_policy(data)
        verdict = evaluate(
            parsed, PolicySubject(PARTY, (f"crex://{PARTY}/site/a",), frozenset()), Evidence(), now=NOW
        )
        require(not verdict.holds or not parsed.require, "a clause that no evidence meets")
        verdict.explain()

    listing = directory(made.party)
    listed = signed_list(made.party, [3, 70_000], dated={5: NOW})

    def status(data: bytes) -> None:
        StatusLists().accept(data, listing, NOW)
        require(read_parts(data).body == listed.payload, "a list that nobody signed")

    def status_body(data: bytes) -> None:
        StatusLists().accept(sign_bytes(listed.payload_type, data, [signing_key(made.party)]), listing, NOW)

    def bundle(data: bytes) -> None:
        read_bundle(data)

    def ear(data: bytes) -> None:
        read_ear(data.decode("utf-8", "replace"))

    return {
        "json": Target(text, (_every_token(), b"[]", b'{"a": {"b": [1, "x"]}}'), _JSON_WORDS),
        "document": Target(_any_type, (made.site.payload, pinned.body), _JSON_WORDS),
        "trust-document": Target(trust_document, (to_json(made.party.trust_document),), _JSON_WORDS),
        "trust-body": Target(trust_body, (pinned.body,), _JSON_WORDS),
        "policy": Target(policy, (_POLICY,), _JSON_WORDS),
        "status-list": Target(status, (to_json(listed),), _JSON_WORDS),
        "status-body": Target(
            status_body, (listed.payload,), (*_JSON_WORDS, b64encode(zlib.compress(b"\0" * 16384)))
        ),
        "bundle": Target(
            bundle, (write_bundle([made.party.trust_document, made.broker.trust_document]),), _JSON_WORDS
        ),
        "ear": Target(ear, (_EAR,), (*_JSON_WORDS, b'"ear.status":', b'"affirming"', b'"submods":')),
    }


def _notes(made: Makers) -> dict[str, Target]:
    verifier = NoteVerifier.parse(made.log.vkey)
    witness = NoteVerifier.parse(made.note_witness.vkey)
    signed = Checkpoint(f"{BROKER}/log", 1, b"r" * 32).sign(made.log)
    line = cosign(signed, made.note_witness, now=NOW)
    note = str(signed.with_signatures([line])).encode()

    def checkpoint(data: bytes) -> None:
        Checkpoint.open(data, [verifier])
        require(SignedNote.parse(data).text == signed.text, "a checkpoint that the log did not sign")

    def cosignature(data: bytes) -> None:
        parsed = SignedNote.parse(data)
        for when in cosigned(parsed, [witness]).values():
            require(parsed.text == signed.text and when == NOW, "a co-signature on something else")

    def key(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        require(NoteVerifier.parse(text).vkey == text, "another spelling of a key")

    return {
        "checkpoint": Target(checkpoint, (note,), _NOTE_WORDS),
        "cosignature": Target(cosignature, (note,), _NOTE_WORDS),
        "note-key": Target(key, (verifier.vkey.encode(), witness.vkey.encode()), _NOTE_WORDS),
    }


def _logs(made: Makers) -> dict[str, Target]:
    proof = made.proof()
    whole = Tile(0, 0)
    leaves = Tile(None, 0, 3)

    def tile_path(data: bytes) -> None:
        text = data.decode("utf-8", "replace")
        tile = Tile.parse(text)
        if tile is None:
            raise CrexError("TYPE", "no path of a tile")
        require(tile.path == text, "another spelling of a path")

    def hash_tile(data: bytes) -> None:
        require(write_hashes(read_hashes(data, whole)) == data, "hashes that are written otherwise")

    def leaf_tile(data: bytes) -> None:
        require(write_leaves(read_leaves(data, leaves)) == data, "leaves that are written otherwise")

    def log_proof(data: bytes) -> None:
        parsed = convert.to_message(reader.read(data, v1.LogProof), v1.LogProof)
        fact = check_proof(read_parts(made.site), parsed, made.trust, None)
        require((fact.index, fact.size) == (0, 1), "another place in the log")

    return {
        "tile-path": Target(
            tile_path,
            (b"tile/0/000", b"tile/1/x001/234.p/17", b"tile/entries/x001/x234/067"),
            (b"/", b"x", b".p/", b"000", b"999", b"tile/", b"entries"),
        ),
        "hash-tile": Target(hash_tile, (b"h" * 32 * 256,)),
        "leaf-tile": Target(leaf_tile, (write_leaves([b"l" * 32] * 3),), (b"\x00\x20", b"\xff\xff")),
        "log-proof": Target(log_proof, (convert.dump(proof),), (*_JSON_WORDS, *_NOTE_WORDS)),
    }


def _channel(made: Makers) -> dict[str, Target]:
    chain = made.party.tls.chain_pem
    verifier = PeerVerifier(made.trust)
    good = verifier.verify(chain, now=NOW + timedelta(hours=1))

    def certificate(data: bytes) -> None:
        found = PeerVerifier(made.trust).verify(data, now=NOW + timedelta(hours=1))
        require(found == good, "a certificate that the root did not issue")

    words = (b"-----BEGIN CERTIFICATE-----\n", b"\n", b"MII")
    return {"certificate": Target(certificate, (chain,), words)}


def _any_type(data: bytes) -> None:
    """Reads a text as a document of every type; refuses it as the type does that likes it best."""
    refusals: list[CrexError] = []
    kinds = tuple(document_types())
    for doctype in kinds:
        try:
            value = reader.read(data, doctype)
        except CrexError as error:
            refusals.append(error)
            continue
        convert.to_message(value, doctype.message)
    if len(refusals) == len(kinds):
        raise min(refusals, key=lambda error: len(error.violations))


def _every_token() -> bytes:
    """A text with every kind of token."""
    return orjson.dumps({"header": {"id": "x", "n": [1, -2, True, False, 'é\n"\\/']}, "": {}, "a": []})


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require(len({name for name, _ in pairs}) == len(pairs), "a member twice")
    return dict(pairs)


_POLICY: Final = orjson.dumps(
    {
        "require": [
            {
                "predicateType": "compliance",
                "where": [{"path": "scheme", "equals": "mlps"}, {"path": "level", "gte": "3"}],
                "issuersAccreditedBy": "root.example.cn",
                "maxAge": "86400s",
                "distinctFromSubject": True,
            }
        ],
        "log": {"required": True, "quorum": 2},
    }
)
_EAR: Final = orjson.dumps(
    {
        "eat_profile": "tag:github.com,2023:veraison/ear",
        "iat": 1793534400,
        "ear.verifier-id": {"developer": "https://verifier.example", "build": "1"},
        "eat_nonce": "AAAAAAAAAAAAAAAAAAAAAA",
        "submods": {"tee": {"ear.status": "affirming"}},
    }
)
