"""Where a command takes an invoice from: the broker by name, or a bundle in a file or a folder.

Either way everything is verified alike, so a command need not know which it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from crex.cli.document_commands import add_trust
from crex.cli.options import moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from crex import v1
    from crex.bundles.bundle import Bundle
    from crex.bundles.opening import OpenedBundle
    from crex.cli.party import Customer
    from crex.invoice.report import InvoiceReport, NoteReport
    from crex.metering.span import Span

SOURCE: Final = "name of an invoice at the broker, or a bundle: a file, a folder, or - for standard input"


class Source(NamedTuple):
    """An invoice with everything behind it.

    Attributes:
        place: Where it comes from, for people: a file, or the broker's address.
        bundle: What came.
        opened: The same, verified.
        record: How it stands at the broker; nothing where it comes from a file.
        uses: Time of use by lease, as the broker knows it; empty where it comes from a file.
    """

    place: str
    bundle: Bundle
    opened: OpenedBundle
    record: v1.InvoiceRecord | None = None
    uses: Mapping[str, Span] = MappingProxyType({})

    def named(self) -> AbstractContextManager[None]:
        """Names the place in every error that names none."""
        from crex.errors import named

        return named(self.place)

    def recompute(self) -> tuple[InvoiceReport, list[NoteReport]]:
        """Recomputes the invoice and the notes on it.

        Raises:
            CrexError: There is nothing to compute them from, or notes and disputes do not fit together.
        """
        with self.named():
            return self.opened.recompute(self.uses), self.opened.recompute_notes(self.uses)


def takes_bundles(parser: argparse.ArgumentParser) -> None:
    """Adds what judging a bundle needs: `--trust` and `--at`."""
    parser.add_argument(
        "--at", type=moment, metavar="TIME", help="the time for which to judge a bundle (now)"
    )
    add_trust(parser)


def open_source(options: argparse.Namespace, source: str) -> Source:
    """Takes an invoice from a file, a folder or the broker, and verifies every envelope.

    Raises:
        CrexError: There is none, or an envelope does not verify; `source` names the file or the broker.
    """
    if source.startswith("crex://"):
        from crex.cli.party import open_customer

        return fetch_source(open_customer(options), source)
    from crex.bundles.opening import open_bundle
    from crex.cli.bundle_files import read_bundle
    from crex.cli.document_commands import trusted
    from crex.cli.party import now
    from crex.errors import named

    path, at = Path(source), options.at or now()
    bundle = read_bundle(path)
    with named(path):
        return Source(source, bundle, open_bundle(bundle, trusted(options, at), now=at))


def fetch_source(customer: Customer, invoice_id: str, *, judging: bool = False) -> Source:
    """Fetches an invoice from the broker, and verifies every envelope.

    Args:
        customer: Who reads it.
        invoice_id: Its name.
        judging: Whether an arbiter reads it, to whom the broker shows no sale.

    Raises:
        CrexError: There is none, or an envelope does not verify.
    """
    from crex.bundles.opening import open_bundle
    from crex.cli.bundle_fetch import fetch_bundle, fetch_without_sales
    from crex.cli.party import now
    from crex.errors import named

    fetched = (fetch_without_sales if judging else fetch_bundle)(customer, invoice_id)
    with named(customer.target):
        opened = open_bundle(fetched.bundle, customer.trust, now=now())
    return Source(customer.target, fetched.bundle, opened, fetched.record, fetched.uses)
