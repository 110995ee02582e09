"""`crex usage`: what was metered, and whether it is what was signed."""

from __future__ import annotations

import argparse
import json

from crex.cli.options import Commands, command, group
from crex.cli.result import Result, table


def add(commands: Commands) -> None:
    """Adds the commands."""
    usage = group(commands, "usage", "metered use of a lease")
    for name, run, about in (
        ("list", _list, "list the records of a lease"),
        ("verify", _verify, "verify signatures, roots and sequence of a lease's batches"),
    ):
        parser = command(usage, name, run, about)
        parser.add_argument("lease", metavar="LEASE")


def _list(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import open_customer, state_text
    from crex.cli.purchase import fetch_batches
    from crex.documents.convert import to_json

    periods, batches = fetch_batches(open_customer(options), options.lease)
    records = [json.loads(body) for batch in batches for body in batch.bodies or ()]
    rows = [
        [one["meterId"], one["seq"], f"{one['quantity']} {one['unit']}", one["start"], one["end"]]
        for one in records
    ]
    states = ", ".join(
        f"{one.period.start.ToJsonString()}: {state_text(v1.UsageState, one.state)}" for one in periods
    )
    text = table(["METER", "SEQ", "QUANTITY", "FROM", "UNTIL"], rows, empty="Nothing was metered yet.")
    if states:
        text += f"\n\nPeriods from {states}"
    value = {
        "periods": [to_json(one) for one in periods],
        "batches": [to_json(one.batch.message) for one in batches],
        "records": records,
    }
    return Result(value, text)


def _verify(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import open_customer
    from crex.cli.purchase import fetch_batches, fetch_sale
    from crex.invoice.usage import collect

    customer = open_customer(options)
    lease = customer.client.get_lease(v1.GetLeaseRequest(lease=options.lease)).lease
    _, batches = fetch_batches(customer, options.lease)
    usage = collect(fetch_sale(customer, lease), batches)
    value = {
        "lease": options.lease,
        "batches": len(batches),
        "records": len(usage.records),
        "gaps": len(usage.gaps),
        "final": usage.final,
    }
    sealed = "sealed" if usage.final else "not sealed yet"
    text = (
        f"{len(usage.records)} records in {len(batches)} batches of {options.lease}: every signature, root "
        f"and sequence holds; {len(usage.gaps)} gaps are marked; the period is {sealed}."
    )
    return Result(value, text)
