"""Status lists are fetched where they are due, and no more often."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crex import v1
from crex.errors import CrexError, TrustError
from crex.resolve.status import refresh
from crex.trust.envelope import to_json
from crex.trust.identity import Identity
from crex.trust.status_lists import StatusLists
from sdk.tests.trust.samples import NOW, PROVIDER
from sdk.tests.trust.status_samples import LIST, directory, signed_list

HOUR = timedelta(hours=1)


class Files:
    """A source that serves one file, whatever is asked for, and counts."""

    def __init__(self, envelope: v1.Envelope | None) -> None:
        self.envelope = envelope
        self.asked: list[tuple[str, str]] = []

    def get(self, host: str, path: str) -> bytes:
        """Gives the file."""
        self.asked.append((host, path))
        if self.envelope is None:
            raise CrexError("NOT_FOUND", "There is none.")
        return to_json(self.envelope)


@pytest.fixture(scope="module")
def provider() -> Identity:
    """An issuer of lists."""
    return Identity.create(PROVIDER, roles=["provider"], now=NOW)


def test_a_list_is_fetched_once_in_its_time_to_live(provider: Identity) -> None:
    """STATUS-TTL-1, RESOLVE-URL-1: at the place of its name; again only when it is over, or when told to."""
    trust, lists, files = directory(provider), StatusLists(), Files(signed_list(provider, ttl="7200s"))
    for _ in range(3):
        assert refresh(lists, LIST, trust, now=NOW, source=files).revision == 1
    assert files.asked == [(PROVIDER, "/.well-known/crex/status-list/a.json")]
    files.envelope = signed_list(provider, [4], revision=2, issued=NOW + HOUR, ttl="7200s")
    assert refresh(lists, LIST, trust, now=NOW + HOUR, source=files).revision == 1
    assert refresh(lists, LIST, trust, now=NOW + HOUR, source=files, anew=True).revision == 2
    assert len(files.asked) == 2
    assert lists.revoked_since(PROVIDER, LIST, 4, now=NOW + HOUR) is not None


def test_what_cannot_be_fetched_keeps_what_is_there(provider: Identity) -> None:
    """STATUS-CLOSED-1: a host that hides the newer list wins only until the time to live is over."""
    trust, lists, files = directory(provider), StatusLists(), Files(signed_list(provider, ttl="7200s"))
    refresh(lists, LIST, trust, now=NOW, source=files)
    files.envelope = None
    with pytest.raises(CrexError):
        refresh(lists, LIST, trust, now=NOW + HOUR, source=files, anew=True)
    assert lists.revoked_since(PROVIDER, LIST, 4, now=NOW + HOUR) is None
    with pytest.raises(TrustError) as refused:
        lists.revoked_since(PROVIDER, LIST, 4, now=NOW + 2 * HOUR + timedelta(milliseconds=1))
    assert refused.value.reason == "STATUS_STALE"


def test_a_rollback_over_the_network_is_refused(provider: Identity) -> None:
    """STATUS-MONOTONIC-1: a host that serves an older list is told apart, with the address."""
    trust, lists = directory(provider), StatusLists()
    refresh(lists, LIST, trust, now=NOW, source=Files(signed_list(provider, [4], revision=2)))
    with pytest.raises(TrustError) as refused:
        refresh(lists, LIST, trust, now=NOW, source=Files(signed_list(provider)), anew=True)
    assert refused.value.reason == "TRUST_ROLLBACK"
    assert refused.value.source == f"https://{PROVIDER}/.well-known/crex/status-list/a.json"


def test_another_list_in_its_place_is_refused(provider: Identity) -> None:
    """RESOLVE-NAME-1: another list of the same issuer is not the one that was asked for."""
    trust = directory(provider, lists=[LIST, LIST + "2"])
    other = Files(signed_list(provider, path="status-list/a2"))
    with pytest.raises(CrexError) as refused:
        refresh(StatusLists(), LIST, trust, now=NOW, source=other)
    assert refused.value.reason == "SUBJECT"
