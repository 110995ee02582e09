"""Steps 3 to 9 and 12 of `rate/1` as relational work: one text of SQL for DuckDB and Spark (rating.md).

Every step is one SELECT over the tables of the steps before it; the engine keeps each as a table of that
name. Tables that are given: `records` (columns.py), `leases`, `uses`, `profiles`, `grids`, `lookups`
(grids.py).

Exact without an overflow. A quantity has up to 18 digits before and 12 after the point; times milliseconds,
and summed, it can exceed the 38 digits that both engines have. In the *wide* form it is divided into `whole`,
a whole number, and `rest`, with 12 digits; whether an engine rounds (DuckDB) or cuts (Spark) does not matter,
because whole + rest is the quantity in any case, and the rest is more than -1 and less than 1. Each is
multiplied by milliseconds and summed by itself. `whole` is at most 10^18 and milliseconds are at most the
length of the period; so a sum over n records is at most n × 10^18 × length, and fits 38 digits for 10^9
records in a period of 115 days; what does not fit is refused (sums.py). A `rest` takes at most 12 + 15 digits
and the 9 of 10^9 records. Where the greatest quantity that was met shows that no more than 26 digits come
before the point, as is usual, the *narrow* form sums quantities undivided. Every operand, product and sum is
cast, since engines derive different types where they are left alone; nothing is divided.

Fast where usage is as usual. Sorting every record would cost most of the time, and shows nothing where each
number came once and each record begins where the one before it ended. That is proved without sorting, per
*bucket* of 16 consecutive numbers of a meter: bits of which numbers came, and how often each; and one length,
and one distance from number to number, of its intervals. What cannot be proved is sorted and decided one by
one: the numbers that came more than once, and buckets that are irregular. The same is done for bounds: the
greatest quantity of each meter, and the first and last instant, prove most leases; the others are decided
record by record.
"""

from __future__ import annotations

from typing import Final

# Numbers of a meter that are proved at once: 2^4, each counted in 3 bits, so that 48 bits hold them.
BUCKET_BITS: Final = 4
_COUNTER_BITS: Final = 3
# While no more records than this are beyond one for each number, no counter runs over.
_MOST_MORE: Final = (1 << _COUNTER_BITS) - 2
_PLACE: Final = f"(k.seq & {(1 << BUCKET_BITS) - 1})"
_COUNT_PLACE: Final = f"CAST({_COUNTER_BITS} * {_PLACE} AS INTEGER)"
# How often a number of a bucket of `dirty` came, where that is known.
_TIMES: Final = f"((d.counts >> {_COUNT_PLACE}) & {(1 << _COUNTER_BITS) - 1})"
_LENGTH: Final = "(k.end_ms - k.start_ms)"
_ZERO: Final = "CAST(0 AS DECIMAL(38,0))"
# Of each form: the bounds under which it is exact are those of sums.py.
_NARROW: Final = "CAST(c.quantity AS DECIMAL(24,12)) * CAST({} AS DECIMAL(13,0))"
_WHOLE: Final = "CAST(CAST(c.quantity AS BIGINT) AS DECIMAL(19,0)) * CAST({} AS DECIMAL(15,0))"
# DuckDB multiplies in 64 bits where both operands fit them; so one of them is wider.
_REST: Final = (
    "CAST(c.quantity - CAST(CAST(c.quantity AS BIGINT) AS DECIMAL(30,12)) AS DECIMAL(19,12))"
    " * CAST({} AS DECIMAL(15,0))"
)


def _sums(name: str, factor: str, *, narrow: bool) -> str:
    """Returns the sums of quantity × factor as two columns, the whole numbers and the rests."""
    if narrow:
        return f"{_ZERO} AS {name}_whole, {_sum(_NARROW.format(factor), '38,12')} AS {name}_rest"
    whole, rest = _sum(_WHOLE.format(factor), "38,0"), _sum(_REST.format(factor), "38,12")
    return f"{whole} AS {name}_whole, {rest} AS {name}_rest"


