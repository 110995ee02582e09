"""What only a broker in earnest needs: its own identity on disk, and parties enrolled by its operator."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from crex import v1
from crex.documents.requests import check_request
from crex.documents.times import Clock
from crex.errors import CrexError, named
from crex.trust.envelope import from_json
from crex.trust.identity import Identity
from crex.trust.identity_files import load_identity, save_identity
from crex_broker.application.caller import Caller
from crex_broker.application.enrol import check_roles
from crex_broker.application.limits import Limits
from crex_broker.composition import open_broker

_TRUST_FILE_MAX: Final = 2 << 20


def make_identity(authority: str, hosts: Sequence[str], folder: Path, *, now: datetime) -> Path:
    """Makes a broker's identity and keeps it in a folder; gives the path of its trust document.

    Raises:
        CrexError: The authority is not one or ends in `.invalid`, or an identity is there already.
    """
    _refuse_invalid(authority, str(folder))
    identity = Identity.create(
        authority,
        roles=("broker", "arbiter"),  # it rules on disputes whose parties named nobody else
        program="broker",
        hosts=tuple(hosts) or (authority,),
        now=now,
    )
    save_identity(identity, folder)
    return folder / "trust" / f"{identity.trust.revision}.json"


def load_production_identity(folder: Path) -> Identity:
    """Reads the identity of a broker in earnest.

    Raises:
        CrexError: It is missing or damaged, is no broker's, or is one for development.
    """
    identity = load_identity(folder)
    _refuse_invalid(identity.authority, str(folder))
    if "broker" not in identity.roles:
        raise CrexError(
            "IDENTITY",
            f"This is the identity of {identity.authority} as {', '.join(identity.roles)}; a broker signs "
            "holds with a broker's key. Make one with `crex-broker init`.",
            source=str(folder),
        )
    return identity


async def enrol_offline(
    identity: Identity,
    database: Path,
    trust_file: Path,
    roles: Sequence[str],
    *,
    clock: Clock,
    jurisdictions: Sequence[str] = (),
) -> v1.Party:
    """Enrols a party in the store of a broker that is not running.

    Raises:
        CrexError: The file is no trust document that verifies, a role is unknown, or the store is in use.
    """
    try:
        with trust_file.open("rb") as file, named(trust_file):
            envelope = from_json(file.read(_TRUST_FILE_MAX))
    except OSError as error:
        raise CrexError(
            "ENVELOPE", f"The trust document cannot be read ({error.strerror}).", source=str(trust_file)
        ) from error
    opened = await open_broker(identity, database, limits=Limits(), clock=clock)
    try:
        enrol = opened.broker.unary["/crex.v1.AdminService/Enrol"]
        request = v1.EnrolRequest(
            request_id=secrets.token_urlsafe(16),
            trust_document=envelope,
            roles=list(roles),
            jurisdictions=list(jurisdictions),
        )
        check_request(request)
        check_roles(request)
        with named(trust_file):  # what is left to refuse is the document
            response = await enrol(Caller(identity.authority, frozenset({"admin"})), request)
    finally:
        await opened.close()
    if not isinstance(response, v1.EnrolResponse):
        raise TypeError(type(response))
    return response.party


def _refuse_invalid(authority: str, source: str) -> None:
    if authority == "invalid" or authority.endswith(".invalid"):
        raise CrexError(
            "IDENTITY",
            f"{authority} is for development: no domain ends in .invalid, so nobody can own it. Use a "
            "domain of your own, or `crex-broker dev`.",
            source=source,
        )
