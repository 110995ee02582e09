"""GetServerInfo: what this broker is and which limits apply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crex import v1
from crex.documents.times import to_ms
from crex.documents.types import DocumentType
from crex_broker import __version__
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.times import timestamp

# Documents that some method of this broker takes.
_ACCEPTED: Final = (
    v1.Site,
    v1.ComputeResource,
    v1.PricePlan,
    v1.Offer,
    v1.Allotment,
    v1.OrderDocument,
    v1.OrderConfirmation,
    v1.AccessGrant,
    v1.ReleaseReceipt,
    v1.UsageBatch,
    v1.Invoice,
    v1.InvoiceAcceptance,
    v1.TrustDocument,
)


class GetServerInfo:
    """Says what the server is; nothing else is served (DISCOVERY-INFO-1)."""

    def __init__(self, context: Context, methods: Sequence[str]) -> None:
        """Takes the paths of the methods that are served, such as `/crex.v1.MarketService/CreateHold`."""
        self._context = context
        limits = context.limits
        # All but the time stays while the broker runs.
        self._standing = v1.GetServerInfoResponse(
            authority=context.authority,
            protocol_versions=["crex.v1"],
            software=f"crex-broker/{__version__}",
            methods=sorted(method.removeprefix("/").replace("/", ".") for method in methods),
            document_types=sorted(DocumentType.of(message).payload_type for message in _ACCEPTED),
            limits=v1.ServerLimits(
                max_document_bytes=limits.max_document_bytes,
                max_page_size=limits.max_page_size,
                max_hold_seconds=limits.max_hold_ms // 1000,
                max_live_holds=limits.max_live_holds,
                max_usage_records=limits.max_usage_records,
            ),
            trust_document=context.signer.trust_document,
        )

    async def __call__(self, caller: Caller, request: v1.GetServerInfoRequest) -> v1.GetServerInfoResponse:
        """Says it."""
        del caller, request  # the same for everyone
        response = v1.GetServerInfoResponse()
        response.CopyFrom(self._standing)
        response.server_time.CopyFrom(timestamp(to_ms(self._context.clock.now())))
        return response
