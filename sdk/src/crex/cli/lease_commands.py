"""`crex lease` and `crex access`: what was delivered, and using it."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crex.cli.options import Commands, command, duration, group, request_id, waiting
from crex.cli.result import OK, REFUSED, Result, table

if TYPE_CHECKING:
    from crex import v1
    from crex.cli.party import Customer

_DELIVERED: Final = ("active", "failed", "releasing", "released")


def add(commands: Commands) -> None:
    """Adds the commands."""
    leases = group(commands, "lease", "leases: what was delivered")
    listing = command(leases, "list", _list, "list your leases, newest first")
    listing.add_argument("--order", default="", help="of this order only")
    show = command(leases, "show", _show, "show a lease")
    show.add_argument("lease", metavar="LEASE", help="name of the lease")
    waiting(show, "it is delivered or has ended")
    end = command(leases, "terminate", _terminate, "end a lease before its interval does")
    end.add_argument("lease", metavar="LEASE", help="name of the lease")
    end.add_argument("--reason", default="", help="why, for the provider")
    request_id(end)
    waiting(end, "its provider has signed that its units are free")

    access = group(commands, "access", "use what was delivered")
    look = command(access, "show", _access, "open the sealed access; with -o FILE keep the credential")
    look.add_argument("lease", metavar="LEASE", help="name of the lease")
    run = command(access, "run", _run, "run a program in a lease and wait for its end")
    run.add_argument("lease", metavar="LEASE", help="name of the lease")
    run.add_argument(
        "program", nargs="+", metavar="PROGRAM", help="after `--`: the program and its arguments"
    )
    run.add_argument(
        "--file", action="append", default=[], type=Path, metavar="FILE", help="send this file along"
    )
    run.add_argument(
        "--for",
        dest="patience",
        type=duration,
        default=timedelta(hours=1),
        metavar="TIME",
        help="at most (1h)",
    )


def _list(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import open_customer, pages, state_text
    from crex.documents.convert import to_json

    customer = open_customer(options)
    request = v1.ListLeasesRequest(order=options.order, page_size=1000)
    leases = [one for page in pages(customer.client.list_leases, request) for one in page.leases]
    rows = [
        [one.name, state_text(v1.LeaseState, one.state), str(one.quantity), one.interval.end.ToJsonString()]
        for one in leases
    ]
    text = table(["LEASE", "STATE", "UNITS", "UNTIL"], rows, empty="There are no leases.")
    return Result([to_json(one) for one in leases], text)


def get_lease(customer: Customer, name: str) -> v1.Lease:
    """Reads one lease."""
    from crex import v1

    return customer.client.get_lease(v1.GetLeaseRequest(lease=name)).lease


def _show(options: argparse.Namespace) -> Result:
    from crex.cli.party import open_customer

    customer = open_customer(options)
    if options.wait is None:
        return _shown(get_lease(customer, options.lease))
    return _shown(_await(customer, options.lease, _DELIVERED, options.wait))


def _await(customer: Customer, name: str, states: tuple[str, ...], patience: timedelta) -> v1.Lease:
    from crex import v1
    from crex.cli.party import state_text, wait_until
    from crex.errors import CrexError

    def look() -> v1.Lease | None:
        try:
            lease = get_lease(customer, name)
        except CrexError as error:
            if error.reason != "NOT_FOUND":  # made when the provider accepts the order
                raise
            return None
        return lease if state_text(v1.LeaseState, lease.state) in states else None

    return wait_until(look, patience, f"What was waited for of {name}")


def _shown(lease: v1.Lease) -> Result:
    from crex import v1
    from crex.cli.party import state_text
    from crex.documents.convert import to_json

    state = state_text(v1.LeaseState, lease.state)
    lines = [
        f"lease     {lease.name}",
        f"state     {state}",
        f"order     {lease.order}",
        f"offer     {lease.quantity} of {lease.offer}",
        f"interval  {lease.interval.start.ToJsonString()} until {lease.interval.end.ToJsonString()}",
    ]
    if lease.HasField("activated_at"):
        lines.append(f"active    from {lease.activated_at.ToJsonString()}")
    if lease.HasField("ended_at"):
        lines.append(f"ended     {lease.ended_at.ToJsonString()}")
    if lease.last_transition.reason:
        lines.append(f"because   {lease.last_transition.reason}")
    return Result(to_json(lease), "\n".join(lines), REFUSED if state == "failed" else OK)


def _terminate(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import new_request_id, open_customer

    customer = open_customer(options)
    lease = customer.client.terminate_lease(
        v1.TerminateLeaseRequest(
            request_id=new_request_id(options), lease=options.lease, reason=options.reason
        )
    ).lease
    if options.wait is not None:
        lease = _await(customer, options.lease, ("released",), options.wait)
    return _shown(lease)


def _access(options: argparse.Namespace) -> Result:
    from crex.cli.party import open_customer
    from crex.cli.purchase import open_access
    from crex.documents import convert
    from crex.trust import files

    customer = open_customer(options)
    credential = open_access(customer, get_lease(customer, options.lease))
    facts = {"endpoint": credential.endpoint, "parameters": dict(credential.parameters)}
    text = f"endpoint  {credential.endpoint}"
    if options.output is None:
        return Result(facts, text + "\nThe secret is shown to nobody; -o FILE keeps it for a program.")
    place = options.output
    files.write_whole(place, convert.dump(credential), mode=files.SECRET_MODE)
    options.output = None  # taken: what is answered holds no secret
    return Result(facts | {"file": str(place)}, f"{text}\nThe credential is in {place}, for you alone.")


def _run(options: argparse.Namespace) -> Result:
    from crex.agent.loopback.client import LeaseClient
    from crex.cli.files import read_bytes
    from crex.cli.party import open_customer
    from crex.cli.purchase import open_access

    customer = open_customer(options)
    files = {path.name: read_bytes(path) for path in options.file}
    client = LeaseClient(open_access(customer, get_lease(customer, options.lease)))
    outcome = client.run(options.program, files=files, wait_s=options.patience.total_seconds())
    stdout, stderr = outcome.stdout.decode("utf-8", "replace"), outcome.stderr.decode("utf-8", "replace")
    value = {
        "exitCode": outcome.exit_code,
        "stdout": stdout,
        "stderr": stderr,
        "seconds": outcome.seconds,
        "cpuMs": outcome.cpu_ms,
        "droppedBytes": outcome.dropped,
    }
    if not options.json:
        sys.stderr.write(stderr)
        dropped = f", {outcome.dropped} bytes of output beyond the bound" if outcome.dropped else ""
        print(
            f"exit code {outcome.exit_code}, {outcome.seconds:.2f} s, {outcome.cpu_ms / 1000:.2f} s of CPU"
            f"{dropped}",
            file=sys.stderr,
        )
    return Result(value, stdout.removesuffix("\n"), OK if outcome.exit_code == 0 else REFUSED)
