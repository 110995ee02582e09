"""Why a bill cannot be rated: the first fault in the order of steps, with the record that shows it.

The reason is that of the reference engine, which stops at the same fault. An SQL engine finds all faults of a
lease at once; so a report can also say how many records show the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from crex.errors import CrexError, DocumentError, RatingError
from crex.metering.span import show_ms


class Kind(IntEnum):
    """Kinds of faults of records, in the order in which a bill meets them (rate/1, steps 2 to 9)."""

    FORM = 0
    CONFLICT = 1
    STRAY = 2
    OUTSIDE = 3
    OVERLAP = 4
    EXCESS = 5
    CUT = 6


@dataclass(frozen=True, slots=True)
class Fault:
    """The first of a lease's records that show a fault.

    Attributes:
        kind: The fault.
        slot: Number of the lease; -1 where no bill has it.
        meter_id: Meter of the record, as far as it is known.
        seq: Its number; 0 where it is not known.
        revision: Its revision; 0 where it is not known.
        start_ms: Start of its interval.
        end_ms: End of its interval.
        other_seq: Number of the other record, of an overlap.
        at_ms: Where the fault lies in time: the cut, the instant, the end of the other record.
        records: How many records show the fault.
        note: More to say: of FORM the reason of the reader, of STRAY the lease.
    """

    kind: Kind
    slot: int
    meter_id: str
    seq: int
    revision: int
    start_ms: int | None = None
    end_ms: int | None = None
    other_seq: int | None = None
    at_ms: int | None = None
    records: int = 1
    note: str = ""

    @property
    def place(self) -> str:
        """Text that finds the record, for people."""
        return f"meter {self.meter_id}, number {self.seq}, revision {self.revision}"

    @property
    def span(self) -> str:
        """Interval of the record, for people."""
        if self.start_ms is None or self.end_ms is None:
            return "an interval that is not stated"
        return f"[{show_ms(self.start_ms)}, {show_ms(self.end_ms)})"


# Reason, step and requirement of each kind, but of FORM, whose reason is the reader's.
_CITED: Final = {
    Kind.CONFLICT: ("CONFLICT", "3", "RATE-CONFLICT-1"),
    Kind.STRAY: ("USAGE_OUT_OF_BOUNDS", "5", "RATE-LEASE-1"),
    Kind.OUTSIDE: ("USAGE_OUT_OF_BOUNDS", "5", "RATE-ACTIVE-1"),
    Kind.OVERLAP: ("CONFLICT", "5", "RATE-OVERLAP-1"),
    Kind.EXCESS: ("USAGE_OUT_OF_BOUNDS", "5", "RATE-QUANTITY-1"),
    Kind.CUT: ("CUT_REQUIRED", "9", "RATE-CUT-2"),
}
_FIX: Final = "Have the provider correct it under a higher revision"


def error_of(fault: Fault, lease: str) -> CrexError:
    """Returns the error of a fault of a lease."""
    details = {
        "lease": lease,
        "meter_id": fault.meter_id,
        "seq": str(fault.seq),
        "revision": str(fault.revision),
        "records": str(fault.records),
    }
    if fault.kind is Kind.FORM:
        reason, _, where = fault.note.partition(" ")
        message = (
            f"A record of lease {lease} is none ({where or fault.place}): it is not in strict form or "
            "breaks a constraint of the contract. Have the provider correct it (step 2, "
            f"RATE-STRICT-1).{_more(fault)}"
        )
        return DocumentError(
            reason, message, details={**details, "step": "2", "requirement": "RATE-STRICT-1"}
        )
    reason, step, requirement = _CITED[fault.kind]
    details |= {"step": step, "requirement": requirement}
    if fault.other_seq is not None:
        details["other_seq"] = str(fault.other_seq)
    if fault.kind is Kind.CUT and fault.at_ms is not None:
        details["cut"] = show_ms(fault.at_ms)
    message = f"{_what(fault, lease)} (step {step}, {requirement}).{_more(fault)}"
    return RatingError(reason, message, details=details)


def _what(fault: Fault, lease: str) -> str:
    at = show_ms(fault.at_ms) if fault.at_ms is not None else ""
    match fault.kind:
        case Kind.CONFLICT:
            return (
                f"Different records claim {fault.place} of lease {lease}; which of them is true cannot be "
                "told, so nothing of the set can be billed. Have the provider state the correct one under a "
                "higher revision"
            )
        case Kind.STRAY:
            return (
                f"The record of {fault.place} cannot be billed: it is of lease {fault.note}, which the bill "
                f"has not. {_FIX}"
            )
        case Kind.OUTSIDE:
            return (
                f"The record of {fault.place} of lease {lease} cannot be billed: it covers {fault.span}, "
                f"outside the time in which the lease was in use. {_FIX}"
            )
        case Kind.OVERLAP:
            return (
                f"Records of lease {lease} overlap: number {fault.seq} of meter {fault.meter_id} covers "
                f"{fault.span}, number {fault.other_seq} goes on until {at}. The common time would be "
                "billed twice. Have the provider correct one of them under a higher revision"
            )
        case Kind.EXCESS:
            return (
                f"The record of {fault.place} of lease {lease} cannot be billed: from {at} on, more units "
                f"are held than were leased. {_FIX}"
            )
        case _:
            return (
                f"The record of {fault.place} of lease {lease} counts over {fault.span}, across the cut at "
                f"{at}. How much of it lies on either side cannot be told. Have the provider read the meter "
                "at the cut and state two records"
            )


def _more(fault: Fault) -> str:
    return f" {fault.records - 1} more of the lease show the same." if fault.records > 1 else ""
