"""Readings and meters of the agent: how they are kept in the journal, and read up to an instant."""

from __future__ import annotations

import logging
from fractions import Fraction
from typing import Any

from crex.agent.hooks import Reading
from crex.decimals import format_decimal
from crex.documents.times import from_ms
from crex.errors import CrexError
from crex.metering.meter import CountingMeter, HoldingMeter, Meter, MeterInfo, MeterState
from crex.metering.record import Record

_log = logging.getLogger("crex.agent")


def read(meter: Meter, value: Fraction, at_ms: int, until_ms: int) -> list[Record]:
    """Reads a meter; of a reading behind the end, only what lies before it counts.

    A reading that is not later than the one before, or of a counter that went back, is no use: the clock or
    the source was wrong, and what was counted meanwhile is in the next reading.
    """
    if meter.state.at_ms >= min(at_ms, until_ms):
        return []
    if isinstance(meter, CountingMeter) and value < meter.state.counter:
        _log.warning(
            "meter %s of %s went back; the reading is not used", meter.info.meter_id, meter.info.lease
        )
        return []
    end = from_ms(min(at_ms, until_ms))
    if isinstance(meter, HoldingMeter):
        return meter.read(end, value)
    if not isinstance(meter, CountingMeter):
        return []
    if at_ms <= until_ms or value == meter.state.counter:
        return meter.read(end, value)
    parts = meter.read(from_ms(at_ms), value, cuts=[end], estimate=True)
    # The part behind the bound is no record yet: its number and its share of the counter are taken back.
    behind = parts[-1].quantity
    meter.state = MeterState(
        until_ms, value - behind, meter.state.last_seq - 1, meter.state.total - behind, unread=True
    )
    return parts[:-1]


def is_usable(reading: Reading, lease: str) -> bool:
    """Tells whether a reading can be billed; one without a decimal, or below zero, is logged and left."""
    try:
        format_decimal(reading.value)
    except CrexError as error:
        _log.error("meter %s of %s is not used: %s", reading.meter_id, lease, error)
        return False
    return reading.value >= 0


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """Gives a reading as the journal keeps it."""
    return {
        "meter": reading.meter_id,
        "dimension": reading.dimension,
        "unit": reading.unit,
        "value": str(reading.value),
        "holding": reading.holding,
        "method": reading.method,
    }


def reading_from_json(value: dict[str, Any]) -> Reading:
    """Gives back what `reading_to_json` gave."""
    return Reading(
        meter_id=value["meter"],
        dimension=value["dimension"],
        unit=value["unit"],
        value=Fraction(value["value"]),
        holding=value["holding"],
        method=value["method"],
    )


def meter_to_json(meter: Meter) -> dict[str, Any]:
    """Gives a meter and where it stands, as the journal keeps it."""
    info = meter.info
    return {
        "holding": isinstance(meter, HoldingMeter),
        "info": [info.meter_id, info.lease, info.resource, info.dimension, info.unit, info.method],
        "state": meter.state.to_json(),
    }


def meter_from_json(value: dict[str, Any]) -> Meter:
    """Gives back what `meter_to_json` gave."""
    kind = HoldingMeter if value["holding"] else CountingMeter
    return kind(MeterInfo(*value["info"]), MeterState.from_json(value["state"]))