def _sum(operand: str, digits: str) -> str:
    return f"CAST(SUM(CAST({operand} AS DECIMAL({digits}))) AS DECIMAL({digits}))"


# --- Which meters there are: everything that is the same for all records of one. ---

# Where a record has no bill it is of each bill that names its lease.
METERS = """
SELECT r.bill, r.lease, r.meter_id, r.resource, r.dimension, r.unit, COUNT(*) AS records
FROM records r
WHERE r.refused IS NULL
GROUP BY r.bill, r.lease, r.meter_id, r.resource, r.dimension, r.unit
"""

# Rows that are no records (step 2): of each lease and reason the first, and how many there are.
REFUSED = """
SELECT r.bill, r.lease, r.refused, r.meter_id, r.seq, r.revision, r.records
FROM (
  SELECT r.bill, r.lease, r.refused, r.meter_id, r.seq, r.revision,
    ROW_NUMBER() OVER (
      PARTITION BY r.bill, r.lease, r.refused ORDER BY r.meter_id, r.seq, r.revision
    ) AS place,
    COUNT(*) OVER (PARTITION BY r.bill, r.lease, r.refused) AS records
  FROM records r
  WHERE r.refused IS NOT NULL
) r
WHERE r.place = 1
ORDER BY r.bill, r.lease, r.refused
"""

# Meters none of whose records can count (`odd`): of each the first record.
ODD = """
SELECT o.slot, o.kind, o.note, o.records, o.meter_id, o.seq, o.revision
FROM (
  SELECT o.slot, o.kind, o.note, o.records, r.meter_id, r.seq, r.revision,
    ROW_NUMBER() OVER (
      PARTITION BY o.slot, o.kind, o.note, r.meter_id, r.resource, r.dimension, r.unit
      ORDER BY r.seq, r.revision
    ) AS place
  FROM records r
  JOIN odd o ON o.bill = r.bill AND o.lease = r.lease AND o.meter_id = r.meter_id
    AND o.resource = r.resource AND o.dimension = r.dimension AND o.unit = r.unit
  WHERE r.refused IS NULL
) o
WHERE o.place = 1
ORDER BY o.slot, o.kind, o.note, o.meter_id
"""

# A track is (lease, meter, resource, dimension, unit): `track`, `meter`, `lane` (what must not overlap: all
# but the unit) and `used` (what is summed: lease, dimension, unit) are numbers, because numbers sort and join
# fast.
TRACKS = """
SELECT m.*,
  ROW_NUMBER() OVER (ORDER BY m.slot, m.meter_id, m.resource, m.dimension, m.unit) AS track,
  DENSE_RANK() OVER (ORDER BY m.slot, m.meter_id) AS meter,
  DENSE_RANK() OVER (ORDER BY m.slot, m.meter_id, m.resource, m.dimension) AS lane,
  DENSE_RANK() OVER (ORDER BY m.slot, m.dimension, m.unit) AS used
FROM (
  SELECT l.slot, m.bill, m.lease, m.meter_id, m.resource, m.dimension, m.unit, m.records,
    l.active_start, l.active_end, l.period_start, l.period_end, l.quantity,
    COALESCE(u.timed, FALSE) AS timed, COALESCE(u.bounded, FALSE) AS bounded,
    g.grid, g.shift, COALESCE(u.banding, p.banding) AS banding
  FROM meters m
  JOIN leases l ON l.lease = m.lease AND (m.bill = '' OR m.bill = l.bill)
  JOIN profiles p ON p.profile = l.profile
  LEFT JOIN uses u ON u.profile = l.profile AND u.dimension = m.dimension AND u.unit = m.unit
  JOIN grids g ON g.grid = COALESCE(u.grid, p.grid)
) m
"""

