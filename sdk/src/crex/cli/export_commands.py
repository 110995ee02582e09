"""`crex export NAME`: descriptions in the words of other systems, and what became of every document."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.options import Commands, command, group
from crex.cli.result import REFUSED, Result, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crex.cli.files import Paper
    from crex.describe.importing import LeftOut
    from crex.export.exporting import Document, Exported

_REPORT: Final = "report.txt"
_SHOWN: Final = 20
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


def add(commands: Commands) -> None:
    """Adds a command for each exporter of this package, and those that find others."""
    from crex.export.built_in import BUILT_IN

    export = group(commands, "export", "write descriptions in the words of other systems")
    for name, (_, about) in sorted(BUILT_IN.items()):
        parser = command(export, name, _export, f"write {about}; with -o DIR into a folder")
        parser.set_defaults(exporter=name)
        _add_files(parser)
    other = command(export, "other", _export, "write with an exporter that another package brings")
    other.add_argument("exporter", metavar="NAME", help="see `crex export list`")
    _add_files(other)
    command(export, "list", _list, "list the exporters, those of other packages too")


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a document of a resource, a pool or a site"
    )
    parser.add_argument(
        "--type", metavar="TYPE", help="type of unsigned documents whose names do not tell it"
    )


def _list(_: argparse.Namespace) -> Result:
    from crex.export.exporters import EXPORTERS

    rows = list(EXPORTERS.listed())
    values = [{"name": name, "about": about, "package": package} for name, about, package in rows]
    return Result(values, table(("name", "writes", "package"), rows, empty="none"))


def _export(options: argparse.Namespace) -> Result:
    from crex.export.exporters import EXPORTERS

    exporter = EXPORTERS.load(options.exporter)
    documents, left_out = _read(options.files, options.type)
    exported = exporter.write(documents)
    left_out += exported.left_out
    given = len(options.files)
    folder: Path | None = options.output
    if folder is not None:
        _write(folder, exported.files)
        options.output = None
    lines = _report(given, exported, left_out, _SHOWN)
    if folder is not None:
        report = "\n".join(_report(given, exported, left_out, None))
        (folder / _REPORT).write_text(report + "\n", "utf-8")
        lines += ["", f"Wrote {len(exported.files)} files to {folder}, and {folder / _REPORT}."]
    elif exported.files:
        lines += ["", "With -o DIR the files are written there; --json shows what is in them."]
    value = {"exporter": exporter.name, "documents": given, **_value(exported, left_out, folder)}
    return Result(value, "\n".join(lines), 0 if exported.files else REFUSED)


def _read(files: Sequence[Path], token: str | None) -> tuple[list[Document], list[LeftOut]]:
    """Reads documents; those that describe nothing, or nothing any more, are left out (EXPORT-EXPIRED-1).

    Raises:
        CrexError: A file holds no document, or one that is not valid.
    """
    from crex.cli.files import named
    from crex.cli.party import now
    from crex.describe.importing import LeftOut
    from crex.documents import convert
    from crex.documents.reader import read
    from crex.v1 import ComputeResource, Site

    at = now()
    documents: list[Document] = []
    left_out: list[LeftOut] = []
    for path in files:
        paper = _paper(path, token)
        document: Document
        with named(path):
            if paper.doctype.message is Site:
                document = convert.to_message(read(paper.body, Site), Site)
            elif paper.doctype.message is ComputeResource:
                document = convert.to_message(read(paper.body, ComputeResource), ComputeResource)
            else:
                why = f"a document of type {paper.doctype.token} does not say what a resource or a site is"
                left_out.append(LeftOut(str(path), why))
                continue
        end = convert.from_timestamp(document.header.valid_until)
        if document.header.HasField("valid_until") and end <= at:
            why = f"it ended at {end:%F %T} UTC; what it says is not known any more"
            left_out.append(LeftOut(str(path), why))
        else:
            documents.append(document)
    return documents, left_out


def _paper(path: Path, token: str | None) -> Paper:
    """Reads a file; where its document's name does not tell the type, it is what was said."""
    from crex.cli.files import read_paper
    from crex.errors import CrexError

    try:
        return read_paper(path)
    except CrexError as error:
        if token is None or error.reason != "TYPE":
            raise
        return read_paper(path, token)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    from crex.errors import CrexError

    for name in files:
        if _FILE_NAME.fullmatch(name) is None or name == _REPORT:
            raise CrexError(
                "TYPE", f"The exporter names a file {name!r}, which is no name for one in a folder. Mend it."
            )
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def _value(exported: Exported, left_out: Sequence[LeftOut], folder: Path | None) -> dict[str, Any]:
    return {
        "files": [
            {
                "name": name,
                **({"path": str(folder / name)} if folder is not None else {}),
                "content": data.decode("utf-8", "replace"),
            }
            for name, data in exported.files.items()
        ],
        "leftOut": [{"where": one.where, "why": one.why} for one in left_out],
        "report": [
            {"kind": one.kind.value, "what": one.what, "where": one.where, "why": one.why}
            for one in exported.findings
        ],
    }


def _report(given: int, exported: Exported, left_out: Sequence[LeftOut], most: int | None) -> list[str]:
    outcome = f"{len(exported.files)} files, {len(left_out)} left out"
    lines = [f"{given} documents: {outcome}, {len(exported.findings)} remarks."]
    lines += _section("Files", list(exported.files), most)
    lines += _section("Left out", _merged((one.why, one.where) for one in left_out), most)
    remarks = ((f"{one.what}: {one.why}", one.where) for one in exported.findings)
    lines += _section("Remarks", _merged(remarks), most)
    return lines


def _section(title: str, entries: Sequence[str], most: int | None) -> list[str]:
    if not entries:
        return []
    shown = entries[:most]
    lines = ["", f"{title}:", *(f"  {entry}" for entry in shown)]
    if len(shown) < len(entries):
        lines.append(f"  … and {len(entries) - len(shown)} more; --json or {_REPORT} has all")
    return lines


def _merged(entries: Iterable[tuple[str, str]]) -> list[str]:
    """Tells once what is said of several places."""
    places: dict[str, list[str]] = {}
    for said, where in entries:
        places.setdefault(said, []).append(where)
    return [
        f"{said} ({where[0]}{f' and {len(where) - 1} more' if len(where) > 1 else ''})"
        for said, where in places.items()
    ]
