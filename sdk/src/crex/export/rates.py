"""Rates as a target can say them that has one number for each format, unit and sparsity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from crex.describe.report import Report
from crex.export.gathering import is_estimated
from crex.v1 import Rate

# Where rates of a device stand, for findings.
PATH: Final = "node.accelerators.rates"


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of one device's rates in one format, unit and sparsity.

    Attributes:
        number_format: Format of the operands.
        unit: `matrix` or `vector`, or a token that is not known here.
        sparsity: `dense`, or as `Rate.sparsity`.
        mops_per_s: The rate, in 10^6 operations per second.
    """

    number_format: str
    unit: str
    sparsity: str
    mops_per_s: int

    def __str__(self) -> str:
        return f"{self.number_format} {self.unit} {self.sparsity}"


def claims(rates: Iterable[Rate], where: str, report: Report) -> list[Claim]:
    """Gives dense rates first, then those with sparsity, each as it is called (EXPORT-RATE-1).

    Of several by accumulator, clock or basis the lowest is said, as where totals are computed
    (DERIVED-RATE-1). An estimated rate is not said: what a target has beside it does not tell it from others
    (EXPORT-BASIS-1).

    Args:
        rates: The rates of one device.
        where: Place of the device.
        report: Takes what is not said, as of `PATH`.
    """
    found: dict[tuple[str, str, str], list[int]] = {}
    for rate in rates:
        key = rate.number_format, rate.unit, rate.sparsity
        if is_estimated(rate.provenance):
            why = f"{' '.join(key)} is estimated, which the target cannot say of it"
            report.leave_out(PATH, where, why)
        else:
            found.setdefault(key, []).append(rate.mops_per_s)
    for key, several in found.items():
        if len(several) > 1:
            stated = ", ".join(str(mops) for mops in several)
            why = f"{' '.join(key)} is stated {len(several)} times, {stated} mops; the lowest is written"
            report.limit(PATH, where, why)
    made = [Claim(*key, min(several)) for key, several in found.items()]
    return sorted(made, key=lambda claim: claim.sparsity != "dense")