# The records, their texts replaced by the number of their track.
TAKEN = f"""
SELECT t.track, t.meter, r.seq, r.revision, r.start_ms, r.end_ms, r.estimated, r.mark, r.quantity,
  r.seq >> {BUCKET_BITS} AS bucket
FROM records r
JOIN tracks t ON t.lease = r.lease AND t.meter_id = r.meter_id AND t.resource = r.resource
  AND t.dimension = r.dimension AND t.unit = r.unit AND t.bill = r.bill
WHERE r.refused IS NULL
"""

# --- Steps 3 and 4: each number once, in its highest revision. ---

BUCKETS = f"""
SELECT k.track, k.meter, k.bucket, COUNT(*) AS records,
  BIT_OR(CAST(1 AS BIGINT) << CAST({_PLACE} AS INTEGER)) AS bits,
  CAST(SUM(CAST(CAST(1 AS BIGINT) << {_COUNT_PLACE} AS DECIMAL(18,0))) AS DECIMAL(38,0)) AS counts,
  MIN(k.seq) AS first_seq, MAX(k.seq) AS last_seq,
  MIN(k.start_ms) AS start_ms, MAX(k.end_ms) AS end_ms,
  MAX(CASE WHEN k.start_ms = k.end_ms THEN k.end_ms + 1 ELSE k.end_ms END) AS past_ms,
  MAX(k.quantity) AS most,
  MAX(CASE WHEN k.estimated THEN 1 ELSE 0 END) AS estimated,
  CASE WHEN MAX({_LENGTH}) = 0 OR (MIN({_LENGTH}) = MAX({_LENGTH})
      AND MIN(k.start_ms - {_PLACE} * {_LENGTH}) = MAX(k.start_ms - {_PLACE} * {_LENGTH}))
    THEN 0 ELSE 1 END AS irregular
FROM taken k
GROUP BY k.track, k.meter, k.bucket
"""

# Bits of a meter, over all its tracks.
NUMBERS = """
SELECT b.meter, b.bucket, BIT_OR(b.bits) AS bits, MIN(b.first_seq) AS first_seq, MAX(b.last_seq) AS last_seq,
  MAX(b.irregular) AS irregular,
  CAST(SUM(b.counts) AS DECIMAL(38,0)) AS counts,
  CAST(SUM(CAST(b.records AS DECIMAL(18,0))) AS DECIMAL(38,0)) AS records
FROM buckets b
GROUP BY b.meter, b.bucket
"""

# Buckets of which not all is proved: `irregular` ones, all of whose records are sorted, and others, of which
# only numbers that came more than once are.
DIRTY = f"""
SELECT n.meter, n.bucket,
  CASE WHEN n.irregular = 1 OR n.records - BIT_COUNT(n.bits) > {_MOST_MORE} THEN 1 ELSE 0 END AS irregular,
  CASE WHEN n.records - BIT_COUNT(n.bits) > {_MOST_MORE} THEN 0 ELSE CAST(n.counts AS BIGINT) END AS counts
FROM numbers n
WHERE n.irregular = 1 OR n.records <> BIT_COUNT(n.bits)
"""

SORTED = f"""
SELECT d.irregular, k.track, k.meter, k.bucket, k.seq, k.revision, k.start_ms, k.end_ms, k.estimated,
  k.quantity,
  LEAD(k.seq) OVER w AS next_seq,
  CASE WHEN k.seq = LAG(k.seq) OVER w AND k.revision = LAG(k.revision) OVER w AND NOT (
    k.track = LAG(k.track) OVER w AND k.start_ms = LAG(k.start_ms) OVER w AND k.end_ms = LAG(k.end_ms) OVER w
    AND k.quantity = LAG(k.quantity) OVER w
    AND k.estimated = LAG(k.estimated) OVER w AND k.mark = LAG(k.mark) OVER w
  ) THEN 1 ELSE 0 END AS differs
FROM taken k
JOIN dirty d ON d.meter = k.meter AND d.bucket = k.bucket
WHERE d.irregular = 1 OR {_TIMES} > 1
WINDOW w AS (PARTITION BY k.meter ORDER BY k.seq, k.revision)
"""

