"""What the vectors of trust.md are made of: the parties, the accepted documents, and the shape of a case."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from conformance.tests.vectors.signing import (
    Key,
    Signer,
    b64,
    envelope,
    record,
    text,
    trust_document,
)

NOW: Final = "2026-11-01T12:30:00Z"
PROVIDER, CONSUMER, OTHER = "p.example.cn", "c.example.org", "m.example.com"
P_ROOT, P_KEY, P_SECOND = Key.of("provider root"), Key.of("provider"), Key.of("provider, second root")
C_ROOT, C_KEY = Key.of("consumer root"), Key.of("consumer")
M_ROOT, M_KEY = Key.of("other root"), Key.of("other")
STRANGER = Key.of("stranger")
PROVIDER_TYPES = ["offer", "site"]
Value = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One vector.

    Attributes:
        id: Stable name, and the name of its file.
        requirements: What it tests.
        why: The mistake that it catches, or what it proves.
        base: The accepted vector that it is one change away from; empty if it is accepted itself.
        change: What was changed, one thing.
        reason: The reason expected; empty if it is accepted.
        type: Document type that the reader expects.
        input: The envelope's file.
        trust: Trust documents, pinned in this order at `pinned_at`.
        now: Time of verification.
        pinned_at: Time of pinning.
        options: What else the reader asks for.
    """

    id: str
    requirements: Sequence[str]
    why: str
    input: bytes
    base: str = ""
    change: str = ""
    reason: str = ""
    type: str = "site"
    trust: Sequence[bytes] = ()
    now: str = NOW
    pinned_at: str = NOW
    options: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> bytes:
        """The vector's file."""
        accepted = not self.reason
        value = {
            "id": self.id,
            "requirements": list(self.requirements),
            "op": "attestation.verify",
            "base": self.base,
            "change": self.change,
            "input": {
                "type": self.type,
                "envelope": b64(self.input),
                "roots": [b64(document) for document in self.trust],
                "pinnedAt": self.pinned_at,
                "options": dict(self.options),
            },
            "now": self.now,
            "expect": {
                "outcome": "ok" if accepted else "rejected",
                "reasons": [] if accepted else [self.reason],
            },
            "why": self.why,
        }
        return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"


def site(**header: Any) -> Value:
    """A site of the provider; its base64 ends with padding, so that loose bits can be tried."""
    base = {
        "id": f"crex://{PROVIDER}/site/a",
        "revision": "1",
        "issuer": PROVIDER,
        "issuedAt": "2026-11-01T12:00:00Z",
    }
    value: Value = {"header": base | header, "displayNames": {"zh": "一号机房"}, "country": "CN"}
    region = "r"
    while len(text(value | {"providerRegion": region})) % 3 != 1:
        region += "r"
    return value | {"providerRegion": region}


def order(**members: Any) -> Value:
    """An order of the consumer, addressed to the provider."""
    return {
        "header": {
            "id": f"crex://{CONSUMER}/order-document/d1",
            "revision": "1",
            "issuer": CONSUMER,
            "issuedAt": "2026-11-01T12:00:00Z",
        },
        "holdReceipt": {"id": "crex://b.example.net/hold-receipt/h1", "revision": "1", "sha256": "0" * 64},
        "audience": PROVIDER,
        "nonce": "request-0001",
        "items": [
            {
                "offer": {"id": f"crex://{PROVIDER}/offer/o", "revision": "1", "sha256": "1" * 64},
                "quantity": "1",
                "interval": {"start": "2026-11-01T13:00:00Z", "end": "2026-11-01T14:00:00Z"},
            }
        ],
        "spendLimit": {"currency": "EUR", "amount": "10.00"},
        "accessKey": b64(b"\x09" + bytes(31)),
        "interface": "ssh",
        **members,
    }


def provider_trust(change: Callable[[Value], object] = lambda _: None, *signers: Key) -> bytes:
    """The provider's trust document, changed and signed."""
    body = trust_document(PROVIDER, P_ROOT, [record(P_KEY, PROVIDER_TYPES)])
    change(body)
    return text(envelope("trust-document", text(body), *(signers or (P_ROOT,))))


def consumer_trust() -> bytes:
    """The consumer's trust document."""
    body = trust_document(CONSUMER, C_ROOT, [record(C_KEY, ["order-document"])])
    return text(envelope("trust-document", text(body), C_ROOT))


def other_trust() -> bytes:
    """The trust document of another provider."""
    body = trust_document(OTHER, M_ROOT, [record(M_KEY, PROVIDER_TYPES)])
    return text(envelope("trust-document", text(body), M_ROOT))


def signed(body: bytes | None = None, *keys: Signer, token: str = "site") -> Value:
    """The envelope of the provider's site, or of other bytes."""
    return envelope(token, text(site()) if body is None else body, *(keys or (P_KEY,)))


ACCEPTED = Case(
    "site-accepted",
    ["ENV-PAE-1", "VERIFY-ORDER-1"],
    "The document that the refused ones are one change away from.",
    text(signed()),
    trust=[provider_trust()],
)
ORDER_ACCEPTED = Case(
    "order-accepted",
    ["VERIFY-ADDRESS-1"],
    "An order that its provider reads for the request that carries it.",
    text(envelope("order-document", text(order()), C_KEY)),
    type="order-document",
    trust=[consumer_trust()],
    options={"audience": PROVIDER, "requestId": "request-0001"},
)


def refused(
    id_: str,
    reason: str,
    requirements: Sequence[str],
    change: str,
    why: str,
    input_: Value | bytes | None = None,
    **members: Any,
) -> Case:
    """A case that is one change away from the accepted site."""
    members.setdefault("trust", ACCEPTED.trust)
    data = ACCEPTED.input if input_ is None else _file(input_)
    return Case(id_, requirements, why, data, ACCEPTED.id, change, reason, **members)


def refused_order(
    id_: str,
    reason: str,
    requirements: Sequence[str],
    change: str,
    why: str,
    body: bytes | None = None,
    options: Mapping[str, Any] | None = None,
) -> Case:
    """A case that is one change away from the accepted order."""
    data = ORDER_ACCEPTED.input if body is None else text(envelope("order-document", body, C_KEY))
    return Case(
        id_,
        requirements,
        why,
        data,
        ORDER_ACCEPTED.id,
        change,
        reason,
        "order-document",
        ORDER_ACCEPTED.trust,
        options=ORDER_ACCEPTED.options if options is None else options,
    )


def accepted(id_: str, requirements: Sequence[str], why: str, input_: Value | bytes, **members: Any) -> Case:
    """A further accepted case, mostly at a boundary."""
    members.setdefault("trust", ACCEPTED.trust)
    return Case(id_, requirements, why, _file(input_), **members)


def _file(value: Value | bytes) -> bytes:
    return value if isinstance(value, bytes) else text(value)
