"""What is compared: one demand, made ready for arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final, Self

from crex.decimals import parse_decimal
from crex.errors import CrexError
from crex.rating.component import Use
from crex.v1 import DemandQuantity

# What `count` counts: units of what an offer sells.
UNITS: Final[Use] = ("compute-unit", "unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demanded:
    """A demand.

    Attributes:
        quantities: By dimension and unit: what is held throughout, or, of what a plan counts, how much of it
            is used within `length_ms`, evenly.
        length_ms: Length in milliseconds, above zero.
        region: Region that the lease is in; nothing: none that a plan could name.
        interruptible: Whether the lease may be taken back.
    """

    quantities: Mapping[Use, Fraction]
    length_ms: int
    region: str | None = None
    interruptible: bool = False

    @classmethod
    def of(
        cls,
        count: int,
        quantities: Iterable[DemandQuantity],
        length_ms: int,
        *,
        region: str | None = None,
        interruptible: bool = False,
    ) -> Self:
        """Returns the demand of so many units and further quantities.

        Raises:
            CrexError: SCHEMA: nothing is demanded, for no time, or one dimension and unit twice.
        """
        found: dict[Use, Fraction] = {UNITS: Fraction(count)} if count else {}
        for one in quantities:
            use = one.dimension, one.unit
            quantity = parse_decimal(one.quantity)
            if use in found:
                raise _refused(f"{use[0]} in {use[1]} is demanded twice")
            if quantity <= 0:
                raise _refused(f"of {use[0]} in {use[1]} nothing is demanded")
            found[use] = quantity
        if not found:
            raise _refused("nothing is demanded")
        if length_ms <= 0:
            raise _refused("it lasts no time")
        return cls(
            quantities=MappingProxyType(found),
            length_ms=length_ms,
            region=region,
            interruptible=interruptible,
        )


def _refused(what: str) -> CrexError:
    return CrexError("SCHEMA", f"The demand cannot be compared: {what}. Correct it.")
