"""`crex policy`: trust policies in files, and offers judged by them, with one's own trust."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any

from crex.cli.document_commands import add_trust, trusted
from crex.cli.options import Commands, command, group, moment
from crex.cli.result import OK, REFUSED, Result


def add(commands: Commands) -> None:
    """Adds the commands."""
    policy = group(commands, "policy", "what must be attested before you rely on something")
    validate = command(policy, "validate", _validate, "check policies, and say in words what they demand")
    validate.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a policy")
    check = command(policy, "check", _check, "judge an offer by a policy, with your own trust")
    check.add_argument(
        "offer", metavar="OFFER", help="name of an offer at the broker, or file of a signed one"
    )
    add_policy(check, required=True)
    check.add_argument("--sha256", metavar="HEX", help="digest of the offer as it was seen (as it is)")
    check.add_argument(
        "--with",
        action="append",
        default=[],
        type=Path,
        metavar="PATH",
        help="of an offer in a file: attestations and what else speaks for it; a file or a folder",
    )
    check.add_argument("--at", type=moment, metavar="TIME", help="the time for which to judge (now)")
    add_trust(check)


def add_policy(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Adds `--policy`."""
    parser.add_argument(
        "--policy", type=Path, metavar="FILE", required=required, help="what must be attested of the offer"
    )


def _validate(options: argparse.Namespace) -> Result:
    from crex.cli.policy_evidence import read_policy
    from crex.errors import CrexError
    from crex.trust.policies import policy_digest

    values: list[Any] = []
    lines: list[str] = []
    for path in options.files:
        try:
            policy = read_policy(path)
        except CrexError as error:
            broken = [
                {"path": one.path, "message": one.message, "requirement": one.requirement, "fix": one.fix}
                for one in error.violations
            ]
            told = {"reason": error.reason, "message": error.message, "violations": broken}
            values.append({"file": str(path), "valid": False, **told})
            lines.append(str(error))
            continue
        demands = _demands(policy)
        values.append({"file": str(path), "valid": True, "sha256": policy_digest(policy), "demands": demands})
        lines += [f"{path}: a valid policy", *(f"  needs {one}" for one in demands)]
    return Result(values, "\n".join(lines), OK if all(one["valid"] for one in values) else REFUSED)


def _demands(policy: Any) -> list[str]:
    """Words what a policy demands, by judging that there is no evidence."""
    from crex.documents.times import from_ms
    from crex.trust.policies import Evidence, PolicySubject, evaluate

    verdict = evaluate(policy, PolicySubject("nobody.invalid", ()), Evidence(), now=from_ms(0))
    return [clause.demanded for clause in verdict.clauses]


def _check(options: argparse.Namespace) -> Result:
    from crex.cli.effect import refuse_useless
    from crex.cli.party import now
    from crex.cli.policy_evidence import judge_files, read_policy

    policy = read_policy(options.policy)
    at: datetime = options.at or now()
    file = Path(options.offer)
    if "://" not in options.offer and file.exists():
        refuse_useless(options, ("--sha256",), f"{file} is the offer as it was seen. Leave it out.")
        judged = judge_files(file, getattr(options, "with"), policy, trusted(options, at), at)
    else:
        refuse_useless(
            options, ("--with",), "of an offer at the broker, the broker is asked. Give the file of an offer."
        )
        judged = _at_broker(options, policy, at)
    return Result(judged.value, judged.text, OK if judged.verdict.holds else REFUSED)


def _at_broker(options: argparse.Namespace, policy: Any, at: datetime) -> Any:
    from dataclasses import replace

    from crex.cli.party import open_customer
    from crex.cli.policy_evidence import judge_at_broker
    from crex.cli.purchase import find_offer

    customer = open_customer(options)
    if options.trust:
        customer = replace(customer, trust=trusted(options, at))
    return judge_at_broker(customer, find_offer(customer, options.offer, options.sha256), policy, at)
