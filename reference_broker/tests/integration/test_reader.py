"""Reads by key on the event loop: never another answer than a thread's, and never a wait."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from crex.errors import CrexError
from crex_broker.storage.sqlite.reader import Reader


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A small database."""
    path = tmp_path / "some.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE things (name TEXT PRIMARY KEY) STRICT")
        connection.execute("INSERT INTO things VALUES ('one')")
    connection.close()
    return path


@pytest_asyncio.fixture
async def reader(path: Path) -> AsyncIterator[Reader]:
    """Its reader."""
    opened = Reader(path, connections=1)
    opened.start()
    yield opened
    opened.close()


def names(connection: sqlite3.Connection) -> list[str]:
    """Everything that is there."""
    return [row[0] for row in connection.execute("SELECT name FROM things ORDER BY name")]


async def test_what_was_committed_is_found(path: Path, reader: Reader) -> None:
    """Each look-up sees all that was committed before it."""
    assert await reader.find(names) == ["one"]
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO things VALUES ('two')")
    assert await reader.find(names) == ["one"]
    connection.commit()
    connection.close()
    assert await reader.find(names) == await reader.run(names) == ["one", "two"]


async def test_a_refusal_of_the_database_is_explained(reader: Reader) -> None:
    """What SQLite refuses is told as a reason, and the next look-up finds again."""

    def broken(connection: sqlite3.Connection) -> list[str]:
        return connection.execute("SELECT nothing FROM nowhere").fetchall()

    with pytest.raises(CrexError):
        await reader.find(broken)
    assert await reader.find(names) == ["one"]


async def test_what_a_look_up_raises_passes_through(reader: Reader) -> None:
    """An error of the look-up itself is not tried again in a thread."""
    calls = []

    def refuse(_connection: sqlite3.Connection) -> None:
        calls.append(1)
        raise CrexError("NOT_FOUND", "It is not there.")

    with pytest.raises(CrexError) as refused:
        await reader.find(refuse)
    assert refused.value.reason == "NOT_FOUND"
    assert calls == [1]


async def test_nothing_is_written_here(reader: Reader) -> None:
    """A look-up cannot write."""
    with pytest.raises(CrexError):
        await reader.find(lambda connection: connection.execute("DELETE FROM things").fetchall())
    assert await reader.find(names) == ["one"]
