"""What an export reads: one invoice or note with its lines, and the price plans that they pin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from crex.decimals import parse_decimal
from crex.errors import CrexError
from crex.invoice.money import money_of
from crex.metering.span import Span
from crex.v1 import (
    Commitment,
    Correction,
    CreditNote,
    DebitNote,
    Invoice,
    InvoiceLine,
    PriceComponent,
    PricePlan,
)
from crex.v1 import Money as MoneyMessage


class FocusError(CrexError):
    """A bill cannot be written as FOCUS rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseFacts:
    """What the documents of a sale say about a lease, and its bill does not.

    Attributes:
        region: Region token of the offer's terms; nothing where it names none.
        interval: What was leased; nothing where it is not known. It is needed to spread what was paid
            upfront for a commitment without a stated term.
        held: What one unit of the lease is, as a capitalised noun such as `GPU`; nothing: a `Unit`.
    """

    region: str | None = None
    interval: Span | None = None
    held: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One invoice or note.

    Attributes:
        document: The document, verified before by whoever exports it.
        sha256: Digest of its body.
        lines: Its lines.
        plans: The price plans that the lines pin, by the SHA-256 of their bodies.
        account: The buyer's account. Notes do not state it: it is that of the corrected invoice.
        leases: Facts about leases by name; what is not known leaves cells null.
    """

    document: Invoice | CreditNote | DebitNote
    sha256: str
    lines: Sequence[InvoiceLine]
    plans: Mapping[str, PricePlan]
    account: str = ""
    leases: Mapping[str, LeaseFacts] = field(default_factory=dict)

    @property
    def body(self) -> Invoice | Correction:
        """The message that states parties, period, taxes and totals."""
        return self.document if isinstance(self.document, Invoice) else self.document.correction

    @property
    def is_note(self) -> bool:
        """Whether it corrects an invoice."""
        return not isinstance(self.document, Invoice)

    @property
    def type(self) -> str:
        """Type of the document, and whether it is a forecast."""
        if isinstance(self.document, Invoice):
            return "provisional-invoice" if self.document.provisional else "invoice"
        return "credit-note" if isinstance(self.document, CreditNote) else "debit-note"

    @property
    def account_id(self) -> str:
        """The account, unique among all buyers, whose own word an account is (BillingAccountId-C-004)."""
        return (
            self.body.buyer
            if self.account_name == self.body.buyer
            else f"{self.body.buyer}/{self.account_name}"
        )

    @property
    def account_name(self) -> str:
        """The account as the buyer calls it."""
        stated = self.document.account if isinstance(self.document, Invoice) else self.account
        of_lines = next((line.account for line in self.lines if line.account), "")
        return stated or of_lines or self.body.buyer

    @property
    def period(self) -> Span:
        """The period that is billed."""
        return Span.of(self.body.period)

    def plan(self, line: InvoiceLine) -> PricePlan:
        """Returns the price plan of a line.

        Raises:
            FocusError: NOT_FOUND: it was not given.
        """
        found = self.plans.get(line.price_plan.sha256)
        if found is None:
            raise FocusError(
                "NOT_FOUND",
                f"Line {line.key} is priced by {line.price_plan.id} with SHA-256 {line.price_plan.sha256}, "
                "which was not given. Fetch that revision of the price plan and export again.",
                source=self.document.header.id,
            )
        return found

    def component(self, line: InvoiceLine) -> PriceComponent | None:
        """Returns the component of a line; nothing where the line is of none.

        Raises:
            FocusError: SUBJECT: the plan has no such component.
        """
        if not line.component:
            return None
        return self.component_of(self.plan(line), line.component, line)

    def component_of(self, plan: PricePlan, identifier: str, line: InvoiceLine) -> PriceComponent:
        """Returns a component of a plan.

        Raises:
            FocusError: SUBJECT: the plan has no such component.
        """
        found = next((each for each in plan.components if each.id == identifier), None)
        if found is None:
            raise self._foreign(line, "component", identifier)
        return found

    def commitment(self, line: InvoiceLine) -> Commitment | None:
        """Returns the commitment of which a line is a part; nothing where it is of none.

        Raises:
            FocusError: SUBJECT: the plan has no such commitment.
        """
        identifier = line.commitment.partition(":")[0]
        if not identifier:
            return None
        found = next((each for each in self.plan(line).commitments if each.id == identifier), None)
        if found is None:
            raise self._foreign(line, "commitment", identifier)
        return found

    def billed_leases(self) -> Iterable[str]:
        """Names of the leases that are billed, as far as the document says them."""
        if isinstance(self.document, Invoice):
            return self.document.leases or [self.document.lease]
        return sorted({line.lease for line in self.lines if line.lease})

    def _foreign(self, line: InvoiceLine, what: str, identifier: str) -> FocusError:
        return FocusError(
            "SUBJECT",
            f"Line {line.key} is of {what} {identifier}, which {line.price_plan.id} does not have. Verify "
            "the bill before you export it: `crex invoice verify`.",
            source=self.document.header.id,
        )


def decimal(text: str, unset: str = "0") -> Fraction:
    """Returns the number of a decimal member, or that of `unset` where it is absent.

    Raises:
        InvalidScalar: It is not a decimal in its one spelling (SCALAR-DECIMAL-1).
    """
    return parse_decimal(text or unset)


def divisor(text: str) -> Fraction:
    """Returns the number by which a price is divided; 1 where it is absent.

    Raises:
        InvalidScalar: It is not a decimal in its one spelling (SCALAR-DECIMAL-1).
        FocusError: SCHEMA: it is not above zero (PRICE-PER-1).
    """
    value = decimal(text, "1")
    if value <= 0:
        raise FocusError("SCHEMA", f"A price is per {text}; it must be per more than zero (PRICE-PER-1).")
    return value


def money(value: MoneyMessage, currency: str) -> Fraction:
    """Returns an amount of the bill.

    Raises:
        InvalidScalar: It is no amount of its currency (SCALAR-MONEY-1).
        FocusError: SUBJECT: it is in another currency than the bill.
    """
    if value.currency != currency:
        raise FocusError(
            "SUBJECT", f"An amount is in {value.currency} and the bill in {currency}. Verify the bill first."
        )
    return money_of(value).value
