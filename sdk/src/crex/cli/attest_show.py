"""`crex attest show`: what an attestation says, about whom, by whom, and by whose word it holds."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crex.cli.options import Commands, command, moment
from crex.cli.result import OK, REFUSED, Result, table

if TYPE_CHECKING:
    from datetime import datetime

    from crex import v1
    from crex.cli.files import Paper
    from crex.trust.directory import TrustDirectory
    from crex.trust.verified import Verified

Json = dict[str, Any]


def add(commands: Commands) -> None:
    """Adds the command."""
    from crex.cli.document_commands import add_trust

    show = command(commands, "show", _show, "tell what an attestation says, and by whose word it holds")
    show.add_argument("file", type=Path, metavar="FILE")
    show.add_argument(
        "--accreditation",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="an accreditation, signed; may be repeated",
    )
    show.add_argument("--at", type=moment, metavar="TIME", help="judge as of that time (now)")
    add_trust(show)


def _show(options: argparse.Namespace) -> Result:
    from crex.attest.standing import standing
    from crex.cli.files import read_paper
    from crex.cli.party import now
    from crex.documents import convert, reader
    from crex.errors import named
    from crex.v1 import Attestation

    at = options.at or now()
    paper = read_paper(options.file, None)
    with named(options.file):
        body = reader.read(paper.body, Attestation)
    document = convert.to_message(body, Attestation)
    verified, why = _verified(options, paper, at)
    word = standing(document, _accreditations(options, at))
    lines = [*_head(body, word.word.value, word.why), "", *_said(body), "", why]
    value = {
        "attestation": body,
        "standing": word.word.value,
        "why": word.why,
        "accreditedBy": list(word.accredited_by),
        "verified": verified,
    }
    return Result(value, "\n".join(lines), REFUSED if verified is False else OK)


def _verified(options: argparse.Namespace, paper: Paper, at: datetime) -> tuple[bool | None, str]:
    """Verifies the file where it is signed; gives what came of it, None where nothing could be asked."""
    from crex.errors import CrexError, TrustError

    if paper.envelope is None:
        return None, "It is not signed: nobody stands for it yet."
    try:
        trust = _trusted(options, at)
    except CrexError as error:
        if error.reason != "IDENTITY":
            raise
        return None, "It is signed; nothing to verify it by is here. Name trust documents with --trust FILE."
    try:
        opened = _open(paper, trust, at)
    except TrustError as error:
        return False, f"NOT VERIFIED: {error}"
    return True, f"Verified: signed by {opened.issuer}, valid at {at:%F %T} UTC."


def _accreditations(options: argparse.Namespace, at: datetime) -> list[Verified[v1.Attestation]]:
    from crex.cli.files import read_paper
    from crex.errors import named

    if not options.accreditation:
        return []
    trust = _trusted(options, at)
    found = []
    for path in options.accreditation:
        paper = read_paper(path, "attestation")
        with named(path):
            found.append(_open(paper, trust, at))
    return found


def _trusted(options: argparse.Namespace, at: datetime) -> TrustDirectory:
    from crex.cli.document_commands import trusted

    return trusted(options, at)


def _open(paper: Paper, trust: TrustDirectory, at: datetime) -> Verified[v1.Attestation]:
    from crex.errors import CrexError
    from crex.trust.verify import open_envelope
    from crex.v1 import Attestation

    if paper.envelope is None:
        raise CrexError("SCHEMA", "It is not signed, so it counts for nothing. Give the signed one.")
    return open_envelope(paper.envelope, Attestation, trust, now=at)


def _head(body: Json, word: str, why: str) -> list[str]:
    head = body["header"]
    until = f" until {head['validUntil']}" if "validUntil" in head else ""
    lines = [
        f"says      {body['predicateType']}",
        f"by        {head['issuer']}, {head['issuedAt']}{until}",
        f"word      {word}: {why}",
    ]
    for subject in body["subjects"]:
        name = subject.get("id", "")
        version = f"@{subject['revision']}" if "revision" in subject else ""
        digest = f" SHA-256 {subject['sha256']}" if "sha256" in subject else ""
        lines.append(f"about     {name}{version}{digest}".rstrip())
    if status := head.get("status"):
        lines.append(f"revocable place {status['index']} of {status['list']}")
    return lines


def _said(body: Json) -> list[str]:
    from crex.documents.predicates import predicate_member

    predicate = body[predicate_member(body["predicateType"])]
    if isinstance(predicate, str):
        return [predicate]
    if "results" in predicate:
        return _benchmark(predicate)
    if "ear" in predicate:
        return _evidence(predicate)
    lines = []
    for name, value in predicate.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        if isinstance(value, dict):
            text = ", ".join(f"{key} {inner}" for key, inner in value.items())
        lines.append(f"{name}: {str(text)[:200]}")
    if level := _level(predicate):
        lines.append(f"which is: {level}")
    return lines


def _level(predicate: Json) -> str:
    """Tells in words what a scheme and its level are, where the registry knows them (COMPLY-LEVEL-1)."""
    from crex import registry

    entry = registry.load("compliance-schemes").entries.get(predicate.get("scheme", ""))
    if entry is None:
        return ""
    levels = entry.members.get("levels", [])
    level = predicate.get("level", 0)
    told = f", level {levels[level - 1]}" if 0 < level <= len(levels) else ""
    return f"{entry.name}{told}"


def _evidence(predicate: Json) -> list[str]:
    """Tells what the verifier made of each part; the quote is its affair."""
    from base64 import b64decode

    from crex.documents.ear import read_ear

    ear = read_ear(predicate["ear"])
    size = len(b64decode(predicate["quote"]))
    lines = [
        f"technology: {predicate['technology']}",
        f"quoted: {predicate['quotedAt']}, {size} bytes of {predicate['quoteType']}",
        f"key: {predicate['boundKey']}",
        f"challenge: {b64decode(predicate['nonce']).hex()}",
        f"judged by: {ear.build} of {ear.developer}",
    ]
    for part in ear.parts:
        claims = ", ".join(f"{name} {claim}" for name, claim in part.vector.items())
        lines.append(f"  {part.path}: {part.status}{f' ({claims})' if claims else ''}")
    lines.append("Whether it answers you: `crex verify --challenge`, with the challenge that you sent.")
    return lines


def _benchmark(predicate: Json) -> list[str]:
    rows = [
        [
            " ".join(filter(None, (one["metric"], one.get("numberFormat")))),
            f"{one['value']} {one['unit']}",
            f"{one['declared']} {one['unit']}" if "declared" in one else "",
            {True: "CONTRADICTED", False: "borne out", None: ""}[one.get("contradicts")],
        ]
        for one in predicate["results"]
    ]
    suite = f"{predicate['suite']} {predicate['suiteVersion']} by {predicate['harness']}"
    lines = [f"suite: {suite}", f"ran: {predicate['ran']['start']} to {predicate['ran']['end']}", ""]
    lines.append(table(["FIGURE", "MEASURED", "DECLARED", ""], rows, empty=""))
    if conditions := predicate.get("conditions"):
        lines += ["", "Conditions:", *(f"  {one['name']}: {one['value']}" for one in conditions)]
    return lines
