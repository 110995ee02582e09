"""`crex usage`: what was metered, and whether it is what was signed."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from crex.cli import reconcile_commands, usage_amend, usage_import
from crex.cli.document_commands import add_trust, trusted
from crex.cli.options import Commands, command, group, moment, positive
from crex.cli.result import Result, table


def add(commands: Commands) -> None:
    """Adds the commands."""
    usage = group(commands, "usage", "metered use of a lease")
    for name, run, about in (
        ("list", _list, "list the records of a lease"),
        ("verify", _verify, "verify signatures, roots and sequence of a lease's batches"),
    ):
        parser = command(usage, name, run, about)
        parser.add_argument("lease", metavar="LEASE", help="name of the lease")
    prove = command(
        usage, "prove", _prove, "prove that a record stands under a signed batch; -o FILE keeps it"
    )
    prove.add_argument("lease", metavar="LEASE", help="name of the lease")
    prove.add_argument("meter", metavar="METER", help="meter of the record, as `crex usage list` shows it")
    prove.add_argument("seq", type=positive, metavar="SEQ", help="number of the record")
    prove.add_argument("--revision", type=positive, metavar="N", help="its revision (the highest)")
    check = command(usage, "check-proof", _check_proof, "verify the proof of a record, without a network")
    check.add_argument("file", type=Path, metavar="FILE", help="what `crex usage prove` wrote, or -")
    check.add_argument("--at", type=moment, metavar="TIME", help="the time for which to judge (now)")
    add_trust(check)
    usage_amend.add(usage)
    usage_import.add(usage)
    reconcile_commands.add(usage)


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
    from crex.cli.bundle_fetch import fetch_sale
    from crex.cli.party import open_customer
    from crex.cli.purchase import fetch_batches
    from crex.decimals import counted
    from crex.invoice.usage import collect

    customer = open_customer(options)
    _, batches = fetch_batches(customer, options.lease)
    usage = collect(fetch_sale(customer, options.lease), batches)
    value = {
        "lease": options.lease,
        "batches": len(batches),
        "records": len(usage.records),
        "gaps": len(usage.gaps),
        "final": usage.final,
    }
    sealed = "sealed" if usage.final else "not sealed yet"
    text = (
        f"{counted(len(usage.records), 'record')} in {counted(len(batches), 'batch', 'batches')} of "
        f"{options.lease}: every signature, root and sequence holds; "
        f"{counted(len(usage.gaps), 'gap')} marked; the period is {sealed}."
    )
    return Result(value, text)


def _prove(options: argparse.Namespace) -> Result:
    from crex.cli.party import open_customer
    from crex.cli.purchase import fetch_batches
    from crex.metering import proof

    _, batches = fetch_batches(open_customer(options), options.lease)
    found = proof.prove(
        ((one.batch, one.bodies or ()) for one in batches), options.meter, options.seq, options.revision
    )
    text = proof.to_json(found).decode()
    return Result(json.loads(text), text.rstrip("\n"))


def _check_proof(options: argparse.Namespace) -> Result:
    from crex.cli.files import read_bytes
    from crex.cli.party import now
    from crex.errors import named
    from crex.metering import proof

    at = options.at or now()
    trust = trusted(options, at)
    data = read_bytes(options.file)
    with named(options.file):
        claim = proof.from_json(data)
        proven = proof.verify_proof(claim, trust, now=at)
    batch, record = proven.batch, json.loads(proven.record.body)
    value = {
        "file": str(options.file),
        "verified": True,
        "record": record,
        "leafIndex": str(claim.leaf_index),
        "treeSize": str(claim.tree_size),
        "batch": {"id": batch.id, "revision": str(batch.revision), "sha256": batch.digest},
        "issuer": batch.issuer,
    }
    lines = [
        f"{options.file}: {batch.issuer} signed for this record",
        f"  record    {proven.record.place} of {proven.record.lease}",
        f"  states    {record['quantity']} {record['unit']} of {record['dimension']}",
        f"  covers    {proven.record.span}",
        f"  stands    at position {claim.leaf_index} of {claim.tree_size} under {batch.id}@{batch.revision}",
        "  A later batch may hold a higher revision of it; `crex usage list` shows.",
    ]
    return Result(value, "\n".join(lines))
