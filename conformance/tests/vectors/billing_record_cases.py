"""Records: which count, which contradict each other, and what is missing."""

from __future__ import annotations

from typing import Final

from conformance.tests.vectors.billing_cases import (
    AT_THREE,
    AT_TWO,
    RESOURCE,
    Case,
    gap,
    gpu,
    held,
    plan,
    use,
)
from conformance.tests.vectors.billing_lines import Line
from conformance.tests.vectors.one_change import GONE

GPU_HOUR: Final = plan(gpu())
ONE_HOUR: Final = [Line("gpu", 1, "3600", "2.99", "2.99")]
TWO_HOURS: Final = [Line("gpu", 1, "7200", "5.98", "5.98")]

TWICE: Final = Case(
    "same-record-twice",
    ["RATE-DUPLICATE-1"],
    "The record came twice in the same bytes: it counts once, 3600 x 2.99 / 3600 = 2.99, not 5.98.",
    use(GPU_HOUR, held(), held()),
    ONE_HOUR,
    "2.99",
)
TOUCHING: Final = Case(
    "records-that-touch",
    ["RATE-OVERLAP-1", "RATE-SUM-1"],
    "One record ends at 02:00, where the next begins: 7200 x 2.99 / 3600 = 5.98. A check with >= refuses "
    "every meter.",
    use(GPU_HOUR, held(), held(start=AT_TWO, end=AT_THREE, seq=2)),
    TWO_HOURS,
    "5.98",
)
CORRECTED: Final = Case(
    "revision-corrects-a-record",
    ["RATE-REVISION-1", "USAGE-REVISION-1"],
    "Revision 2 says 2 units instead of 1: 2 x 3600 x 2.99 / 3600 = 5.98. Both together would be 8.97, the "
    "first 2.99.",
    use(GPU_HOUR, held(), held("2", revision="2")),
    TWO_HOURS,
    "5.98",
)
MISSING: Final = Case(
    "number-that-is-missing",
    ["RATE-COMPLETE-1", "USAGE-SEQ-1"],
    "Numbers 1 and 3: 2 is missing, so the usage is not complete, though it can be rated: 7200 x 2.99 / "
    "3600 = 5.98.",
    use(GPU_HOUR, held(), held(start=AT_TWO, end=AT_THREE, seq=3)),
    TWO_HOURS,
    "5.98",
    complete=False,
)
MARKED: Final = MISSING.but(
    "number-that-is-marked",
    "RATE-COMPLETE-1 BATCH-GAP-1",
    "gaps[0]",
    gap(2, 2),
    TWO_HOURS,
    "5.98",
    "Number 2 is marked as lost for good: it bills zero, 5.98, and the usage is complete.",
)
CASES: Final[list[Case]] = [
    TWICE,
    TWICE.refused(
        "one-key-with-other-bytes",
        "RATE-CONFLICT-1",
        "CONFLICT",
        "records[1].method",
        "counter",
        "The same quantity in other bytes: who signed which cannot be told, so the set is refused, not "
        "only where quantities differ.",
    ),
    TWICE.refused(
        "one-key-with-another-quantity",
        "RATE-CONFLICT-1",
        "CONFLICT",
        "records[1].quantity",
        "2",
        "Two contents for one key: taking the first, the last or the larger makes the bill depend on the "
        "order.",
    ),
    TOUCHING,
    TOUCHING.refused(
        "records-that-overlap-by-a-millisecond",
        "RATE-OVERLAP-1",
        "CONFLICT",
        "records[1].start",
        "2026-03-10T01:59:59.999Z",
        "One millisecond is stated twice by one meter of one resource.",
    ),
    TOUCHING.but(
        "records-in-another-order",
        "RATE-SUM-1",
        "records",
        [held(start=AT_TWO, end=AT_THREE, seq=2), held()],
        TWO_HOURS,
        "5.98",
        "Records come in any order: 5.98 and the same digest.",
    ),
    TOUCHING.but(
        "records-of-two-resources-at-once",
        "RATE-OVERLAP-1",
        "records[1]",
        held(seq=2, resource=RESOURCE.replace("r1", "r2")),
        TWO_HOURS,
        "5.98",
        "One meter, two resources at the same time: no overlap, 2 x 3600 x 2.99 / 3600 = 5.98.",
    ),
    CORRECTED,
    CORRECTED.but(
        "revision-that-comes-first",
        "RATE-REVISION-1",
        "records",
        [held("2", revision="2"), held()],
        TWO_HOURS,
        "5.98",
        "The highest revision counts, not the one that comes last: 5.98.",
    ),
    CORRECTED.but(
        "revision-ten-is-above-nine",
        "RATE-REVISION-1",
        "records",
        [held("1", revision="9"), held("2", revision="10")],
        TWO_HOURS,
        "5.98",
        "Revisions are numbers: 10 is above 9, though its text is not. 5.98.",
    ),
    CORRECTED.but(
        "revision-to-zero",
        "RATE-REVISION-1 RATE-ZERO-1",
        "records[1].quantity",
        "0",
        [],
        "0.00",
        "A correction to zero takes the use away: no line, 0.00.",
    ),
    Case(
        "revision-that-claims-less",
        ["RATE-QUANTITY-1", "RATE-REVISION-1"],
        "Revision 1 claimed 9 of 8 leased units, revision 2 says 8: only what counts is asked. 8 x 2.99 = "
        "23.92.",
        use(GPU_HOUR, held("9"), held("8", revision="2")),
        [Line("gpu", 1, "28800", "23.92", "23.92")],
        "23.92",
    ),
    Case(
        "revision-that-no-longer-overlaps",
        ["RATE-OVERLAP-1", "RATE-REVISION-1"],
        "Revision 1 of number 1 ran into number 2, revision 2 ends where that begins: 7200 x 2.99 / 3600 = "
        "5.98.",
        use(GPU_HOUR, held(end=AT_THREE), held(revision="2"), held(start=AT_TWO, end=AT_THREE, seq=2)),
        TWO_HOURS,
        "5.98",
    ),
    MISSING,
    MARKED,
    MARKED.refused(
        "number-that-is-marked-and-recorded",
        "BATCH-GAP-1",
        "CONFLICT",
        "gaps[0].lastSeq",
        "3",
        "Number 3 is marked as lost and there all the same. Whether it bills must not be a matter of order.",
    ),
    MISSING.but(
        "first-number-that-is-missing",
        "RATE-COMPLETE-1",
        "records[0]",
        GONE,
        ONE_HOUR,
        "2.99",
        "Only number 3 came: 1 and 2 are missing. Complete means from the first number on, not without "
        "holes between.",
        complete=False,
    ),
    MARKED.but(
        "last-numbers-that-are-marked",
        "RATE-COMPLETE-1",
        "gaps[1]",
        gap(4, 5),
        TWO_HOURS,
        "5.98",
        "Numbers 4 and 5 are marked beyond the last record: 1 to 5 are all accounted for. 5.98.",
    ),
    Case(
        "numbers-of-each-meter",
        ["RATE-COMPLETE-1", "USAGE-METER-1"],
        "Meters a and b each have number 1; keys and gaps are told apart by meter. 2 x 3600 x 2.99 / 3600 "
        "= 5.98.",
        use(GPU_HOUR, held(meterId="a"), held(meterId="b")),
        TWO_HOURS,
        "5.98",
    ),
]
