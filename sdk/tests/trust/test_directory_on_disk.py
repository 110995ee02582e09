"""The directory on disk: it survives restarts and crashes, and a folder that somebody changed is refused."""

import os
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from crex import v1
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


# --- several processes, old copies, full disks ---


def _chain(identity: Identity, number: int) -> list[v1.Envelope]:
    """The trust documents of an identity and its renewals."""
    found = [identity.trust_document]
    for _ in range(number - 1):
        identity = identity.renew(now=NOW)
        found.append(identity.trust_document)
    return found


def test_an_older_process_does_not_lower_the_pin(tmp_path: Path, provider: Identity) -> None:
    """TRUST-ROLLBACK-1: who opened the folder earlier learns first what others have pinned since."""
    first, second, third = _chain(provider, 3)
    late, early = TrustDirectory.open(tmp_path), TrustDirectory.open(tmp_path)
    late.pin(first, now=NOW)
    early.pin(first, now=NOW)
    late.update(second, now=NOW)
    late.update(third, now=NOW)
    with pytest.raises(TrustError) as refused:
        early.update(second, now=NOW)
    assert refused.value.reason == "TRUST_ROLLBACK"
    current = early.current(PROVIDER)
    assert current is not None
    assert current.revision == 3
    assert orjson.loads((tmp_path / PROVIDER / "pin.json").read_bytes())["revision"] == "3"


def test_two_processes_that_pin_at_once(tmp_path: Path, provider: Identity) -> None:
    """Of two real processes that race over other bytes under one revision, one wins, and it stands."""
    first = provider.trust_document
    rivals = [
        sign_trust(
            trust_body(provider, revision="2", issuedAt=format_time(NOW + at * SECOND)), root_of(provider)
        )
        for at in range(2)
    ]
    for round_ in range(8):
        folder = tmp_path / str(round_)
        TrustDirectory.open(folder).pin(first, now=NOW)
        directories = [TrustDirectory.open(folder) for _ in rivals]
        children = []
        for directory, rival in zip(directories, rivals, strict=True):
            child = os.fork()
            if child == 0:
                code = 9
                try:
                    directory.update(rival, now=NOW)
                    code = 0
                except TrustError as error:
                    code = 1 if error.reason == "TRUST_ROLLBACK" else 2
                finally:
                    os._exit(code)
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        assert sorted(codes) == [0, 1]
        current = TrustDirectory.open(folder).current(PROVIDER)
        assert current is not None
        assert current.parts.body == rivals[codes.index(0)].payload


@pytest.mark.parametrize("keep_pin", [True, False])
def test_a_folder_that_is_put_back_while_a_program_runs(
    folder: Path, provider: Identity, keep_pin: bool
) -> None:
    """TRUST-ROLLBACK-1: an old copy of the folder does not make a running program forget."""
    trust = TrustDirectory.open(folder)
    third = provider.renew(now=NOW).renew(now=NOW).trust_document
    (folder / PROVIDER / "2.json").unlink()
    pin = {"revision": "1", "sha256": provider.trust.digest}
    if keep_pin:
        (folder / PROVIDER / "pin.json").write_bytes(orjson.dumps(pin))
    else:
        (folder / PROVIDER / "pin.json").unlink()
    for _ in range(2):
        with pytest.raises(TrustError, match="not as this program left it") as refused:
            trust.update(third, now=NOW)
        assert refused.value.reason == "TRUST_ROLLBACK"
    current = trust.current(PROVIDER)
    assert current is not None
    assert current.revision == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"revision":"2"}', b'{"revision":"x","sha256":""}'],
)
def test_a_pin_that_is_cut_short(folder: Path, content: bytes) -> None:
    """A damaged pin is refused, never taken for none."""
    (folder / PROVIDER / "pin.json").write_bytes(content)
    with pytest.raises(TrustError) as refused:
        TrustDirectory.open(folder)
    assert refused.value.reason == "TRUST_ROLLBACK"
    assert refused.value.source is not None
    assert refused.value.source.endswith("pin.json")


def test_versions_without_a_pin(folder: Path) -> None:
    """Several versions whose pin is gone are no interrupted first pin: somebody took it away."""
    (folder / PROVIDER / "pin.json").unlink()
    with pytest.raises(TrustError, match=r"no pin\.json"):
        TrustDirectory.open(folder)


