"""`crex init`: who one is."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crex.cli.options import Commands, command
from crex.cli.result import Result

if TYPE_CHECKING:
    from crex.describe.policy import Profile, Question
    from crex.trust.key_files import Passphrase

ROLES: Final = (
    "provider", "consumer", "broker", "arbiter", "publisher", "auditor", "attester", "witness", "admin",
)  # fmt: skip
DEFAULT_ALGORITHM: Final = "ed25519"
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
    init.add_argument(
        "--algorithm",
        action="append",
        default=[],
        metavar="NAME",
        help="of which algorithms the signing keys are; each signs every document; may be repeated (ed25519)",
    )
    init.add_argument("--encrypt", action="store_true", help="encrypt the private keys with a passphrase")
    add_policy(init)


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
    from crex.errors import CrexError
    from crex.trust.identity import Identity
    from crex.trust.identity_files import identity_folder, save_identity

    if options.broker and not split_broker(options.broker)[0]:
        raise CrexError(
            "SCHEMA",
            "--broker HOST:PORT would have no effect: an address is kept beside the broker's name. Write "
            "--broker AUTHORITY@HOST:PORT, or leave it out and give it with `crex trust pin FILE --broker "
            "HOST:PORT`.",
        )
    roles = options.role or ["provider", "consumer"]
    folder = identity_folder(options.name, home_of(options))
    broker = split_broker(options.broker) if options.broker else None
    profile = None
    if policy_answers(options) or ("provider" in roles and sys.stdin.isatty()):
        profile = _decide_policy(options, folder / POLICY_FILE, _host_name())
    identity = Identity.create(
        options.name,
        roles=roles,
        hosts=options.host,
        now=now(),
        algorithms=options.algorithm or (DEFAULT_ALGORITHM,),
    )
    save_identity(identity, folder, new_passphrase(encrypt=options.encrypt))
    kept = folder / "trust" / f"{identity.trust.revision}.json"
    lines = [
        f"Made the identity of {options.name} ({', '.join(roles)}) in {folder}.",
        f"Its trust document, to hand to brokers and parties: {kept}",
    ]
    if profile is not None:
        policy.save(folder / POLICY_FILE, profile)
        lines.append(f"The policy of this host: {folder / POLICY_FILE}")
    if broker is not None:
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


def new_passphrase(*, encrypt: bool) -> Passphrase:
    """Asks for the passphrase of new keys, where they are to be encrypted.

    Raises:
        CrexError: IDENTITY: there is nobody to ask, or two answers differ.
    """
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
