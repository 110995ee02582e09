"""Times as other systems write them: with a zone, or in one that somebody must name (USAGE-IMPORT-2)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from crex.describe.values import whole
from crex.documents.times import to_ms

_TIME: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,12}))?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
# ISO 8601 lengths of days, hours, minutes and seconds; months and years have no length.
_ISO: Final = re.compile(
    r"P(?:([0-9]{1,9})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,12}(?:\.[0-9]{1,9})?)S)?)?"
)
_GO: Final = re.compile(
    r"(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,12}(?:\.[0-9]{1,9})?)s)?(?:([0-9]{1,12})ms)?"
)
# 9999-12-31T23:59:59.999Z: after it, no document can say when.
LAST_MS: Final = 253402300799999


def instant_ms(text: str, zone: ZoneInfo | None) -> int | str:
    """Reads a time; parts of a millisecond are cut off.

    Args:
        text: Such as `2026-03-01T08:00:00`, with or without a fraction, `Z` or an offset.
        zone: The zone, where the text names none.

    Returns:
        Milliseconds since 1970, UTC; or why there is none.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return f"{text[:40]!r} is no date and time"
    numbers = [int(part) for part in match.groups()[:6]]
    try:
        local = datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - its zone comes below
    except ValueError as error:
        return f"{text[:40]!r} is no date and time: {error}"
    fraction = int((match[7] or "0").ljust(3, "0")[:3])
    if match[8]:
        found: datetime | str = local.replace(tzinfo=UTC) - _offset(match[8])
    elif zone is None:
        return "the time does not say in which time zone it is; name that with --time-zone"
    else:
        found = _in_zone(local, zone)
    return found if isinstance(found, str) else to_ms(found) + fraction


def epoch_ms(seconds: int | None) -> int | None:
    """Gives the milliseconds of seconds since 1970; nothing for 0, which stands for none, and beyond 9999."""
    return seconds * 1000 if seconds is not None and 0 < seconds * 1000 <= LAST_MS else None


def iso_seconds(text: str) -> Fraction | None:
    """Reads an ISO 8601 length, such as `PT1H3.5S`, exactly; nothing for one of months or years."""
    match = _ISO.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (Fraction(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def go_seconds(text: str) -> Fraction | None:
    """Reads a length as programs in Go write it, such as `1m15.061s` or `500ms`, exactly."""
    match = _GO.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds, milliseconds = (Fraction(part or 0) for part in match.groups())
    return (hours * 60 + minutes) * 60 + seconds + milliseconds / 1000


def clock_seconds(text: str) -> Fraction | None:
    """Reads `[days-][hours:]minutes:seconds[.fraction]`, as Slurm writes lengths, exactly."""
    days, dash, rest = text.rpartition("-")
    *above, last = rest.split(":")
    second, _, fraction = last.partition(".")
    parts = [whole(part, high=10**9) for part in (*above, second)]
    day = whole(days, high=10**6) if dash else 0
    if len(parts) not in (2, 3) or day is None or (fraction and whole(fraction) is None):
        return None
    total = Fraction(0)
    for part in parts:
        if part is None:
            return None
        total = total * 60 + part
    return day * 86400 + total + (Fraction(int(fraction), 10 ** len(fraction)) if fraction else 0)


def _in_zone(local: datetime, zone: ZoneInfo) -> datetime | str:
    """Gives the instant of a time on the clocks of a zone, where there is exactly one."""
    found = []
    for fold in (0, 1):
        instant = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == local and instant not in found:
            found.append(instant)
    if len(found) == 1:
        return found[0]
    text = local.isoformat()
    if not found:
        return f"the clocks of {zone.key} never showed {text}: they were put forward"
    return f"the clocks of {zone.key} showed {text} twice: they were put back, and nothing says which it is"


def _offset(text: str) -> timedelta:
    if text == "Z":
        return timedelta(0)
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timedelta(minutes=-minutes if text[0] == "-" else minutes)
