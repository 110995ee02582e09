"""`crex describe NAME`: documents from what a vendor already runs, and what became of every row."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crex.cli.options import Commands, command, positive
from crex.cli.reports import REPORT, SHOWN, as_json, by_reason, by_text, places, section
from crex.cli.result import OK, REFUSED, Result, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crex.describe.assembly import Assembled, Document, Issue
    from crex.describe.importing import Imported, Importer
    from crex.describe.sources import Source


def add(describe: Commands) -> None:
    """Adds a command for each importer of this package, and those that find others."""
    from crex.describe.built_in import BUILT_IN

    for name, (_, about) in sorted(BUILT_IN.items()):
        parser = command(describe, name, _import, f"describe {about}")
        parser.set_defaults(importer=name)
        _options(parser)
    other = command(describe, "other", _import, "describe with an importer that another package brings")
    other.add_argument("importer", metavar="NAME", help="see `crex describe list`")
    _options(other)
    command(describe, "list", _list, "list the importers, those of other packages too")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="a file, a folder, or - for standard input"
    )
    part = parser.add_argument_group("what no file says (with -o DIR, which writes the documents there)")
    part.add_argument("--site", metavar="NAME", help="name of the site (that of `crex init`)")
    part.add_argument("--country", metavar="CC", help="of the site; its own document is written, too")
    part.add_argument("--subdivision", metavar="CODE", help="subdivision of it, such as CN-NX")
    part.add_argument(
        "--allocation", metavar="TOKEN", help="how CPUs are allocated, such as dedicated-thread"
    )
    part.add_argument("--time-zone", default="UTC", metavar="ZONE", help="of billing periods (UTC)")
    part.add_argument("--revision", type=positive, default=1, help="revision of the documents (1)")


def _list(_: argparse.Namespace) -> Result:
    from crex.describe.importers import IMPORTERS

    rows = list(IMPORTERS.listed())
    values = [{"name": name, "about": about, "package": package} for name, about, package in rows]
    return Result(values, table(("name", "reads", "package"), rows, empty="none"))


def _import(options: argparse.Namespace) -> Result:
    from crex.cli.files import write_file
    from crex.describe.assembly import assemble
    from crex.describe.importers import IMPORTERS

    importer = IMPORTERS.load(options.importer)
    with IMPORTERS.running(importer.name):
        imported = importer.read(_sources(importer, options.files))
    folder: Path | None = options.output
    if folder is None:
        assembled = assemble(imported, _unsaid())
        return _result(importer, imported, assembled, [], None, set())
    assembled = assemble(imported, _issue(options, sited=_is_sited(imported)))
    before = {str(path) for path in folder.glob("*.json")}
    files = _write(folder, assembled)
    options.output = None
    result = _result(importer, imported, assembled, files, folder, before)
    report = "\n".join(_report(imported, assembled, None))
    write_file(folder / REPORT, f"{report}\n".encode())
    return result


def _sources(importer: Importer, files: Sequence[Path]) -> list[Source]:
    from crex.describe.sources import open_sources, run_commands
    from crex.errors import CrexError

    if files:
        return open_sources(files)
    if not importer.commands:
        raise CrexError("SCHEMA", f"Say which files to read: `crex describe {importer.name} FILE…`.")
    return run_commands(importer.commands)


def _unsaid() -> Issue:
    """A stand-in for who issues, with which drafts are checked where nothing is written."""
    from crex.cli.party import now
    from crex.describe.assembly import Issue

    return Issue(authority="provider.invalid", site="site", issued_at=now())


def _is_sited(imported: Imported) -> bool:
    """Tells whether anything that is described stands at a site: prices do not."""
    from crex.v1 import PricePlan

    return not all(isinstance(draft.body, PricePlan) for draft in imported.drafts)


def _issue(options: argparse.Namespace, *, sited: bool) -> Issue:
    from crex.cli.party import POLICY_FILE, now, open_party
    from crex.describe import policy
    from crex.describe.assembly import Issue
    from crex.errors import CrexError
    from crex.rating.tzdata import period_at

    if options.subdivision and not options.country:
        raise CrexError("SCHEMA", "--subdivision says of which part of a country; say --country, too.")
    party = open_party(options)
    kept = party.folder / POLICY_FILE
    profile = policy.load(kept) if kept.exists() else None
    site = options.site or (profile.site if profile else None)
    if site is None and (sited or options.country):
        raise CrexError(
            "SCHEMA", "No file says at which site this is. Name it with --site, such as zhongwei-1."
        )
    if options.allocation and options.allocation not in policy.ALLOCATIONS and "/" not in options.allocation:
        known = ", ".join(policy.ALLOCATIONS)
        raise CrexError("SCHEMA", f"--allocation {options.allocation} is none of {known}. Choose one.")
    at = now()
    period_at(options.time_zone, at, 1)
    same = profile is not None and site == profile.site
    return Issue(
        authority=party.authority,
        site=site or "",
        issued_at=at,
        revision=options.revision,
        allocation=options.allocation or "",
        country=options.country or "",
        subdivision=options.subdivision or (profile.subdivision or "" if profile and same else ""),
        time_zone=options.time_zone,
    )


def _write(folder: Path, assembled: Assembled) -> list[str]:
    from crex.cli.files import write_file
    from crex.documents import convert

    written = []
    for made in assembled.made:
        place = folder / _file_name(made.document)
        write_file(place, convert.dump(made.document))
        written.append(str(place))
    return written


def _file_name(document: Document) -> str:
    """Gives a file name that shows what is in it, such as `node-class-gpu-1.json`."""
    _, *segments = document.header.id.removeprefix("crex://").split("/")
    inner = segments[2:] if segments[0] == "site" and len(segments) > 2 else segments
    return re.sub(r"[^a-z0-9._-]", "-", "-".join(inner)) + ".json"


def _result(
    importer: Importer,
    imported: Imported,
    assembled: Assembled,
    files: list[str],
    folder: Path | None,
    before: set[str],
) -> Result:
    from crex.decimals import counted
    from crex.documents import convert

    value: dict[str, Any] = {
        "importer": importer.name,
        "rows": imported.rows,
        "documents": [
            {
                **({"file": files[at]} if files else {}),
                "rows": list(made.rows),
                "document": convert.to_json(made.document),
            }
            for at, made in enumerate(assembled.made)
        ],
        **as_json(assembled.left_out, imported.findings),
    }
    lines = _report(imported, assembled, SHOWN)
    if folder is not None:
        wrote = f"Wrote {counted(len(files), 'document')} to {folder}, unsigned"
        lines += ["", f"{wrote}, and {folder / REPORT} with every row."]
        others = sorted(before.difference(files))
        value |= {"replaced": sorted(before.intersection(files)), "others": others}
        if value["replaced"]:
            lines.append(f"Files that were there were replaced: {places(value['replaced'])}.")
        if others:
            lines.append(f"Not of this import, and published with that folder as well: {places(others)}.")
        if files:
            lines.append(f"Next: `crex validate {folder}/*.json`, then `crex publish {folder}`.")
    elif assembled.made:
        lines += ["", "With -o DIR the documents are written there."]
    described = any(made.rows for made in assembled.made)
    return Result(value, "\n".join(lines), OK if described else REFUSED)


def _report(imported: Imported, assembled: Assembled, most: int | None) -> list[str]:
    from crex.decimals import counted

    described = {row for made in assembled.made for row in made.rows}
    outcome = f"{len(described)} described in {counted(len(assembled.made), 'document')}"
    rest = f"{len(assembled.left_out)} left out, {counted(len(imported.findings), 'remark')}"
    lines = [f"{counted(imported.rows, 'row')}: {outcome}, {rest}."]
    made = [f"{_file_name(one.document).removesuffix('.json')}: {places(one.rows)}" for one in assembled.made]
    lines += section("Documents", made, most)
    lines += section("Left out", by_reason(assembled.left_out), most)
    lines += section("Remarks", by_text(imported.findings), most)
    return lines
