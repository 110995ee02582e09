"""`crex attest`: what this identity says of itself, of others and of hosts, and what others said."""

from __future__ import annotations

import argparse
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crex.cli import attest_benchmark, attest_show
from crex.cli.options import Commands, Run, command, duration, group, moment, positive
from crex.cli.result import Result

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from crex import v1

_MOST_FILE: Final = 1 << 20
_METHODS: Final = ("inspection", "inventory", "telemetry")


def add(commands: Commands) -> None:
    """Adds the commands."""
    attest = group(commands, "attest", "attest what holds of a party, its resources or its documents")
    attest_benchmark.add(attest)
    _add_capacity(attest)
    _add_compliance(attest)
    accreditation = _drafts(
        attest, "accreditation", _accreditation, "who may certify what; --about AUTHORITY"
    )
    accreditation.add_argument(
        "--scheme", action="append", default=[], metavar="TOKEN", help="may be repeated"
    )
    accreditation.add_argument(
        "--predicate", action="append", default=[], metavar="TOKEN", help="predicate type; may be repeated"
    )
    _add_hardware(attest)
    _add_report(attest)
    draft = command(attest, "draft", _draft, "any predicate, also a private one, from a JSON file")
    draft.add_argument("file", type=Path, metavar="FILE", help="subjects, predicateType and the predicate")
    _add_output(draft)
    challenge = command(attest, "challenge", _challenge, "make a challenge that hardware is to answer")
    challenge.add_argument("--key", metavar="KEYID", help="the key that the hardware is to be bound to")
    attest_show.add(attest)


def _add_capacity(attest: Commands) -> None:
    capacity = _drafts(attest, "capacity", _capacity, "what was found to be there")
    capacity.add_argument("--quantity", type=_count, required=True, metavar="N", help="units counted")
    capacity.add_argument("--usable", type=_count, metavar="N", help="units of them in working order")
    capacity.add_argument("--unit", required=True, metavar="NAME", help="name of the class that one unit is")
    capacity.add_argument(
        "--from", dest="start", type=moment, required=True, metavar="TIME", help="counted from"
    )
    capacity.add_argument(
        "--to", dest="end", type=moment, required=True, metavar="TIME", help="counted until"
    )
    capacity.add_argument("--method", choices=_METHODS, required=True, help="how it was counted")


def _add_compliance(attest: Commands) -> None:
    compliance = _drafts(attest, "compliance", _compliance, "which rules are kept")
    compliance.add_argument("--scheme", required=True, metavar="TOKEN", help="such as mlps or iso-27001")
    compliance.add_argument("--level", type=positive, metavar="N", help="level; more is stricter")
    compliance.add_argument("--scope", action="append", default=[], metavar="TEXT", help="may be repeated")
    compliance.add_argument("--certificate", metavar="NUMBER", help="none: a self-declaration")
    compliance.add_argument(
        "--from", dest="start", type=_day, required=True, metavar="DATE", help="first day"
    )
    compliance.add_argument("--to", dest="end", type=_day, required=True, metavar="DATE", help="last day")
    compliance.add_argument("--accreditation", type=Path, metavar="FILE", help="the issuer's accreditation")


def _add_hardware(attest: Commands) -> None:
    hardware = _drafts(attest, "hardware", _hardware, "what hardware says of itself, judged by this identity")
    hardware.add_argument("--technology", required=True, metavar="TOKEN", help="such as amd-sev-snp")
    hardware.add_argument("--quote", type=Path, required=True, metavar="FILE", help="the vendor's quote")
    hardware.add_argument(
        "--quote-type", default="application/octet-stream", metavar="TYPE", help="media type"
    )
    hardware.add_argument("--ear", type=Path, required=True, metavar="FILE", help="claims set of the result")
    hardware.add_argument("--nonce", required=True, metavar="HEX", help="the challenge")
    hardware.add_argument("--key", required=True, metavar="KEYID", help="the key that it is bound to")
    hardware.add_argument(
        "--quoted-at", type=moment, required=True, metavar="TIME", help="when it was quoted"
    )


def _add_report(attest: Commands) -> None:
    report = _drafts(attest, "report", _report, "how an implementation passed the conformance suite")
    for flag, about in (
        ("--profile", "token of the profile"),
        ("--suite", "name and version of the suite"),
        ("--implementation", "name and version of what was tested"),
    ):
        report.add_argument(flag, required=True, metavar="TEXT", help=about)
    report.add_argument("--contract", default="crex.v1", metavar="TEXT", help="the contract (crex.v1)")
    for flag in ("--passed", "--failed", "--skipped"):
        report.add_argument(flag, type=_count, required=True, metavar="N", help=f"checks that {flag[2:]}")
    report.add_argument("--report", type=Path, required=True, metavar="FILE", help="the report")


