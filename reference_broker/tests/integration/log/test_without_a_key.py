"""A broker whose identity has no key for a log, as older editions made it: it promises nothing."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from crex import v1
from crex.documents.times import SystemClock
from crex.trust.identity import Identity
from crex_broker.application.caller import Caller
from crex_broker.application.limits import Limits
from crex_broker.composition import open_broker
from crex_broker.log.settings import LogSettings


async def test_a_broker_without_a_key_keeps_its_log_and_gives_no_receipt(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """RECEIPT-LOG-1: entries are kept all the same, and published once there is a key."""
    now = SystemClock().now()
    made = Identity.create("broker.example", roles=("broker",), now=now - timedelta(hours=1))
    party = Identity.create("p.example", roles=("provider",), now=now - timedelta(hours=1))
    settings = LogSettings.beside(tmp_path / "broker.db")
    request = v1.EnrolRequest(request_id="request-1", trust_document=party.trust_document, roles=["provider"])
    admin = Caller("broker.example", frozenset({"admin"}))
    found = []
    for identity in (replace(made, log=None), made):
        opened = await open_broker(
            identity, tmp_path / "broker.db", limits=Limits(), clock=SystemClock(), log=settings
        )
        try:
            enrol = opened.broker.unary["/crex.v1.AdminService/Enrol"]
            response = await enrol(admin, request)
            assert isinstance(response, v1.EnrolResponse)
            found.append(len(response.receipts))
            served = any("TransparencyService" in one for one in opened.broker.unary)
            assert served == (identity.log is not None)
        finally:
            await opened.close()
    assert found == [0, 1]
    assert "no key for a log" in caplog.text
    assert caplog.records[0].levelno == logging.WARNING
    assert (settings.folder / "checkpoint").read_text("utf-8").startswith("broker.example/log\n1\n")
