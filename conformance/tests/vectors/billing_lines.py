"""Lines, taxes and closings of an answer, as they were worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

Value = dict[str, Any]
LEASE_PATH, ORDER_PATH = "crex://broker.example/lease/", "crex://broker.example/order/"
LEASE: Final = f"{LEASE_PATH}l1"
ACCOUNT: Final = "research"


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        of: Component; `dimension:unit` on a line without one.
        tier: Tier; 0 on a line without one.
        quantity: Billed quantity, as `5` or `5/2`.
        exact: Exact amount, as `3.685` or `299/300`.
        amount: Rounded amount.
        lease: Last segment of the lease's name; empty on a line of the account.
        plan: Which of the plans, from 0.
        commitment: Part of a commitment, `<id>:used` and so on.
        adjustment: Identifier of the adjustment.
        factors: (identifier, factor) in their order.
    """

    of: str
    tier: int
    quantity: str
    exact: str
    amount: str
    lease: str = "l1"
    plan: int = 0
    commitment: str = ""
    adjustment: str = ""
    factors: Sequence[tuple[str, str]] = ()

    def row(self, given: Value) -> Value:
        """The line as a vector states it, with its key and prices, which only the table needs.

        Args:
            given: The input of the vector.
        """
        plan, sha256 = _plan(given, self.plan)
        found = next((it for it in plan["components"] if it["id"] == self.of), None)
        dimension, unit = (found["dimension"], found["unit"]) if found else self.of.split(":")
        unpriced = not found and not self.commitment and not self.adjustment
        value: Value = {
            "key": self._key(given, sha256, bool(found) or unpriced),
            **self._prices(plan, found),
            "component": self.of if found else "",
            "tier": self.tier,
            "dimension": dimension,
            "unit": unit,
            "lease": LEASE_PATH + self.lease if self.lease and "leases" in given else "",
            "account": "" if self.lease else given["account"],
            "commitment": self.commitment,
            "adjustment": self.adjustment,
            "quantity": ratio(self.quantity),
            "exact_amount": ratio(self.exact),
            "amount": self.amount,
            "factors": [{"id": it, "value": ratio(factor)} for it, factor in self.factors],
            "unpriced": unpriced,
        }
        return {name: it for name, it in value.items() if it}

    def _key(self, given: Value, sha256: str, named: bool) -> str:
        order = f"{ORDER_PATH}o{self.lease[1:]}" if self.lease else ""
        holder = LEASE_PATH + self.lease if self.lease else given["account"]
        of, tier = self.of if named else "", str(self.tier or "")
        columns = (order, holder, of, sha256, tier, self.commitment, self.adjustment)
        return "|".join(columns)

    def _prices(self, plan: Value, found: Value | None) -> Value:
        if self.adjustment:
            return {}
        identifier, _, part = self.commitment.partition(":")
        made: Value = next((it for it in plan.get("commitments", ()) if it["id"] == identifier), {})
        if part == "upfront":
            return {"unit_price": made["upfrontPrice"], "per_quantity": "1"}
        if part and not self.tier:
            per = made.get("perQuantity") or made["amount"]
            return {"unit_price": made["price"], "per_quantity": per}
        if not found:
            return {}
        if "priceSeries" in found:
            return {"per_quantity": found["perQuantity"]}
        price = found["tiers"][self.tier - 1]["unitPrice"]
        return {"unit_price": price, "per_quantity": found["perQuantity"]}


@dataclass(frozen=True)
class Tax:
    """One tax: category, jurisdiction and rate of its rule, and what it comes to."""

    category: str
    jurisdiction: str
    rate: str
    base: str
    exact: str
    amount: str
    exemption: str = ""

    def stated(self) -> Value:
        """The tax in a vector."""
        return {
            "category": self.category,
            "jurisdiction": self.jurisdiction,
            "rate": self.rate,
            **({"exemption_code": self.exemption} if self.exemption else {}),
            "base": self.base,
            "exact_amount": ratio(self.exact),
            "amount": self.amount,
        }


@dataclass(frozen=True)
class Closing:
    """Where an accumulator of a lease or of the account, or a fixed credit, stands after the bill."""

    of: str
    value: str
    lease: str = ""

    def stated(self) -> Value:
        """The closing in a vector: of a component, or of a credit where `of` begins with `credit:`."""
        kind, _, identifier = self.of.rpartition(":")
        lease = {"lease": LEASE_PATH + self.lease} if self.lease else {}
        return {kind or "component": identifier, **lease, "value": ratio(self.value)}


def stated(row: Value) -> Value:
    """A line without what only the table needs."""
    return {name: it for name, it in row.items() if name not in ("key", "unit_price", "per_quantity")}


def ratio(text: str) -> Value:
    """A rational in lowest terms."""
    number = Fraction(text)
    return {"num": str(number.numerator), "den": str(number.denominator)}


def _plan(given: Value, index: int) -> tuple[Value, str]:
    if "plans" in given:
        return given["plans"][index]["plan"], given["plans"][index]["sha256"]
    return given["plan"], given["plan_sha256"]


def billed(given: Value) -> str:
    """The billed currency: all plans of a bill have one."""
    plan, _ = _plan(given, 0)
    return str(plan.get("exchange", plan)["currency"])
