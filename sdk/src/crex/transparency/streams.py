"""Holds issuers to the numbers that they signed themselves: gaps, doubles and forks in their streams.

What never reached a log leaves no trace there. It leaves one in the stream of its issuer, who numbers what
it signs and states the digest of the document before: who holds something back shows a gap in its own hand
(AUDIT-STREAM-1).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from crex.names import Name
from crex.transparency.findings import Finding, Kind
from crex.transparency.papers import Paper

# Missing numbers that a message spells out as ranges.
_RANGES_SHOWN = 8


def check_streams(papers: Iterable[Paper]) -> list[Finding]:
    """Returns what is wrong in the streams of these documents (AUDIT-STREAM-1).

    Whoever has only some documents of a stream finds gaps where it has none; the finding says whom to ask.
    """
    streams: defaultdict[tuple[str, str], list[Paper]] = defaultdict(list)
    for paper in papers:
        if paper.stream:
            streams[paper.issuer, paper.stream].append(paper)
    findings: list[Finding] = []
    for (issuer, stream), members in sorted(streams.items()):
        findings += _stream(issuer, stream, members)
    return findings


def _stream(issuer: str, stream: str, members: Sequence[Paper]) -> list[Finding]:
    findings: list[Finding] = []
    if Name.parse(stream).authority != issuer:
        findings.append(
            Finding(
                Kind.CHAIN,
                f"{members[0]} of {issuer} stands in stream {stream}, which is another authority's. Nobody "
                "numbers in another's name.",
                _evidence(members[:1]),
            )
        )
    by_number: dict[int, Paper] = {}
    for paper in members:
        other = by_number.setdefault(paper.sequence, paper)
        if other.sha256 != paper.sha256:
            findings.append(
                Finding(
                    Kind.DOUBLE,
                    f"{issuer} signed two documents as number {paper.sequence} of {stream}: {other} "
                    f"({other.source}) and {paper} ({paper.source}). It tells two readers two stories; both "
                    "documents together prove it.",
                    _evidence((other, paper)),
                )
            )
    numbers = sorted(by_number)
    missing = _missing(numbers)
    if missing:
        findings.append(
            Finding(
                Kind.GAP,
                f"Of {stream}, {issuer} signed number {numbers[-1]}, and {_ranges(missing)} "
                "is not here: either you lack it, or it was held back. Ask the issuer for it; it must exist.",
                {"stream": stream, "missing": _ranges(missing), **_evidence((by_number[numbers[-1]],))},
            )
        )
    for number in numbers:
        before, paper = by_number.get(number - 1), by_number[number]
        if before is not None and paper.prev != before.sha256:
            findings.append(
                Finding(
                    Kind.CHAIN,
                    f"{paper}, number {number} of {stream}, follows a document with digest "
                    f"{paper.prev or '(none)'}, and number {number - 1} here, {before}, has {before.sha256}: "
                    f"{issuer} put another document there at first, or afterwards.",
                    _evidence((before, paper)),
                )
            )
    return findings


def _missing(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Returns the ranges, inclusive, that are missing from 1 to the last number."""
    ranges, expected = [], 1
    for number in numbers:
        if number > expected:
            ranges.append((expected, number - 1))
        expected = number + 1
    return ranges


def _ranges(ranges: Sequence[tuple[int, int]]) -> str:
    shown = [f"{first}" if first == last else f"{first} to {last}" for first, last in ranges[:_RANGES_SHOWN]]
    if len(ranges) > _RANGES_SHOWN:
        shown.append(f"{len(ranges) - _RANGES_SHOWN} more ranges")
    return ", ".join(shown)


def _evidence(papers: Sequence[Paper]) -> dict[str, str]:
    return {f"document {at}": paper.file_form for at, paper in enumerate(papers, start=1)}
