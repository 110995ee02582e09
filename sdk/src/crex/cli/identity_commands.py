"""`crex init` and `crex trust`: who one is, and whom one trusts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.options import Commands, command, group
from crex.cli.result import Result, table

if TYPE_CHECKING:
    from crex.describe.policy import Profile, Question
    from crex.trust.key_files import Passphrase
    from crex.trust.trust_record import TrustRecord

ROLES: Final = ("provider", "consumer", "arbiter", "publisher", "admin")
POLICY_FLAGS: Final = (
    ("--site", "site", "name of the site, such as zhongwei-1"),
    ("--country", "country", "country of the site, such as CN"),
    ("--allocation", "allocation", "dedicated-core, dedicated-thread, shared or heavily-shared"),
    ("--resource", "resource", "name of this host below the site"),
    ("--subdivision", "subdivision", "subdivision of the country, such as CN-NX"),
    ("--memory-per-unit", "memoryPerUnit", "memory that goes with one unit, such as 4GiB"),
    ("--reserved-cpus", "reservedCpus", "CPUs to keep back from sale"),
)


def add(commands: Commands) -> None:
    """Adds the commands."""
    init = command(commands, "init", _init, "make an identity: keys, trust document, policy of this host")
    init.add_argument("name", metavar="AUTHORITY", help="a domain of your own, such as p.example.cn")
    init.add_argument(
        "--role", action="append", choices=ROLES, help="what it does; may be repeated (both parties)"
    )
    init.add_argument(
        "--host", action="append", default=[], help="name or address at which its programs answer"
    )
    init.add_argument("--encrypt", action="store_true", help="encrypt the private keys with a passphrase")
    add_policy(init)

    trust = group(commands, "trust", "whom this identity trusts")
    pin = command(
        trust, "pin", _pin, "trust an authority by its trust document; with --broker, keep its address"
    )
    pin.add_argument("file", type=Path, metavar="FILE", help="its trust document, from a source you trust")
    pin.add_argument("--authority", dest="expected", metavar="NAME", help="whose it must be")
    show = command(trust, "show", _show, "list the authorities that are trusted, or show one")
    show.add_argument("name", nargs="?", metavar="AUTHORITY")
    command(trust, "export", _export, "write this identity's own trust document, to hand to others")


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Adds an option for each question of policy."""
    part = parser.add_argument_group("policy of this host (asked for at a terminal)")
    for flag, key, about in POLICY_FLAGS:
        part.add_argument(flag, dest=f"policy_{key}", metavar="TEXT", help=about)


def policy_answers(options: argparse.Namespace) -> dict[str, str]:
    """The answers that were given as options, by key."""
    given = {key: getattr(options, f"policy_{key}") for _, key, _ in POLICY_FLAGS}
    return {key: value for key, value in given.items() if value is not None}


def settle_policy(options: argparse.Namespace, path: Path, host_name: str | None) -> Profile:
    """Gives the policy that is kept, with what the options change; asks for what is missing; keeps it.

    Raises:
        CrexError: SCHEMA: an answer will not do, or is missing and nobody can be asked.
    """
    from crex.describe import policy

    profile = _decide_policy(options, path, host_name)
    policy.save(path, profile)
    return profile


def _decide_policy(options: argparse.Namespace, path: Path, host_name: str | None) -> Profile:
    from crex.describe import policy

    answers = policy.to_answers(policy.load(path)) if path.exists() else {}
    answers |= policy_answers(options)
    if sys.stdin.isatty():
        return policy.ask(_ask, known=answers, host_name=host_name)
    return policy.from_answers(answers)


def _ask(question: Question) -> str:
    choices = f" ({', '.join(question.choices)})" if question.choices else ""
    proposal = f" [{question.proposal}]" if question.proposal else ""
    print(f"{question.text}{choices}: {question.why}.", file=sys.stderr)
    sys.stderr.write(f"  {question.key}{proposal}> ")
    sys.stderr.flush()
    return sys.stdin.readline().rstrip("\n")


