"""`crex usage amend`: corrects a sealed period by higher revisions and late records."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from crex.cli.options import Commands, command, request_id
from crex.cli.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crex.cli.party import Customer
    from crex.invoice.sale import Sale
    from crex.metering.chain import Chain
    from crex.metering.corrections import SealedPeriod
    from crex.metering.record import Record


def add(usage: Commands) -> None:
    """Adds the command."""
    parser = command(usage, "amend", _amend, "correct a sealed period; the note that follows is `note issue`")
    parser.add_argument("lease", metavar="LEASE", help="name of the lease")
    parser.add_argument(
        "records",
        type=Path,
        metavar="RECORDS",
        help="higher revisions and late records, one a line (.jsonl), or what `crex usage list --json` gives",
    )
    request_id(parser)


def _amend(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.bundle_fetch import fetch_sale
    from crex.cli.party import new_request_id, open_customer, state_text
    from crex.cli.reconcile_commands import read_records
    from crex.documents.convert import to_json
    from crex.metering.batch import build_batch

    customer = open_customer(options)
    records = read_records(options.records)
    sale = fetch_sale(customer, options.lease)
    chain, known = _chain(customer, sale)
    period = _period(chain, records)
    draft = build_batch(
        chain,
        records,
        header=customer.header("usage-batch"),
        order=sale.order.pin,
        period=period.period,
        corrects=period.final,
    )
    _check(customer, sale, chain, [*known, *draft.records], period)
    usage = customer.client.amend_usage(
        v1.AmendUsageRequest(
            request_id=new_request_id(options),
            batch=customer.identity.sign_document(draft.message),
            records=draft.bodies,
        )
    ).usage
    text = (
        f"Corrected {len(draft.records)} records of {options.lease} in {period.period}, which is "
        f"{state_text(v1.UsageState, usage.state)}. `crex note issue` makes the note of an invoice that was "
        "issued before."
    )
    return Result(to_json(usage), text)


def _chain(customer: Customer, sale: Sale) -> tuple[Chain, list[Record]]:
    """Verifies the lease's whole chain; gives it, and all records."""
    from crex.cli.purchase import fetch_batches
    from crex.metering.batch import verify_batch
    from crex.metering.chain import Chain

    chain = Chain(sale.lease)
    every: list[Record] = []
    for sealed in fetch_batches(customer, sale.lease)[1]:
        sale.check_batch(sealed.batch)
        chain, records = verify_batch(chain, sealed.batch, sealed.bodies or ())
        every += records
    return chain, every


def _period(chain: Chain, records: Sequence[Record]) -> SealedPeriod:
    """Finds the sealed period that records lie in.

    Raises:
        CrexError: TERMS: they lie in none, or in several.
    """
    from crex.errors import CrexError

    found = [each for each in chain.sealed if all(each.period.holds(one.span) for one in records)]
    if records and len(found) == 1:
        return found[0]
    sealed = ", ".join(str(each.period) for each in chain.sealed) or "none"
    raise CrexError(
        "TERMS",
        "The records do not lie in one sealed period, so there is nothing that they could correct together. "
        f"Sealed are: {sealed}. Give the records of one of them.",
        details={"requirement": "BATCH-CORRECTION-1"},
    )


def _check(
    customer: Customer, sale: Sale, chain: Chain, records: Sequence[Record], period: SealedPeriod
) -> None:
    """Holds the corrected period to what was sold and delivered, before anything is signed.

    Raises:
        CrexError: USAGE_OUT_OF_BOUNDS, CONFLICT: no bill could be made of it.
    """
    from crex import v1
    from crex.metering.selection import latest
    from crex.metering.span import Span
    from crex.rating.bounds import check_bounds
    from crex.rating.terms import use_of

    lease = customer.client.get_lease(v1.GetLeaseRequest(lease=sale.lease)).lease
    use, stated = use_of(lease), sale.terms.active(chain.events)
    start_ms = max(use.start_ms, stated.start_ms)
    active = Span(start_ms, max(start_ms, min(use.end_ms, stated.end_ms)))
    inside = [record for record in latest(records) if period.period.holds(record.span)]
    check_bounds(sale.plans, sale.terms, active, inside)
