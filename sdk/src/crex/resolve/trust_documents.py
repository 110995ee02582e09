"""Trust documents where their authority publishes them: the next versions, and the first one.

    records = follow("p.example.cn", directory, now=now)          N+1, N+2 … of one that is pinned
    found = look("p.example.cn")                                  the latest, of one that is not; pins nothing

What the web server says proves nothing: the next versions prove themselves by the roots of the pinned one,
and a first one is for a person to decide on, by its fingerprint (TRUST-PIN-1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crex import v1
from crex.errors import CrexError, TrustError, named
from crex.resolve.fetch import Fetcher
from crex.resolve.resolver import Source
from crex.resolve.well_known import trust_path
from crex.trust.authoring import own_record
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import from_json
from crex.trust.trust_record import TrustRecord

# Versions taken at once: more than an authority makes in years, and an end where a server never says that
# there is no further one. Whoever is further behind asks again.
VERSIONS_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Found:
    """A trust document that nobody here trusts yet: well formed, and signed by its own roots.

    Attributes:
        record: What it says.
        envelope: The envelope, to be pinned.
        url: Where it was found.
    """

    record: TrustRecord
    envelope: v1.Envelope
    url: str

    @property
    def fingerprint(self) -> str:
        """What its authority tells by another way: SHA-256 of its body."""
        return self.record.digest


def look(authority: str, *, source: Source | None = None) -> Found:
    """Gets the latest trust document of an authority; it is pinned nowhere.

    Raises:
        CrexError: Those of `Fetcher.get`; ISSUER_MISMATCH if it is another authority's.
        TrustError: It is no trust document, or its own root keys have not signed it.
    """
    path = trust_path()
    url = f"https://{authority}{path}"
    with named(url):
        envelope = from_json((source or Fetcher()).get(authority, path))
        record = own_record(envelope)
        _check_authority(record, authority)
    return Found(record, envelope, url)


def follow(
    authority: str, directory: TrustDirectory, *, now: datetime, source: Source | None = None
) -> list[TrustRecord]:
    """Takes the versions after the pinned one, one by one, until there is no further one (TRUST-UPDATE-1).

    Args:
        authority: A pinned authority.
        directory: Where it is pinned.
        now: The time.
        source: Where files come from. None: the authority itself, over HTTPS.

    Returns:
        The versions that were taken, ascending; empty if the pinned one is the latest.

    Raises:
        CrexError: Those of `Fetcher.get`, but for a version that does not exist.
        TrustError: ISSUER if it is not pinned; TRUST_STALE if the authority shows a later version and not
            those between; TRUST_ROLLBACK if it shows nothing newer and an earlier one as its latest, or
            another under the pinned revision; otherwise as `TrustDirectory.advance`. Nothing is taken then.
    """
    pinned = directory.current(authority)
    if pinned is None:
        raise TrustError(
            "ISSUER",
            f"{authority} is not trusted here yet, and the network cannot vouch for it. Pin it once, by a "
            "fingerprint or a file that you have from it by another way.",
        )
    where = source or Fetcher()
    found = _next_versions(authority, pinned.revision, where)
    if len(found) < VERSIONS_MAX:
        _check_latest(authority, pinned, found, where)
    if not found:
        return []
    directory.advance(found, now=now)
    return [record for record in directory.versions(authority) if record.revision > pinned.revision]


def _next_versions(authority: str, revision: int, source: Source) -> list[v1.Envelope]:
    found: list[v1.Envelope] = []
    for number in range(revision + 1, revision + 1 + VERSIONS_MAX):
        path = trust_path(number)
        try:
            with named(f"https://{authority}{path}"):
                found.append(from_json(source.get(authority, path)))
        except CrexError as error:
            if error.reason == "NOT_FOUND":
                break
            raise
    return found


def _check_latest(authority: str, pinned: TrustRecord, found: list[v1.Envelope], source: Source) -> None:
    """Compares with what is shown as the latest; a server that shows none does no harm."""
    try:
        latest = look(authority, source=source).record
    except CrexError as error:
        if error.reason == "NOT_FOUND":
            return
        raise
    known = pinned.revision + len(found)
    if latest.revision > known:
        raise TrustError(
            "TRUST_STALE",
            f"{authority} shows revision {latest.revision} as its latest and not revision {known + 1}, "
            "without which it cannot be judged. Ask it to serve every version.",
            source=f"https://{authority}{trust_path(known + 1)}",
        )
    if found:
        return  # a cache may still hold the one before
    if latest.revision < pinned.revision or latest.digest != pinned.digest:
        what = "an earlier one" if latest.revision < pinned.revision else "other bytes under that revision"
        raise TrustError(
            "TRUST_ROLLBACK",
            f"Revision {pinned.revision} of {authority} is pinned, and its web server shows {what}. What is "
            "pinned stays; ask the authority whether its server is in the wrong hands.",
            source=f"https://{authority}{trust_path()}",
        )


def _check_authority(record: TrustRecord, authority: str) -> None:
    if record.authority != authority:
        raise CrexError(
            "ISSUER_MISMATCH", f"This is the trust document of {record.authority}, not of {authority}."
        )
