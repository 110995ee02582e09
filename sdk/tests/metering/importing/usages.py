"""What tests of usage importers share: reading texts, what came of them, and damage."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from crex.describe.sources import Source
from crex.documents.times import format_time, from_ms
from crex.metering.importing.numbering import Wanted, number
from crex.metering.importing.uses import UsageImported, UsageImporter, Use
from sdk.tests.describe.mutations import changed, cut
from sdk.tests.rating.samples import LEASE, RESOURCE

UTC = ZoneInfo("UTC")
WANTED = Wanted(lease=LEASE, resource=RESOURCE)


def sources(*texts: str | bytes) -> list[Source]:
    """Inputs `f0`, `f1` and so on."""
    return [
        Source(f"f{at}", text if isinstance(text, bytes) else text.encode()) for at, text in enumerate(texts)
    ]


def read(importer: UsageImporter, *texts: str | bytes, zone: ZoneInfo | None = UTC) -> UsageImported:
    """Imports texts, and checks that every row has an outcome (IMPORT-ROW-1)."""
    imported = importer.read(sources(*texts), zone)
    check_books(imported)
    return imported


def check_books(imported: UsageImported) -> None:
    """Checks that every row stands in a use or is left out, and that records can be made of all uses."""
    used = {row for use in imported.drafts for row in use.rows}
    left = {one.where for one in imported.left_out}
    assert len(used | left) == imported.rows
    assert not used & left
    assert all(one.why and one.where for one in imported.left_out)
    for use in imported.drafts:
        assert use.quantity >= 0
        assert use.method
    numbered = number(imported.drafts, WANTED)
    assert len(numbered.records) + len(numbered.left_out) == sum(len(use.rows) for use in imported.drafts)


def said(imported: UsageImported) -> list[tuple[str, str, str]]:
    """Dimension, quantity with unit, and interval of every use."""
    return [(use.dimension, f"{use.quantity} {use.unit}", show(use)) for use in imported.drafts]


def show(use: Use) -> str:
    """The interval of a use."""
    return f"{format_time(from_ms(use.span.start_ms))}/{format_time(from_ms(use.span.end_ms))}"


def why(imported: UsageImported) -> list[str]:
    """Reasons of what was left out, in order."""
    return [one.why for one in imported.left_out]


def figures(imported: UsageImported) -> set[tuple[Any, ...]]:
    """Every figure that an import states."""
    return {
        (use.dimension, use.unit, use.span, Fraction(use.quantity), use.method) for use in imported.drafts
    }


def check_damaged(importer: UsageImporter, texts: Sequence[str], *, seed: int, pieces: int = 60) -> None:
    """Cuts and changes each text in turn: always a report, and of a cut text no figure but the whole's.

    IMPORT-DAMAGE-1.
    """
    whole = figures(read(importer, *texts))
    for place, text in enumerate(texts):
        for kind, damage in (("cut", cut), ("changed", changed)):
            for data in damage(text.encode(), seed, pieces):
                damaged = [data if at == place else one for at, one in enumerate(texts)]
                imported = read(importer, *damaged)
                if kind == "cut":
                    assert not figures(imported) - whole, f"f{place} cut to {len(data)} bytes"
