"""A database of an edition without a log: what it holds is appended once, in the order in which it came."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from crex import v1
from crex.trust.envelope import pae
from crex.trust.log_proof import leaf_data
from crex_broker.application.ports.log import Supervision
from reference_broker.tests.documents import stock
from reference_broker.tests.exchange import CONSUMER, PROVIDER, Exchange


def forget_log(database: Path) -> None:
    """Takes everything of the log out of a database, as if it had never been there."""
    with closing(sqlite3.connect(database)) as old, old:
        for table in ("log_countries", "log_entries"):
            old.execute(f"DELETE FROM {table}")
        old.execute("UPDATE documents SET countries = ''")
        old.execute("UPDATE requests SET log_from = 0, log_to = 0")


async def test_what_an_older_edition_accepted_is_appended_once(tmp_path: Path) -> None:
    """RECEIPT-LOG-1: documents in their order, then the steps that none of them states; countries as ever."""
    database = tmp_path / "broker.db"
    exchange = Exchange.open(database)
    await exchange.enrol(PROVIDER, CONSUMER)
    goods = await stock(exchange, units=8)
    interval = exchange.interval(exchange.at(), exchange.at(hours=1))
    request = v1.CreateHoldRequest(request_id="request-hold", items=[goods.item()], interval=interval)
    held = await exchange.call("MarketService/CreateHold", request, CONSUMER)
    release = v1.ReleaseHoldRequest(request_id="request-release", order=held.order.name)
    await exchange.call("MarketService/ReleaseHold", release, CONSUMER)
    size = await exchange.store.log.size()
    before = await exchange.store.log.leaves(0, size)
    exchange.close()

    forget_log(database)
    exchange = Exchange.open(database)
    try:
        log = exchange.store.log
        assert await log.size() == size
        after = await log.leaves(0, size)
        public = size - 3  # of the allotment, the hold and its end the salts are new
        assert sum(one == two for one, two in zip(before, after, strict=True)) == public
        hold, ended = await log.by_order(CONSUMER, held.order.name)
        assert (hold.type, ended.type) == ("hold-receipt", "order-step")
        record = pae(held.hold_receipt.payload_type, held.hold_receipt.payload)
        assert hold.leaf == leaf_data(record, hold.salt)
        asked = Supervision("auditor.example", ("NO",), 0, 100, (), None, None, unseal=False, purpose="")
        shown = [each.entry.type for each in (await log.supervised(asked)).entries]
        assert sorted(shown) == sorted(
            [
                "site",
                "compute-resource",
                "compute-resource",
                "offer",
                "allotment",
                "hold-receipt",
                "order-step",
            ]
        )
        again = await exchange.call("MarketService/CreateHold", request, CONSUMER)
        assert again.replayed
        assert list(again.receipts) == [], "nobody was promised anything then"
    finally:
        exchange.close()
    exchange = Exchange.open(database)
    assert await exchange.store.log.size() == size, "once"
    exchange.close()
