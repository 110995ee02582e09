"""Reads of the published log, the same for everyone: GetCheckpoint, proofs, ListEntries."""

from __future__ import annotations

from typing import Final

from crex import v1
from crex.errors import CrexError
from crex.trust.signed_note import SIGNATURES_MAX
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.ports.log import KeptCheckpoint
from crex_broker.application.ports.published_log import PublishedLog

_DEFAULT_LEAVES: Final = 1_000
_MOST_LEAVES: Final = 10_000


def note_of(kept: KeptCheckpoint) -> str:
    """Gives a checkpoint with its co-signatures, as a signed note of as many lines as readers take."""
    return kept.note + "".join(kept.cosignatures[: SIGNATURES_MAX - 1])  # one is the log's own


class GetCheckpoint:
    """Shows the latest checkpoint."""

    def __init__(self, log: PublishedLog) -> None:
        self._log = log

    async def __call__(self, caller: Caller, request: v1.GetCheckpointRequest) -> v1.GetCheckpointResponse:
        """Shows it."""
        del caller, request  # the same for everyone
        return v1.GetCheckpointResponse(checkpoint=note_of(self._log.latest))


class GetInclusionProof:
    """Proves that a leaf stands in the log, by the checkpoint that proves it best (LOG-SHOW-1)."""

    def __init__(self, context: Context, log: PublishedLog) -> None:
        self._store = context.store.log
        self._log = log

    async def __call__(
        self, caller: Caller, request: v1.GetInclusionProofRequest
    ) -> v1.GetInclusionProofResponse:
        """Proves it.

        Raises:
            CrexError: NOT_FOUND where the published log has no such leaf or size.
        """
        del caller
        kept = await self._checkpoint(request)
        size = request.size if request.HasField("size") else kept.size
        hashes = await self._log.inclusion(request.index, size)
        proof = v1.LogProof(index=request.index, hashes=hashes, checkpoint=note_of(kept))
        return v1.GetInclusionProofResponse(proof=proof, size=size)

    async def _checkpoint(self, request: v1.GetInclusionProofRequest) -> KeptCheckpoint:
        """Gives that of the size that was asked for; of none, the one that witnesses back best."""
        if request.HasField("size"):
            kept = await self._store.checkpoint(request.size)
        else:
            kept = await self._store.covering_checkpoint(request.index)
        latest = self._log.latest
        # What is kept and not yet shown, its tiles aside, is nobody's business yet.
        return latest if kept is None or kept.size > latest.size else kept


class GetConsistencyProof:
    """Proves that the log grew from one size into another."""

    def __init__(self, log: PublishedLog) -> None:
        self._log = log

    async def __call__(
        self, caller: Caller, request: v1.GetConsistencyProofRequest
    ) -> v1.GetConsistencyProofResponse:
        """Proves it.

        Raises:
            CrexError: NOT_FOUND where the published log never had these sizes.
        """
        del caller
        latest = self._log.latest
        to = request.to if request.HasField("to") else latest.size
        hashes = await self._log.consistency(getattr(request, "from"), to)
        return v1.GetConsistencyProofResponse(hashes=hashes, to=to, checkpoint=note_of(latest))


class ListEntries:
    """Lists leaf data, which tell nobody anything but that they stand."""

    def __init__(self, context: Context, log: PublishedLog) -> None:
        self._store = context.store.log
        self._log = log

    async def __call__(self, caller: Caller, request: v1.ListEntriesRequest) -> v1.ListEntriesResponse:
        """Lists leaves of the published log; none beyond its end.

        Raises:
            CrexError: LIMIT where more is asked for than one answer holds.
        """
        del caller
        if request.count > _MOST_LEAVES:
            raise CrexError("LIMIT", f"One answer holds {_MOST_LEAVES} leaves at most. Ask for fewer.")
        size = self._log.latest.size
        end = min(request.start + (request.count or _DEFAULT_LEAVES), size)
        leaves = await self._store.leaves(request.start, end) if request.start < end else ()
        return v1.ListEntriesResponse(leaves=leaves, size=size)
