"""Parts of descriptions, written the short way.

    h100 = product("nvidia-h100-sxm5-80gb", count=8)  # from the registry, each figure with its source
    rate = matrix_rate("bf16", tflops("989.4"), nominal("datasheet", uri))
    pue = energy("pue", "1.15", year(2025), basis="metered", boundary="site")

They make messages of the contract and nothing else: whatever they leave out can be set afterwards. Amounts
are whole numbers in the field's unit, as `crex.amounts` gives them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from google.protobuf.timestamp_pb2 import Timestamp

from crex import registry
from crex.amounts import micro
from crex.errors import CrexError
from crex.registry import Entry
from crex.v1 import Accelerator, DeviceMemory, EnergyMetric, Interval, PciId, Provenance, Rate


def nominal(method: str, uri: str = "") -> Provenance:
    """States that the maker, or the operating system, says so; `method` says where (DESC-PROVENANCE-1)."""
    return Provenance(basis="nominal", method=method, source_uri=uri or None)


def estimated(method: str) -> Provenance:
    """States that a figure was inferred and not observed; `method` says from what."""
    return Provenance(basis="estimated", method=method)


def measured(method: str, over: Interval, *, third_party: bool = False, uri: str = "") -> Provenance:
    """States that a figure was measured over a period, by the provider or by somebody else."""
    basis = "measured-third-party" if third_party else "measured-provider"
    return Provenance(basis=basis, method=method, interval=over, source_uri=uri or None)


def interval(start: datetime, end: datetime) -> Interval:
    """Gives a period; both ends are aware, and the end is not part of it.

    Raises:
        ValueError: An end has no time zone, or the period is empty.
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError("state the time zone of both ends, such as datetime(2026, 1, 1, tzinfo=UTC)")
    if end <= start:
        raise ValueError(f"the period ends at {end}, not after its start {start}")
    return Interval(start=_stamp(start), end=_stamp(end))


def year(number: int) -> Interval:
    """Gives a calendar year, UTC."""
    return interval(datetime(number, 1, 1, tzinfo=UTC), datetime(number + 1, 1, 1, tzinfo=UTC))


def matrix_rate(number_format: str, mops_per_s: int, source: Provenance, *, sparsity: str = "dense") -> Rate:
    """States a rate of the units that multiply matrices, in 10^6 operations per second; dense unless said."""
    return _rate(number_format, "matrix", mops_per_s, source, sparsity)


def vector_rate(number_format: str, mops_per_s: int, source: Provenance, *, sparsity: str = "dense") -> Rate:
    """States a rate of the general arithmetic units, in 10^6 operations per second."""
    return _rate(number_format, "vector", mops_per_s, source, sparsity)


def energy(
    metric: str,
    value: int | str | Decimal | Fraction,
    over: Interval,
    *,
    basis: str,
    boundary: str,
    **more: str,
) -> EnergyMetric:
    """States an energy figure in the unit of its metric: `energy("pue", "1.15", …)` (DESC-ENERGY-1).

    Args:
        metric: Token of the metric; its standard is taken from the registry unless `standard` is given.
        value: The figure in the metric's unit: a share is between 0 and 1, not in per cent.
        over: Period that it covers.
        basis: `design`, `metered` or `estimated`.
        boundary: What is inside: `site`, `rack`, …
        more: `standard`, `accounting` or `signal`.

    Raises:
        CrexError: SCHEMA: the value is finer than a millionth, or the metric cannot have it (DESC-ENERGY-2).
    """
    known = registry.load("energy-metrics").entries.get(metric)
    stated = micro(value)
    if known is not None:
        least, most = known.whole("minMicro"), known.whole("maxMicro")
        if (least is not None and stated < least) or (most is not None and stated > most):
            raise CrexError("SCHEMA", f"{metric} cannot be {value} {known.members['unit']}. Check its unit.")
        if "standard" in known.members:
            more.setdefault("standard", known.members["standard"])
    return EnergyMetric(
        metric=metric, value_micro=stated, interval=over, basis=basis, boundary=boundary, **more
    )


def product(token: str, *, count: int = 1) -> Accelerator:
    """Describes accelerators by their product, with the maker's nominal figures and where each is from.

    Only whoever knows which product it is may say so: the registry tells what its maker promises, not what is
    in a machine (REG-RATE-1). PCI identifiers are stated where the product has one only.

    Args:
        token: Token of the registry `accelerators`.
        count: How many.

    Raises:
        CrexError: NOT_FOUND: no such product is listed.
    """
    entry = registry.load("accelerators").entries.get(token)
    if entry is None:
        raise CrexError(
            "NOT_FOUND", f"No product {token[:64]!r} is listed. `crex registry search` finds them."
        )
    stated = entry.members
    made = Accelerator(
        accelerator_class=stated["acceleratorClass"],
        vendor=stated["vendor"],
        product=entry.name,
        architecture=stated.get("architecture"),
        form_factor=stated.get("formFactor"),
        count=count,
        tdp_watts=entry.whole("tdpWatts"),
        rates=[_listed_rate(entry, rate) for rate in stated.get("rates", ())],
        provenance=_listed(entry, 0),
    )
    if memory := stated.get("memory"):
        bandwidth = memory.get("bandwidthBytesPerS")
        made.memory.CopyFrom(
            DeviceMemory(
                capacity_bytes=int(memory["capacityBytes"]),
                type=memory.get("type"),
                bandwidth_bytes_per_s=int(bandwidth) if bandwidth else None,
            )
        )
    if len(stated.get("pci", ())) == 1:
        made.pci.CopyFrom(PciId(vendor=stated["pci"][0]["vendor"], device=stated["pci"][0]["device"]))
    return made


def _rate(number_format: str, unit: str, mops_per_s: int, source: Provenance, sparsity: str) -> Rate:
    return Rate(
        number_format=number_format, unit=unit, sparsity=sparsity, mops_per_s=mops_per_s, provenance=source
    )


def _listed_rate(entry: Entry, rate: dict[str, str]) -> Rate:
    return _rate(
        rate["numberFormat"],
        rate["unit"],
        int(rate["mopsPerS"]),
        _listed(entry, int(rate["reference"])),
        rate["sparsity"],
    )


def _listed(entry: Entry, number: int) -> Provenance:
    source = entry.references[number]
    return nominal(f"{source.title} (product {entry.token})", source.uri)


def _stamp(value: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(value)
    return stamp
