"""The database file in trouble: full, read-only, damaged, locked, newer: always a clear word."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from crex.decimals import Money
from crex.errors import CrexError
from crex_broker.application.ports.invoices import InvoiceSnapshot
from crex_broker.application.ports.log import Cosignature
from crex_broker.application.ports.orders import LastTransition, OrderSnapshot
from crex_broker.storage.sqlite import invoice_table, outcomes
from crex_broker.storage.sqlite.database import connect
from crex_broker.storage.sqlite.migrations import Migration, load, migrate
from crex_broker.storage.sqlite.store import SqliteStore
from reference_broker.tests.contract.market import OFFER, Market, refusal
from reference_broker.tests.exchange import BROKER, CONSUMER, ManualClock

NOBODY = 65534


def _open(path: Path) -> SqliteStore:
    return SqliteStore(path, authority=BROKER, clock=ManualClock())


def _sound(path: Path) -> bool:
    connection = connect(path, read_only=True)
    try:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    finally:
        connection.close()


@contextmanager
def _unprivileged() -> Iterator[Path]:
    """A folder of its own, and no more rights than any user, also where the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="crex-"))
    root = os.geteuid() == 0
    _open(folder / "first.db").close()  # root's own library may be out of reach later: import it all now
    try:
        if root:
            os.chown(folder, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        yield folder
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)


async def test_a_full_store_refuses_writes_and_keeps_reading(tmp_path: Path) -> None:
    """STORAGE_FULL changes nothing; reads and repeated requests work; with space, writes work again."""
    clock = ManualClock()
    store = SqliteStore(tmp_path / "broker.db", authority=BROKER, clock=clock)
    try:
        market = Market(store, clock)
        await market.open(units=10_000)
        first = market.mutation(CONSUMER, request_id="first-request")
        order = (await store.orders.create_hold(first, market.hold())).outcome
        store.writer.run_blocking(lambda tx: tx.connection.execute("PRAGMA max_page_count = 1").fetchall())
        with refusal("STORAGE_FULL"):
            for _ in range(500):
                await market.held()
        assert await store.orders.order(CONSUMER, order.name) == order
        assert (await store.orders.create_hold(first, market.hold())).outcome == order
        assert await store.requests.recall(first, OrderSnapshot) == order
        claimed, summed = _claimed(store)
        assert claimed == summed
        store.writer.run_blocking(
            lambda tx: tx.connection.execute("PRAGMA max_page_count = 1073741823").fetchall()
        )
        await market.held()
    finally:
        store.close()
    assert _sound(tmp_path / "broker.db")


def _claimed(store: SqliteStore) -> tuple[int, int]:
    row = store.reader.run_blocking(
        lambda c: c.execute("SELECT sum(claimed), (SELECT sum(quantity) FROM claims) FROM pools").fetchone()
    )
    return row[0], row[1]


_FILL = """
import asyncio, pathlib, resource, sys
from crex.errors import CrexError
from reference_broker.tests.contract.market import Market
from reference_broker.tests.exchange import BROKER, CONSUMER, ManualClock
from crex_broker.storage.sqlite.store import SqliteStore

async def main():
    clock = ManualClock()
    store = SqliteStore(pathlib.Path(sys.argv[1]), authority=BROKER, clock=clock)
    market = Market(store, clock)
    await market.open(units=100_000)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
    held = []
    try:
        while True:
            held.append(await market.held(limit=100_000))
    except CrexError as refused:
        print(refused.reason)
    assert await store.orders.order(CONSUMER, held[-1].name) == held[-1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await market.held(limit=100_000)
    page = await store.orders.orders(CONSUMER, state="", before="", limit=100_000)
    print(len(page.orders) - len(held))
    store.close()

asyncio.run(main())
"""


