"""The roles of everyone enrolled, in memory: asked at every call, changed only by Enrol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from crex_broker.application.ports.parties import PartySnapshot

PROVIDER: Final = "provider"
CONSUMER: Final = "consumer"
ARBITER: Final = "arbiter"
PUBLISHER: Final = "publisher"
AUDITOR: Final = "auditor"
WITNESS: Final = "witness"
ATTESTER: Final = "attester"
ADMIN: Final = "admin"
ROLES: Final = frozenset({PROVIDER, CONSUMER, ARBITER, PUBLISHER, AUDITOR, WITNESS, ATTESTER, ADMIN})


class Roles:
    """Who is enrolled, and as what (CHANNEL-ROLE-1)."""

    def __init__(self) -> None:
        self._roles: dict[str, frozenset[str]] = {}

    def put(self, party: PartySnapshot) -> None:
        """Takes in an enrolment."""
        self._roles[party.authority] = frozenset(party.roles)

    def load(self, parties: Iterable[PartySnapshot]) -> None:
        """Takes in every enrolment, at start."""
        for party in parties:
            self.put(party)

    def of(self, authority: str) -> frozenset[str]:
        """Gives the roles of an authority; none where it is not enrolled."""
        return self._roles.get(authority, frozenset())

    def everyone(self) -> Mapping[str, frozenset[str]]:
        """Gives the roles of everyone enrolled."""
        return dict(self._roles)
