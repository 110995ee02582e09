"""The table from reasons to status codes, against the contract that states it."""

from __future__ import annotations

import re
from pathlib import Path

import grpc

from crex import v1
from crex_broker.rpc.codes import CODES

_CONTRACT = Path(__file__).parents[3] / "proto/crex/v1/error_reason.proto"
_STATUS = "|".join(code.name for code in grpc.StatusCode)


def stated() -> dict[str, str]:
    """The code that the comment before each reason names."""
    found: dict[str, str] = {}
    comment = ""
    for line in map(str.strip, _CONTRACT.read_text("utf-8").splitlines()):
        if line.startswith("//"):
            comment += line.removeprefix("//")
            continue
        reason = re.match(r"ERROR_REASON_(\w+) = [1-9]\d*;", line)
        if reason:
            codes = set(re.findall(rf"\b({_STATUS})\b", comment))
            assert len(codes) == 1, (reason[1], codes)
            found[reason[1]] = codes.pop()
        comment = ""
    return found


def test_every_reason_has_the_code_that_the_contract_states() -> None:
    """ERROR-CODE-1: the one list of reasons and the server's table are the same, without exception."""
    reasons = {name.removeprefix("ERROR_REASON_") for name in v1.ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118 - no mapping
    assert set(stated()) == reasons
    assert {reason: code.name for reason, code in CODES.items()} == stated()
