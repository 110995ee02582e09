"""The agent's journal: durable, one agent at a time, and commands before their effects."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from crex.agent.journal import Journal
from crex.errors import CrexError

KILLED = """
import os, signal, sys
from pathlib import Path
from crex.agent.journal import Journal
journal = Journal(Path(sys.argv[1]))
journal.take_command("c1", "lease-1", 1, b"body")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_second_agent_is_kept_out(tmp_path: Path) -> None:
    """Two agents in one folder would deliver a lease twice; the second is refused, and told what to do."""
    first = Journal(tmp_path)
    with pytest.raises(CrexError, match="Another agent works in this folder") as caught:
        Journal(tmp_path)
    assert caught.value.reason == "CONFLICT"
    first.close()
    Journal(tmp_path).close()


def test_a_command_is_there_after_a_kill(tmp_path: Path) -> None:
    """AGENT-JOURNAL-1: what was taken is durable at once, and the lock of a dead agent keeps nobody out."""
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    journal = Journal(tmp_path)
    assert journal.unanswered() == ["c1"]
    journal.close()


def test_a_command_is_remembered_with_its_result(tmp_path: Path) -> None:
    """AGENT-ANSWER-1: the same command again gives the result of before."""
    journal = Journal(tmp_path)
    assert journal.take_command("c1", "lease-1", 1, b"body") == (None, 1)
    with journal.transaction() as connection:
        connection.execute("UPDATE command SET result = ? WHERE id = ?", (b"done", "c1"))
    assert journal.take_command("c1", "lease-1", 1, b"body") == (b"done", 1)
    assert journal.unanswered() == []
    journal.close()


def test_the_highest_epoch_counts_by_subject(tmp_path: Path) -> None:
    """AGENT-EPOCH-1: a newer command replaces an older one of its subject, and of no other."""
    journal = Journal(tmp_path)
    journal.take_command("c1", "lease-1", 1, b"")
    journal.take_command("c2", "lease-1", 2, b"")
    journal.take_command("c3", "lease-2", 1, b"")
    assert journal.take_command("c1", "lease-1", 1, b"") == (None, 2)
    assert journal.unanswered() == ["c2", "c3"]
    journal.close()


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """What is written together is there together, or not at all."""
    journal = Journal(tmp_path)
    twice = [("e1", b""), ("e1", b"")]
    with pytest.raises(sqlite3.IntegrityError), journal.transaction() as connection:
        connection.executemany("INSERT INTO event (id, body) VALUES (?, ?)", twice)
    assert journal.all("SELECT * FROM event") == []
    journal.close()


@pytest.mark.parametrize("content", [b"this is no database" * 100])
def test_a_journal_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes) -> None:
    """Without its memory an agent could deliver or bill twice: it does not start, and says why."""
    (tmp_path / "journal.sqlite").write_bytes(content)
    with pytest.raises(CrexError) as caught:
        Journal(tmp_path)
    assert caught.value.reason == "STORAGE_UNAVAILABLE"
    assert "journal.sqlite" in str(caught.value)


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    """The error names the place."""
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(CrexError) as caught:
        Journal(path)
    assert caught.value.reason == "STORAGE_UNAVAILABLE"


def test_a_journal_is_its_owners_alone(tmp_path: Path) -> None:
    """Nobody else reads what was delivered, or holds the lock, even where the folder is open to all."""
    tmp_path.chmod(0o755)
    journal = Journal(tmp_path)
    journal.one("SELECT count(*) FROM event")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    journal.close()
    assert {"journal.sqlite", "journal.lock"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_a_full_disk_is_told_and_passes(tmp_path: Path) -> None:
    """What cannot be written is refused with a reason, nothing of it stays, and space heals it."""
    journal = Journal(tmp_path)
    with journal.transaction() as connection:
        connection.execute("INSERT INTO event (id, body) VALUES ('kept', x'00')")
    (pages,) = journal.all("PRAGMA page_count")[0]
    journal.all(f"PRAGMA max_page_count = {pages}")
    for _ in range(2):
        with pytest.raises(CrexError) as caught, journal.transaction() as connection:
            connection.execute("INSERT INTO event (id, body) VALUES ('lost', zeroblob(100000))")
        assert caught.value.reason == "STORAGE_FULL"
        assert "journal.sqlite" in str(caught.value)
    assert [row["id"] for row in journal.all("SELECT id FROM event")] == ["kept"]
    journal.all("PRAGMA max_page_count = 100000")
    with journal.transaction() as connection:
        connection.execute("INSERT INTO event (id, body) VALUES ('later', zeroblob(100000))")
    journal.close()


_FULL = """
import resource, sys
from pathlib import Path
from crex.agent.journal import Journal
from crex.errors import CrexError

journal = Journal(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
for number in range(100):
    try:
        with journal.transaction() as connection:
            connection.execute("INSERT INTO event (id, body) VALUES (?, zeroblob(10000))", (str(number),))
        print(number)
    except CrexError as error:
        print(error.reason)
        break
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
with journal.transaction() as connection:
    connection.execute("INSERT INTO event (id, body) VALUES ('after', x'00')")
print(journal.all("PRAGMA integrity_check")[0][0], len(journal.all("SELECT id FROM event")))
"""


def test_a_journal_that_may_not_grow_loses_nothing(tmp_path: Path) -> None:
    """Refused by the system, at whatever step: what was written stands, and the journal goes on."""
    said = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout.split()
    written = [word for word in said if word.isdecimal()][:-1]
    assert said[len(written)] in ("STORAGE_FULL", "STORAGE_UNAVAILABLE")
    assert said[-2:] == ["ok", str(len(written) + 1)]
