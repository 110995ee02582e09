"""`crex validate`, `sign`, `verify` and `inspect`: documents in files, without a network."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crex.cli import verification
from crex.cli.options import Commands, command
from crex.cli.result import OK, REFUSED, Result

if TYPE_CHECKING:
    from crex.cli.files import Paper
    from crex.errors import CrexError, Violation
    from crex.trust.directory import TrustDirectory


def add(commands: Commands) -> None:
    """Adds the commands."""
    validate = command(commands, "validate", _validate, "check documents against the contract")
    validate.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a document, signed or not")
    validate.add_argument("--type", metavar="TYPE", help="type of unsigned documents, such as offer")

    sign = command(commands, "sign", _sign, "sign documents; -o names a file, or a folder for several")
    sign.add_argument("files", nargs="+", type=Path, metavar="FILE", help="an unsigned document")
    sign.add_argument("--type", metavar="TYPE", help="type of the documents, such as offer")

    verify = command(commands, "verify", _verify, "verify signed documents by 23 steps")
    verification.add(verify)
    add_trust(verify)

    inspect = command(commands, "inspect", _inspect, "show what a document's file holds, verified or not")
    inspect.add_argument("file", type=Path, metavar="FILE")
    inspect.add_argument("--type", metavar="TYPE", help="type of an unsigned document")


def _validate(options: argparse.Namespace) -> Result:
    from crex.cli.files import read_paper
    from crex.errors import CrexError, named

    values: list[Any] = []
    lines: list[str] = []
    papers: list[Paper] = []
    for path in options.files:
        try:
            paper = read_paper(path, options.type)
            with named(path):
                notes = _check(paper)
            papers.append(paper)
        except CrexError as error:
            values.append({"file": str(path), "valid": False, **broken_rules(error)})
            lines.append(str(error))
            continue
        said = {"warnings": notes} if notes else {}
        values.append({"file": str(path), "valid": True, "type": paper.doctype.token, **said})
        lines += [f"{path}: a valid {paper.doctype.token}", *(f"  note: {note}" for note in notes)]
    for violation in _across(papers):
        values.append({"file": None, "valid": False, "violations": [_broken(violation)]})
        lines.append(str(violation))
    return Result(values, "\n".join(lines), OK if all(one["valid"] for one in values) else REFUSED)


def _across(papers: list[Paper]) -> list[Violation]:
    """Holds documents that are given together against each other (DESC-PARTITION-1)."""
    from dataclasses import replace

    from crex.documents import strict
    from crex.documents.joint_rules import larger_than_whole
    from crex.v1 import ComputeResource

    resources = [paper for paper in papers if paper.doctype.message is ComputeResource]
    bodies = {body["header"]["id"]: body for body in (strict.loads(paper.body) for paper in resources)}
    found: list[Violation] = []
    for name, body in bodies.items():
        whole = bodies.get(body.get("partition", {}).get("ofResource"))
        if whole is not None:
            found += [replace(one, path=f"{name} {one.path}") for one in larger_than_whole(body, whole)]
    return found


def _check(paper: Paper) -> list[str]:
    """Holds a document to its schema and the rules of its type, those of rating included.

    Returns:
        What readers ignore in it and what may have been meant (DOC-UNKNOWN-1); tokens and identifiers that
        the registries do not know as they are (REG-UNKNOWN-1, EXTERNAL-FORM-1).

    Raises:
        DocumentError: It breaks a rule, with every violation that was found.
    """
    from crex.documents import convert
    from crex.documents.reader import read_with_warnings
    from crex.documents.registered import remarks
    from crex.errors import DocumentError
    from crex.rating.authoring import authoring_violations
    from crex.rating.plan_rules import violations
    from crex.rating.series import series_violations
    from crex.v1 import PricePlan, PriceSeries

    read = read_with_warnings(paper.body, paper.doctype)
    found: list[Violation] = []
    if paper.doctype.message is PricePlan:
        plan = convert.to_message(read.value, PricePlan)
        found = [*violations(plan), *authoring_violations(plan)]
    elif paper.doctype.message is PriceSeries:
        found = list(series_violations(convert.to_message(read.value, PriceSeries)))
    if found:
        name = paper.doctype.message.__name__
        raise DocumentError("SCHEMA", f"this is not a valid {name}", violations=found)
    return [str(warning) for warning in (*read.warnings, *remarks(read.value, paper.doctype.message))]


def _sign(options: argparse.Namespace) -> Result:
    from crex.cli.files import read_paper
    from crex.cli.party import open_party
    from crex.errors import CrexError, named
    from crex.trust.envelope import digest, to_json

    party = open_party(options)
    output: Path | None = options.output
    if output is None or (len(options.files) > 1 and not output.is_dir()):
        raise CrexError(
            "SCHEMA", "Say where to write with -o: a file for one document, a folder that exists for several."
        )
    values = []
    for path in options.files:
        paper = read_paper(path, options.type)
        with named(path):
            if paper.envelope is not None:
                raise CrexError("TYPE", "The document is signed already. Sign the unsigned one.")
            _check(paper)
            envelope = party.identity.sign_body(paper.body, paper.doctype)
        place = output / path.name if output.is_dir() else output
        if place.exists() and place.resolve() == path.resolve():
            raise CrexError("SCHEMA", "-o names the document itself. Name another.", source=str(place))
        place.write_bytes(to_json(envelope))
        values.append({"file": str(path), "signed": str(place), "sha256": digest(paper.body)})
    options.output = None  # taken: the answer itself goes to standard output
    return Result(values, "\n".join(f"{one['signed']}: signed, SHA-256 {one['sha256']}" for one in values))


def _verify(options: argparse.Namespace) -> Result:
    return verification.judge(options)


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Adds `--trust`."""
    parser.add_argument(
        "--trust",
        action="append",
        type=Path,
        metavar="FILE",
        help="trust this trust document, or all of this bundle, instead of what the identity pinned; may be "
        "repeated",
    )


