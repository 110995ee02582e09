"""`crex attest benchmark`: measures this host, and holds figures against what is declared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.options import Commands, command
from crex.cli.result import Result, table

if TYPE_CHECKING:
    from crex import v1
    from crex.attest.declared import Comparison
    from crex.attest.suite import Outcome

_MEASUREMENTS: Final = ("memory", "matrix", "disk", "network")
_SECONDS: Final = 20
_MOST_SECONDS: Final = 3600


def add(commands: Commands) -> None:
    """Adds the command."""
    benchmark = command(commands, "benchmark", _benchmark, "measure this host by the set crex-host")
    benchmark.add_argument(
        "--only", type=_measurements, default=(), metavar="LIST", help="of memory,matrix,disk,network"
    )
    benchmark.add_argument(
        "--seconds", type=_seconds, default=_SECONDS, metavar="N", help="measure for this long (20)"
    )
    benchmark.add_argument(
        "--resource",
        type=Path,
        metavar="FILE",
        help="the resource that this host is; its figures are compared",
    )
    benchmark.add_argument("--about", metavar="NAME", help="name of the resource, where there is no file")
    benchmark.add_argument("--folder", type=Path, metavar="DIR", help="measure the disk that this lies on")
    add_signing(benchmark)
    benchmark.set_defaults(length=None)
    sizes = benchmark.add_argument_group("other sizes than those of the set; the conditions state them")
    sizes.add_argument("--memory-mib", type=_size, metavar="N", help="each array")
    sizes.add_argument("--matrix-size", type=_size, metavar="N", help="rows and columns")
    sizes.add_argument("--disk-mib", type=_size, metavar="N", help="the file")


def add_signing(parser: argparse.ArgumentParser) -> None:
    """Adds `--sign`."""
    parser.add_argument("--sign", action="store_true", help="sign it; -o then holds the envelope")


def _benchmark(options: argparse.Namespace) -> Result:
    from crex.attest import suite
    from crex.attest.declared import NOTHING, declarations, queue_depth
    from crex.attest.host import read_host
    from crex.documents.times import SystemClock

    host = read_host()
    subject, resource = _subject(options)
    sizes = suite.Sizes(
        memory_bytes=options.memory_mib and options.memory_mib << 20,
        matrix=options.matrix_size,
        disk_folder=options.folder,
        **({"disk_bytes": options.disk_mib << 20} if options.disk_mib else {}),
        **({"disk_queue": queue_depth(resource)} if resource else {}),
    )
    comparison = declarations(resource, len(host.cpus), queue=sizes.disk_queue) if resource else NOTHING
    made = header(options) if _is_document(options) else None  # who cannot sign learns it before the wait
    outcome = suite.run(
        host,
        SystemClock(),
        only=options.only,
        seconds=options.seconds,
        sizes=sizes,
        comparison=comparison,
        progress=_progress,
    )
    text = _shown(outcome, comparison)
    if made is None or subject is None:
        from crex.documents import convert

        value = {"predicate": convert.to_json(outcome.predicate)}
        return Result(value | _aside(outcome, comparison), text)
    from crex.attest.drafts import attestation

    made = header(options)
    result = written(options, attestation(made, [subject], outcome.predicate))
    return Result(result.value | _aside(outcome, comparison), f"{text}\n\n{result.text}")


def _is_document(options: argparse.Namespace) -> bool:
    from crex.errors import CrexError

    wanted = options.sign or options.output is not None
    if wanted and not (options.resource or options.about):
        raise CrexError(
            "SCHEMA",
            "An attestation is about something. Name the resource with --resource FILE or --about NAME.",
        )
    return wanted


def _subject(options: argparse.Namespace) -> tuple[v1.Subject | None, dict[str, Any] | None]:
    from crex import v1
    from crex.attest.drafts import subject
    from crex.cli.files import read_paper
    from crex.documents import reader
    from crex.errors import named
    from crex.trust.envelope import digest

    if options.resource is None:
        return (subject(options.about) if options.about else None), None
    paper = read_paper(options.resource)
    with named(options.resource):
        resource = reader.read(paper.body, v1.ComputeResource)
    head = resource["header"]
    return v1.Subject(id=head["id"], revision=int(head["revision"]), sha256=digest(paper.body)), resource


def header(options: argparse.Namespace) -> v1.Header:
    """Makes the header of an attestation by the identity that acts."""
    from crex.cli.party import now, open_party

    party = open_party(options)
    until = now() + options.length if options.length else None
    return party.header("attestation", valid_until=until)


def written(options: argparse.Namespace, document: v1.Attestation) -> Result:
    """Writes an attestation to the file of `-o`, signed where asked for; without a file it is shown."""
    import json

    from crex.cli.files import write_file
    from crex.cli.party import open_party
    from crex.documents import convert
    from crex.trust.envelope import digest, to_json

    body = convert.dump(document)
    data = to_json(open_party(options).identity.sign_document(document)) if options.sign else body
    value: dict[str, Any] = {"id": document.header.id, "sha256": digest(body), "signed": options.sign}
    how = "signed" if options.sign else "unsigned; sign it with `crex sign`"
    if options.output is None:
        shown = json.dumps(json.loads(data), indent=2, ensure_ascii=False)
        return Result(json.loads(data) if options.sign else value | {"document": json.loads(body)}, shown)
    write_file(options.output, data)
    value["file"] = str(options.output)
    text = f"{options.output}: attestation {document.header.id}, {how}, SHA-256 {value['sha256']}"
    options.output = None
    return Result(value, text)


def _aside(outcome: Outcome, comparison: Comparison) -> dict[str, Any]:
    return {"notMeasured": [str(gap) for gap in outcome.gaps], "notes": list(comparison.notes)}


def _shown(outcome: Outcome, comparison: Comparison) -> str:
    from crex.attest.declared import TOLERANCE

    rows = []
    for figure, result in zip(outcome.figures, outcome.predicate.results, strict=True):
        declared = comparison.declarations.get(figure.key)
        verdict = ""
        if declared is not None:
            share = TOLERANCE.get(declared.basis)
            least = f"at least {share} of what is {declared.basis}" if share else "at least 1/2"
            verdict = f"CONTRADICTED: {least}" if result.contradicts else "borne out"
        rows.append(
            [
                figure.about or result.metric,
                f"{result.value} {result.unit}",
                f"{result.min} to {result.max}, {result.samples}",
                f"{result.declared} {result.unit}" if result.declared else "",
                verdict,
            ]
        )
    heads = ["FIGURE", "MEASURED", "SAMPLES", "DECLARED", ""]
    lines = [table(heads, rows, empty="Nothing was measured."), "", "Conditions:"]
    lines += [f"  {one.name}: {one.value}" for one in outcome.predicate.conditions]
    if outcome.gaps:
        lines += ["", "Not measured:", *(f"  {gap}" for gap in outcome.gaps)]
    if comparison.notes:
        lines += ["", "Not compared:", *(f"  {note}" for note in comparison.notes)]
    return "\n".join(lines)


def _progress(name: str) -> None:
    if sys.stderr.isatty():
        print(f"measuring {name} …", file=sys.stderr, flush=True)


def _measurements(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in _MEASUREMENTS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(_MEASUREMENTS)}")
    return names


def _seconds(text: str) -> float:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0
    if not 1 <= number <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of seconds from 1 to {_MOST_SECONDS}")
    return float(number)


def _size(text: str) -> int:
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to 9999999")
    return number
