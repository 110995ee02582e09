"""Reads a policy: strict JSON, against its schema, then by the rules that find what could never be met."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from crex import v1
from crex.documents import convert, reader
from crex.errors import DocumentError
from crex.trust.policies import rules

# The largest policy that the schema allows is far below this.
MAX_BYTES: Final = 262_144


def parse_policy(body: bytes) -> v1.TrustPolicy:
    """Reads a policy from its bytes.

    Raises:
        DocumentError: LIMIT, PAYLOAD or SCHEMA, with every violation: where, by which rule, what to do.
    """
    value = reader.read(body, v1.TrustPolicy, max_bytes=MAX_BYTES)
    _check(value)
    return convert.to_message(value, v1.TrustPolicy)


def check_policy(policy: v1.TrustPolicy) -> None:
    """Checks a policy that came as a message, such as in a request.

    Raises:
        DocumentError: SCHEMA, with every violation.
    """
    value = convert.to_json(policy)
    reader.check(value, v1.TrustPolicy)
    _check(value)


def policy_digest(policy: v1.TrustPolicy) -> str:
    """Gives what names a policy by its content: SHA-256 of its strict form, lowercase hexadecimal."""
    return sha256(convert.dump(policy)).hexdigest()


def _check(value: dict[str, Any]) -> None:
    found = rules.violations(value)
    if found:
        raise DocumentError("SCHEMA", "this policy could never be met as it stands", violations=found)