def _drafts(commands: Commands, name: str, run: Run, about: str) -> argparse.ArgumentParser:
    parser = command(commands, name, run, about)
    parser.add_argument(
        "--about",
        action="append",
        required=True,
        metavar="NAME",
        help="what it is about: a name, @revision or @sha256:… after it; or an authority; may be repeated",
    )
    _add_output(parser)
    return parser


def _add_output(parser: argparse.ArgumentParser) -> None:
    attest_benchmark.add_signing(parser)
    parser.add_argument("--for", dest="length", type=duration, metavar="TIME", help="valid for, such as 90d")


def _capacity(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.documents.convert import to_timestamp

    observed = v1.Interval(start=to_timestamp(options.start), end=to_timestamp(options.end))
    return _made(
        options,
        v1.CapacityPredicate(
            quantity=options.quantity,
            usable=options.usable,
            unit=options.unit,
            observed=observed,
            method=options.method,
        ),
    )


def _compliance(options: argparse.Namespace) -> Result:
    from crex import v1

    return _made(
        options,
        v1.CompliancePredicate(
            scheme=options.scheme,
            level=options.level,
            scope=options.scope,
            certificate=options.certificate,
            valid_from=options.start,
            valid_to=options.end,
            accreditation=_pin(options.accreditation) if options.accreditation else None,
        ),
    )


def _pin(path: Path) -> v1.Pin:
    from crex import v1
    from crex.cli.files import read_paper
    from crex.documents import reader
    from crex.errors import named
    from crex.trust.envelope import digest

    paper = read_paper(path, "attestation")
    with named(path):
        header = reader.read(paper.body, v1.Attestation)["header"]
    return v1.Pin(id=header["id"], revision=int(header["revision"]), sha256=digest(paper.body))


def _accreditation(options: argparse.Namespace) -> Result:
    from crex import v1

    return _made(
        options, v1.AccreditationPredicate(schemes=options.scheme, predicate_types=options.predicate)
    )


def _hardware(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.files import read_bytes
    from crex.documents.convert import to_timestamp
    from crex.errors import CrexError

    try:
        nonce = bytes.fromhex(options.nonce)
    except ValueError as error:
        raise CrexError(
            "SCHEMA", "--nonce is no hexadecimal. Give it as `crex attest challenge` printed it."
        ) from error
    return _made(
        options,
        v1.HardwareEvidencePredicate(
            technology=options.technology,
            quote=read_bytes(options.quote, _MOST_FILE, "No quote is."),
            quote_type=options.quote_type,
            ear=read_bytes(options.ear, _MOST_FILE, "No result is.").decode("utf-8", "replace").strip(),
            nonce=nonce,
            bound_key=options.key,
            quoted_at=to_timestamp(options.quoted_at),
        ),
    )


def _report(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.files import read_bytes
    from crex.trust.envelope import digest

    return _made(
        options,
        v1.ConformanceReportPredicate(
            profile=options.profile,
            contract=options.contract,
            suite=options.suite,
            implementation=options.implementation,
            passed=options.passed,
            failed=options.failed,
            skipped=options.skipped,
            report_sha256=digest(read_bytes(options.report, 64 << 20, "No report is.")),
        ),
    )


def _made(options: argparse.Namespace, predicate: Message) -> Result:
    from crex.attest.drafts import attestation, subject

    header = attest_benchmark.header(options)
    about = [subject(text) for text in options.about]
    return attest_benchmark.written(options, attestation(header, about, predicate))


def _draft(options: argparse.Namespace) -> Result:
    from crex.attest.drafts import of_json
    from crex.cli.files import read_bytes
    from crex.documents import strict
    from crex.errors import named

    header = attest_benchmark.header(options)
    with named(options.file):
        document = of_json(header, strict.loads(read_bytes(options.file)))
    return attest_benchmark.written(options, document)


def _challenge(options: argparse.Namespace) -> Result:
    import secrets
    from base64 import urlsafe_b64encode

    from crex.errors import CrexError
    from crex.trust.hardware_evidence import binding

    nonce = secrets.token_bytes(32)
    value = {"challenge": nonce.hex()}
    lines = [f"challenge  {value['challenge']}"]
    if options.key:
        try:
            digest = binding(nonce, options.key)
        except ValueError as error:
            raise CrexError("SCHEMA", f"--key: {error}. `crex trust show` lists the keys.") from error
        value |= {"quote": digest.hex(), "eatNonce": urlsafe_b64encode(digest).decode().rstrip("=")}
        lines += [
            f"to quote   {value['quote']} (report data, hexadecimal)",
            f"eat_nonce  {value['eatNonce']}",
        ]
    return Result(value, "\n".join(lines))


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 10**12):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to 1000000000000")
    return int(text)


def _day(text: str) -> str:
    try:
        datetime.strptime(text, "%Y-%m-%d")  # noqa: DTZ007 - a day has no zone
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it like 2026-12-31") from error