# Step 3, RATE-CONFLICT-1.
CONFLICTS = """
SELECT t.slot, t.meter_id, s.seq, s.revision, s.start_ms, s.end_ms,
  CAST(NULL AS BIGINT) AS other_seq, CAST(NULL AS BIGINT) AS at_ms
FROM sorted s JOIN tracks t ON t.track = s.track
WHERE s.differs = 1
"""

# Step 4, RATE-REVISION-1: of one number the last in this order is the highest revision, once.
SURVIVORS = """
SELECT s.irregular, s.track, s.seq, s.revision, s.start_ms, s.end_ms, s.estimated, s.quantity
FROM sorted s
WHERE s.next_seq IS NULL OR s.next_seq <> s.seq
"""

COUNTING = f"""
SELECT k.track, k.seq, k.revision, k.start_ms, k.end_ms, k.estimated, k.quantity
FROM taken k LEFT JOIN dirty d ON d.meter = k.meter AND d.bucket = k.bucket
WHERE d.meter IS NULL OR (d.irregular = 0 AND {_TIMES} = 1)
UNION ALL
SELECT s.track, s.seq, s.revision, s.start_ms, s.end_ms, s.estimated, s.quantity FROM survivors s
"""

# Step 4, RATE-COMPLETE-1: buckets in which a number is absent, or before which one is (missing.py).
HOLES = """
SELECT t.slot, t.meter_id, n.bucket, n.bits, n.last_before
FROM (
  SELECT n.meter, n.bucket, n.bits, n.first_seq, n.last_seq,
    LAG(n.last_seq) OVER (PARTITION BY n.meter ORDER BY n.bucket) AS last_before
  FROM numbers n
) n
JOIN (SELECT DISTINCT t.meter, t.slot, t.meter_id FROM tracks t) t ON t.meter = n.meter
LEFT JOIN firsts f ON f.slot = t.slot AND f.meter_id = t.meter_id
WHERE (n.last_before IS NULL AND n.first_seq <> COALESCE(f.first_seq, 1))
  OR n.first_seq <> n.last_before + 1
  OR BIT_COUNT(n.bits) <> n.last_seq - n.first_seq + 1
ORDER BY t.slot, t.meter_id, n.bucket
"""

# For meters with a gap marker, every bucket: `asked` holds their slot and name.
ASKED_NUMBERS = """
SELECT t.slot, t.meter_id, n.bucket, n.bits
FROM numbers n
JOIN (
  SELECT DISTINCT t.meter, t.slot, t.meter_id
  FROM tracks t JOIN asked a ON a.slot = t.slot AND a.meter_id = t.meter_id
) t ON t.meter = n.meter
"""

ESTIMATED = """
SELECT DISTINCT t.slot
FROM counting c
JOIN (SELECT DISTINCT b.track FROM buckets b WHERE b.estimated = 1) e ON e.track = c.track
JOIN tracks t ON t.track = c.track
WHERE c.estimated
"""

# --- Step 5: what may be claimed at most. ---

# Regular buckets and single survivors of the others, in the order of their numbers: where each begins no
# earlier than the one before it ended, nothing overlaps. Otherwise the lane is decided record by record.
SUSPECTS = """
SELECT DISTINCT i.lane
FROM (
  SELECT i.lane, i.start_ms, LAG(i.end_ms) OVER (PARTITION BY i.lane ORDER BY i.seq, i.start_ms) AS before_ms
  FROM (
    SELECT t.lane, b.first_seq AS seq, b.start_ms, b.end_ms
    FROM buckets b JOIN tracks t ON t.track = b.track
    LEFT JOIN dirty d ON d.meter = b.meter AND d.bucket = b.bucket
    WHERE d.meter IS NULL OR d.irregular = 0
    UNION ALL
    SELECT t.lane, s.seq, s.start_ms, s.end_ms FROM survivors s JOIN tracks t ON t.track = s.track
    WHERE s.irregular = 1
  ) i
) i
WHERE i.before_ms > i.start_ms
"""

