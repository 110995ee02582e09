"""Delegation: along which chain of pinned trust documents one authority may sign in the name of another.

A delegation only narrows. Every one on the way must list the document's type, allow as many further
authorities as follow it, and not have ended; what the first one grants, no later one widens. The search is
bounded in length and in the number of authorities, and goes round no circle, whatever the trust documents
say: they are others' words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final, Protocol

from crex.trust.trust_record import DelegationEntry, TrustRecord

# The contract allows a `maxDepth` of 7 (DELEGATION-DEPTH-1): eight delegations are the longest chain.
LINKS_MAX: Final = 8
# How many authorities a search looks at before it gives up; none that is honest comes near.
AUTHORITIES_MAX: Final = 256


class Versions(Protocol):
    """Where the search finds trust documents; `TrustDirectory` is one."""

    def current(self, authority: str) -> TrustRecord | None:
        """Returns the latest pinned version of an authority's trust document; nothing if none is pinned."""
        ...

    def version(self, authority: str, revision: int) -> TrustRecord | None:
        """Returns one pinned version; nothing if it is not pinned here."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a chain.

    Attributes:
        issuer: In whose name the document is.
        signer: Who signed it.
        token: Document type token.
        at: The time for which rights are judged: the log time where there is one (LOG-TIME-2).
        now: The time of verification, for which the trust documents themselves must hold.
    """

    issuer: str
    signer: str
    token: str
    at: datetime
    now: datetime


def is_delegated(issuer: str, signer: str, trust: Versions, at: datetime) -> bool:
    """Tells whether any delegations lead from one authority to another, wide enough or not."""
    return _path(issuer, signer, trust, at) is not None


def find_chain(question: Question, trust: Versions) -> tuple[str, ...] | None:
    """Finds a chain of delegations that admits a document (DELEGATION-CHAIN-1 to DELEGATION-TIME-1).

    Returns:
        The authorities from the issuer to the signer, both included; nothing where no chain admits it.
    """
    # By how many further delegations each authority may still be passed: the most of all ways to it.
    left: dict[str, int] = {question.issuer: LINKS_MAX}
    reached: dict[str, tuple[str, ...]] = {question.issuer: (question.issuer,)}
    level = [question.issuer]
    while level:
        following: list[str] = []
        for authority in level:
            for one in _admitting(authority, question, trust):
                remaining = min(left[authority] - 1, one.max_depth)
                chain = (*reached[authority], one.to)
                if one.to == question.signer:
                    return chain
                known = one.to in left or len(left) < AUTHORITIES_MAX
                if known and remaining > left.get(one.to, 0):
                    left[one.to], reached[one.to] = remaining, chain
                    following.append(one.to)
        level = following
    return None


def why_not(question: Question, trust: Versions) -> str:
    """Says for people which delegation on the way does not admit a document that no chain admits."""
    path = _path(question.issuer, question.signer, trust, question.at)
    if path is None:
        return f"no delegation leads from {question.issuer} to {question.signer}"
    for at, (giver, taker) in enumerate(pairwise(path)):
        record = trust.current(giver)
        if record is not None and question.now >= record.valid_until:
            return f"the pinned trust document of {giver} has ended"
        given = [one for one in _stated(giver, trust, question.at) if one.to == taker]
        between = len(path) - 2 - at
        if not any(question.token in one.types for one in given):
            return f"{giver} lets {taker} sign no {question.token} (DELEGATION-NARROW-1)"
        if not any(question.token in one.types and question.at < one.expires_at for one in given):
            return f"the delegation from {giver} to {taker} has ended (DELEGATION-TIME-1)"
        if not any(one.max_depth >= between for one in given):
            return f"{giver} lets fewer than {between} follow after {taker} (DELEGATION-DEPTH-1)"
    return "no delegation on the way admits all of it"


def _admitting(authority: str, question: Question, trust: Versions) -> Iterator[DelegationEntry]:
    record = trust.current(authority)
    if record is None or question.now >= record.valid_until:
        return
    for one in _stated(authority, trust, question.at):
        if question.token in one.types and question.at < one.expires_at:
            yield one


def _path(issuer: str, signer: str, trust: Versions, at: datetime) -> tuple[str, ...] | None:
    """Returns the shortest way from issuer to signer, whatever the delegations on it allow."""
    ways: dict[str, tuple[str, ...]] = {issuer: (issuer,)}
    level = [issuer]
    for _ in range(LINKS_MAX):
        following: list[str] = []
        for authority in level:
            for one in _stated(authority, trust, at):
                if one.to == signer:
                    return (*ways[authority], signer)
                if one.to not in ways and len(ways) < AUTHORITIES_MAX:
                    ways[one.to] = (*ways[authority], one.to)
                    following.append(one.to)
        level = following
    return None


def _stated(authority: str, trust: Versions, at: datetime) -> tuple[DelegationEntry, ...]:
    """Returns the delegations of the version that was in force at a time; of the first, before it."""
    record = trust.current(authority)
    while record is not None and record.issued_at > at:
        earlier = trust.version(authority, record.revision - 1)
        if earlier is None:
            break
        record = earlier
    return () if record is None else record.delegations
