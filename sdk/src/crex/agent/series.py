"""Price series that a bill needs, had from the broker before it is made (RATE-SERIES-1, RATE-EXCHANGE-1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crex import v1
from crex.agent.sold import DocumentSource
from crex.documents import convert, reader
from crex.errors import CrexError
from crex.metering.span import Span
from crex.names import Name, Ref
from crex.rating.plan import Plan

# Revisions of one series that are asked for, at most; those of long ago are of no use for a bill of now.
_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Needed:
    """A series that a bill needs.

    Attributes:
        name: Its name.
        span: Time for which it must state values.
    """

    name: str
    span: Span


def needed_series(plan: Plan, period: Span, first_ms: int) -> tuple[Needed, ...]:
    """Returns the series by which a plan prices a billing period.

    Args:
        plan: The plan.
        period: The billing period.
        first_ms: When use began, in milliseconds since 1970, before which nothing needs a price.
    """
    used = Span(min(max(period.start_ms, first_ms), period.end_ms), period.end_ms)
    found = {one.series.id: used for one in plan.components if one.series is not None}
    if plan.exchange is not None:
        found[plan.exchange.series] = Span(period.start_ms, period.start_ms + 1)
    return tuple(Needed(name, span) for name, span in sorted(found.items()) if not span.empty)


async def fetch_series(client: DocumentSource, needed: Sequence[Needed]) -> list[v1.Envelope]:
    """Fetches revisions of series from the newest on back, until they state a value for all that is needed.

    They are not verified here. Where the publisher has not published all of it yet, what there is comes
    back; rating tells what is missing.

    Raises:
        CrexError: NOT_FOUND: nothing of a series is published; what else a broker refuses.
    """
    found = []
    for each in needed:
        newest = await _document(client, each.name)
        revision, missing = _read(newest).header.revision, [each.span]
        oldest = max(revision - _MOST, 0)
        envelope: v1.Envelope | None = newest
        while True:
            if envelope is not None:
                span = Span.of(_read(envelope).interval)
                if span.overlaps(each.span):
                    found.append(envelope)
                    missing = [rest for gap in missing for rest in _without(gap, span)]
            revision -= 1
            if not missing or revision <= oldest:
                break
            envelope = await _revision(client, each.name, revision)
    return found


async def _revision(client: DocumentSource, name: str, revision: int) -> v1.Envelope | None:
    """Fetches one revision; nothing where there is none, for revisions may leave numbers out."""
    try:
        return await _document(client, str(Ref(Name.parse(name), revision=revision)))
    except CrexError as error:
        if error.reason != "NOT_FOUND":
            raise
        return None


async def _document(client: DocumentSource, ref: str) -> v1.Envelope:
    return (await client.get_document(v1.GetDocumentRequest(ref=ref))).envelope


def _read(envelope: v1.Envelope) -> v1.PriceSeries:
    """Reads a series to see what it covers; it is verified when the bill is made."""
    return convert.to_message(reader.read(envelope.payload, v1.PriceSeries), v1.PriceSeries)


def _without(gap: Span, span: Span) -> list[Span]:
    """Returns what is left of a time without another."""
    if not gap.overlaps(span):
        return [gap]
    parts = (
        Span(gap.start_ms, max(gap.start_ms, span.start_ms)),
        Span(min(gap.end_ms, span.end_ms), gap.end_ms),
    )
    return [part for part in parts if not part.empty]
