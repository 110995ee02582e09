"""Who calls: taken from the credential, never from the request."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Caller:
    """The party that calls.

    Attributes:
        authority: Its authority, as its certificate proves it.
        roles: Role tokens that its enrolment grants and its certificate does not narrow away.
        certificate_pem: The certificate itself, leaf only; empty where the broker acts for itself.
    """

    authority: str
    roles: frozenset[str]
    certificate_pem: bytes = field(default=b"", repr=False, compare=False)