# RATE-OVERLAP-1. In order of time some pair overlaps if and only if two neighbours do.
OVERLAPS = """
SELECT o.slot, o.meter_id, o.seq, o.revision, o.start_ms, o.end_ms, o.other_seq, o.before_ms AS at_ms
FROM (
  SELECT t.slot, t.meter_id, c.seq, c.revision, c.start_ms, c.end_ms,
    LAG(c.end_ms) OVER (PARTITION BY t.lane ORDER BY c.start_ms, c.end_ms, c.seq) AS before_ms,
    LAG(c.seq) OVER (PARTITION BY t.lane ORDER BY c.start_ms, c.end_ms, c.seq) AS other_seq
  FROM counting c JOIN tracks t ON t.track = c.track JOIN suspects s ON s.lane = t.lane
  WHERE c.start_ms < c.end_ms
) o
WHERE o.before_ms > o.start_ms
"""

# RATE-ACTIVE-1. A record of one instant lies in [start, end), so never at the end.
OUTSIDE = """
SELECT t.slot, t.meter_id, c.seq, c.revision, c.start_ms, c.end_ms,
  CAST(NULL AS BIGINT) AS other_seq, CAST(NULL AS BIGINT) AS at_ms
FROM counting c
JOIN tracks t ON t.track = c.track
JOIN (
  SELECT b.track FROM buckets b JOIN tracks t ON t.track = b.track
  GROUP BY b.track, t.active_start, t.active_end
  HAVING MIN(b.start_ms) < t.active_start OR MAX(b.past_ms) > t.active_end
) s ON s.track = c.track
WHERE c.start_ms < t.active_start OR c.end_ms > t.active_end
  OR (c.start_ms = c.end_ms AND c.start_ms >= t.active_end)
"""

# RATE-QUANTITY-1. Where no lane overlaps itself, at most one record of each lane is held at an instant: the
# sum of the greatest of each is a bound. Uses where that bound exceeds what was leased are asked at every
# instant.
DOUBTFUL = """
SELECT g.used
FROM (
  SELECT t.used, t.lane, t.quantity, MAX(b.most) AS most,
    MAX(CASE WHEN s.lane IS NULL THEN 0 ELSE 1 END) AS suspect
  FROM buckets b JOIN tracks t ON t.track = b.track LEFT JOIN suspects s ON s.lane = t.lane
  WHERE t.bounded
  GROUP BY t.used, t.lane, t.quantity
) g
GROUP BY g.used, g.quantity
HAVING MAX(g.suspect) = 1 OR CAST(SUM(CAST(CEIL(g.most) AS DECIMAL(19,0))) AS DECIMAL(38,0)) > g.quantity
"""

# At one instant ends come before starts: intervals that touch are never held together. More is held than
# leased where rest > quantity - whole. The rests of 10^9 records sum to less than 10^9, so that difference is
# cut there.
EXCESSES = """
SELECT h.slot, h.meter_id, h.seq, h.revision, h.start_ms, h.end_ms,
  CAST(NULL AS BIGINT) AS other_seq, h.at_ms AS at_ms
FROM (
  SELECT e.slot, e.meter_id, e.seq, e.revision, e.start_ms, e.end_ms, e.at_ms, e.quantity,
    CAST(SUM(CAST(e.whole AS DECIMAL(38,0))) OVER w AS DECIMAL(38,0)) AS whole,
    CAST(SUM(CAST(e.rest AS DECIMAL(38,12))) OVER w AS DECIMAL(38,12)) AS rest
  FROM (
    SELECT t.slot, t.used, t.quantity, t.meter_id, c.seq, c.revision, c.start_ms, c.end_ms,
      c.start_ms AS at_ms, 1 AS begins,
      CAST(c.quantity AS BIGINT) AS whole, c.quantity - CAST(CAST(c.quantity AS BIGINT) AS DECIMAL(30,12)) AS
        rest
    FROM counting c JOIN tracks t ON t.track = c.track JOIN doubtful d ON d.used = t.used
    WHERE t.bounded AND c.start_ms < c.end_ms
    UNION ALL
    SELECT t.slot, t.used, t.quantity, t.meter_id, c.seq, c.revision, c.start_ms, c.end_ms,
      c.end_ms AS at_ms, 0 AS begins,
      -CAST(c.quantity AS BIGINT) AS whole, CAST(CAST(c.quantity AS BIGINT) AS DECIMAL(30,12)) - c.quantity
        AS rest
    FROM counting c JOIN tracks t ON t.track = c.track JOIN doubtful d ON d.used = t.used
    WHERE t.bounded AND c.start_ms < c.end_ms
  ) e
  WINDOW w AS (PARTITION BY e.used ORDER BY e.at_ms, e.begins, e.meter_id, e.seq
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
) h
WHERE h.rest > CAST(LEAST(GREATEST(
    CAST(h.quantity - h.whole AS DECIMAL(38,0)), CAST(-2000000000 AS DECIMAL(38,0))),
    CAST(2000000000 AS DECIMAL(38,0))) AS DECIMAL(38,12))
"""