def test_a_file_that_may_not_grow_is_a_full_store(tmp_path: Path) -> None:
    """Where the system refuses a longer file, writes are STORAGE_FULL, nothing is lost, and it can go on."""
    ran = subprocess.run(
        [sys.executable, "-c", _FILL, str(tmp_path / "broker.db")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert ran.stdout.split() == ["STORAGE_FULL", "1"], ran.stderr
    assert _sound(tmp_path / "broker.db")


def test_a_database_that_cannot_be_written_is_refused_at_start() -> None:
    """A file without write permission is STORAGE_UNAVAILABLE, with its name and what to do."""
    with _unprivileged() as folder:
        path = folder / "broker.db"
        _open(path).close()
        path.chmod(0o400)
        with pytest.raises(CrexError, match=r"broker\.db cannot be written") as refused:
            _open(path)
        assert refused.value.reason == "STORAGE_UNAVAILABLE"
        path.chmod(0o600)
        _open(path).close()


def test_a_folder_that_cannot_be_written_is_refused_at_start() -> None:
    """A folder in which nothing can be made is STORAGE_UNAVAILABLE, with its name and what to do."""
    with _unprivileged() as folder:
        folder.chmod(0o500)
        with pytest.raises(CrexError, match=f"{folder} cannot be written") as refused:
            _open(folder / "broker.db")
        assert refused.value.reason == "STORAGE_UNAVAILABLE"


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Whatever the file is, the broker does not write over it."""
    path = tmp_path / "broker.db"
    path.write_bytes(b"these are my notes\n" * 1000)
    with pytest.raises(CrexError, match="is no SQLite database"):
        _open(path)
    assert path.read_bytes() == b"these are my notes\n" * 1000


async def test_a_damaged_database_is_an_error_and_not_a_crash(tmp_path: Path) -> None:
    """Pages of noise lead to STORAGE_UNAVAILABLE at start or at the first use of them."""
    clock = ManualClock()
    path = tmp_path / "broker.db"
    store = SqliteStore(path, authority=BROKER, clock=clock)
    market = Market(store, clock)
    await market.open()
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(bytes(range(256)) * ((size - 4096) // 256))
    with pytest.raises(CrexError) as refused:
        await _read_offer(path)
    assert refused.value.reason == "STORAGE_UNAVAILABLE"


async def _read_offer(path: Path) -> None:
    store = _open(path)
    try:
        await store.offers.offer(OFFER)
    finally:
        store.close()


def test_two_brokers_never_share_a_database(tmp_path: Path) -> None:
    """The second is told which process has it; when the first has closed, it may start."""
    path = tmp_path / "broker.db"
    first = _open(path)
    with pytest.raises(CrexError, match=f"process {os.getpid()}") as refused:
        _open(path)
    assert refused.value.reason == "STORAGE_UNAVAILABLE"
    first.close()
    _open(path).close()


def test_a_program_that_locks_the_database_makes_writes_wait_and_then_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A foreign lock is POOL_CONTENDED after the writer's patience, changes nothing, and passes."""
    monkeypatch.setattr("crex_broker.storage.sqlite.database._PATIENCE_S", 0.01)
    path = tmp_path / "broker.db"
    store = _open(path)
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    write = "INSERT INTO meta (key, value) VALUES ('test', 1)"
    with refusal("POOL_CONTENDED"):
        store.writer.run_blocking(lambda tx: tx.connection.execute(write))
    foreign.execute("ROLLBACK")
    foreign.close()
    store.writer.run_blocking(lambda tx: tx.connection.execute(write))
    store.close()


def test_migrations_are_applied_once_and_in_order(tmp_path: Path) -> None:
    """A database that was made before keeps what is in it and gets only what is new."""
    path = tmp_path / "some.db"
    path.touch()
    connection = connect(path)
    first = Migration(1, "first", "CREATE TABLE a (x) STRICT;".replace(" STRICT", ""))
    second = Migration(2, "second", "-- a comment; with a semicolon\nINSERT INTO a VALUES (';');\n-- end")
    migrate(connection, [first], now_ms=1, path="some.db")
    migrate(connection, [first, second], now_ms=2, path="some.db")
    migrate(connection, [first, second], now_ms=3, path="some.db")
    assert connection.execute("SELECT x FROM a").fetchall() == [(";",)]
    assert connection.execute("SELECT number, create_ms FROM migrations").fetchall() == [(1, 1), (2, 2)]
    connection.close()


_OLD_INVOICE = """
INSERT INTO invoices (id, sha256, lease, period_start_ms, period_end_ms, seller, buyer, currency, total,
    rating_digest, state, version, payment_reference, deadline_ms, create_ms, update_ms, last_event,
    last_actor, last_reason, last_ms)
VALUES (?, ?, 'lease', ?, 1, 'seller', 'buyer', 'EUR', '5.98', 'digest', ?, 3, ?, 1100, 100, 200, 'payment',
    'seller', '', 200)
"""


_OLD_LEASE = """
INSERT INTO leases (name, order_name, consumer, provider, offer, offer_sha256, pool, quantity, start_ms,
    end_ms, state, version, create_ms, update_ms, last_event, last_actor, last_reason, last_ms)
VALUES ('lease', 'order', 'buyer', 'seller', 'offer', 'sha', 'pool', 1, 0, 9,
    'RELEASED', 1, 0, 0, '', '', '', 0)
"""


def test_invoices_of_an_older_edition_go_on(tmp_path: Path) -> None:
    """What was settled is a payment each, under a reference of its own; what is open can be answered."""
    path, migrations = tmp_path / "broker.db", load()
    with sqlite3.connect(path, isolation_level=None) as old:
        migrate(old, migrations[:2], now_ms=1, path=str(path))
        old.execute(_OLD_LEASE)
        for number, (state, reference) in enumerate(
            (("SETTLED", "wire 7"), ("SETTLED", "wire 7"), ("ISSUED", ""))
        ):
            old.execute(_OLD_INVOICE, (f"invoice-{number}", f"sha-{number}", number, state, reference))
        migrate(old, migrations, now_ms=2, path=str(path))
        found = [invoice_table.find(old, f"invoice-{number}") for number in range(3)]
        settled, _, issued = [each for each in found if each is not None]
        assert (settled.owed_money, settled.paid_money, settled.payable.amount) == (
            Money.parse("EUR", "5.98"),
            Money.parse("EUR", "5.98"),
            "0.00",
        )
        assert (issued.payable.amount, issued.digest_owed, issued.acceptance_ms) == ("5.98", "digest", 1000)
        payments = old.execute("SELECT invoice, reference, amount, time_ms FROM payments ORDER BY seq")
        assert payments.fetchall() == [
            ("invoice-0", "wire 7", "5.98", 200),
            ("invoice-1", "wire 7 / invoice-1", "5.98", 200),
        ]
        leases = old.execute("SELECT lease, period_start_ms, invoice FROM invoice_leases ORDER BY invoice")
        assert leases.fetchall() == [("lease", number, f"invoice-{number}") for number in range(3)]
        assert old.execute(invoice_table.BILLED, ("order", "sha-0")).fetchall() == [("EUR", "5.98")] * 2
        assert issued.lease_count == 0


async def test_a_co_signature_of_an_older_edition_stays_first(tmp_path: Path) -> None:
    """LOG-WITNESS-3: it states at most a minute after it was kept; what is certainly later joins it."""
    path = tmp_path / "broker.db"
    with sqlite3.connect(path, isolation_level=None) as old:
        migrate(old, load()[:7], now_ms=1, path=str(path))
        old.execute("INSERT INTO log_checkpoints VALUES (9, ?, 'nine', 1, 1000000)", (bytes(32),))
        old.execute("INSERT INTO log_cosignatures VALUES (9, 'w/witness', 'first', 1000000)")
    old.close()
    store = _open(path)
    try:
        market = Market(store, ManualClock())
        for line, at_s in (("perhaps earlier", 1_060), ("later", 1_061)):
            given = [Cosignature("w/witness", line, at_s)]
            await store.log.add_cosignatures(market.mutation("w"), 9, given)
        kept = await store.log.checkpoint(9)
        assert kept is not None
        assert kept.cosignatures == ("first", "later")
    finally:
        store.close()


def test_an_outcome_of_an_older_edition_is_replayed() -> None:
    """IDEMPOTENCY-REPLAY-1: what was remembered before a field was added is still an answer."""
    last = LastTransition("issue", "seller", "", 100)
    now = InvoiceSnapshot(
        "i", "ISSUED", 1, "s", "seller", "buyer", "l", "EUR", "5.98", "d", 1, "", 100, 100, last, "5.98"
    )
    remembered = orjson.loads(outcomes.encode(now))
    for name in ("owed", "withheld", "paid", "owed_digest", "note_count", "open_disputes", "outcome"):
        del remembered[name]
    assert outcomes.decode(InvoiceSnapshot, orjson.dumps(remembered)) == replace(now, owed="")


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    """Each migration is one transaction, its tables included."""
    path = tmp_path / "some.db"
    path.touch()
    connection = connect(path)
    broken = Migration(1, "broken", "CREATE TABLE a (x);\nINSERT INTO b VALUES (1);")
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, [broken], now_ms=1, path="some.db")
    assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'a'").fetchone() == (0,)
    connection.close()


def test_a_newer_database_and_a_changed_migration_are_refused(tmp_path: Path) -> None:
    """A database is never taken back to an older schema, nor believed to be what it is not."""
    path = tmp_path / "broker.db"
    _open(path).close()
    connection = connect(path)
    known = load()
    later = Migration(len(known) + 1, "later", "CREATE TABLE later (x);")
    migrate(connection, [*known, later], now_ms=1, path=str(path))
    connection.close()
    with pytest.raises(CrexError, match="is newer than this program"):
        _open(path)
    connection = connect(path)
    connection.execute("DELETE FROM migrations WHERE number = ?", (later.number,))
    connection.execute("UPDATE migrations SET sha256 = '' WHERE number = 1")
    connection.close()
    with pytest.raises(CrexError, match="another edition of migration 1"):
        _open(path)


def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    """Other users of the machine can neither read nor write a new database, nor hold its lock."""
    store = _open(tmp_path / "broker.db")
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    store.close()
    assert {"broker.db", "broker.db.lock"} <= modes.keys()
    assert set(modes.values()) == {0o600}
