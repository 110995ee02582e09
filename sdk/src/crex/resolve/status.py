"""Gets status lists where their issuers publish them, each no more often than its time to live asks for."""

from __future__ import annotations

from datetime import datetime

from crex.errors import CrexError, named
from crex.names import Name, Ref
from crex.resolve.fetch import Fetcher
from crex.resolve.resolver import Source
from crex.resolve.well_known import path_of, url_of
from crex.trust.checks import PinnedTrust
from crex.trust.status_lists import StatusLists, StatusRecord


def refresh(
    lists: StatusLists,
    name: str,
    trust: PinnedTrust,
    *,
    now: datetime,
    source: Source | None = None,
    anew: bool = False,
) -> StatusRecord:
    """Gives a list that may be relied on, fetched where the one that is kept may not.

    Call it for all lists that are wanted, at times of your own: whoever asks for a list the moment a document
    comes in tells the issuer that it came.

    Args:
        lists: The lists that are kept; what is fetched goes in there.
        name: Name of the list.
        trust: The pinned trust documents; the issuer's must be among them, and name the list.
        now: Instant of the verification.
        source: Where files come from. None: the issuer itself, over HTTPS.
        anew: Whether to fetch, even where the kept one is young enough.

    Raises:
        CrexError: Those of `Fetcher.get`; SUBJECT where another document lies there (RESOLVE-NAME-1).
        TrustError: Those of `StatusLists.accept`; what was kept stays.
    """
    known = lists.get(name)
    if known is not None and known.is_young(now) and not anew:
        return known
    ref = Ref(Name.parse(name))
    found = (source or Fetcher()).get(ref.name.authority, path_of(ref))
    with named(url_of(ref)):
        record = lists.accept(found, trust, now)
        if record.name != name:
            raise CrexError(
                "SUBJECT", f"This is {record.name}, and {name} was asked for.", details={"found": record.name}
            )
    return record
