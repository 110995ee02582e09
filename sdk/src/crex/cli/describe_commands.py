"""`crex describe`: this machine as it is, and what tools and lists say of others, as documents."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from crex.cli import import_commands
from crex.cli.identity_commands import add_policy, settle_policy
from crex.cli.options import Commands, command, group, positive
from crex.cli.result import Result

_FILES: Final = ("site.json", "node.json", "unit.json", "pool.json")


def add(commands: Commands) -> None:
    """Adds the commands."""
    describe = group(commands, "describe", "describe what there is to sell")
    host = command(
        describe, "host", _host, "describe this machine; with -o DIR write the documents that sell its cores"
    )
    host.add_argument("--root", type=Path, default=Path("/"), help="folder that holds its /proc and /sys")
    host.add_argument("--revision", type=positive, default=1, help="revision of the documents (1)")
    add_policy(host)
    import_commands.add(describe)


def _host(options: argparse.Namespace) -> Result:
    from crex.describe import render
    from crex.describe.host import describe

    description = describe(options.root)
    value, text = render.to_json(description), render.render(description).rstrip("\n")
    folder: Path | None = options.output
    if folder is None:
        return Result(value, text)

    from crex.cli.party import POLICY_FILE, now, open_party
    from crex.describe.publish import documents_for_sale
    from crex.documents import convert

    party = open_party(options)
    profile = settle_policy(options, party.folder / POLICY_FILE, description.host_name)
    documents = documents_for_sale(
        description, profile, authority=party.authority, issued_at=now(), revision=options.revision
    )
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, document in zip(_FILES, documents, strict=True):
        (folder / name).write_bytes(convert.dump(document))
        written.append(str(folder / name))
    options.output = None
    value |= {"files": written, "units": len(documents.unit_cpus)}
    lines = [
        text,
        "",
        f"Wrote {', '.join(written)}: {len(documents.unit_cpus)} units to sell, unsigned.",
        f"Next: `crex offers draft {folder} --price 0.036 --currency USD`, then `crex publish {folder}`.",
    ]
    return Result(value, "\n".join(lines))
