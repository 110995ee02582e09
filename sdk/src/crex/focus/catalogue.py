"""What FOCUS calls the dimensions and units of CREX, as data.

A dimension or unit that stands in no table keeps its own token, spelled as FOCUS spells names of units
(UnitFormat): `burst-credit` becomes `BurstCredit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

_KB, _KIB = 1000, 1024


@dataclass(frozen=True, slots=True)
class Measure:
    """A unit of quantity.

    Attributes:
        singular: FOCUS's name for one.
        plural: FOCUS's name for several.
        larger: Names of multiples and how many of this unit each is, largest first.
        seconds: Whether one is one `singular` for one second, as a kibibyte-second is.
    """

    singular: str
    plural: str
    larger: tuple[tuple[str, Fraction], ...] = ()
    seconds: bool = False


def _count(singular: str) -> Measure:
    return Measure(singular, f"{singular}s")


def _size(name: str, of: int, *multiples: tuple[str, int], seconds: bool = False) -> Measure:
    """A data size: `of` bytes, and the larger ones, `(name, bytes)`."""
    larger = tuple((each, Fraction(size, of)) for each, size in multiples if size > of)
    return Measure(name, name, larger, seconds)


_DECIMAL: Final = (("PB", _KB**5), ("TB", _KB**4), ("GB", _KB**3), ("MB", _KB**2), ("KB", _KB))
_BINARY: Final = (("PiB", _KIB**5), ("TiB", _KIB**4), ("GiB", _KIB**3), ("MiB", _KIB**2), ("KiB", _KIB))
_BOTH: Final = tuple(sorted((*_DECIMAL, *_BINARY), key=lambda each: -each[1]))

# By unit token (sdk/src/crex/registry/data/units.json).
MEASURES: Final = {
    "unit": _count("Unit"),
    "fee": _count("Fee"),
    "byte": _size("B", 1, *_BOTH),
    "kilobyte": _size("KB", _KB, *_DECIMAL),
    "megabyte": _size("MB", _KB**2, *_DECIMAL),
    "gigabyte": _size("GB", _KB**3, *_DECIMAL),
    "terabyte": _size("TB", _KB**4, *_DECIMAL),
    "petabyte": _size("PB", _KB**5),
    "kibibyte": _size("KiB", _KIB, *_BINARY),
    "mebibyte": _size("MiB", _KIB**2, *_BINARY),
    "gibibyte": _size("GiB", _KIB**3, *_BINARY),
    "tebibyte": _size("TiB", _KIB**4, *_BINARY),
    "pebibyte": _size("PiB", _KIB**5),
    "kib-s": _size("KiB", _KIB, *_BINARY, seconds=True),
    "j": Measure("Joule", "Joules", (("kWh", Fraction(3_600_000)),)),
    "kilowatt-hour": Measure("kWh", "kWh"),
    "megabit-per-s": Measure("Mbps", "Mbps"),
    "operation-per-s": Measure("IOPS", "IOPS"),
    "token": _count("Token"),
    "request": _count("Request"),
    "transaction": _count("Transaction"),
    "operation": _count("Operation"),
    "message": _count("Message"),
    "event": _count("Event"),
    "execution": _count("Execution"),
    "user": _count("User"),
    "licence": _count("License"),
    "connection": _count("Connection"),
}
# Unit `s` is time by itself. Of these dimensions it is time of something.
SECONDS_OF: Final = {
    "cpu-time": "CPU",
    "allocated-cpu-time": "CPU",
    "gpu-time": "GPU",
    "allocated-gpu-time": "GPU",
}
# Words that are written in capitals where a token has them.
CAPITALS: Final = frozenset({"api", "cpu", "gpu", "iops", "npu", "ram", "tpu", "vcpu", "vm"})

# FOCUS's service category and subcategory, by dimension; ServiceName has exactly one of each.
SERVICES: Final = {
    "compute-unit": ("Compute", "Virtual Machines"),
    "cpu-time": ("Compute", "Other (Compute)"),
    "wall-time": ("Compute", "Other (Compute)"),
    "memory-time": ("Compute", "Other (Compute)"),
    "allocated-cpu-time": ("Compute", "Other (Compute)"),
    "allocated-gpu-time": ("Compute", "Other (Compute)"),
    "allocated-memory-time": ("Compute", "Other (Compute)"),
    "gpu-time": ("Compute", "Other (Compute)"),
    "energy": ("Compute", "Other (Compute)"),
    "memory": ("Compute", "Other (Compute)"),
    "execution": ("Compute", "Serverless Compute"),
    "input-token": ("AI and Machine Learning", "Generative AI"),
    "output-token": ("AI and Machine Learning", "Generative AI"),
    "service-time": ("AI and Machine Learning", "Other (AI and Machine Learning)"),
    "media-output": ("AI and Machine Learning", "Generative AI"),
    "storage": ("Storage", "Other (Storage)"),
    "storage-operations-rate": ("Storage", "Other (Storage)"),
    "data-retrieved": ("Storage", "Other (Storage)"),
    "network-received": ("Networking", "Other (Networking)"),
    "network-sent": ("Networking", "Other (Networking)"),
    "bandwidth": ("Networking", "Network Connectivity"),
    "egress": ("Networking", "Network Connectivity"),
    "ingress": ("Networking", "Network Connectivity"),
    "connection": ("Networking", "Network Connectivity"),
    "message": ("Integration", "Messaging"),
    "request": ("Integration", "API Management"),
}
OTHER_SERVICE: Final = ("Other", "Other (Other)")


def service(dimension: str) -> tuple[str, str, str]:
    """Returns the service category, subcategory and name of a dimension.

    A name has one category and one subcategory (ServiceName-C-005, C-008), so it is made of them.
    """
    category, subcategory = SERVICES.get(dimension, OTHER_SERVICE)
    name = category if subcategory.startswith("Other (") else f"{category}: {subcategory}"
    return category, subcategory, name


def spelled(token: str) -> str:
    """Returns a token as FOCUS spells the name of a unit."""
    return "".join(
        word.upper() if word in CAPITALS else word[:1].upper() + word[1:]
        for word in token.replace(".", "-").replace("/", "-").replace("_", "-").split("-")
        if word
    )
