"""`crex invoice statement`: a statement of account from bundles and payments, without a network."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.invoice_source import open_source, takes_bundles
from crex.cli.options import Commands, command, moment
from crex.cli.result import Result

if TYPE_CHECKING:
    from crex.accounts.account import Billed, Paid

_BEGINNING_MS: Final = 0
_PAYMENTS: Final = (
    'a JSON list of {"invoice", "amount": {"currency", "amount"}, "time", "reference"}, '
    "or one a line (.jsonl)"
)


def add(invoices: Commands) -> None:
    """Adds the command."""
    parser = command(invoices, "statement", _statement, "state an account from the bundles in a folder")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a folder of bundles")
    parser.add_argument("--payments", type=Path, metavar="FILE", help=_PAYMENTS)
    parser.add_argument("--from", dest="start", type=moment, metavar="TIME", help="its first instant (1970)")
    parser.add_argument("--until", type=moment, metavar="TIME", help="the instant where it ends (now)")
    takes_bundles(parser)


def _statement(options: argparse.Namespace) -> Result:
    from crex.accounts.account import Account
    from crex.accounts.statement import statement
    from crex.accounts.statement_text import as_text
    from crex.cli.party import now
    from crex.documents.convert import to_json
    from crex.documents.times import to_ms
    from crex.metering.span import Span

    end = to_ms(options.until or now())
    start = to_ms(options.start) if options.start is not None else _BEGINNING_MS
    if start > end:
        from crex.errors import CrexError

        raise CrexError("SCHEMA", "The statement begins after it ends. Give --from before --until.")
    payments = read_payments(options.payments) if options.payments is not None else []
    account = Account.of(_billed(options), payments)
    found = statement(account, Span(start, end))
    return Result(to_json(found), as_text(found))


def _billed(options: argparse.Namespace) -> list[Billed]:
    from crex.errors import CrexError

    folder: Path = options.folder
    if not folder.is_dir():
        raise CrexError(
            "NOT_FOUND", "There is no such folder. Name one that holds bundles.", source=str(folder)
        )
    found: dict[str, tuple[Path, Billed]] = {}
    for path in bundles_in(folder, beside=options.payments):
        source = open_source(options, str(path))
        with source.named():
            billed = source.opened.billed()
        name = billed.invoice.id
        if name in found:
            told = f"{name} is also in {found[name][0]}. Keep the bundle that has all notes on it."
            raise CrexError("CONFLICT", told, source=str(path))
        found[name] = path, billed
    if not found:
        raise CrexError(
            "NOT_FOUND",
            "The folder holds no bundle. Write some with `crex invoice export --format bundle -o "
            f"{folder}/NAME.json`.",
            source=str(folder),
        )
    return [billed for _, billed in found.values()]


def bundles_in(folder: Path, *, beside: Path | None = None) -> list[Path]:
    """Returns the bundles of a folder: itself, its JSON files, or its folders with an invoice; by name.

    Args:
        folder: The folder.
        beside: A file that may lie among them and is none.
    """
    if (folder / "invoice.json").is_file():
        return [folder]
    other = beside.resolve() if beside is not None else None
    return sorted(
        path
        for path in folder.iterdir()
        if (path.suffix == ".json" and path.is_file() and path.resolve() != other)
        or (path / "invoice.json").is_file()
    )


def read_payments(path: Path) -> list[Paid]:
    """Reads a file of payments.

    Raises:
        CrexError: It cannot be read, or holds something else; the payment is named by its place.
    """
    import orjson

    from crex.accounts.account import Paid
    from crex.cli.bundle_files import read_large
    from crex.documents import convert, reader, strict
    from crex.errors import CrexError, named
    from crex.invoice.money import money_of
    from crex.metering.span import timestamp_ms
    from crex.v1 import Payment

    data = read_large(path)
    with named(path):
        if path.suffix == ".jsonl":
            values: Any = [strict.loads(line) for line in data.splitlines() if line.strip()]
        else:
            values = strict.loads(data, max_bytes=len(data))
        if not isinstance(values, list):
            raise CrexError("SCHEMA", f"There are no payments here. Give {_PAYMENTS}.")
    found = []
    for number, value in enumerate(values, start=1):
        with named(f"{path}, payment {number}"):
            payment = convert.to_message(reader.read(orjson.dumps(value), Payment), Payment)
        found.append(
            Paid(
                payment.reference,
                money_of(payment.amount),
                timestamp_ms(payment.time),
                payment.invoice,
            )
        )
    return found
