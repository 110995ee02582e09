"""The one table from reasons to gRPC status codes (ERROR-CODE-1), and the status that carries a reason.

proto/crex/v1/error_reason.proto states the code of each reason in its comment; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import grpc
from google.protobuf.any_pb2 import Any as PackedAny
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from crex.errors import CrexError, Violation

DOMAIN: Final = "crex"
_RETRY_AFTER_MS: Final = 1000
# A status travels in the trailers, as base64 beside the message in percent-encoding. A gRPC client drops
# trailers over 8 KiB, and with them the reason; so what a refusal repeats of a request is cut.
_MESSAGE_BYTES: Final = 800
_VALUE_BYTES: Final = 256
_PLACE_BYTES: Final = 512
_STATUS_BYTES: Final = 3072
_FORMAT = (
    "LIMIT",
    "ENVELOPE",
    "BASE64",
    "TYPE",
    "PAYLOAD",
    "SCHEMA",
    "FILTER_TOO_COMPLEX",
    "PAGE_TOKEN_MISMATCH",
)
_PRECONDITION = (
    "ISSUER", "TRUST_ROLLBACK", "TRUST_STALE", "KEY_UNKNOWN", "KEY_USE", "ALG", "KEY_WEAK", "SIGNATURE",
    "THRESHOLD", "ISSUER_MISMATCH", "NOT_YET", "EXPIRED", "KEY_TIME", "KEY_REVOKED", "SUBJECT", "AUDIENCE",
    "NONCE", "REPLAY", "CRITICAL", "ILLEGAL_TRANSITION", "HOLD_EXPIRED", "OFFER_CHANGED", "TERMS",
    "USAGE_OUT_OF_BOUNDS", "CONFLICT", "CUT_REQUIRED", "RATING_DIFFERS", "INCOMPLETE", "SEAL", "IDENTITY",
    "DELEGATION", "REVOKED", "STATUS_STALE", "CHECKPOINT", "LEAF", "INCLUSION", "QUORUM", "EVIDENCE",
    "POLICY",
)  # fmt: skip
_UNAVAILABLE = ("PROVIDER_UNREACHABLE", "CLOCK_BACKWARDS", "DRAINING", "STORAGE_UNAVAILABLE")

CODES: Final[Mapping[str, grpc.StatusCode]] = MappingProxyType(
    dict.fromkeys(_FORMAT, grpc.StatusCode.INVALID_ARGUMENT)
    | dict.fromkeys(_PRECONDITION, grpc.StatusCode.FAILED_PRECONDITION)
    | dict.fromkeys(_UNAVAILABLE, grpc.StatusCode.UNAVAILABLE)
    | dict.fromkeys(("ROLE", "NOT_A_PARTY", "JURISDICTION_BLOCKED"), grpc.StatusCode.PERMISSION_DENIED)
    | dict.fromkeys(("NOT_FOUND", "REFERENCE_MISSING"), grpc.StatusCode.NOT_FOUND)
    | dict.fromkeys(
        ("ETAG_MISMATCH", "REVISION_CONFLICT", "STALE_EPOCH", "POOL_CONTENDED"), grpc.StatusCode.ABORTED
    )
    | dict.fromkeys(
        ("CAPACITY_EXHAUSTED", "HOLD_LIMIT", "BUDGET_EXCEEDED", "STORAGE_FULL", "RATE_LIMITED"),
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    )
    | dict.fromkeys(("REQUEST_ID_REUSED", "NAME_EXISTS"), grpc.StatusCode.ALREADY_EXISTS)
    | dict.fromkeys(("CERTIFICATE", "TOKEN"), grpc.StatusCode.UNAUTHENTICATED)
    | dict.fromkeys(("USAGE_GAP", "SEQUENCE_GAP"), grpc.StatusCode.OUT_OF_RANGE)
    | {
        "UNSUPPORTED_METHOD": grpc.StatusCode.UNIMPLEMENTED,
        "INTERNAL": grpc.StatusCode.INTERNAL,
    }
)
_RETRIED: Final = frozenset({*_UNAVAILABLE, "POOL_CONTENDED", "RATE_LIMITED"})


def status_of(error: CrexError, request_id: str) -> status_pb2.Status:
    """Builds the status that answers a refused call (errors.md).

    Args:
        error: Why it is refused. A reason that is not in the table is a defect and becomes INTERNAL.
        request_id: Identifier under which the operator's log knows the call.

    Returns:
        A status with ErrorInfo, BadRequest where places are at fault, RetryInfo where trying again can help.
        It fits into the trailers of a call: long texts are cut, and of many violations the first are told.
    """
    if error.reason not in CODES:
        error = internal_error()
    status = status_pb2.Status(code=CODES[error.reason].value[0], message=_cut(error.message, _MESSAGE_BYTES))
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN)
    for key, value in error.details.items():
        info.metadata[key] = _cut(value, _VALUE_BYTES)
    info.metadata["request_id"] = request_id
    status.details.append(_packed(info))
    if error.reason in _RETRIED:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(int(error.details.get("retry_after_ms", _RETRY_AFTER_MS)))
        status.details.append(_packed(retry))
    if error.violations:
        status.details.insert(1, _packed(_places(error.violations, _STATUS_BYTES - status.ByteSize())))
    return status


def _places(violations: Iterable[Violation], room: int) -> error_details_pb2.BadRequest:
    """Tells as many violations as there is room for, and the first in any case."""
    bad = error_details_pb2.BadRequest()
    for violation in violations:
        text = violation.message
        if violation.fix:
            text = f"{text.rstrip('.')}. {violation.fix[0].upper()}{violation.fix[1:]}"
        bad.field_violations.add(
            field=_cut(violation.path, _VALUE_BYTES),
            description=_cut(text, _PLACE_BYTES),
            reason=violation.requirement,
        )
        if len(bad.field_violations) > 1 and bad.ByteSize() > room:
            del bad.field_violations[-1]
            break
    return bad


def _cut(text: str, most: int) -> str:
    """Cuts a text to so many bytes of UTF-8."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most:
        return text
    return encoded[: most - len("…".encode())].decode("utf-8", "ignore") + "…"


def internal_error() -> CrexError:
    """Gives the error that stands for a defect: it says nothing of the inside."""
    return CrexError(
        "INTERNAL",
        "The broker failed here through a defect of its own. Nothing was acknowledged: the same request "
        "id may be sent again. The operator finds the cause in the log under the request_id of this error.",
    )


def _packed(detail: Message) -> PackedAny:
    packed = PackedAny()
    packed.Pack(detail)
    return packed
