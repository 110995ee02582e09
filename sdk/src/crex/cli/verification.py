"""What `crex verify` judges by, and how it tells what it found."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crex.cli.options import moment
from crex.cli.result import OK, REFUSED, Result

if TYPE_CHECKING:
    from crex.errors import TrustError
    from crex.trust.batch import Found, Known
    from crex.trust.directory import TrustDirectory
    from crex.trust.policies import RefusedEvidence
    from crex.trust.status_lists import StatusLists
    from crex.trust.steps import StepResult
    from crex.trust.verified import Verified
    from crex.v1 import Attestation, LogProof, PolicyLog, TrustPolicy


def add(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `crex verify`, but for `--trust`."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a signed document")
    parser.add_argument("--explain", action="store_true", help="tell each of the 23 steps with its outcome")
    parser.add_argument("--at", type=moment, metavar="TIME", help="the time for which to judge (now)")
    parser.add_argument("--issuer", metavar="AUTHORITY", help="who must have issued it")
    parser.add_argument("--audience", metavar="AUTHORITY", help="whom it must be addressed to")
    parser.add_argument("--nonce", metavar="TEXT", help="the challenge, or request, that it must answer")
    parser.add_argument(
        "--challenge", type=_bytes, metavar="HEX", help="the challenge that hardware must answer"
    )
    parser.add_argument("--policy", type=Path, metavar="FILE", help="the policy to judge by")
    for flag, what in (
        ("--proof", "a proof that it was logged; may be repeated"),
        ("--attestation", "an attestation that speaks for it, signed; may be repeated"),
        (
            "--status-list",
            "a status list, signed: what can be revoked must be shown not to be; may be repeated",
        ),
    ):
        parser.add_argument(flag, action="append", default=[], type=Path, metavar="FILE", help=what)


def judge(options: argparse.Namespace) -> Result:
    """Verifies the files, on all cores where there are very many."""
    from crex.cli.files import read_bytes
    from crex.cli.party import now
    from crex.cli.policy_evidence import read_policy
    from crex.errors import named
    from crex.trust.batch import Asked, open_many

    at: datetime = options.at or now()
    files = [read_bytes(path) for path in options.files]
    means = trusted_means(options, at)
    for path in options.proof:
        with named(path):
            means.proofs.update(_proof(read_bytes(path), files))
    policy = read_policy(options.policy) if options.policy else means.policy
    gather(options, means, policy, at)
    asked = Asked(
        now=at,
        expected_issuer=options.issuer,
        audience=options.audience,
        nonce=options.nonce,
        challenge=options.challenge,
        policy=policy,
        steps=options.explain or options.json,
    )
    values: list[Any] = []
    lines: list[str] = []
    for path, answer in zip(options.files, open_many(files, means.known(), asked), strict=True):
        value, said = _told(path, answer, explained=options.explain)
        values.append(value)
        lines += said
    lines += [f"note: {note}" for note in means.notes]
    return Result(values, "\n".join(lines), OK if all(one["verified"] for one in values) else REFUSED)


@dataclass(slots=True)
class Means:
    """What the named files give to judge by.

    Attributes:
        trust: The pinned trust documents.
        status: Status lists; nothing where none were named.
        attestations: Attestations that verify.
        refused: Attestations that do not.
        proofs: Proofs by the identifiers of their records.
        policy: The policy of a bundle.
        notes: What of a bundle is not used, and why.
    """

    trust: TrustDirectory
    status: StatusLists | None = None
    attestations: list[Verified[Attestation]] = field(default_factory=list)
    refused: list[RefusedEvidence] = field(default_factory=list)
    proofs: dict[str, LogProof] = field(default_factory=dict)
    policy: TrustPolicy | None = None
    notes: list[str] = field(default_factory=list)

    def known(self) -> Known:
        """Gives it as `open_many` takes it."""
        from crex.trust.batch import Known
        from crex.trust.policies import Evidence

        evidence = Evidence(tuple(self.attestations), refused=tuple(self.refused))
        return Known(self.trust, self.status, evidence, self.proofs)


def gather(options: argparse.Namespace, means: Means, policy: TrustPolicy | None, at: datetime) -> None:
    """Reads what `--status-list` and `--attestation` name, by the trust and the proofs that there are.

    Raises:
        CrexError: A file is not what it should be; `source` is the file.
    """
    from crex.cli.files import read_bytes
    from crex.errors import named
    from crex.trust.policies.gathering import gather as gather_evidence
    from crex.trust.status_lists import StatusLists

    for path in options.status_list:
        means.status = means.status or StatusLists()
        with named(path):
            means.status.accept(read_bytes(path), means.trust, at)
    envelopes = [read_bytes(path) for path in options.attestation]
    found = gather_evidence(
        envelopes,
        means.trust,
        now=at,
        status=means.status,
        proofs=means.proofs,
        demanded=_demanded(policy),
    )
    means.attestations += found.attestations
    means.refused += found.refused


def _demanded(policy: TrustPolicy | None) -> PolicyLog | None:
    return policy.log if policy is not None and policy.HasField("log") else None


def trusted_means(options: argparse.Namespace, at: datetime) -> Means:
    """Reads what `--trust` names: trust documents and bundles; without one, what the identity pinned.

    Raises:
        CrexError: IDENTITY if there is neither; otherwise a file is not what it should be.
    """
    from crex.cli.files import read_bytes
    from crex.cli.party import open_party
    from crex.errors import CrexError, named
    from crex.trust.directory import TrustDirectory
    from crex.trust.trust_bundle import BUNDLE_BYTES_MAX, is_bundle

    if not options.trust:
        try:
            return Means(open_party(options).trust)
        except CrexError as error:
            if error.reason == "IDENTITY":
                error.message += " Or name the trust documents of the parties with --trust FILE."
            raise
    means = Means(TrustDirectory())
    for path in options.trust:
        with named(path):
            data = read_bytes(path, BUNDLE_BYTES_MAX, "No trust bundle is.")
            if is_bundle(data):
                _take(data, means, path, at)
            else:
                means.trust.pin(data, now=at)
    return means


def _take(data: bytes, means: Means, path: Path, at: datetime) -> None:
    """Takes a bundle: naming it with `--trust` is the decision to trust all whom it holds."""
    from crex.errors import CrexError
    from crex.trust.policies import RefusedEvidence
    from crex.trust.policies.gathering import open_attestation
    from crex.trust.trust_bundle import read_bundle

    bundle = read_bundle(data)
    opened = bundle.open(means.trust, now=at, authorities=bundle.authorities, status=means.status)
    means.trust = opened.trust
    if bundle.message.status_lists:
        means.status = opened.status
    means.attestations += opened.attestations
    for envelope in bundle.message.attestations:
        one = open_attestation(
            envelope,
            opened.trust,
            now=at,
            status=opened.status,
            proofs=bundle.proofs,
            demanded=_demanded(opened.policy),
        )
        if isinstance(one, RefusedEvidence):
            means.refused.append(one)
    means.notes += [f"{one.what} of {path} is not used: {one.error.message}" for one in opened.refused]
    means.proofs.update(bundle.proofs)
    if opened.policy is not None:
        if means.policy is not None and means.policy != opened.policy:
            raise CrexError(
                "POLICY", "Two bundles state different policies. Name the one with --policy FILE."
            )
        means.policy = opened.policy


def _proof(data: bytes, files: list[bytes]) -> dict[str, LogProof]:
    """Reads a proof: of a record that it names, or of the one document that is verified."""
    from crex.documents import convert, reader, strict
    from crex.errors import CrexError
    from crex.trust.envelope import read_parts, record_id
    from crex.v1 import LogProof, RecordProof

    value = strict.loads(data)
    if isinstance(value, dict) and "recordSha256" in value:
        record = convert.to_message(reader.read(data, RecordProof), RecordProof)
        return {record.record_sha256: record.proof}
    proof = convert.to_message(reader.read(data, LogProof), LogProof)
    if len(files) != 1:
        raise CrexError(
            "SCHEMA",
            f"The proof names no record, and {len(files)} documents are given. Verify one at a time, or give "
            "a RecordProof.",
        )
    return {record_id(read_parts(files[0])): proof}


def _told(path: Path, answer: Found | TrustError, *, explained: bool) -> tuple[dict[str, Any], list[str]]:
    """Tells one answer, for programs and for people."""
    from crex.cli.document_commands import broken_rules
    from crex.errors import TrustError
    from crex.trust.steps import STEPS, explain

    if isinstance(answer, TrustError):
        answer.source = answer.source or str(path)
        steps = explain(answer)
        lines = [str(answer)]
        if explained:
            lines += [f"  {step}" for step in steps]
        elif answer.step:
            lines.append(f"  refused at step {answer.step} of {len(STEPS)}; --explain tells each")
        value = {"file": str(path), "verified": False, **broken_rules(answer), "steps": _steps(steps)}
        return value, lines
    value = {
        "file": str(path),
        "verified": True,
        "type": answer.token,
        "id": answer.id,
        "revision": str(answer.revision),
        "issuer": answer.issuer,
        "signer": answer.signer,
        "sha256": answer.sha256,
        "steps": _steps(answer.steps),
    }
    line = f"{path}: {answer.token} {answer.id}@{answer.revision}, verified"
    if answer.signer != answer.issuer:
        line += f", signed by {answer.signer} for {answer.issuer}"
    if answer.log is not None:
        value["log"] = _log(answer)
        line += f", in the log {answer.log.log}"
    return value, [line, *(f"  {step}" for step in answer.steps if explained)]


def _log(answer: Found) -> dict[str, Any]:
    from crex.documents.times import format_time

    fact = answer.log
    if fact is None:
        return {}
    return {
        "name": fact.log,
        "index": str(fact.index),
        "size": str(fact.size),
        "witnesses": sorted(fact.witnesses),
        "logTime": None if fact.log_time is None else format_time(fact.log_time),
    }


def _steps(results: tuple[StepResult, ...]) -> list[dict[str, Any]]:
    return [
        {
            "number": one.step.number,
            "title": one.step.title,
            "outcome": one.outcome.value,
            "note": one.note,
            "requirement": one.step.requirement,
        }
        for one in results
    ]


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not hexadecimal; two digits make a byte") from error