def _init(options: argparse.Namespace) -> Result:
    from crex.cli.party import POLICY_FILE, home_of, now, remember_broker, split_broker
    from crex.describe import policy
    from crex.trust.identity import Identity
    from crex.trust.identity_files import identity_folder, save_identity

    roles = options.role or ["provider", "consumer"]
    folder = identity_folder(options.name, home_of(options))
    broker = split_broker(options.broker) if options.broker else None
    profile = None
    if policy_answers(options) or ("provider" in roles and sys.stdin.isatty()):
        profile = _decide_policy(options, folder / POLICY_FILE, _host_name())
    identity = Identity.create(options.name, roles=roles, hosts=options.host, now=now())
    save_identity(identity, folder, _new_passphrase(encrypt=options.encrypt))
    kept = folder / "trust" / f"{identity.trust.revision}.json"
    lines = [
        f"Made the identity of {options.name} ({', '.join(roles)}) in {folder}.",
        f"Its trust document, to hand to brokers and parties: {kept}",
    ]
    if profile is not None:
        policy.save(folder / POLICY_FILE, profile)
        lines.append(f"The policy of this host: {folder / POLICY_FILE}")
    if broker and broker[0]:
        remember_broker(folder, *broker)
    lines.append("Next: pin your broker's trust document with `crex trust pin FILE --broker HOST:PORT`.")
    value = {
        "authority": options.name,
        "roles": roles,
        "folder": str(folder),
        "trustDocument": str(kept),
        "validUntil": identity.trust.valid_until.isoformat(),
    }
    return Result(value, "\n".join(lines))


def _host_name() -> str | None:
    import socket

    return socket.gethostname() or None


def _new_passphrase(*, encrypt: bool) -> Passphrase:
    from crex.errors import CrexError
    from crex.trust.key_files import PASSPHRASE_VARIABLE, Passphrase

    passphrase = Passphrase()
    if not encrypt or passphrase.given():
        return passphrase
    if not sys.stdin.isatty():
        raise CrexError(
            "IDENTITY",
            f"There is no terminal at which to ask for a passphrase. Set {PASSPHRASE_VARIABLE}.",
        )
    from getpass import getpass

    first, again = getpass("Passphrase for the new keys: "), getpass("The same again: ")
    if not first or first != again:
        raise CrexError("IDENTITY", "The two passphrases are empty or differ. Nothing was made; try again.")
    return Passphrase(first.encode())


def _pin(options: argparse.Namespace) -> Result:
    from crex.cli.files import named, read_bytes
    from crex.cli.party import now, open_party, remember_broker, split_broker
    from crex.errors import CrexError

    party = open_party(options)
    with named(options.file):
        record = party.trust.pin(read_bytes(options.file), now=now(), authority=options.expected)
    text = f"{record.authority} is trusted, by revision {record.revision}, until {record.valid_until:%F}."
    if options.broker:
        authority, target = split_broker(options.broker)
        if authority not in ("", record.authority):
            raise CrexError(
                "ISSUER_MISMATCH",
                f"The trust document is that of {record.authority}, not of {authority}. It is pinned; its "
                "address is not kept. Correct --broker.",
                source=str(options.file),
            )
        remember_broker(party.folder, record.authority, target)
        text += f" It is the broker, at {target}."
    return Result(_facts(record), text)


def _show(options: argparse.Namespace) -> Result:
    from crex.cli.party import open_party
    from crex.errors import CrexError

    party = open_party(options)
    names = [options.name] if options.name else list(party.trust.authorities())
    records = []
    for name in names:
        record = party.trust.current(name)
        if record is None:
            raise CrexError(
                "ISSUER",
                f"{name} is not trusted here. Pin its trust document with `crex trust pin FILE`.",
                source=str(party.folder / "pins"),
            )
        records.append(record)
    if options.name:
        return Result(_facts(records[0]), _describe(records[0]))
    rows = [[one.authority, str(one.revision), f"{one.valid_until:%F}", _uses(one)] for one in records]
    text = table(["AUTHORITY", "REVISION", "UNTIL", "SIGNS"], rows, empty="Nobody is trusted yet.")
    return Result([_facts(one) for one in records], text)


def _export(options: argparse.Namespace) -> Result:
    import json

    from crex.cli.party import open_party
    from crex.trust.envelope import to_json

    text = to_json(open_party(options).identity.trust_document).decode()
    return Result(json.loads(text), text)


def _uses(record: TrustRecord) -> str:
    return ", ".join(sorted({use for key in record.keys.values() for use in key.use} - {"trust-document"}))


def _describe(record: TrustRecord) -> str:
    lines = [f"{record.authority}, revision {record.revision}, valid until {record.valid_until:%F %T} UTC"]
    for key in record.keys.values():
        ended = f", revoked {key.revoked_at:%F %T}" if key.revoked_at else ""
        lines.append(f"  {key.keyid}  {key.alg}{ended}: {', '.join(sorted(key.use)) or 'nothing'}")
    lines.append(f"  {len(record.tls_roots)} TLS root{'s' if len(record.tls_roots) != 1 else ''}")
    return "\n".join(lines)


def _facts(record: TrustRecord) -> dict[str, Any]:
    return {
        "authority": record.authority,
        "revision": record.revision,
        "validUntil": record.valid_until.isoformat(),
        "keys": [
            {"keyid": key.keyid, "alg": key.alg, "use": sorted(key.use)} for key in record.keys.values()
        ],
        "tlsRoots": len(record.tls_roots),
    }
