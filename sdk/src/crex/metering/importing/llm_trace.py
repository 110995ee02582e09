"""Requests to language models with their tokens, as a service logs them (CSV).

The columns are those of the traces that Azure published: `TIMESTAMP`, `ContextTokens`, `GeneratedTokens`. A
request is an event at the instant that the trace states, which is to a tenth of a microsecond there; parts of
a millisecond are cut off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from crex.describe.sources import Source, read_table
from crex.describe.tables import whole_rows
from crex.describe.values import clean, whole
from crex.metering.importing.times import instant_ms
from crex.metering.importing.uses import UsageImport, UsageImported, Use
from crex.metering.span import Span

_TIME: Final = "TIMESTAMP"
_TOKENS: Final = (("ContextTokens", "input-token"), ("GeneratedTokens", "output-token"))
_NAMES: Final = (_TIME, *(name for name, _ in _TOKENS))


class LlmTraceImporter:
    """Reads traces of requests."""

    name = "llm-trace"
    about = "requests to language models with their tokens (CSV)"
    commands: Sequence[Sequence[str]] = ()

    def read(self, sources: Sequence[Source], zone: ZoneInfo | None) -> UsageImported:
        """Reads requests; each is one of its own, even where two are alike."""
        books = UsageImport()
        for source in sources:
            _, head = next(read_table(source), (0, []))
            if source.problem or not set(_NAMES) <= set(head) or len(set(head)) < len(head):
                why = source.problem or f"its first line does not name {', '.join(_NAMES)}, each once"
                books.leave_out(books.row(source.name), why)
                continue
            for row, cells in whole_rows(source, head, books):
                at = instant_ms(cells[_TIME], zone)
                if isinstance(at, str):
                    books.leave_out(row, at)
                    continue
                self._take(books, row, cells, at)
        return books.done()

    def _take(self, books: UsageImport, row: str, cells: Mapping[str, str], at: int) -> None:
        uses = []
        for name, dimension in _TOKENS:
            tokens = whole(cells[name])
            if tokens is None:
                books.leave_out(row, f"its {name} is {clean(cells[name], 40)!r}, no number of tokens")
                return
            uses.append(
                Use(
                    dimension=dimension,
                    unit="token",
                    span=Span(at, at),
                    quantity=Fraction(tokens),
                    method=f"trace {name}",
                    rows=(row,),
                )
            )
        for use in uses:
            books.add(use)


USAGE_IMPORTER: Final = LlmTraceImporter()