# --- Steps 7 to 9 and 12: quantities between cuts. ---

# Each record is looked up once, by where it starts. `used` × cell: what its records hold up to the end of the
# cell in which they start; and, of those that go on past it, what they hold from there (`open`).
_STARTS: Final = """
  FROM (
    SELECT t.used, t.timed, t.grid, t.shift, t.period_start, c.quantity,
      CASE WHEN t.timed AND c.start_ms < t.period_start THEN t.period_start ELSE c.start_ms END AS from_ms,
      CASE WHEN t.timed AND c.end_ms > t.period_end THEN t.period_end ELSE c.end_ms END AS until_ms
    FROM counting c JOIN tracks t ON t.track = c.track
  ) c
  JOIN lookups l ON l.grid = c.grid AND l.bucket = ((c.from_ms - c.period_start) >> c.shift)
    AND c.from_ms >= l.cell_start AND c.from_ms < l.cell_end
"""
_PAST: Final = "(c.timed AND c.until_ms > l.cell_end)"
_HELD: Final = (
    f"CASE WHEN NOT c.timed THEN 1 WHEN {_PAST} THEN l.cell_end - c.from_ms ELSE c.until_ms - c.from_ms END"
)
_OPEN: Final = f"CASE WHEN {_PAST} THEN 1 ELSE 0 END"


def starts(*, narrow: bool) -> str:
    """Returns the sums by the cells in which records start."""
    return f"""
SELECT c.used, l.cell_start,
  {_sums("held", _HELD, narrow=narrow)}, {_sums("open", _OPEN, narrow=narrow)},
  MAX(CASE WHEN c.until_ms > l.cell_end THEN 1 ELSE 0 END) AS past
{_STARTS}
WHERE c.until_ms > c.from_ms OR (NOT c.timed AND c.until_ms = c.from_ms)
GROUP BY c.used, l.cell_start
"""


# Records that go on past the cell in which they start, by where they end: what they do not hold of that cell
# any more, and that they go on no further. A record to the period's end, or past it, ends in no cell.
_UNHELD: Final = "e.cell_end - c.until_ms"


def ends(*, narrow: bool) -> str:
    """Returns the sums by the cells in which such records end."""
    return f"""
SELECT c.used, e.cell_start,
  {_sums("held", _UNHELD, narrow=narrow)}, {_sums("open", "1", narrow=narrow)}
FROM (
  SELECT c.used, c.grid, c.shift, c.period_start, c.until_ms, c.quantity
  {_STARTS}
  JOIN (SELECT DISTINCT s.used FROM starts s WHERE s.past = 1) p ON p.used = c.used
  WHERE {_PAST}
) c
JOIN lookups e ON e.grid = c.grid AND e.bucket = ((c.until_ms - c.period_start) >> c.shift)
  AND c.until_ms >= e.cell_start AND c.until_ms < e.cell_end
GROUP BY c.used, e.cell_start
"""


