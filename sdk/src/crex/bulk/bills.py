"""Which bills are to be rated: of each its plans, its period, and its leases (rating.md, Schema)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crex.errors import CrexError
from crex.rating import Bill, LeaseUse


@dataclass(frozen=True, slots=True)
class NamedBill:
    """A bill under a name of its own.

    Attributes:
        name: By what records (column `bill`) and reports name it.
        bill: All that rating reads but the records.
    """

    name: str
    bill: Bill


@dataclass(frozen=True, slots=True)
class Slot:
    """A lease of a bill: what tables number.

    Attributes:
        number: From 0, by the bytes of the leases' names, then by the order of bills.
        lease: Name of the lease.
        bill: The bill that it is of; a lease can be of several, of different periods.
        use: The lease; its records are not here.
    """

    number: int
    lease: str
    bill: NamedBill
    use: LeaseUse


@dataclass(frozen=True, slots=True)
class BillSet:
    """The bills of a job, in order, and their leases by number."""

    bills: tuple[NamedBill, ...]
    slots: tuple[Slot, ...]

    @classmethod
    def of(cls, bills: Iterable[NamedBill]) -> BillSet:
        """Returns the set of bills.

        Raises:
            CrexError: SCHEMA if two bills have one name.
        """
        given = tuple(bills)
        seen: set[str] = set()
        for one in given:
            if one.name in seen:
                raise CrexError("SCHEMA", f"Two bills are named {one.name!r}. Give each a name of its own.")
            seen.add(one.name)
        pairs = [(use.terms.name, place, use) for place, one in enumerate(given) for use in one.bill.leases]
        pairs.sort(key=lambda pair: (pair[0].encode(), pair[1]))
        slots = tuple(
            Slot(number, name, given[place], use) for number, (name, place, use) in enumerate(pairs)
        )
        return cls(given, slots)

    @property
    def single(self) -> NamedBill | None:
        """The only bill; nothing where there are several."""
        return self.bills[0] if len(self.bills) == 1 else None


@dataclass(frozen=True, slots=True)
class Owners:
    """Which lease of which bill a record is of."""

    by_lease: dict[str, tuple[Slot, ...]]
    first_of: dict[str, int]
    single: str | None

    @classmethod
    def of(cls, bills: BillSet) -> Owners:
        """Returns the owners of a set of bills."""
        by_lease: dict[str, list[Slot]] = {}
        first_of: dict[str, int] = {}
        for slot in bills.slots:
            by_lease.setdefault(slot.lease, []).append(slot)
            first_of.setdefault(slot.bill.name, slot.number)
        single = bills.single
        return cls(
            {lease: tuple(slots) for lease, slots in by_lease.items()},
            first_of,
            None if single is None else single.name,
        )

    def of_record(self, bill: str, lease: str) -> tuple[list[int], bool]:
        """Returns the slots that have to answer for a record, and whether it is of none of their leases.

        Args:
            bill: The bill that it was handed in for; empty: each that names its lease.
            lease: The lease that it names.
        """
        mine = [slot.number for slot in self.by_lease.get(lease, ()) if bill in ("", slot.bill.name)]
        if mine:
            return mine, False
        owner = self.first_of.get(bill or self.single or "")
        return ([] if owner is None else [owner]), True


def slots_by_bill(slots: Sequence[Slot]) -> dict[str, list[Slot]]:
    """Returns the leases of each bill by the name of the bill."""
    found: dict[str, list[Slot]] = {}
    for slot in slots:
        found.setdefault(slot.bill.name, []).append(slot)
    return found
