"""A log as somebody saw it: one signed checkpoint, opened; and whether a later one may follow.

The rules of LOG-CHECKPOINT-1, LOG-CONSISTENT-1, LOG-COSIGNATURE-1, LOG-COSIGNATURE-2, AUDIT-FRESH-1 and
AUDIT-VIEWS-1, for whoever follows a log: client, auditor, monitor, witness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crex.documents.times import format_time
from crex.errors import CrexError, TrustError
from crex.transparency.findings import Finding, Kind
from crex.transparency.source import LogSource
from crex.trust.checkpoint import Checkpoint
from crex.trust.cosignature import check_cosignature
from crex.trust.merkle import verify_consistency
from crex.trust.signed_note import KIND_COSIGNATURE, NoteVerifier, SignedNote

LEEWAY: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class View:
    """One checkpoint of a log, signed by it.

    Attributes:
        checkpoint: The log, its size and root.
        note: The signed note.
        place: Where it was read, for people.
    """

    checkpoint: Checkpoint
    note: SignedNote
    place: str

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        """Root over them."""
        return self.checkpoint.root


def open_view(note: str | bytes, keys: Iterable[NoteVerifier], *, origin: str, place: str) -> View:
    """Opens a checkpoint of the log that is meant (LOG-CHECKPOINT-1).

    Args:
        note: The signed note, from anyone.
        keys: Keys by which its authority signs for its logs.
        origin: Name of the log that is meant.
        place: Where it was read, for people.

    Raises:
        TrustError: CHECKPOINT, as finding `malformed`, `origin` or `unsigned`.
    """
    shown = note if isinstance(note, str) else note.decode(errors="replace")
    evidence = {"checkpoint": shown[:4096], "place": place}
    try:
        signed = SignedNote.parse(note)
        checkpoint = Checkpoint.parse(signed.text)
    except TrustError as error:
        raise Finding(Kind.MALFORMED, f"{place}: {error.message}", evidence).error() from error
    if checkpoint.origin != origin:
        raise Finding(
            Kind.ORIGIN,
            f"{place} shows a checkpoint of {checkpoint.origin!r}, and {origin} is meant. Read the log that "
            "you mean, or tell its operator that it is mixed up with another.",
            evidence,
        ).error()
    try:
        signed.check_signed([key for key in keys if key.name == origin])
    except TrustError as error:
        raise Finding(Kind.UNSIGNED, f"{place}: {error.message}", evidence).error() from error
    return View(checkpoint, signed, place)


def read_view(source: LogSource, keys: Iterable[NoteVerifier], *, origin: str) -> View:
    """Reads the latest checkpoint of a source; otherwise as `open_view`."""
    return open_view(source.checkpoint(), keys, origin=origin, place=source.place)


def check_growth(before: View, after: View, source: LogSource) -> None:
    """Checks that a log which was seen before has only grown (LOG-CONSISTENT-1).

    Args:
        before: What was seen.
        after: What is shown now.
        source: Whom to ask for the proof.

    Raises:
        TrustError: CHECKPOINT, as finding `rollback`, `fork` or `inconsistent`, with both checkpoints.
    """
    if after.size < before.size:
        raise _conflict(
            Kind.ROLLBACK,
            before,
            after,
            f"{after.place} shows {after.checkpoint.origin} at size {after.size}, and {before.size} was "
            "seen: leaves were taken away, or this is an old copy. Rely on nothing later than what was seen, "
            "and ask another mirror.",
        )
    if after.size == before.size:
        if after.root != before.root:
            raise _fork(before, after)
        return
    proof = _proof(before, after, source)
    if not verify_consistency(before.size, after.size, proof, before.root, after.root):
        raise _conflict(
            Kind.INCONSISTENT,
            before,
            after,
            f"{after.place} cannot prove that {after.checkpoint.origin} grew from size {before.size} to "
            f"{after.size}: what was logged before was changed, or the proof is of another log. Keep both "
            "checkpoints as evidence, and compare with other readers.",
        )


def compare_views(one: View, other: View, sources: Iterable[LogSource]) -> None:
    """Checks that two readers were shown the same log (AUDIT-VIEWS-1).

    Args:
        one: What one saw.
        other: What the other saw.
        sources: Whom to ask for the proof, one after the other; one that proves it is enough.

    Raises:
        TrustError: CHECKPOINT, as finding `fork` where both have one size, else as `split-view`.
    """
    smaller, larger = sorted((one, other), key=lambda view: view.size)
    if smaller.size == larger.size:
        if smaller.root != larger.root:
            raise _fork(smaller, larger)
        return
    unreachable: CrexError | None = None
    for source in sources:
        try:
            check_growth(smaller, larger, source)
        except TrustError:
            continue
        except CrexError as error:
            unreachable = error  # whom nobody could ask is no witness against the log
            continue
        return
    if unreachable is not None:
        raise unreachable
    raise _conflict(
        Kind.SPLIT_VIEW,
        smaller,
        larger,
        f"{smaller.place} shows {smaller.checkpoint.origin} at size {smaller.size}, {larger.place} at "
        f"{larger.size}, and nobody proves that the second begins with the first: the log shows different "
        "readers different trees. Keep both checkpoints as evidence.",
    )


def check_witnesses(
    view: View,
    witnesses: Iterable[NoteVerifier],
    *,
    now: datetime,
    quorum: int = 0,
    fresh_within: timedelta | None = None,
) -> Mapping[str, datetime]:
    """Checks the co-signatures of a checkpoint by the witnesses that are known here.

    Args:
        view: The checkpoint.
        witnesses: Their keys.
        now: The time of reading, aware.
        quorum: How many different authorities other than the log's must have co-signed.
        fresh_within: How old the quorum's co-signatures may be; unset: any age. With a quorum of 0 it asks
            for one.

    Returns:
        The authorities that co-signed, each with its latest time.

    Raises:
        TrustError: CHECKPOINT, as finding `cosignature` or `future`; QUORUM, if too few co-signed, or as
            finding `stale` if too long ago.
    """
    evidence = {"checkpoint": str(view.note), "place": view.place}
    times: dict[str, datetime] = {}
    for verifier, at in _cosignatures(view, witnesses, evidence):
        if at - now > LEEWAY:
            raise Finding(
                Kind.FUTURE,
                f"{view.place}: {verifier.name} co-signed at {format_time(at)}, more than 60 s after the "
                f"time of this check, {_show(now)}. Compare the clocks of both.",
                evidence,
            ).error()
        if verifier.authority != view.checkpoint.authority:
            times[verifier.authority] = max(at, times.get(verifier.authority, at))
    needed = max(quorum, 1 if fresh_within is not None else 0)
    if len(times) < needed:
        raise TrustError(
            "QUORUM",
            f"{view.place}: {len(times)} of the witnesses known here co-signed "
            f"({', '.join(sorted(times)) or 'nobody'}); {needed} must. Wait for more, or pin the trust "
            "documents of the witnesses.",
            details={"found": str(len(times)), "demanded": str(needed)},
        )
    if fresh_within is not None:
        newest = sorted(times.values(), reverse=True)[needed - 1]
        if now - newest > fresh_within:
            raise Finding(
                Kind.STALE,
                f"{view.place} shows a checkpoint that {needed} witness(es) last co-signed at "
                f"{format_time(newest)}, longer ago than {fresh_within}: an old copy, or a log that stands "
                "still. Ask another mirror, or the witnesses.",
                evidence,
            ).error()
    return times


def check_witness_times(one: View, other: View, witnesses: Iterable[NoteVerifier]) -> list[Finding]:
    """Finds the witnesses that co-signed the larger of two checkpoints as of before the smaller one.

    A witness signs no smaller checkpoint after a larger one and states no earlier time than before
    (WITNESS-TIME-1), so none of its times of the larger one comes before any of the smaller. A line that
    does not verify is nobody's word here.

    Args:
        one: A checkpoint.
        other: Another one of the same log.
        witnesses: The keys of the witnesses that are known here.
    """
    if one.size == other.size:
        return []
    smaller, larger = sorted((one, other), key=lambda view: view.size)
    found = []
    for verifier in witnesses:
        before, after = _times(smaller, verifier), _times(larger, verifier)
        if not before or not after or min(after) >= max(before):
            continue
        stated = (
            f"{format_time(max(before))} for size {smaller.size}, {format_time(min(after))} for {larger.size}"
        )
        found.append(
            Finding(
                Kind.BACKDATED,
                f"{verifier.name} went back in time with {larger.checkpoint.origin}: it stated {stated}. Its "
                "key signed a time that was not, so no log time that rests on it holds. Keep both "
                "checkpoints as evidence, and count on other witnesses.",
                {"before": str(smaller.note), "after": str(larger.note), "witness": verifier.name},
            )
        )
    return found


def _times(view: View, verifier: NoteVerifier) -> list[datetime]:
    """Gives the times that a witness states on a checkpoint, by its lines that verify."""
    found = []
    for line in view.note.by(verifier) if verifier.kind == KIND_COSIGNATURE else ():
        try:
            found.append(check_cosignature(view.note, line, verifier))
        except TrustError:
            continue
    return found


def _cosignatures(
    view: View, witnesses: Iterable[NoteVerifier], evidence: Mapping[str, str]
) -> Iterator[tuple[NoteVerifier, datetime]]:
    for verifier in witnesses:
        if verifier.kind != KIND_COSIGNATURE:
            continue
        for line in view.note.by(verifier):
            try:
                yield verifier, check_cosignature(view.note, line, verifier)
            except TrustError as error:
                raise Finding(Kind.COSIGNATURE, f"{view.place}: {error.message}", evidence).error() from error


def _proof(before: View, after: View, source: LogSource) -> list[bytes]:
    if before.size == 0:
        return []  # every log begins with nothing
    try:
        return list(source.consistency(before.size, after.size))
    except TrustError:
        raise
    except CrexError as error:
        if error.reason in ("NOT_FOUND", "SCHEMA"):
            return []  # it has no such proof, which proves nothing
        raise


def _fork(before: View, after: View) -> TrustError:
    return _conflict(
        Kind.FORK,
        before,
        after,
        f"{after.checkpoint.origin} signed two different trees of {after.size} leaves, one read from "
        f"{before.place}, one from {after.place}. Both checkpoints together prove it to anyone: keep them, "
        "and rely on neither.",
    )


def _conflict(kind: Kind, before: View, after: View, message: str) -> TrustError:
    evidence = {"before": str(before.note), "after": str(after.note), "place": after.place}
    return Finding(kind, message, evidence).error()


def _show(value: datetime) -> str:
    return format_time(value.replace(microsecond=0))
