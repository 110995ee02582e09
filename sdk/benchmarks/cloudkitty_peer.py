"""CloudKitty's rating, timed in its own environment: a line in, the seconds of one run out.

Run by test_bulk.py with the Python of that environment; it imports nothing of ours. Each point is 8 units at
one flat price: no time of use, no tiers, no duplicates, because CloudKitty's HashMap has none of these.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cloudkitty import dataframe  # type: ignore[import-not-found]
from cloudkitty.rating import hash as rating  # type: ignore[import-not-found]


class Flat(rating.HashMap):  # type: ignore[misc]
    """The module with one price, given here rather than read from a database."""

    def _load_rates(self, start: Any = None) -> None:  # noqa: ARG002 - its signature
        mapping = {"type": "flat", "cost": Decimal("2.99")}
        self._entries = {"compute-unit": {"mappings": {"_DEFAULT_": mapping}, "thresholds": {}, "fields": {}}}


def main() -> None:
    """Rates the same points whenever a line comes."""
    points = int(sys.argv[1])
    start = datetime(2026, 3, 1, tzinfo=UTC)
    data = dataframe.DataFrame(start=start, end=start + timedelta(hours=1))
    for number in range(points):
        labels = {"lease": f"l{number % 100}"}
        data.add_point(dataframe.DataPoint("unit", Decimal(8), 0, labels, {}), "compute-unit")
    module = Flat()
    print("ready", flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        module.process(data)
        print(time.perf_counter() - begin, flush=True)


if __name__ == "__main__":
    main()
