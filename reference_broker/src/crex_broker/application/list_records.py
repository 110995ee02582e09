"""ListRecords: a supervisor reads the records of its countries, and every read is itself recorded."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

from crex import v1
from crex.errors import CrexError, Violation
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.paging import MAX_PAGE_BYTES, fitting
from crex_broker.application.ports.log import SupervisedEntry, SupervisedPage, Supervision
from crex_broker.application.receipts import receipt_of
from crex_broker.application.times import ms_of, timestamp

_DEFAULT: Final = 100
_MOST: Final = 1_000
_PSEUDONYM_CHARS: Final = 32


class ListRecords:
    """Shows a supervisor records of the countries for which it is enrolled.

    Private documents, salts and consumers are shown only where it asks for them and says why; else a consumer
    is a pseudonym, the same in every record and read, which nobody without the store's secret can tell from
    its name (SUPERVISE-UNSEAL-1).
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._secret = context.store.secret("supervision")

    async def __call__(self, caller: Caller, request: v1.ListRecordsRequest) -> v1.ListRecordsResponse:
        """Reads, records the read, and answers.

        Raises:
            CrexError: JURISDICTION_BLOCKED where the caller is enrolled for no country; SCHEMA where it
                unseals without saying why.
        """
        log = self._context.store.log
        asked = await self._asked(caller, request)
        page = await log.supervised(asked)
        messages = [self._message(each, unseal=asked.unseal) for each in page.entries]
        count = fitting(messages, MAX_PAGE_BYTES)
        if count < len(messages):
            page = SupervisedPage(page.entries[:count], page.entries[count].entry.index)
        read = await log.record_read(asked, page)  # before anything is shown (SUPERVISE-LOGGED-1)
        return v1.ListRecordsResponse(
            records=messages[:count], next=page.next, receipt=await receipt_of(self._context, read)
        )

    async def _asked(self, caller: Caller, request: v1.ListRecordsRequest) -> Supervision:
        countries = await self._context.store.parties.jurisdictions(caller.authority)
        if not countries:
            raise CrexError(
                "JURISDICTION_BLOCKED",
                f"{caller.authority} is enrolled as auditor for no country, so there is nothing that it may "
                "read. Ask the broker's operator to enrol it for its jurisdictions (SUPERVISE-SCOPE-1).",
                details={"requirement": "SUPERVISE-SCOPE-1"},
            )
        purpose = request.purpose.strip()
        if request.unseal and not purpose:
            violation = Violation(
                "$.purpose", "is missing", "SUPERVISE-UNSEAL-1", "Say why records are unsealed."
            )
            raise CrexError("SCHEMA", "Unsealing needs a purpose", violations=[violation])
        accepted = request.accepted if request.HasField("accepted") else v1.Interval()
        return Supervision(
            auditor=caller.authority,
            countries=countries,
            start=request.start,
            limit=min(request.page_size or _DEFAULT, _MOST),
            types=tuple(request.types),
            from_ms=ms_of(accepted.start, "$.accepted.start") if accepted.HasField("start") else None,
            until_ms=ms_of(accepted.end, "$.accepted.end") if accepted.HasField("end") else None,
            unseal=request.unseal,
            purpose=purpose,
        )

    def _message(self, supervised: SupervisedEntry, *, unseal: bool) -> v1.SupervisedRecord:
        entry = supervised.entry
        shown = unseal or entry.salt is None
        record = v1.SupervisedRecord(
            index=entry.index,
            leaf=entry.leaf,
            type=entry.type,
            issuer=entry.issuer,
            provider=entry.provider or "",
            consumer=entry.consumer or "",
            countries=entry.countries,
            time=timestamp(entry.create_ms),
        )
        if not unseal and entry.consumer:
            record.consumer = self._pseudonym(entry.consumer)
            if entry.issuer == entry.consumer:
                record.issuer = record.consumer
        if shown and supervised.envelope is not None:
            record.envelope.ParseFromString(supervised.envelope)
        if shown and entry.step is not None:
            record.step = entry.step
        if unseal and entry.salt is not None:
            record.salt = entry.salt
        return record

    def _pseudonym(self, consumer: str) -> str:
        return hmac.digest(self._secret, consumer.encode(), sha256).hex()[:_PSEUDONYM_CHARS]
