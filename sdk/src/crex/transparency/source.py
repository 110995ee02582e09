"""Where a log is read: from its tiles in a folder or on a web server, or by calls to its broker.

Nothing that a source says is believed: readers verify checkpoints by keys that they hold, proofs by roots,
leaves by the whole tree. A source is asked for no more than the checkpoint states, and answers of another
size than asked for are refused, so that a liar can waste little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

from crex import v1
from crex.errors import CrexError, TrustError
from crex.transparency.findings import Finding, Kind
from crex.transparency.store import TileReader, bounded, read_tile, tile_nodes
from crex.transparency.tiles import CHECKPOINT_PATH, LEAF_BYTES, WIDTH, read_leaves, tile_at
from crex.trust.merkle import prove_consistency, prove_inclusion

# Leaves that a broker returns at once at most (ListEntries).
_PAGE: Final = 10_000
# Records that a broker shows a supervisor at once at most (ListRecords).
_RECORDS: Final = 1000


class LogSource(Protocol):
    """What can be asked of a log, wherever it is read."""

    @property
    def place(self) -> str:
        """Where that is, for people."""
        ...

    def checkpoint(self) -> str:
        """Returns the latest checkpoint, a signed note.

        Raises:
            CrexError: It cannot be read.
        """
        ...

    def consistency(self, first: int, second: int) -> Sequence[bytes]:
        """Returns the proof that the log grew from one size to another.

        Raises:
            CrexError: It cannot be read.
        """
        ...

    def inclusion(self, index: int, size: int) -> Sequence[bytes]:
        """Returns the proof that a leaf is in the log of some size.

        Raises:
            CrexError: It cannot be read.
        """
        ...

    def leaves(self, start: int, end: int) -> Iterator[list[bytes]]:
        """Yields the leaves [start, end), some at a time, none missing.

        Raises:
            CrexError: They cannot be read.
            TrustError: CHECKPOINT: there are fewer.
        """
        ...


class TileSource:
    """A log in its tiles."""

    def __init__(self, reader: TileReader) -> None:
        self.reader: Final = reader

    @property
    def place(self) -> str:
        """Where the tiles are."""
        return self.reader.place

    def checkpoint(self) -> str:
        """Returns the latest checkpoint.

        Raises:
            CrexError: NOT_FOUND: there is none; MALFORMED text is refused as CHECKPOINT.
        """
        data = self.reader.read(CHECKPOINT_PATH)
        if data is None:
            raise CrexError(
                "NOT_FOUND",
                "There is no `checkpoint` here, so this is no log. Give the folder or address that holds it.",
                source=self.place,
            )
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise Finding(
                Kind.MALFORMED, f"The checkpoint at {self.place} is not valid UTF-8. Read another mirror."
            ).error() from None

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Returns the proof that the log grew from one size to another."""
        return prove_consistency(first, second, tile_nodes(self.reader, second))

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Returns the proof that a leaf is in the log of some size."""
        return prove_inclusion(index, size, tile_nodes(self.reader, size))

    def leaves(self, start: int, end: int) -> Iterator[list[bytes]]:
        """Yields the leaves [start, end), a bundle at a time."""
        for number in range(start // WIDTH, -(-end // WIDTH)):
            tile = tile_at(None, number, end)
            leaves = read_leaves(read_tile(self.reader, tile), tile)
            yield leaves[max(0, start - number * WIDTH) :]


class LogCalls(Protocol):
    """The calls to a broker that are needed here; `crex.client.Client` has them."""

    def get_checkpoint(self, request: v1.GetCheckpointRequest, /) -> v1.GetCheckpointResponse:
        """Returns the latest checkpoint."""
        ...

    def get_consistency_proof(
        self, request: v1.GetConsistencyProofRequest, /
    ) -> v1.GetConsistencyProofResponse:
        """Proves that one size grew into another."""
        ...

    def get_inclusion_proof(self, request: v1.GetInclusionProofRequest, /) -> v1.GetInclusionProofResponse:
        """Proves that a leaf is in the log."""
        ...

    def list_entries(self, request: v1.ListEntriesRequest, /) -> v1.ListEntriesResponse:
        """Lists leaf data."""
        ...


class BrokerSource:
    """A log by calls to its broker."""

    def __init__(self, calls: LogCalls, place: str) -> None:
        """Wraps a client.

        Args:
            calls: The client.
            place: The broker, for people.
        """
        self._calls = calls
        self._place = place

    @property
    def place(self) -> str:
        """The broker."""
        return self._place

    def checkpoint(self) -> str:
        """Returns the latest checkpoint."""
        return self._calls.get_checkpoint(v1.GetCheckpointRequest()).checkpoint

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Returns the proof that the log grew from one size to another."""
        request = v1.GetConsistencyProofRequest(to=second)
        setattr(request, "from", first)
        return list(self._calls.get_consistency_proof(request).hashes)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Returns the proof that a leaf is in the log of some size."""
        request = v1.GetInclusionProofRequest(index=index, size=size)
        return list(self._calls.get_inclusion_proof(request).proof.hashes)

    def leaves(self, start: int, end: int) -> Iterator[list[bytes]]:
        """Yields the leaves [start, end), an answer at a time.

        Raises:
            TrustError: CHECKPOINT: there are fewer, or other than asked for.
        """
        while start < end:
            count = min(_PAGE, end - start)
            found = list(self._calls.list_entries(v1.ListEntriesRequest(start=start, count=count)).leaves)
            if not 0 < len(found) <= count or any(len(leaf) != LEAF_BYTES for leaf in found):
                raise Finding(
                    Kind.CUT_OFF,
                    f"{self._place} was asked for {count} leaves from position {start} and gave {len(found)} "
                    f"leaves or parts of some, though its checkpoint states {end}. Keep the checkpoint as "
                    "evidence, and read a mirror.",
                ).error()
            yield found
            start += len(found)


def records_between(
    list_records: Callable[[v1.ListRecordsRequest], v1.ListRecordsResponse],
    place: str,
    start: int,
    end: int,
    *,
    purpose: str = "",
) -> Iterator[v1.SupervisedRecord]:
    """Yields the records of positions [start, end) that a supervisor is shown; every page is itself logged.

    A page may hold none and still lead on, for a broker looks through a part of its log at a time. So what
    ends the reading is the end that was asked for, not what the broker says.

    Args:
        list_records: The call to the broker.
        place: The broker, for people.
        start: First position.
        end: Where to stop, the size of a checkpoint that the log signed.
        purpose: Why they are to be unsealed; empty: they are not.

    Raises:
        TrustError: CHECKPOINT, as finding `record`: the broker goes back, stands still, or shows more at once
            than it was asked for.
    """
    while start < end:
        request = v1.ListRecordsRequest(
            start=start, page_size=_RECORDS, unseal=bool(purpose), purpose=purpose
        )
        page = list_records(request)
        at = start
        for record in page.records:
            if record.index < at or len(page.records) > _RECORDS:
                raise _astray(
                    place,
                    start,
                    f"shows position {record.index} where {at} or a later one must come, among "
                    f"{len(page.records)} records of at most {_RECORDS}",
                )
            if record.index >= end:
                return  # accepted since
            yield record
            at = record.index + 1
        if not page.HasField("next"):
            return
        if page.next < max(at, start + 1):
            raise _astray(place, start, f"goes on at {page.next}: it does not advance")
        start = page.next


def _astray(place: str, start: int, what: str) -> TrustError:
    return Finding(
        Kind.RECORD,
        f"{place} was asked for records from position {start} and {what}. Keep the answer as evidence, and "
        "ask its operator.",
    ).error()


class WebTiles:
    """The files of a log on a web server; how they are fetched, the caller says."""

    def __init__(self, place: str, get: Callable[[str], bytes]) -> None:
        """Wraps a fetcher.

        Args:
            place: The log's prefix, for people.
            get: Gets a file by its path below the prefix; raises a `CrexError` NOT_FOUND where there is none.
        """
        self._place = place
        self._get = get

    @property
    def place(self) -> str:
        """The log's prefix."""
        return self._place

    def read(self, path: str) -> bytes | None:
        """Returns a file; nothing if there is none.

        Raises:
            CrexError: It cannot be fetched, or is larger than any file of a log.
        """
        try:
            return bounded(self._get(path), f"{self._place}/{path}")
        except CrexError as error:
            if error.reason == "NOT_FOUND":
                return None
            raise