# Step 9, RATE-CUT-2. A count that begins before the period and ends in it crosses the period's beginning.
CUTS = """
SELECT t.slot, t.meter_id, c.seq, c.revision, c.start_ms, c.end_ms, CAST(NULL AS BIGINT) AS other_seq,
  CASE WHEN c.start_ms < t.period_start THEN t.period_start ELSE l.cell_end END AS at_ms
FROM counting c
JOIN tracks t ON t.track = c.track
JOIN (
  SELECT b.track FROM buckets b JOIN tracks t ON t.track = b.track
  LEFT JOIN (SELECT DISTINCT s.used FROM starts s WHERE s.past = 1) x ON x.used = t.used
  WHERE NOT t.timed AND (b.start_ms < t.period_start OR x.used IS NOT NULL)
  GROUP BY b.track
) s ON s.track = c.track
LEFT JOIN lookups l ON l.grid = t.grid AND l.bucket = ((c.start_ms - t.period_start) >> t.shift)
  AND c.start_ms >= l.cell_start AND c.start_ms < l.cell_end
WHERE (c.start_ms < t.period_start AND c.end_ms > t.period_start) OR c.end_ms > l.cell_end
"""

# What is held of a cell is `held`, and the sum of `open` of the cells before it times its length (sums.py).
# Where no record goes on past its cell (`past`), the cells of a band are one: which of them makes no
# difference.
SUMS = """
SELECT t.slot, t.dimension, t.unit, t.timed, t.grid, t.banding,
  CASE WHEN t.timed THEN COALESCE(p.past, 0) ELSE 0 END AS past,
  CASE WHEN t.timed AND p.past = 1 THEN s.cell_start ELSE COALESCE(b.band, s.cell_start) END AS cell_start,
  CAST(SUM(s.held_whole) AS DECIMAL(38,0)) AS held_whole,
  CAST(SUM(s.held_rest) AS DECIMAL(38,12)) AS held_rest,
  CAST(SUM(s.open_whole) AS DECIMAL(38,0)) AS open_whole,
  CAST(SUM(s.open_rest) AS DECIMAL(38,12)) AS open_rest
FROM (SELECT DISTINCT t.used, t.slot, t.dimension, t.unit, t.timed, t.grid, t.banding FROM tracks t) t
LEFT JOIN (SELECT s.used, MAX(s.past) AS past FROM starts s GROUP BY s.used) p ON p.used = t.used
LEFT JOIN (
  SELECT s.used, s.cell_start, s.held_whole, s.held_rest, s.open_whole, s.open_rest FROM starts s
  UNION ALL
  SELECT e.used, e.cell_start, -e.held_whole, -e.held_rest, -e.open_whole, -e.open_rest FROM ends e
) s ON s.used = t.used
LEFT JOIN bands b ON b.banding = t.banding AND b.cell_start = s.cell_start
GROUP BY t.slot, t.dimension, t.unit, t.timed, t.grid, t.banding,
  CASE WHEN t.timed THEN COALESCE(p.past, 0) ELSE 0 END,
  CASE WHEN t.timed AND p.past = 1 THEN s.cell_start ELSE COALESCE(b.band, s.cell_start) END
ORDER BY slot, dimension, unit, cell_start
"""

# --- What is told of faults: the first record of each lease, and how many there are. ---

FIRST = """
SELECT f.slot, f.meter_id, f.seq, f.revision, f.start_ms, f.end_ms, f.other_seq, f.at_ms, f.faults
FROM (
  SELECT f.slot, f.meter_id, f.seq, f.revision, f.start_ms, f.end_ms, f.other_seq, f.at_ms,
    ROW_NUMBER() OVER (
      PARTITION BY f.slot ORDER BY f.meter_id, f.seq, f.revision, f.start_ms, f.at_ms
    ) AS place,
    COUNT(*) OVER (PARTITION BY f.slot) AS faults
  FROM ({faults}) f
) f
WHERE f.place = 1
ORDER BY f.slot
"""
