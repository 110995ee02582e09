"""GetServerInfo: what this broker is and which limits apply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crex import v1
from crex.documents.times import to_ms
from crex.documents.types import document_types
from crex_broker import __version__
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.times import timestamp

# Documents that this broker signs itself, and that no method takes.
_SIGNED_HERE: Final = frozenset({"hold-receipt", "receipt"})


class GetServerInfo:
    """Says what the server is; nothing else is served (DISCOVERY-INFO-1)."""

    def __init__(self, context: Context, methods: Sequence[str]) -> None:
        """Takes the paths of the methods that are served, such as `/crex.v1.MarketService/CreateHold`."""
        self._context = context
        limits = context.limits
        # All but the time and the broker's own trust document stays while the broker runs.
        self._standing = v1.GetServerInfoResponse(
            authority=context.authority,
            protocol_versions=["crex.v1"],
            software=f"crex-broker/{__version__}",
            methods=sorted(method.removeprefix("/").replace("/", ".") for method in methods),
            document_types=sorted(
                kind.payload_type for kind in document_types() if kind.token not in _SIGNED_HERE
            ),
            limits=v1.ServerLimits(
                max_document_bytes=limits.max_document_bytes,
                max_page_size=limits.max_page_size,
                max_hold_seconds=limits.max_hold_ms // 1000,
                max_live_holds=limits.max_live_holds,
                max_usage_records=limits.max_usage_records,
            ),
        )

    async def __call__(self, caller: Caller, request: v1.GetServerInfoRequest) -> v1.GetServerInfoResponse:
        """Says it."""
        del caller, request  # the same for everyone
        response = v1.GetServerInfoResponse()
        response.CopyFrom(self._standing)
        response.trust_document.CopyFrom(self._context.signer.trust_document)
        response.server_time.CopyFrom(timestamp(to_ms(self._context.clock.now())))
        return response
