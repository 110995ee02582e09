"""What a trust document lists beside keys: logs, witnesses, status lists and delegations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from crex.documents.times import format_time
from crex.errors import TrustError
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.signed_note import KIND_COSIGNATURE, KIND_NOTE, NoteKey
from crex.trust.trust_record import DelegationEntry, TrustRecord
from sdk.tests.trust.samples import CONSUMER, NOW, PROVIDER, root_of, sign_trust, trust_body

LOG = NoteKey.generate(f"{PROVIDER}/log")
WITNESS = NoteKey.generate(f"{PROVIDER}/witness", KIND_COSIGNATURE)
LIST = f"crex://{PROVIDER}/status-list/main"
UNTIL = NOW + timedelta(days=90)


def delegation(to: str = CONSUMER, **members: Any) -> dict[str, Any]:
    """A delegation that holds."""
    return {"to": to, "types": ["site"], "maxDepth": 0, "expiresAt": format_time(UNTIL), **members}


def full(identity: Identity, **members: Any) -> dict[str, Any]:
    """A trust document with all members."""
    body = trust_body(identity)
    body |= {
        "logs": [LOG.vkey],
        "witnesses": [WITNESS.vkey],
        "statusLists": [LIST],
        "delegations": [delegation()],
    }
    body |= members
    return {name: value for name, value in body.items() if value is not None}


def pin(identity: Identity, body: dict[str, Any], directory: TrustDirectory | None = None) -> TrustRecord:
    """Signs and pins it."""
    return (directory or TrustDirectory()).pin(sign_trust(body, root_of(identity)), now=NOW)


def test_all_members_are_read(provider: Identity) -> None:
    """Keys of logs and witnesses, names of status lists and delegations stand in the record."""
    record = pin(provider, full(provider))
    assert [key.vkey for key in record.logs] == [LOG.vkey]
    assert [key.vkey for key in record.witnesses] == [WITNESS.vkey]
    assert record.status_lists == (LIST,)
    assert record.delegations == (DelegationEntry(CONSUMER, frozenset({"site"}), 0, UNTIL),)
    assert pin(provider, trust_body(provider)).logs == ()


@pytest.mark.parametrize("name", [PROVIDER, f"{PROVIDER}/log", f"{PROVIDER}/log/2026"])
def test_names_that_begin_with_the_authority(provider: Identity, name: str) -> None:
    """LOG-KEY-1: the authority itself, or anything behind its slash."""
    assert pin(provider, full(provider, logs=[NoteKey.generate(name).vkey])).logs[0].name == name


OTHERS = NoteKey.generate(f"{CONSUMER}/log")
LONGER = NoteKey.generate(f"{PROVIDER}.evil.example/log")
DASHED = NoteKey.generate(f"{PROVIDER}-evil/log")


@pytest.mark.parametrize(
    ("members", "requirement", "path"),
    [
        ({"logs": [WITNESS.vkey]}, "LOG-KEY-1", "$.logs[0]"),
        ({"logs": [OTHERS.vkey]}, "LOG-KEY-1", "$.logs[0]"),
        ({"logs": [LOG.vkey, LONGER.vkey]}, "LOG-KEY-1", "$.logs[1]"),
        ({"logs": [DASHED.vkey]}, "LOG-KEY-1", "$.logs[0]"),
        ({"logs": [LOG.vkey.replace("+", "+0", 1)[:-1]]}, "LOG-KEY-1", "$.logs[0]"),
        ({"logs": [f"{PROVIDER}/log+00000000+AQAA"]}, "LOG-KEY-1", "$.logs[0]"),
        ({"logs": [f"{PROVIDER}/log+00000000+{'A' * 4096}"]}, "LOG-KEY-1", "$.logs[0]"),
        ({"witnesses": [LOG.vkey]}, "LOG-WITNESS-1", "$.witnesses[0]"),
        (
            {"witnesses": [NoteKey.generate(f"{CONSUMER}/witness", KIND_COSIGNATURE).vkey]},
            "LOG-WITNESS-1",
            "$.witnesses[0]",
        ),
        ({"statusLists": [f"crex://{CONSUMER}/status-list/main"]}, "STATUS-LIST-1", "$.statusLists[0]"),
        ({"delegations": [delegation(), delegation()]}, "TRUST-DELEGATES-1", "$.delegations[1].to"),
        ({"delegations": [delegation(PROVIDER)]}, "TRUST-DELEGATES-1", "$.delegations[0].to"),
        (
            {"delegations": [delegation(types=["site", "trust-document"])]},
            "TRUST-DELEGATES-2",
            "$.delegations[0].types",
        ),
    ],
)
def test_members_that_are_refused(
    provider: Identity, members: dict[str, Any], requirement: str, path: str
) -> None:
    """LOG-KEY-1, LOG-WITNESS-1, STATUS-LIST-1, TRUST-DELEGATES-1 and -2: by place and rule."""
    with pytest.raises(TrustError) as refused:
        pin(provider, full(provider, **members))
    assert refused.value.reason == "SCHEMA"
    assert {(one.requirement, one.path) for one in refused.value.violations} >= {(requirement, path)} or any(
        one.path.startswith(path) for one in refused.value.violations
    )


def test_a_weak_key_of_a_log_is_refused(provider: Identity) -> None:
    """LOG-KEY-1: under the identity point every checkpoint would verify."""
    from base64 import b64encode
    from hashlib import sha256

    raw = bytes([KIND_NOTE, 1, *bytes(31)])
    hashed = sha256(f"{PROVIDER}/log\n".encode() + raw).hexdigest()[:8]
    with pytest.raises(TrustError) as refused:
        pin(provider, full(provider, logs=[f"{PROVIDER}/log+{hashed}+{b64encode(raw).decode()}"]))
    assert [one.requirement for one in refused.value.violations] == ["LOG-KEY-1"]


def _without_log(body: dict[str, Any]) -> None:
    del body["logs"]


def _other_log(body: dict[str, Any]) -> None:
    body["logs"] = [NoteKey.generate(f"{PROVIDER}/other").vkey]


def _without_list(body: dict[str, Any]) -> None:
    body["statusLists"] = [f"crex://{PROVIDER}/status-list/other"]


@pytest.mark.parametrize(
    ("change", "requirement"),
    [(_without_log, "TRUST-LOGS-1"), (_other_log, "TRUST-LOGS-1"), (_without_list, "TRUST-LISTS-1")],
)
def test_what_may_not_disappear(
    provider: Identity, change: Callable[[dict[str, Any]], None], requirement: str
) -> None:
    """TRUST-LOGS-1, TRUST-LISTS-1: a log keeps a key, and a status list stays."""
    trust = TrustDirectory()
    pin(provider, full(provider), trust)
    body = full(provider)
    body["header"]["revision"] = "2"
    change(body)
    with pytest.raises(TrustError) as refused:
        pin(provider, body, trust)
    assert [one.requirement for one in refused.value.violations] == [requirement]


def test_what_may_disappear(provider: Identity) -> None:
    """A log's key may be exchanged under its name; witnesses and delegations may end."""
    trust = TrustDirectory()
    pin(provider, full(provider), trust)
    body = full(provider, witnesses=None, delegations=None)
    body["logs"] = [NoteKey.generate(f"{PROVIDER}/log").vkey]
    body["header"]["revision"] = "2"
    record = pin(provider, body, trust)
    assert (record.witnesses, record.delegations) == ((), ())
