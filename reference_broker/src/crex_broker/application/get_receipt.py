"""GetReceipt: the receipt of a document or of the steps of an order, for who may see it."""

from __future__ import annotations

from crex import v1
from crex.errors import CrexError
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.receipts import receipt_of


class GetReceipt:
    """Gives receipts of public records to everyone, of private ones to their parties."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, caller: Caller, request: v1.GetReceiptRequest) -> v1.GetReceiptResponse:
        """Gives them.

        Raises:
            CrexError: NOT_FOUND, also for records of others.
        """
        log, party = self._context.store.log, caller.authority
        if request.HasField("document_sha256"):
            wanted = request.document_sha256
            entries = await log.by_record(party, bytes.fromhex(wanted), document=True)
        elif request.HasField("step_sha256"):
            wanted = request.step_sha256
            entries = await log.by_record(party, bytes.fromhex(wanted), document=False)
        else:
            wanted = request.order
            entries = await log.by_order(party, wanted)
        if not entries:
            raise CrexError(
                "NOT_FOUND",
                f"There is no record {wanted} for you in this log. A document is named by the digest of its "
                "pre-authentication encoding, not of its body; see that you call as one of its parties.",
                details={"name": wanted},
            )
        return v1.GetReceiptResponse(receipts=[await receipt_of(self._context, entry) for entry in entries])
