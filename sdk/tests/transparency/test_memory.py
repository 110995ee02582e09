"""What client, witness and monitor remember: over restarts, crashes, damage, and a second process."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from crex.errors import CrexError, TrustError
from crex.transparency.client import LogClient
from crex.transparency.monitor import Monitor, Watch
from crex.transparency.state import locked
from crex.transparency.witness import Witness
from crex.trust.log_proof import leaf_data
from crex.trust.signed_note import SignedNote
from sdk.tests.transparency.lying_log import (
    LOG_KEY,
    NOW,
    ORIGIN,
    WITNESS_KEY,
    Log,
    Operator,
    some_leaves,
    with_leaf,
)

LEAVES = some_leaves(600)
KEYS = [LOG_KEY.verifier]
SMALL, LARGE = Log(LEAVES[:300]), Log(LEAVES)


def client(folder: Path) -> LogClient:
    """A client of the log."""
    return LogClient(folder, ORIGIN, KEYS)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state of a witness that has begun."""
    path = tmp_path / "witness.json"
    Witness.begin(WITNESS_KEY, path)
    return path


def test_a_client_remembers(tmp_path: Path) -> None:
    """A client accepts growth, keeps the signed checkpoint, and remembers it (LOG-CONSISTENT-1)."""
    assert client(tmp_path).last() is None
    assert client(tmp_path).advance(SMALL).before is None
    before, after = client(tmp_path).advance(LARGE)
    assert before is not None
    assert (before.size, after.size) == (300, 600)
    assert client(tmp_path).file.read_text() == LARGE.checkpoint()
    assert client(tmp_path).advance(LARGE).view.size == 600


def test_a_client_trusts_nothing_because_it_came_first(tmp_path: Path) -> None:
    """The first checkpoint needs the log's key, too."""
    with pytest.raises(TrustError, match="not signed by a key that is trusted"):
        LogClient(tmp_path, ORIGIN, [WITNESS_KEY.verifier]).advance(SMALL)
    assert client(tmp_path).last() is None


@pytest.mark.parametrize("damage", [b"", b"\0", b"x", SMALL.checkpoint().replace("300", "299").encode()])
def test_a_client_whose_memory_is_damaged_accepts_nothing(tmp_path: Path, damage: bytes) -> None:
    """A kept checkpoint that does not verify is no reason to begin anew."""
    reader = client(tmp_path)
    reader.advance(SMALL)
    reader.file.write_bytes(damage)
    with pytest.raises(TrustError, match="kept checkpoint does not verify"):
        reader.advance(LARGE)
    assert reader.file.read_bytes() == damage


def test_the_memory_of_one_log_is_not_that_of_another(tmp_path: Path) -> None:
    """Two logs have two files, whatever their names hold."""
    names = [f"{ORIGIN}/../x", f"{ORIGIN}%2F", ORIGIN]
    assert len({LogClient(tmp_path, name, KEYS).file for name in names}) == 3
    assert all(LogClient(tmp_path, name, KEYS).file.parent == tmp_path for name in names)


def test_a_witness_signs_what_grew(state: Path) -> None:
    """A witness signs growth, and the same again with a later time, each verified (WITNESS-GROWTH-1)."""
    for log, before, at in ((SMALL, None, 0), (LARGE, 300, 1), (LARGE, 600, 5)):
        now = NOW + timedelta(seconds=at)
        with Witness(WITNESS_KEY, state) as witness:
            found = witness.cosign(log, KEYS, origin=ORIGIN, now=now)
        assert (found.before, found.view.size, found.at) == (before, len(log.leaves_), now)
        assert [line.name for line in found.note.signatures] == [ORIGIN, WITNESS_KEY.name]
        assert SignedNote.parse(str(found.note)) == found.note