def trusted(options: argparse.Namespace, at: datetime) -> TrustDirectory:
    """Gives the trust documents by which a command judges."""
    return verification.trusted_means(options, at).trust


def _inspect(options: argparse.Namespace) -> Result:
    import json

    from crex.cli.files import read_paper
    from crex.documents import strict
    from crex.errors import CrexError, named
    from crex.trust.envelope import digest, record_id

    paper = read_paper(options.file, options.type)
    with named(options.file):
        body = strict.loads(paper.body)
        header = body.get("header") if isinstance(body, dict) else None
        if not isinstance(header, dict):
            raise CrexError("SCHEMA", "The document has no header. Check it with `crex validate`.")
    pin = {
        "id": header.get("id"),
        "revision": header.get("revision"),
        "sha256": digest(paper.body),
    }
    value = {
        "type": paper.doctype.token,
        "pin": pin,
        "issuer": header.get("issuer"),
        "signedBy": [one.keyid for one in paper.envelope.signatures] if paper.envelope else [],
        "recordId": record_id(paper.envelope) if paper.envelope else None,
        "body": body,
    }
    signed = "not signed"
    if paper.envelope is not None:
        keys = ", ".join(one.keyid for one in paper.envelope.signatures)
        signed = f"by key {keys}; not verified here, `crex verify` does"
    lines = [
        f"type      {paper.doctype.token}",
        f"id        {pin['id']}",
        f"revision  {pin['revision']}",
        f"issuer    {header.get('issuer')}",
        f"SHA-256   {pin['sha256']} of {len(paper.body)} bytes",
        f"signed    {signed}",
        json.dumps(body, indent=2, ensure_ascii=False),
    ]
    return Result(value, "\n".join(lines))


def broken_rules(error: CrexError) -> dict[str, Any]:
    """Gives a refusal for programs."""
    return {
        "reason": error.reason,
        "message": error.message,
        "violations": [_broken(one) for one in error.violations],
    }


def _broken(one: Violation) -> dict[str, str]:
    return {"path": one.path, "message": one.message, "requirement": one.requirement, "fix": one.fix}
