"""`crex server` and `crex enrol`: the broker itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from crex.cli.options import Commands, command, request_id
from crex.cli.result import Result


def add(commands: Commands) -> None:
    """Adds the commands."""
    command(commands, "server", _server, "what the broker is, serves and limits")
    enrol = command(commands, "enrol", _enrol, "let a party in, as the broker's operator")
    enrol.add_argument("file", type=Path, metavar="FILE", help="the party's trust document")
    enrol.add_argument(
        "--role",
        action="append",
        required=True,
        choices=("provider", "consumer", "arbiter", "publisher", "attester", "auditor", "witness", "admin"),
        help="repeatable",
    )
    enrol.add_argument(
        "--jurisdiction",
        action="append",
        default=[],
        metavar="COUNTRY",
        help="country whose records an auditor may read, such as CN; repeatable",
    )
    request_id(enrol)


def _server(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import open_customer
    from crex.documents.convert import to_json

    customer = open_customer(options)
    info = customer.client.get_server_info(v1.GetServerInfoRequest())
    limits = ", ".join(f"{name} {value}" for name, value in to_json(info.limits).items())
    lines = [
        f"{info.authority} at {customer.target}",
        f"  software   {info.software}, protocol {', '.join(info.protocol_versions)}",
        f"  its time   {info.server_time.ToJsonString()}",
        f"  documents  {', '.join(info.document_types)}",
        f"  limits     {limits}",
        f"  methods    {len(info.methods)}",
        *(f"    {method}" for method in info.methods),
    ]
    return Result(to_json(info), "\n".join(lines))


def _enrol(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.files import read_bytes
    from crex.cli.party import new_request_id, open_customer
    from crex.documents.convert import to_json
    from crex.errors import named
    from crex.trust.envelope import from_json

    customer = open_customer(options)
    with named(options.file):
        envelope = from_json(read_bytes(options.file))
    party = customer.client.enrol(
        v1.EnrolRequest(
            request_id=new_request_id(options),
            trust_document=envelope,
            roles=options.role,
            jurisdictions=options.jurisdiction,
        )
    ).party
    countries = f" for {', '.join(party.jurisdictions)}" if party.jurisdictions else ""
    text = (
        f"{party.authority} is enrolled as {', '.join(party.roles)}{countries}, trust revision "
        f"{party.trust_revision}."
    )
    return Result(to_json(party), text)
