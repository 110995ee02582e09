"""`crex export NAME`: descriptions in the words of other systems, and what became of every document."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.options import Commands, command, group
from crex.cli.reports import REPORT, SHOWN, as_json, by_reason, by_text, section
from crex.cli.result import REFUSED, Result, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crex.cli.files import Paper
    from crex.describe.importing import LeftOut
    from crex.export.exporting import Document, Exported

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
    from crex.cli.files import write_file
    from crex.decimals import counted
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
    lines = _report(given, exported, left_out, SHOWN)
    if folder is not None:
        report = "\n".join(_report(given, exported, left_out, None))
        write_file(folder / REPORT, f"{report}\n".encode())
        lines += ["", f"Wrote {counted(len(exported.files), 'file')} to {folder}, and {folder / REPORT}."]
    elif exported.files:
        lines += ["", "With -o DIR the files are written there; --json shows what is in them."]
    value = {"exporter": exporter.name, "documents": given, **_value(exported, left_out, folder)}
    return Result(value, "\n".join(lines), 0 if exported.files else REFUSED)


def _read(files: Sequence[Path], token: str | None) -> tuple[list[Document], list[LeftOut]]:
    """Reads documents; those that describe nothing, or nothing any more, are left out (EXPORT-EXPIRED-1).

    Raises:
        CrexError: A file holds no document, or one that is not valid.
    """
    from crex.cli.party import now
    from crex.describe.importing import LeftOut
    from crex.documents import convert
    from crex.documents.reader import read
    from crex.errors import named
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
    from crex.cli.files import write_file
    from crex.errors import CrexError

    for name in files:
        if _FILE_NAME.fullmatch(name) is None or name == REPORT:
            raise CrexError(
                "TYPE", f"The exporter names a file {name!r}, which is no name for one in a folder. Mend it."
            )
    for name, data in files.items():
        write_file(folder / name, data)


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
        **as_json(left_out, exported.findings),
    }


def _report(given: int, exported: Exported, left_out: Sequence[LeftOut], most: int | None) -> list[str]:
    from crex.decimals import counted

    outcome = f"{counted(len(exported.files), 'file')}, {len(left_out)} left out"
    lines = [f"{counted(given, 'document')}: {outcome}, {counted(len(exported.findings), 'remark')}."]
    lines += section("Files", list(exported.files), most)
    lines += section("Left out", by_reason(left_out), most)
    lines += section("Remarks", by_text(exported.findings), most)
    return lines
