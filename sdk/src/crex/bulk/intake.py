"""From records in strict form, one a line, to the table of records: streaming, every line strictly checked.

Reading JSON strictly costs more than rating it. So a line that is spelt as our own writers spell it, with
texts that were strictly read before, is recognised by one regular expression that lets nothing else through;
every other line goes to `crex.metering.parse_record`. Both ways give the same record or the same verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import orjson

from crex.bulk.extras import require
from crex.decimals import format_decimal
from crex.documents.times import parse_time, to_ms
from crex.errors import CrexError
from crex.metering.record import MAX_RECORD_BYTES, parse_record

if TYPE_CHECKING:
    from types import TracebackType

_ROWS: Final = 65_536
_INT: Final = rb'"([1-9][0-9]{0,17})"'
_TIME: Final = rb'"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})Z"'
_TEXT: Final = rb'("[^"\\\x00-\x1f]+")'
_QUANTITY: Final = rb'"(0|[1-9][0-9]{0,17}(?:\.[0-9]{0,11}[1-9])?|0\.[0-9]{0,11}[1-9])"'
# The members in their order in the contract, without spaces, with nothing that is optional.
_USUAL: Final = re.compile(
    rb'\{"meterId":("[a-z0-9-]{1,63}"),"seq":%b,"revision":%b,"lease":%b,"resource":%b,"dimension":%b,'
    rb'"start":%b,"end":%b,"quantity":%b,"unit":%b\}'
    % (_INT, _INT, _TEXT, _TEXT, _TEXT, _TIME, _TIME, _QUANTITY, _TEXT)
)
# Texts and days that are remembered at most; a stranger could send ever new ones.
_MOST_KNOWN: Final = 1_000_000


@dataclass(slots=True)
class _Known:
    """What was strictly read before: texts of meter, lease, resource, dimension and unit together; times."""

    texts: dict[tuple[bytes, ...], tuple[str, ...]] = field(default_factory=dict)
    times: dict[bytes, int] = field(default_factory=dict)

    def time(self, text: bytes) -> int | None:
        """Returns the milliseconds of a time without its Z; nothing where it may not exist."""
        found = self.times.get(text)
        if found is None:
            try:
                found = to_ms(parse_time(text.decode() + "Z"))
            except CrexError:
                return None
            if len(self.times) < _MOST_KNOWN:
                self.times[text] = found
        return found


# Columns of the table and their Arrow types, in order.
_TYPES: Final = {
    "lease": "string",
    "meter_id": "string",
    "seq": "int64",
    "revision": "int64",
    "resource": "string",
    "dimension": "string",
    "unit": "string",
    "start": "int64",
    "end": "int64",
    "quantity": "string",
    "estimated": "bool_",
    "bill": "string",
    "sha256": "string",
    "refused": "string",
}
Row = tuple[Any, ...]


class RecordTable:
    """A Parquet file of records that is being written; it gets its name when all of it is there."""

    def __init__(self, path: Path) -> None:
        self._pa, parquet = require("pyarrow"), require("pyarrow.parquet")
        self._path, self._temporary = path, path.with_name(f".{path.name}.tmp")
        types = [getattr(self._pa, name)() for name in _TYPES.values()]
        self._schema = self._pa.schema(list(zip(_TYPES, types, strict=True)))
        self._writer = parquet.ParquetWriter(self._temporary, self._schema, compression="zstd")
        self._rows: list[Row] = []
        self._known = _Known()
        self.records = 0

    def add(self, body: bytes, *, place: str = "", bill: str | None = None) -> None:
        """Adds a record, or, where it is none, why.

        Args:
            body: The exact bytes of its strict form.
            place: Where it stands, for people.
            bill: The bill that it was handed in for; nothing: each bill that names its lease.
        """
        row = _usual(body, bill, self._known) or _strict(body, place, bill, self._known)
        self._rows.append(row)
        self.records += 1
        if len(self._rows) >= _ROWS:
            self._flush()

    def _flush(self) -> None:
        columns = list(zip(*self._rows, strict=True)) if self._rows else [()] * len(_TYPES)
        arrays = [
            self._pa.array(values, field.type) for values, field in zip(columns, self._schema, strict=True)
        ]
        self._writer.write_table(self._pa.table(arrays, schema=self._schema))
        self._rows.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._writer.close()
        if kind is None:
            self._temporary.replace(self._path)
        else:
            self._temporary.unlink(missing_ok=True)


def lines_of(path: Path, *, most: int = MAX_RECORD_BYTES) -> Iterator[bytes]:
    """Yields the lines of a file without their ends; of one that is too long, no more than shows it."""
    with path.open("rb") as file:
        while line := file.readline(most + 2):
            yield line.removesuffix(b"\n")
            while not line.endswith(b"\n") and len(line) == most + 2:
                line = file.readline(most + 2)  # the rest of a line that is too long


def convert(path: Path, table: RecordTable) -> Iterator[int]:
    """Adds each line of a JSON Lines file to a table; yields, now and then, the bytes that were read."""
    read = 0
    for number, line in enumerate(lines_of(path), start=1):
        table.add(line, place=f"{path.name}, line {number}")
        read += len(line) + 1
        if number % _ROWS == 0:
            yield read
    yield read


def rows_of(bodies: Iterable[bytes]) -> Iterator[Row]:
    """Yields the row of each record, as a table has it."""
    known = _Known()
    for body in bodies:
        yield _usual(body, None, known) or _strict(body, "", None, known)


def _usual(body: bytes, bill: str | None, known: _Known) -> Row | None:
    found = _USUAL.fullmatch(body)
    if found is None or len(body) > MAX_RECORD_BYTES:
        return None
    meter, seq, revision, lease, resource, dimension, start, end, quantity, unit = found.groups()
    texts = known.texts.get((meter, lease, resource, dimension, unit))
    start_ms, end_ms = known.time(start), known.time(end)
    if texts is None or start_ms is None or end_ms is None or start_ms > end_ms:
        return None
    meter_id, lease_id, resource_id, dimension_id, unit_id = texts
    return (
        lease_id,
        meter_id,
        int(seq),
        int(revision),
        resource_id,
        dimension_id,
        unit_id,
        start_ms,
        end_ms,
        quantity.decode(),
        False,
        bill,
        sha256(body).hexdigest(),
        None,
    )


def _strict(body: bytes, place: str, bill: str | None, known: _Known) -> Row:
    try:
        record = parse_record(body)
    except CrexError as error:
        return _refused(body, f"{error.reason} {place}".rstrip(), bill)
    found = _USUAL.fullmatch(body)
    if found is not None and len(known.texts) < _MOST_KNOWN:
        meter, _, _, lease, resource, dimension, _, _, _, unit = found.groups()
        known.texts[meter, lease, resource, dimension, unit] = (
            record.meter_id,
            record.lease,
            record.resource,
            record.dimension,
            record.unit,
        )
    return (
        record.lease,
        record.meter_id,
        record.seq,
        record.revision,
        record.resource,
        record.dimension,
        record.unit,
        record.span.start_ms,
        record.span.end_ms,
        format_decimal(record.quantity),
        record.estimated,
        bill,
        sha256(body).hexdigest(),
        None,
    )


def _refused(body: bytes, reason: str, bill: str | None) -> Row:
    """The row of what is no record: as much of it as finds the bill that it would have been of."""
    try:
        value = orjson.loads(body)
    except ValueError:
        value = None
    value = value if isinstance(value, dict) else {}
    texts = {name: value.get(name) for name in ("lease", "meterId")}
    lease, meter_id = (text if isinstance(text, str) else None for text in texts.values())
    return (lease, meter_id, None, None, None, None, None, None, None, None, False, bill, "", reason)
