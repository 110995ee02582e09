"""Errors of metering."""

from __future__ import annotations

from crex.errors import CrexError


class UsageError(CrexError):
    """A batch of usage contradicts its records, its chain or itself; or a meter cannot state what it read.

    `details["requirement"]` names the rule; further details name meter and number where there are any.
    """


def refused(reason: str, requirement: str, message: str, **details: str) -> UsageError:
    """Returns the error of a broken rule of metering.md."""
    return UsageError(reason, f"{message} ({requirement})", details={"requirement": requirement, **details})
