"""The directory on disk: it survives restarts and crashes, and a folder that somebody changed is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from crex.documents.times import format_time
from crex.errors import TrustError
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import from_json, to_json
from crex.trust.identity import Identity
from sdk.tests.trust.samples import (
    CONSUMER,
    NOW,
    PROVIDER,
    SECOND,
    root_of,
    sign_trust,
    trust_body,
)


@pytest.fixture
def folder(tmp_path: Path, provider: Identity) -> Path:
    """A folder in which two versions of the provider's trust document are pinned."""
    folder = tmp_path / "pins"
    trust = TrustDirectory.open(folder)
    trust.pin(provider.trust_document, now=NOW)
    trust.update(provider.renew(now=NOW).trust_document, now=NOW)
    return folder


def test_pins_survive_a_restart(folder: Path) -> None:
    """A directory that is opened again knows the same versions, whatever the time has become."""
    trust = TrustDirectory.open(folder)
    current = trust.current(PROVIDER)
    assert current is not None
    assert current.revision == 2
    assert trust.version(PROVIDER, 1) is not None
    assert sorted(path.name for path in (folder / PROVIDER).iterdir()) == ["1.json", "2.json", "pin.json"]


def test_each_version_is_a_file_for_people(folder: Path, provider: Identity) -> None:
    """The files are the envelopes themselves, to be handed on or published."""
    text = (folder / PROVIDER / "1.json").read_bytes()
    assert text == to_json(provider.trust_document)
    assert from_json(text) == provider.trust_document


def test_rollback_is_refused_after_a_restart(folder: Path, provider: Identity) -> None:
    """What was known before the restart still counts: an older revision is refused."""
    with pytest.raises(TrustError) as refused:
        TrustDirectory.open(folder).pin(provider.trust_document, now=NOW)
    assert refused.value.reason == "TRUST_ROLLBACK"


def test_two_processes_that_pin_different_bytes(tmp_path: Path, provider: Identity) -> None:
    """Of two processes that pin other bytes under one revision, the second is refused, file untouched."""
    first, second = TrustDirectory.open(tmp_path), TrustDirectory.open(tmp_path)
    first.pin(provider.trust_document, now=NOW)
    other = sign_trust(trust_body(provider, issuedAt=format_time(NOW + SECOND)), root_of(provider))
    with pytest.raises(TrustError) as refused:
        second.pin(other, now=NOW)
    assert refused.value.reason == "TRUST_ROLLBACK"
    current = second.current(PROVIDER)
    assert current is not None
    assert current.digest == provider.trust.digest
    assert (tmp_path / PROVIDER / "1.json").read_bytes() == to_json(provider.trust_document)


def test_crash_between_the_two_files(folder: Path, provider: Identity) -> None:
    """A version whose file was written and whose pin was not is taken: its signatures bear it out."""
    third = provider.renew(now=NOW).renew(now=NOW)
    (folder / PROVIDER / "3.json").write_bytes(to_json(third.trust_document))
    current = TrustDirectory.open(folder).current(PROVIDER)
    assert current is not None
    assert current.revision == 3


def test_crash_within_the_first_pin(tmp_path: Path, provider: Identity) -> None:
    """A first version without its pin is not trusted, and can be pinned again."""
    (tmp_path / PROVIDER).mkdir()
    (tmp_path / PROVIDER / "1.json").write_bytes(to_json(provider.trust_document))
    trust = TrustDirectory.open(tmp_path)
    assert trust.current(PROVIDER) is None
    trust.pin(provider.trust_document, now=NOW)
    assert TrustDirectory.open(tmp_path).current(PROVIDER) is not None


def test_leftovers_of_a_crash_are_not_read(folder: Path) -> None:
    """Half-written temporary files and strangers' files disturb nothing."""
    (folder / PROVIDER / ".3.json.x.tmp").write_bytes(b"{")
    (folder / PROVIDER / "notes.json").write_bytes(b"{")
    (folder / "README").write_text("what this is")
    (folder / "Not An Authority").mkdir()
    assert TrustDirectory.open(folder).authorities() == (PROVIDER,)


def _flip(place: Path) -> None:
    path = place / "2.json"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _truncate(place: Path) -> None:
    path = place / "2.json"
    path.write_bytes(path.read_bytes()[:-10])


def _remove_last(place: Path) -> None:
    (place / "2.json").unlink()


def _remove_first_and_last(place: Path) -> None:
    (place / "1.json").unlink()
    (place / "2.json").unlink()


def _exchange(place: Path) -> None:
    (place / "1.json").rename(place / "x")
    (place / "2.json").rename(place / "1.json")
    (place / "x").rename(place / "2.json")


def _another_authority(place: Path) -> None:
    place.rename(place.parent / CONSUMER)


def _break_pin(place: Path) -> None:
    (place / "pin.json").write_text("{}")


def _forge_all(place: Path) -> None:
    forged = Identity.create(PROVIDER, roles=["provider"], now=NOW)
    (place / "1.json").write_bytes(to_json(forged.trust_document))
    (place / "2.json").write_bytes(to_json(forged.renew(now=NOW).trust_document))


def _forge_next(place: Path) -> None:
    forged = Identity.create(PROVIDER, roles=["provider"], now=NOW).renew(now=NOW).renew(now=NOW)
    (place / "3.json").write_bytes(to_json(forged.trust_document))


@pytest.mark.parametrize(
    "tamper",
    [
        _flip,
        _truncate,
        _remove_last,
        _remove_first_and_last,
        _exchange,
        _another_authority,
        _break_pin,
        _forge_all,
        _forge_next,
    ],
)
def test_tampering_is_refused_and_named(folder: Path, tamper: Callable[[Path], None]) -> None:
    """A folder that is not as it was left is refused, and the message names the file or folder."""
    tamper(folder / PROVIDER)
    with pytest.raises(TrustError) as refused:
        TrustDirectory.open(folder)
    assert refused.value.source is not None
    assert str(folder) in refused.value.source
    assert str(refused.value).startswith(refused.value.source)


def test_taking_away_the_folder_takes_away_the_trust(folder: Path) -> None:
    """An authority whose folder is gone is no longer trusted: nothing falls back to less checking."""
    shutil.rmtree(folder / PROVIDER)
    assert TrustDirectory.open(folder).authorities() == ()
