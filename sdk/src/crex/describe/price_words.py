"""Words in which price lists say what a price is for, as data: things, times, and how many.

A thing is what is priced, under the names that lists give it, in whatever language they write. What a word
leaves open is not filled in: a list that says "GB" says neither of what nor, by itself, of how many bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Way(Enum):
    """How use of a thing is measured."""

    # It is held for a time: a price needs a time.
    HELD = "held"
    # It is counted: a month is only when it is counted, and any other time leaves its meaning open.
    COUNTED = "counted"
    # It is a time that is counted, such as hours of training: the time is the amount.
    WORKED = "worked"


@dataclass(frozen=True, slots=True)
class Thing:
    """What is priced.

    Attributes:
        name: Its name here, singular.
        dimension: Its dimension (registry `dimensions`); empty: the word does not say which.
        unit: Its unit (registry `units`); of data, what `DATA` says of its multiple.
        way: How its use is measured.
    """

    name: str
    dimension: str
    unit: str
    way: Way


# Multiples of a byte by the words for them. Those of a list that are not binary by name are of powers of 1000
# or of 1024: only the seller's documentation says, and who reads its lists states it.
DECIMAL: Final = ("kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte")
BINARY: Final = ("kibibyte", "mebibyte", "gibibyte", "tebibyte", "pebibyte")

_DATA_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "kilobyte": ("kb", "kilobyte", "kilobytes"),
    "megabyte": ("mb", "megabyte", "megabytes"),
    "gigabyte": ("gb", "gigabyte", "gigabytes"),
    "terabyte": ("tb", "terabyte", "terabytes"),
    "petabyte": ("pb", "petabyte", "petabytes"),
    "kibibyte": ("kib", "kibibyte", "kibibytes"),
    "mebibyte": ("mib", "mebibyte", "mebibytes"),
    "gibibyte": ("gib", "gibibyte", "gibibytes"),
    "tebibyte": ("tib", "tebibyte", "tebibytes"),
    "pebibyte": ("pib", "pebibyte", "pebibytes"),
}

# Phrases around a multiple of a byte, which say of what it is: "{}" stands for its word.
_DATA_PHRASES: Final[Mapping[tuple[str, Way], tuple[str, ...]]] = {
    ("", Way.HELD): ("{}",),
    ("storage", Way.HELD): ("{} storage capacity", "{} log storage", "nvme {}"),
    ("memory", Way.HELD): ("{} memory", "redis memory {}", "memory {}"),
    ("egress", Way.COUNTED): ("{} outbound data transfer",),
    ("data-processed", Way.COUNTED): ("{} of data processed", "{} of packaged content"),
    ("data-retrieved", Way.COUNTED): ("{} storage retrieved",),
}

_OTHERS: Final[tuple[tuple[str, str, str, Way, tuple[str, ...]], ...]] = (
    (
        "unit",
        "compute-unit",
        "unit",
        Way.HELD,
        (
            *("", "unit", "units", "cluster", "core", "cores", "count", "database unit", "database units"),
            *("db", "dbu", "desktop", "ecpu", "gpu", "host cpu core", "hosted environment"),
            *("inferencing unit", "instance", "instances", "load balancer", "messaging unit", "node"),
            *("nodes", "ocpu", "port", "read unit", "relay", "reserved unit", "reserved units"),
            *("logging analytics storage unit", "resource possession", "vcpu", "virtual machine"),
            *("virtual machines", "virtual node", "virtual private vault", "vm", "vms"),
            *("workspace usage", "write unit", "operation unit", "operation units", "content"),
        ),
    ),
    ("user", "user", "user", Way.HELD, ("user", "users", "named user", "named users", "active process user")),
    ("user", "user", "user", Way.HELD, ("consumer user", "workforce user")),
    ("licence", "licence", "licence", Way.HELD, ("license", "licenses", "licence", "licences")),
    ("subscription", "licence", "licence", Way.HELD, ("subscription", "subscriptions")),
    ("connection", "connection", "connection", Way.HELD, ("connection", "connections")),
    ("iops", "storage-operations-rate", "operation-per-s", Way.HELD, ("iops",)),
    ("mbps", "bandwidth", "megabit-per-s", Way.HELD, ("mbps",)),
    ("agent", "managed-item", "unit", Way.HELD, ("agent", "agents")),
    ("app", "managed-item", "unit", Way.HELD, ("app", "apps")),
    ("asset", "managed-item", "unit", Way.HELD, ("asset", "assets")),
    ("certificate", "managed-item", "unit", Way.HELD, ("certificate", "certificates")),
    ("database", "managed-item", "unit", Way.HELD, ("target database", "target databases")),
    ("device", "managed-item", "unit", Way.HELD, ("device", "devices")),
    ("domain", "managed-item", "unit", Way.HELD, ("domain", "domains")),
    ("endpoint", "managed-item", "unit", Way.HELD, ("endpoint", "endpoints", "service endpoints")),
    ("key", "managed-item", "unit", Way.HELD, ("key", "keys", "key version", "key versions")),
    ("pipeline", "managed-item", "unit", Way.HELD, ("pipeline", "pipelines")),
    ("plan", "managed-item", "unit", Way.HELD, ("plan", "plans")),
    ("policy", "managed-item", "unit", Way.HELD, ("policy", "policies")),
    ("resource", "managed-item", "unit", Way.HELD, ("resource", "resources", "monitored resources")),
    ("router", "managed-item", "unit", Way.HELD, ("router", "routers", "border routers")),
    ("site", "managed-item", "unit", Way.HELD, ("site", "sites")),
    ("website", "managed-item", "unit", Way.HELD, ("website", "websites")),
    ("zone", "managed-item", "unit", Way.HELD, ("zone", "zones", "hosted zones")),
    (
        "request",
        "request",
        "request",
        Way.COUNTED,
        (
            *("request", "requests", "call", "calls", "api call", "api calls", "incoming requests"),
            *("function invocation", "function invocations", "query", "queries"),
            *("dns traffic management queries", "dns traffic managment queries"),
            "privacy subject rights request",
        ),
    ),
    ("transaction", "transaction", "transaction", Way.COUNTED, ("transaction", "transactions")),
    ("operation", "operation", "operation", Way.COUNTED, ("operation", "operations", "delivery operations")),
    ("action", "operation", "operation", Way.COUNTED, ("action", "actions")),
    ("authentication", "operation", "operation", Way.COUNTED, ("authentication", "authentications")),
    ("check", "operation", "operation", Way.COUNTED, ("check", "checks")),
    ("prediction", "operation", "operation", Way.COUNTED, ("prediction", "predictions")),
    ("render", "operation", "operation", Way.COUNTED, ("render", "renders")),
    ("rotation", "operation", "operation", Way.COUNTED, ("rotation", "rotations")),
    ("message", "message", "message", Way.COUNTED, ("message", "messages", "email", "emails", "emails sent")),
    ("message", "message", "message", Way.COUNTED, ("sms message", "sms messages", "sms message sent")),
    ("push", "message", "message", Way.COUNTED, ("push", "pushes")),
    ("event", "event", "event", Way.COUNTED, ("event", "events")),
    ("data point", "event", "event", Way.COUNTED, ("data point", "data points", "datapoint", "datapoints")),
    ("record", "event", "event", Way.COUNTED, ("annotated data record", "record", "records")),
    ("execution", "execution", "execution", Way.COUNTED, ("execution", "executions")),
    ("run", "execution", "execution", Way.COUNTED, ("run", "runs", "activity runs", "monitor runs")),
    ("activity", "execution", "execution", Way.COUNTED, ("activity", "activities")),
    ("work", "service-time", "s", Way.WORKED, ("execution", "migration", "training", "transcription")),
)


def _things() -> tuple[Mapping[str, Thing], Mapping[str, Thing]]:
    """Gives the things by every name of theirs; and those of which a time is counted."""
    known: dict[str, Thing] = {}
    worked: dict[str, Thing] = {}
    for name, dimension, unit, way, words in _OTHERS:
        into = worked if way is Way.WORKED else known
        for word in words:
            into[word] = Thing(name, dimension, unit, way)
    for unit, words in _DATA_WORDS.items():
        for (dimension, way), phrases in _DATA_PHRASES.items():
            name = f"{unit} of {dimension}" if dimension else unit
            for phrase in phrases:
                for word in words:
                    known[phrase.format(word)] = Thing(name, dimension, unit, way)
    return known, worked


# A noun with a trailing time is looked up among those of which a time is counted first.
THINGS, WORKED = _things()

MONTH: Final = "month"
YEAR: Final = "year"
# Seconds of the times that have a length; a month and a year have none.
SECONDS: Final[Mapping[str, int]] = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_TIME_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "second": ("second", "seconds"),
    "minute": ("minute", "minutes", "minute(s)"),
    "hour": ("hour", "hours", "hr", "hrs", "hora", "horas", "小时"),
    "day": ("day", "days"),
    MONTH: ("month", "months", "mo", "mes", "meses", "月"),
    YEAR: ("year", "years"),
}
TIMES: Final[Mapping[str, str]] = {word: time for time, words in _TIME_WORDS.items() for word in words}
# Words before a thing that say for how long it is held.
ADJECTIVES: Final[Mapping[str, str]] = {
    "hourly": "hour",
    "daily": "day",
    "monthly": MONTH,
    "annual": YEAR,
}
# What stands behind a number and multiplies it.
MULTIPLES: Final[Mapping[str, int]] = {
    "k": 10**3,
    "thousand": 10**3,
    "m": 10**6,
    "mil": 10**6,
    "million": 10**6,
    "b": 10**9,
    "billion": 10**9,
}
# Playing time: an amount whose unit is a time, said in front of the thing.
PLAYED: Final = "of output media content"
