"""Trust documents from their authority's web server: the next versions one by one, the first by decision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crex.errors import CrexError, RemoteError, TrustError
from crex.resolve.trust_documents import VERSIONS_MAX, follow, look
from crex.resolve.well_known import trust_path
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import to_json
from crex.trust.identity import Identity

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
AUTHORITY = "p.example.cn"


class Site:
    """What a web server says, by path."""

    def __init__(self, *versions: Identity, latest: Identity | None = None) -> None:
        self.files: dict[str, bytes] = {
            trust_path(one.trust.revision): to_json(one.trust_document) for one in versions
        }
        newest = latest or (versions[-1] if versions else None)
        if newest is not None:
            self.files[trust_path()] = to_json(newest.trust_document)
        self.asked: list[str] = []

    def get(self, host: str, path: str) -> bytes:
        """Gives a file."""
        assert host == AUTHORITY
        self.asked.append(path)
        if path not in self.files:
            raise CrexError("NOT_FOUND", f"{path} does not exist.")
        return self.files[path]


def chain(number: int, now: datetime = NOW) -> list[Identity]:
    """An identity and its renewals."""
    found = [Identity.create(AUTHORITY, roles=["provider"], now=now)]
    while len(found) < number:
        found.append(found[-1].renew(now=now))
    return found


def pinned(first: Identity) -> TrustDirectory:
    """A directory that pinned the first version."""
    directory = TrustDirectory()
    directory.pin(first.trust_document, now=NOW)
    return directory


def test_paths() -> None:
    """TRUST-SERVE-1: the latest under one name, every version under its number."""
    assert trust_path() == "/.well-known/crex-trust.json"
    assert trust_path(7) == "/.well-known/crex-trust/7.json"


def test_versions_are_followed_one_by_one() -> None:
    """TRUST-UPDATE-1: from the pinned version on, each is judged by the one before."""
    versions = chain(4)
    trust, site = pinned(versions[0]), Site(*versions)
    assert [one.revision for one in follow(AUTHORITY, trust, now=NOW, source=site)] == [2, 3, 4]
    assert site.asked == [trust_path(2), trust_path(3), trust_path(4), trust_path(5), trust_path()]
    assert follow(AUTHORITY, trust, now=NOW, source=site) == []


def test_nobody_new_is_taken_from_the_network() -> None:
    """TRUST-PIN-1: `follow` refuses who is not pinned, and `look` pins nobody."""
    (first,) = chain(1)
    trust = TrustDirectory()
    site = Site(first)
    with pytest.raises(TrustError) as refused:
        follow(AUTHORITY, trust, now=NOW, source=site)
    assert refused.value.reason == "ISSUER"
    assert site.asked == []
    found = look(AUTHORITY, source=site)
    assert (found.fingerprint, found.record.revision) == (first.trust.digest, 1)
    assert trust.authorities() == ()


def test_an_impostors_version_is_refused_and_nothing_is_taken() -> None:
    """A web server in the wrong hands cannot change whom its visitors trust."""
    versions = chain(3)
    stranger = chain(3)
    trust = pinned(versions[0])
    with pytest.raises(TrustError):
        follow(AUTHORITY, trust, now=NOW, source=Site(versions[0], versions[1], stranger[2]))
    current = trust.current(AUTHORITY)
    assert current is not None
    assert current.revision == 1


def test_a_gap_is_told() -> None:
    """The latest without what is between says nothing that can be judged (TRUST_STALE)."""
    versions = chain(4)
    with pytest.raises(TrustError, match="revision 3") as refused:
        follow(AUTHORITY, pinned(versions[0]), now=NOW, source=Site(*versions[:2], latest=versions[3]))
    assert refused.value.reason == "TRUST_STALE"


def test_a_rollback_is_told() -> None:
    """TRUST-ROLLBACK-1: an earlier version, or another under the pinned revision, as the latest."""
    versions = chain(3)
    trust = pinned(versions[0])
    follow(AUTHORITY, trust, now=NOW, source=Site(*versions))
    for shown in (versions[1], chain(3)[2]):
        with pytest.raises(TrustError) as refused:
            follow(AUTHORITY, trust, now=NOW, source=Site(latest=shown))
        assert refused.value.reason == "TRUST_ROLLBACK"


def test_a_server_that_shows_no_latest_does_no_harm() -> None:
    """Versions alone are enough."""
    versions = chain(2)
    site = Site(*versions)
    del site.files[trust_path()]
    assert len(follow(AUTHORITY, pinned(versions[0]), now=NOW, source=site)) == 1
    assert follow(AUTHORITY, pinned(versions[0]), now=NOW, source=Site()) == []


def test_versions_that_ended_since_are_taken_on_the_way() -> None:
    """TRUST-CATCHUP-1: a reader that was away for years catches up, where the last one holds."""
    versions = chain(1)
    for year in range(1, 4):
        versions.append(versions[-1].renew(now=NOW + year * timedelta(days=360)))
    late = NOW + timedelta(days=1090)
    assert len(follow(AUTHORITY, pinned(versions[0]), now=late, source=Site(*versions))) == 3
    with pytest.raises(TrustError) as refused:
        follow(AUTHORITY, pinned(versions[0]), now=late, source=Site(*versions[:3]))
    assert refused.value.reason == "EXPIRED"


def test_a_server_without_an_end() -> None:
    """So many versions are asked for at once, and no more."""
    versions = chain(VERSIONS_MAX + 6)
    trust, site = pinned(versions[0]), Site(*versions)
    assert len(follow(AUTHORITY, trust, now=NOW, source=site)) == VERSIONS_MAX
    assert len(site.asked) == VERSIONS_MAX
    assert len(follow(AUTHORITY, trust, now=NOW, source=site)) == 5


@pytest.mark.parametrize("data", [b"", b"{}", b"<html>", b"[]", b"\xff" * 100])
def test_what_is_no_trust_document_is_named(data: bytes) -> None:
    """Whatever else lies there is refused with its address."""
    site = Site()
    site.files = {trust_path(): data, trust_path(2): data}
    for act in (
        lambda: look(AUTHORITY, source=site),
        lambda: follow(AUTHORITY, pinned(chain(1)[0]), now=NOW, source=site),
    ):
        with pytest.raises(CrexError) as refused:
            act()
        assert refused.value.source is not None
        assert AUTHORITY in refused.value.source


def test_another_authoritys_document() -> None:
    """A server that shows somebody else's trust document is refused (ISSUER_MISMATCH)."""
    other = Identity.create("q.example.cn", roles=["provider"], now=NOW)
    with pytest.raises(CrexError) as refused:
        look(AUTHORITY, source=Site(latest=other))
    assert refused.value.reason == "ISSUER_MISMATCH"


def test_a_server_that_is_away() -> None:
    """Unreachable is not the end of the versions."""

    class Away:
        def get(self, host: str, path: str) -> bytes:
            raise RemoteError("PROVIDER_UNREACHABLE", "nobody answers", code="UNAVAILABLE")

    with pytest.raises(RemoteError):
        follow(AUTHORITY, pinned(chain(1)[0]), now=NOW, source=Away())
