"""The conformance vectors of evidence, policies, status lists and logs, run against the SDK."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from typing import Any

import pytest

from crex import v1
from crex.documents import convert, reader
from crex.documents.times import format_time, parse_time
from crex.documents.types import document_type
from crex.errors import CrexError
from crex.transparency.papers import Paper
from crex.transparency.streams import check_streams
from crex.trust import log_proof, merkle
from crex.trust.checks import LEEWAY
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import Parts, SignaturePart, digest
from crex.trust.log_proof import LogFact, leaf_data
from crex.trust.log_time import LogEvidence
from crex.trust.policies import Evidence, PolicySubject, SubjectPin, evaluate, parse_policy
from crex.trust.policies.gathering import gather
from crex.trust.signed_note import NoteVerifier, SignedNote
from crex.trust.status_lists import FROM_THE_BEGINNING, StatusLists
from crex.trust.verify import open_envelope

Vector = dict[str, Any]
AREAS = ("log", "policy", "status", "streams", "trust-evidence")
FOLDER = files("crex_conformance") / "vectors"
VECTORS: dict[str, Vector] = {
    f"{area}/{entry.name.removesuffix('.json')}": json.loads(entry.read_bytes())
    for area in AREAS
    for entry in sorted((FOLDER / area).iterdir(), key=lambda entry: entry.name)
    if entry.name.endswith(".json")
}


class Refused(Exception):  # noqa: N818 - what a vector calls it
    """An operation that answers with a reason and no error of its own."""


def pinned(given: Vector) -> TrustDirectory:
    """Pins the trust documents of a vector in their order."""
    trust = TrustDirectory()
    for document in given["roots"]:
        trust.pin(b64decode(document), now=parse_time(given["pinnedAt"]))
    return trust


def status_of(lists: list[dict[str, str]], trust: TrustDirectory) -> StatusLists:
    """Takes in status lists, each at its time."""
    found = StatusLists()
    for one in lists:
        found.accept(b64decode(one["envelope"]), trust, parse_time(one["at"]))
    return found


def read(value: Any, kind: Any) -> Any:
    """Reads a part of a vector that is a message in strict form."""
    return convert.to_message(reader.read(json.dumps(value).encode(), kind), kind)


def verify(given: Vector, now: datetime) -> None:
    """`attestation.verify` with evidence."""
    asked, trust = given["options"], pinned(given)
    status = status_of(asked["statusLists"], trust) if "statusLists" in asked else None
    log = None
    if "proof" in asked:
        log = LogEvidence(
            read(asked["proof"], v1.LogProof),
            read(asked["log"], v1.PolicyLog) if "log" in asked else None,
            {one["recordSha256"]: read(one["proof"], v1.LogProof) for one in asked.get("proofs", ())},
        )
    policy = read(asked["policy"], v1.TrustPolicy) if "policy" in asked else None
    if policy is None and "log" in asked and log is None:
        policy = v1.TrustPolicy(log=read(asked["log"], v1.PolicyLog))
    envelopes = [b64decode(one) for one in asked.get("attestations", ())]
    open_envelope(
        b64decode(given["envelope"]),
        document_type(given["type"]).message,
        trust,
        now=now,
        status=status,
        log=log,
        attestations=gather(envelopes, trust, now=now, status=status),
        policy=policy,
        challenge=b64decode(asked["challenge"]) if "challenge" in asked else None,
        bound_key=asked.get("boundKey"),
    )


def policy_check(given: Vector, _now: datetime) -> None:
    """`policy.check`."""
    parse_policy(json.dumps(given["policy"]).encode())


def policy_evaluate(given: Vector, now: datetime) -> None:
    """`policy.evaluate`."""
    trust, subject = pinned(given), given["subject"]
    status = status_of(given["statusLists"], trust) if "statusLists" in given else None
    pins = [
        SubjectPin(one["id"], int(one["revision"]), one["sha256"])
        for one in subject["documents"]
        if "sha256" in one
    ]
    ids = tuple(one["id"] for one in subject["documents"] if "sha256" not in one)
    found = gather([b64decode(one) for one in given["attestations"]], trust, now=now, status=status)
    log = None
    if "log" in given:
        name = given["log"]["log"]
        log = LogFact(name, name.partition("/")[0], 0, 1, frozenset(given["log"]["witnesses"]), None)
    evidence = Evidence(found.attestations, log, frozenset(given.get("families", ())), found.refused)
    verdict = evaluate(
        parse_policy(json.dumps(given["policy"]).encode()),
        PolicySubject.of_documents(subject["authority"], *pins, ids=ids),
        evidence,
        now=now,
    )
    if not verdict.holds:
        raise Refused(verdict.reason)


def status_read(given: Vector, now: datetime) -> dict[str, str]:
    """`status.read`."""
    lists = status_of(given["lists"], pinned(given))
    since = lists.revoked_since(given["issuer"], given["list"], int(given["index"]), now=now)
    if since is None:
        return {}
    return {"revokedSince": "always" if since == FROM_THE_BEGINNING else format_time(since)}


def leaf(given: Vector, _now: datetime) -> dict[str, str]:
    """`log.leaf`."""
    salt = b64decode(given["salt"]) if "salt" in given else None
    return {"leaf": leaf_data(b64decode(given["record"]), salt).hex()}


def root(given: Vector, _now: datetime) -> dict[str, str]:
    """`log.root`."""
    return {"root": merkle.root(b64decode(one) for one in given["leaves"]).hex()}


def inclusion(given: Vector, _now: datetime) -> None:
    """`log.inclusion`."""
    data, proof = bytes.fromhex(given["leaf"]), [b64decode(one) for one in given["hashes"]]
    index, size = int(given["index"]), int(given["size"])
    if not merkle.verify_inclusion(data, index, size, proof, bytes.fromhex(given["root"])):
        raise Refused("INCLUSION")


def consistency(given: Vector, _now: datetime) -> None:
    """`log.consistency`."""
    first, second = given["first"], given["second"]
    if not merkle.verify_consistency(
        int(first["size"]),
        int(second["size"]),
        [b64decode(one) for one in given["hashes"]],
        bytes.fromhex(first["root"]),
        bytes.fromhex(second["root"]),
    ):
        raise Refused("CHECKPOINT")


class Keys:
    """The keys of authorities, as a proof is checked by them."""

    def __init__(self, logs: list[str], witnesses: list[str]) -> None:
        self.logs = tuple(map(NoteVerifier.parse, logs))
        self.witnesses = tuple(map(NoteVerifier.parse, witnesses))

    def current(self, authority: str) -> Keys:
        """The keys of one authority."""
        names = [one.vkey for one in self.logs if one.authority == authority]
        return Keys(names, [one.vkey for one in self.witnesses if one.authority == authority])


def checkpoint(given: Vector, now: datetime) -> dict[str, object]:
    """`log.checkpoint`: what step 21 makes of a checkpoint, before a leaf is looked at."""
    note = SignedNote.parse(b64decode(given["note"]))
    keys = Keys(given["logKeys"], given["witnessKeys"])
    found = log_proof._log_checkpoint(note, keys, v1.PolicyLog(logs=[given["log"].partition("/")[0]]))
    if found.origin != given["log"]:
        raise Refused("CHECKPOINT")
    times = log_proof._witnesses(note, found, keys, None)
    counted = {who: at for who, at in times.items() if at - now <= LEEWAY}
    log_time = log_proof._log_time(counted, found, given["quorum"])
    told: dict[str, object] = {"origin": found.origin, "size": str(found.size), "root": found.root.hex()}
    told["witnesses"] = sorted(counted)
    return told if log_time is None else told | {"logTime": format_time(log_time)}


def stream_audit(given: Vector, now: datetime) -> dict[str, object]:
    """`stream.audit`."""
    kind = document_type(given["type"])
    papers = []
    for body in map(b64decode, given["bodies"]):
        json_ = reader.read(body, kind)
        head = json_["header"]
        papers.append(
            Paper(
                source="vector",
                type=kind.token,
                id=head["id"],
                revision=int(head["revision"]),
                issuer=head["issuer"],
                stream=head.get("stream", ""),
                sequence=int(head.get("sequence", "0")),
                prev=head.get("prev", ""),
                sha256=digest(body),
                record=digest(body),
                json=json_,
                parts=Parts(kind.payload_type, body, (SignaturePart("A" * 43, b"s" * 64),)),
            )
        )
    return {"kinds": sorted(one.kind.value for one in check_streams(papers))}


OPERATIONS: dict[str, Callable[[Vector, datetime], object]] = {
    "attestation.verify": verify,
    "policy.check": policy_check,
    "policy.evaluate": policy_evaluate,
    "status.read": status_read,
    "log.leaf": leaf,
    "log.root": root,
    "log.inclusion": inclusion,
    "log.consistency": consistency,
    "log.checkpoint": checkpoint,
}
ASKED = {name: one for name, one in VECTORS.items() if one["op"] in OPERATIONS}


def answer(vector: Vector) -> tuple[list[str], object]:
    """What the SDK answers: reasons, none where it accepts; and the output."""
    now = parse_time(vector.get("now") or "2026-11-01T12:00:00Z")
    try:
        return [], OPERATIONS[vector["op"]](vector["input"], now) or {}
    except Refused as error:
        return [str(error)], {}
    except CrexError as error:
        return [error.reason], {}


@pytest.mark.parametrize("name", ASKED)
def test_vector(name: str) -> None:
    """The SDK gives the answer that the specification demands."""
    expected = ASKED[name]["expect"]
    assert answer(ASKED[name]) == (expected["reasons"], expected.get("output", {}))


AUDITS = {name: one for name, one in VECTORS.items() if one["op"] == "stream.audit"}


@pytest.mark.parametrize("name", AUDITS)
def test_an_audit_finds_what_the_vector_says(name: str) -> None:
    """AUDIT-STREAM-1: gaps, doubles and broken chains, each of its kind."""
    findings = AUDITS[name]["expect"]["output"]["findings"]
    found = stream_audit(AUDITS[name]["input"], parse_time("2026-11-01T12:00:00Z"))
    assert found == {"kinds": sorted(one["kind"] for one in findings)}
