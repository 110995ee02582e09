"""A small hardware-evidence predicate."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from datetime import datetime
from typing import Any

import orjson

from crex.documents.times import format_time
from crex.trust.hardware_evidence import binding

_NONCE, _KEY = bytes(16), "A" * 43


def hardware(quoted: datetime, *, status: str = "affirming") -> dict[str, Any]:
    """Evidence quoted at a time, and what its verifier makes of it."""
    bound = urlsafe_b64encode(binding(_NONCE, _KEY)).decode().rstrip("=")
    ear = {
        "eat_profile": "tag:github.com,2023:veraison/ear",
        "iat": int(quoted.timestamp()),
        "ear.verifier-id": {"developer": "example", "build": "1"},
        "submods": {"CPU": {"ear.status": status, "eat_nonce": bound}},
    }
    return {
        "technology": "amd-sev-snp",
        "quote": b64encode(b"quote").decode(),
        "quoteType": "application/octet-stream",
        "ear": orjson.dumps(ear).decode(),
        "nonce": b64encode(_NONCE).decode(),
        "boundKey": _KEY,
        "quotedAt": format_time(quoted),
    }
