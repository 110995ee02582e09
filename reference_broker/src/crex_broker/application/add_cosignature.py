"""AddCosignature: a witness hands in its signature on a checkpoint of this log (LOG-WITNESS-2, -3)."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex.errors import CrexError, TrustError
from crex.trust.checkpoint import Checkpoint
from crex.trust.cosignature import check_cosignature
from crex.trust.signed_note import NoteSignature, SignedNote
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import mutation_of
from crex_broker.application.log_reads import note_of
from crex_broker.application.ports.log import Cosignature
from crex_broker.application.ports.published_log import PublishedLog

_METHOD: Final = "TransparencyService.AddCosignature"
_LEEWAY_S: Final = 60
_TIME_BYTES: Final = 8


class AddCosignature:
    """Takes in a co-signature of a witness that this log is configured with."""

    def __init__(self, context: Context, log: PublishedLog) -> None:
        self._context = context
        self._log = log

    async def __call__(self, caller: Caller, request: v1.AddCosignatureRequest) -> v1.AddCosignatureResponse:
        """Takes it in.

        Raises:
            CrexError: CHECKPOINT where it is no checkpoint that this log signed, or bears no signature of a
                configured witness that verifies; NOT_FOUND where the checkpoint is kept no more;
                REQUEST_ID_REUSED.
        """
        context = self._context
        note = SignedNote.parse(request.checkpoint)
        checkpoint = Checkpoint.parse(note.text)
        await self._check_ours(checkpoint)
        lines = self._lines(note)
        if not lines:
            known = ", ".join(context.witnesses) or "nobody"
            raise CrexError(
                "CHECKPOINT",
                f"No witness of this log signed the checkpoint; its witnesses are: {known}. Ask the broker's "
                "operator to configure yours and to enrol it, so that its key is known (LOG-WITNESS-2).",
                details={"requirement": "LOG-WITNESS-2"},
            )
        mutation = mutation_of(caller, _METHOD, request)
        done = await context.store.log.add_cosignatures(mutation, checkpoint.size, lines)
        shown = await self._log.cosigned(done.outcome.size)
        return v1.AddCosignatureResponse(checkpoint=note_of(shown))

    async def _check_ours(self, checkpoint: Checkpoint) -> None:
        kept = await self._context.store.log.checkpoint(checkpoint.size)
        if checkpoint.origin != self._log.name or (kept is not None and kept.root != checkpoint.root):
            raise CrexError(
                "CHECKPOINT",
                f"This log, {self._log.name}, never signed {checkpoint}. If it bears its signature, keep it "
                "as evidence; else fetch the latest checkpoint and co-sign that (LOG-WITNESS-2).",
                details={"requirement": "LOG-WITNESS-2", "size": str(checkpoint.size)},
            )

    def _lines(self, note: SignedNote) -> list[Cosignature]:
        """Gives the latest line of each key that a configured witness lists now, verified by it.

        Raises:
            TrustError: CHECKPOINT where a line of one of them does not verify or is from the future.
        """
        found = []
        now = self._context.clock.now()
        for authority in self._context.witnesses:
            record = self._context.trust.current(authority)
            for verifier in () if record is None else record.witnesses:
                for line in sorted(note.by(verifier), key=_stated)[-1:]:
                    at = check_cosignature(note, line, verifier)
                    if (at - now).total_seconds() > _LEEWAY_S:
                        raise TrustError(
                            "CHECKPOINT",
                            f"The co-signature of {verifier.name} states {at.isoformat()}, which is yet to "
                            "come. Set the clock of the witness.",
                        )
                    found.append(Cosignature(line.name, line.line, int(at.timestamp())))
        return found


def _stated(line: NoteSignature) -> bytes:
    """Gives the time that a line states, as it stands in it: most significant byte first."""
    return line.data[:_TIME_BYTES]
