"""GetDocument: one signed document, the bytes as they were signed."""

from __future__ import annotations

from crex import v1
from crex.errors import CrexError
from crex.names import Ref
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.messages import envelope_message


class GetDocument:
    """Reads public documents for everyone, private ones for their two parties (DISCOVERY-PRIVATE-1)."""

    def __init__(self, context: Context) -> None:
        self._documents = context.store.documents

    async def __call__(self, caller: Caller, request: v1.GetDocumentRequest) -> v1.GetDocumentResponse:
        """Reads.

        Raises:
            CrexError: NOT_FOUND, also for documents of others.
        """
        if request.HasField("sha256"):
            wanted = request.sha256
            found = await self._documents.by_digest(caller.authority, request.sha256)
        else:
            wanted = request.ref
            ref = Ref.parse(request.ref)
            if ref.sha256 is not None:
                found = await self._documents.by_digest(caller.authority, ref.sha256)
                if found is not None and found.id != str(ref.name):
                    found = None
            else:
                found = await self._documents.by_name(caller.authority, str(ref.name), ref.revision)
        if found is None:
            raise CrexError(
                "NOT_FOUND",
                f"There is no document {wanted} for you here. Check the name and the revision.",
                details={"name": wanted},
            )
        return v1.GetDocumentResponse(envelope=envelope_message(found))
