"""Where a command takes an invoice from: the broker by name, or a bundle in a file or a folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crex.cli.document_commands import add_trust
from crex.cli.options import moment

if TYPE_CHECKING:
    from crex.invoice.bundle_open import OpenedBundle

SOURCE: Final = "name of an invoice at the broker, or a bundle: a file, a folder, or - for standard input"


def takes_bundles(parser: argparse.ArgumentParser) -> None:
    """Adds what judging a bundle needs: `--trust` and `--at`."""
    parser.add_argument(
        "--at", type=moment, metavar="TIME", help="the time for which to judge a bundle (default: now)"
    )
    add_trust(parser)


def is_bundle(source: str) -> bool:
    """Tells whether a source is no name, and so a file or a folder."""
    return not source.startswith("crex://")


def open_source(options: argparse.Namespace, source: str) -> OpenedBundle:
    """Reads a bundle and verifies every envelope of it.

    Raises:
        CrexError: It is no bundle, or an envelope does not verify; `source` names the file.
    """
    from crex.cli.bundle import read_bundle
    from crex.cli.document_commands import trusted
    from crex.cli.files import named
    from crex.cli.party import now
    from crex.invoice.bundle_open import open_bundle

    path, at = Path(source), options.at or now()
    bundle = read_bundle(path)
    with named(path):
        return open_bundle(bundle, trusted(options, at), now=at)