def test_a_witness_writes_before_it_signs(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A witness that dies while it signs remembers what it was about to sign (WITNESS-STATE-1)."""
    import crex.transparency.witness as module

    class Killed(BaseException):
        """As if the process had ended here."""

    def dies(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr(module, "cosign", dies)
    with pytest.raises(Killed), Witness(WITNESS_KEY, state) as witness:
        witness.cosign(LARGE, KEYS, origin=ORIGIN, now=NOW)
    assert orjson.loads(state.read_bytes())["logs"][ORIGIN]["size"] == 600
    monkeypatch.undo()
    other = Log(with_leaf(LEAVES, 5, LEAVES[6]))
    with Witness(WITNESS_KEY, state) as witness, pytest.raises(TrustError, match="two different trees"):
        witness.cosign(other, KEYS, origin=ORIGIN, now=NOW)


def test_a_witness_that_cannot_write_does_not_sign(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is no reason to sign without remembering (WITNESS-STATE-1)."""
    import crex.transparency.witness as module

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_whole", full)
    with Witness(WITNESS_KEY, state) as witness, pytest.raises(CrexError, match="nothing is signed"):
        witness.cosign(LARGE, KEYS, origin=ORIGIN, now=NOW)


def test_a_witness_does_not_begin_twice(state: Path) -> None:
    """A new beginning over an old memory is refused, and so is a witness without any."""
    with pytest.raises(CrexError, match="has a state already"):
        Witness.begin(WITNESS_KEY, state)
    with (
        pytest.raises(CrexError, match="could sign two different trees"),
        Witness(WITNESS_KEY, state.with_name("gone.json")),
    ):
        pass


def test_a_witness_whose_memory_was_set_back(state: Path) -> None:
    """A state older than a signature that the log shows is refused: a copy was restored."""
    old = state.read_bytes()
    with Witness(WITNESS_KEY, state) as witness:
        signed = witness.cosign(LARGE, KEYS, origin=ORIGIN, now=NOW)
    shown = Log(LEAVES, lines=(signed.note.signatures[-1],))
    state.write_bytes(old)
    with Witness(WITNESS_KEY, state) as witness, pytest.raises(TrustError) as caught:
        witness.cosign(shown, KEYS, origin=ORIGIN, now=NOW)
    assert caught.value.reason == "TRUST_ROLLBACK"


def test_a_witness_whose_clock_goes_back(state: Path) -> None:
    """A witness does not state an earlier time than before."""
    with Witness(WITNESS_KEY, state) as witness:
        witness.cosign(SMALL, KEYS, origin=ORIGIN, now=NOW)
        with pytest.raises(CrexError) as caught:
            witness.cosign(LARGE, KEYS, origin=ORIGIN, now=NOW - timedelta(seconds=1))
    assert caught.value.reason == "CLOCK_BACKWARDS"


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"[]",
        b"{}",
        b'{"witness":"other.example/witness","logs":{}}',
        b'{"witness":"w.example.org/witness","logs":[]}',
        b'{"witness":"w.example.org/witness","logs":{"b.example.net/log":{}}}',
        b'{"witness":"w.example.org/witness","logs":{"a":{"size":"5","root":"","time":1}}}',
        b'{"witness":"w.example.org/witness","logs":{"a":{"size":5,"root":"AAAA","time":1}}}',
        b'{"witness":"w.example.org/witness","logs":{"a":{"size":5,"root":"!","time":1}}}',
        b'{"witness":"w.example.org/witness","logs":{"a":{"size":-5,"root":"","time":1}}}',
        b'{"witness":"w.example.org/witness","logs":{"a":{"size":5,"root":"","time":99999999999999}}}',
    ],
)
def test_a_witness_whose_memory_is_damaged(state: Path, damage: bytes) -> None:
    """A file that is not this witness's state is refused, and its lock is let go."""
    state.write_bytes(damage)
    for _ in range(2):
        with pytest.raises(CrexError, match="is not the state of"), Witness(WITNESS_KEY, state):
            pass


def test_two_witnesses_exclude_each_other(state: Path) -> None:
    """A second process, and a second holder in this one, are kept out while the first has the state."""
    program = (
        "import sys; from pathlib import Path; from crex.errors import CrexError\n"
        "from crex.transparency.state import locked\n"
        "try:\n"
        "    with locked(Path(sys.argv[1])): print('in')\n"
        "except CrexError as error: print(error.reason)\n"
    )

    def second() -> str:
        return subprocess.run(
            [sys.executable, "-c", program, str(state)], capture_output=True, text=True, check=True
        ).stdout.strip()

    with Witness(WITNESS_KEY, state):
        assert second() == "CONFLICT"
        with pytest.raises(CrexError, match="Another process uses this state"), Witness(WITNESS_KEY, state):
            pass
    assert second() == "in"


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    """A process that is killed leaves no lock behind."""
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from crex.transparency.state import locked\n"
        "with locked(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "state.json"
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == -9
    with locked(path):
        pass


def monitor(folder: Path, watch: Watch = Watch()) -> Monitor:  # noqa: B008 - frozen
    """A monitor of the log."""
    return Monitor(folder / "monitor.json", ORIGIN, KEYS, watch)


def test_a_monitor_goes_on_where_it_was(tmp_path: Path, operator: Operator) -> None:
    """A monitor reports what is new once, over restarts, and knows the root over all (MONITOR-ROOT-1)."""
    paper = operator.site()
    leaves = with_leaf(LEAVES, 500, leaf_data(paper.record_bytes, None))
    watch = Watch(papers=[paper], promises=[operator.receipt_of(paper, 500)])
    looks = [
        monitor(tmp_path, watch).look(log, now=NOW) for log in (Log(leaves[:300]), Log(leaves), Log(leaves))
    ]
    kinds = [[event.kind for event in events] for events in looks]
    assert kinds == [["grown"], ["grown", "logged", "kept"], ["kept"]]
    assert "position 500" in looks[1][1].message


def test_a_monitor_says_what_is_kept_once_in_a_run(tmp_path: Path, operator: Operator) -> None:
    """One run of a monitor judges a receipt once."""
    run = monitor(tmp_path, Watch(promises=[operator.receipt(5, LEAVES[5])]))
    assert [event.kind for event in run.look(SMALL, now=NOW)] == ["grown", "kept"]
    assert [event.kind for event in run.look(LARGE, now=NOW)] == ["grown"]


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"note":"x","subtrees":[]}'])
def test_a_monitor_whose_memory_is_damaged(tmp_path: Path, damage: bytes) -> None:
    """A file that is no position is refused."""
    (tmp_path / "monitor.json").write_bytes(damage)
    with pytest.raises(CrexError, match="is not the position"):
        monitor(tmp_path).look(SMALL, now=NOW)


def test_a_monitor_whose_subtrees_were_exchanged(tmp_path: Path) -> None:
    """Hashes that do not come to the root of the kept checkpoint are refused."""
    monitor(tmp_path).look(SMALL, now=NOW)
    path = tmp_path / "monitor.json"
    value = orjson.loads(path.read_bytes())
    value["subtrees"][0] = "00" * 32
    path.write_bytes(orjson.dumps(value))
    with pytest.raises(CrexError, match="do not come to the root"):
        monitor(tmp_path).look(LARGE, now=NOW)
