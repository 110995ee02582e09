"""Opening what a caller sends: verified against the pinned trust documents, and the caller's own."""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf.message import Message

from crex import v1
from crex.errors import CrexError
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.ports.documents import NewDocument
from crex_broker.domain.concerns import concerns_of, countries_of

T = TypeVar("T", bound=Message)


def open_own(
    context: Context,
    caller: Caller,
    envelope: v1.Envelope,
    document: type[T],
    *,
    audience: str | None = None,
    request_id: str | None = None,
) -> Verified[T]:
    """Opens a document that the caller issued itself (MARKET-ISSUER-1).

    Args:
        context: The broker.
        caller: Who calls.
        envelope: The document as it came.
        document: Message class of the type expected here.
        audience: Authority that it must be addressed to, where its type has one.
        request_id: Identifier of the request, which must be its nonce, where its type has one.

    Raises:
        CrexError: The reasons of verification; LIMIT where the body is over this broker's limit; NOT_A_PARTY
        where
            another authority issued it.
    """
    check_size(context, envelope)
    opened = open_envelope(
        envelope,
        document,
        context.trust,
        now=context.clock.now(),
        audience=audience,
        request_id=request_id,
        status=context.status,
    )
    if opened.issuer != caller.authority:
        raise CrexError(
            "NOT_A_PARTY",
            f"{opened.id} was issued by {opened.issuer}, and {caller.authority} sent it; a party presents "
            "its own documents only.",
            details={"issuer": opened.issuer, "caller": caller.authority},
        )
    return opened


def check_size(context: Context, envelope: v1.Envelope) -> None:
    """Refuses a document over this broker's limit.

    Raises:
        CrexError: LIMIT.
    """
    if len(envelope.payload) > context.limits.max_document_bytes:
        raise CrexError(
            "LIMIT",
            f"The document has {len(envelope.payload)} bytes; this broker reads at most "
            f"{context.limits.max_document_bytes}. Send a smaller one.",
            details={"max_document_bytes": str(context.limits.max_document_bytes)},
        )


def new_document(
    opened: Verified[Any], *, provider: str | None = None, consumer: str | None = None
) -> NewDocument:
    """Gives a verified document as the store keeps it.

    Args:
        opened: The document.
        provider: Provider that may read it; nothing for public documents.
        consumer: Consumer that may read it; nothing for public documents.
    """
    header = opened.json["header"]
    return NewDocument(
        opened.doctype.token,
        opened.id,
        opened.revision,
        opened.digest,
        opened.issuer,
        opened.envelope.SerializeToString(deterministic=True),
        provider,
        consumer,
        concerns_of(opened.json),
        countries_of(opened.json, opened.doctype.token),
        header.get("stream"),
        int(header.get("sequence", 0)),
        header.get("prev", ""),
    )