def test_a_full_disk(folder: Path, provider: Identity) -> None:
    """What cannot be written is not trusted either, and the next try succeeds."""
    trust = TrustDirectory.open(folder)
    third = provider.renew(now=NOW).renew(now=NOW).trust_document
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            trust.update(third, now=NOW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    current = trust.current(PROVIDER)
    assert current is not None
    assert current.revision == 2
    assert sorted(path.name for path in (folder / PROVIDER).iterdir()) == ["1.json", "2.json", "pin.json"]
    assert trust.update(third, now=NOW).revision == 3
    assert TrustDirectory.open(folder).version(PROVIDER, 3) is not None


# --- several versions at once ---


def test_several_versions_are_taken_at_once(tmp_path: Path, provider: Identity) -> None:
    """Whoever was away takes all versions between, and they survive a restart."""
    chain = _chain(provider, 5)
    trust = TrustDirectory.open(tmp_path)
    trust.pin(chain[0], now=NOW)
    assert trust.advance(chain[1:], now=NOW).revision == 5
    assert trust.advance(chain, now=NOW).revision == 5
    assert [record.revision for record in TrustDirectory.open(tmp_path).versions(PROVIDER)] == [1, 2, 3, 4, 5]


def test_only_the_last_is_judged_by_its_end(provider: Identity) -> None:
    """TRUST-CATCHUP-1: versions between may have ended since; the last must not have."""
    week, year = 7 * 86400 * SECOND, 365 * 86400 * SECOND
    second = provider.renew(now=NOW, valid_for=week)
    third = second.renew(now=NOW + week)
    later = NOW + 2 * week
    trust = TrustDirectory()
    trust.pin(provider.trust_document, now=NOW)
    with pytest.raises(TrustError) as refused:
        trust.advance([second.trust_document], now=later)
    assert refused.value.reason == "EXPIRED"
    assert trust.advance([second.trust_document, third.trust_document], now=later).revision == 3
    with pytest.raises(TrustError) as refused:
        trust.advance([third.renew(now=later, valid_for=week).trust_document], now=later + year)
    assert refused.value.reason == "EXPIRED"


@pytest.mark.parametrize("broken", [1, 2, 3])
def test_all_of_them_or_none(tmp_path: Path, provider: Identity, broken: int) -> None:
    """A version that does not follow keeps the others out as well."""
    chain = _chain(provider, 4)
    stranger = Identity.create(PROVIDER, roles=["provider"], now=NOW)
    chain[broken] = _chain(stranger, 4)[broken]
    trust = TrustDirectory.open(tmp_path)
    trust.pin(chain[0], now=NOW)
    with pytest.raises(TrustError):
        trust.advance(chain[1:], now=NOW)
    assert [record.revision for record in trust.versions(PROVIDER)] == [1]
    assert sorted(path.name for path in (tmp_path / PROVIDER).iterdir()) == ["1.json", "pin.json"]


def test_a_version_that_is_pinned_as_something_else(provider: Identity) -> None:
    """TRUST-ROLLBACK-1: what is behind us is compared, too."""
    chain = _chain(provider, 3)
    trust = TrustDirectory()
    for envelope in chain:
        trust.pin(envelope, now=NOW)
    other = sign_trust(trust_body(provider, issuedAt=format_time(NOW + SECOND)), root_of(provider))
    with pytest.raises(TrustError) as refused:
        trust.advance([other, *chain[1:]], now=NOW)
    assert refused.value.reason == "TRUST_ROLLBACK"


def test_nobody_new_is_taken(provider: Identity, consumer: Identity) -> None:
    """TRUST-PIN-1: versions of an authority that is not pinned, or of another, are refused."""
    trust = TrustDirectory()
    with pytest.raises(TrustError) as refused:
        trust.advance([provider.trust_document], now=NOW)
    assert refused.value.reason == "ISSUER"
    trust.pin(provider.trust_document, now=NOW)
    chain = [provider.renew(now=NOW).trust_document, consumer.trust_document]
    with pytest.raises(TrustError):
        trust.advance(chain, now=NOW)
    assert trust.authorities() == (PROVIDER,)
