"""The one writer: groups that commit together, refusals that stay alone, time that never goes back."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from crex.errors import CrexError
from crex_broker.storage.sqlite.database import connect
from crex_broker.storage.sqlite.store import SqliteStore
from crex_broker.storage.sqlite.writer import Tx, Writer
from reference_broker.tests.exchange import BROKER, ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """The host's clock, a little after the database was made."""
    clock = ManualClock()
    clock.advance(minutes=1)
    return clock


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database with the broker's schema and a table of slips."""
    path = tmp_path / "broker.db"
    SqliteStore(path, authority=BROKER, clock=ManualClock()).close()
    connection = connect(path)
    connection.execute("CREATE TABLE slips (text TEXT PRIMARY KEY) STRICT")
    connection.close()
    return path


@pytest.fixture
def writer(database: Path, clock: ManualClock) -> Iterator[Writer]:
    """A writer that works."""
    opened = Writer(database, clock)
    opened.start()
    yield opened
    opened.close()


def _note(text: str, *, fail: bool = False) -> Callable[[Tx], str]:
    def write(tx: Tx) -> str:
        tx.connection.execute("INSERT INTO slips (text) VALUES (?)", (text,))
        if fail:
            raise CrexError("TERMS", "no")
        return text

    return write


def _notes(path: Path) -> set[str]:
    connection = connect(path, read_only=True)
    try:
        return {text for (text,) in connection.execute("SELECT text FROM slips")}
    finally:
        connection.close()


class _Gate:
    """Keeps the writer busy until it is opened, so that what comes meanwhile is one batch."""

    def __init__(self, writer: Writer) -> None:
        self._open = threading.Event()
        self._entered = threading.Event()
        self._held = threading.Thread(target=writer.run_blocking, args=(self._wait,))
        self._held.start()
        self._entered.wait()

    def _wait(self, tx: Tx) -> None:
        del tx
        self._entered.set()
        self._open.wait()

    def open(self) -> None:
        """Lets the writer go on."""
        self._open.set()
        self._held.join()


async def _together(writer: Writer, functions: Sequence[Callable[[Tx], object]]) -> list[object]:
    gate = _Gate(writer)
    running = [asyncio.ensure_future(writer.run(function)) for function in functions]
    await asyncio.sleep(0)  # each has put its function into the queue
    gate.open()
    return await asyncio.gather(*running, return_exceptions=True)


async def test_what_waits_is_committed_together_and_each_gets_its_own_result(
    writer: Writer, database: Path
) -> None:
    """A batch is one commit: its functions see each other's writes, and all of it is durable afterwards."""
    texts = [f"note {at}" for at in range(40)]

    def seen(tx: Tx) -> int:
        return int(tx.connection.execute("SELECT count(*) FROM slips").fetchone()[0])

    results = await _together(writer, [*(_note(text) for text in texts), seen])
    assert results == [*texts, 40]
    assert _notes(database) == set(texts)


async def test_a_refusal_undoes_its_own_writes_and_nobody_elses(writer: Writer, database: Path) -> None:
    """Among forty functions in one batch every third refuses; the others are committed."""
    functions = [_note(f"note {at}", fail=at % 3 == 0) for at in range(40)]
    for results in (await _together(writer, functions[:20]), await _together(writer, functions[20:])):
        assert any(isinstance(result, CrexError) for result in results)
    kept = {f"note {at}" for at in range(40) if at % 3}
    assert _notes(database) == kept


async def test_a_defect_in_one_function_stays_its_own(writer: Writer, database: Path) -> None:
    """An error that is no refusal reaches its caller as it is, and the rest of the batch is committed."""

    def broken(tx: Tx) -> None:
        tx.connection.execute("INSERT INTO slips (text) VALUES (?)", ("lost",))
        raise ZeroDivisionError

    def twice(tx: Tx) -> None:
        tx.connection.execute("INSERT INTO slips (text) VALUES ('kept')")

    results = await _together(writer, [_note("kept"), broken, twice])
    assert results[0] == "kept"
    assert isinstance(results[1], ZeroDivisionError)
    assert isinstance(results[2], sqlite3.IntegrityError)
    assert _notes(database) == {"kept"}


async def test_a_caller_that_goes_away_does_not_take_its_write_with_it(
    writer: Writer, database: Path
) -> None:
    """A cancelled call is committed all the same: whoever repeats it gets its result."""
    gate = _Gate(writer)
    running = asyncio.ensure_future(writer.run(_note("kept")))
    await asyncio.sleep(0)
    running.cancel()
    gate.open()
    assert await writer.run(_note("next")) == "next"
    assert _notes(database) == {"kept", "next"}


async def test_a_small_step_back_of_the_clock_holds_time_still(writer: Writer, clock: ManualClock) -> None:
    """Store time never goes back: within the tolerance the last value is given again."""
    first = await writer.run(lambda tx: tx.now_ms)
    clock.advance(seconds=-5)
    assert await writer.run(lambda tx: tx.now_ms) == first
    clock.advance(seconds=5, milliseconds=1)
    assert await writer.run(lambda tx: tx.now_ms) == first + 1


async def test_a_clock_that_jumps_back_stops_writes_until_it_is_right(
    writer: Writer, clock: ManualClock, database: Path
) -> None:
    """An hour back is CLOCK_BACKWARDS, says so, changes nothing, and passes when the clock is set again."""
    await writer.run(_note("before"))
    clock.advance(hours=-1)
    with pytest.raises(CrexError, match="3600 s behind") as refused:
        await writer.run(_note("meanwhile"))
    assert refused.value.reason == "CLOCK_BACKWARDS"
    assert _notes(database) == {"before"}
    clock.advance(hours=1)
    await writer.run(_note("after"))


def test_time_does_not_go_back_over_a_restart(database: Path, clock: ManualClock) -> None:
    """The last time is kept in the store: a broker does not start on a host whose clock is an hour behind."""
    first = Writer(database, clock)
    first.start()
    first.run_blocking(_note("before"))
    first.close()
    clock.advance(hours=-1)
    second = Writer(database, clock)
    with pytest.raises(CrexError, match="CLOCK_BACKWARDS"):
        second.start()
    clock.advance(hours=1)
    third = Writer(database, clock)
    third.start()
    third.close()


async def test_a_closed_writer_finishes_what_it_has_and_takes_nothing_new(
    database: Path, clock: ManualClock
) -> None:
    """Closing waits for the queue; afterwards a call is told to try again later."""
    writer = Writer(database, clock)
    writer.start()
    running = [asyncio.ensure_future(writer.run(_note(f"note {at}"))) for at in range(9)]
    await asyncio.sleep(0)
    await asyncio.to_thread(writer.close)
    assert await asyncio.gather(*running) == [f"note {at}" for at in range(9)]
    with pytest.raises(CrexError, match="DRAINING"):
        await writer.run(_note("late"))
    writer.close()
