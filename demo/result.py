"""What the demo came to, as plain values: the report is made from it, and needs nothing that still runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow:
    """One offer as the search judged it.

    Attributes:
        id: Its name.
        digest: Its digest, by which its document is found.
        seller: Who sells, for people.
        shape: What one unit is, for people.
        source: Where its price was read; empty for the provider's own.
        price: Price of this demand, decimal text; empty where it is unknown or was not asked for.
        matched: Whether it matches.
        why_not: The first constraint that it fails, and what was found.
    """

    id: str
    digest: str
    seller: str
    shape: str
    source: str
    price: str
    matched: bool
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    """One document of the folder.

    Attributes:
        path: Its file, from the folder of documents.
        kind: Its type.
        id: Its name.
        issuer: Who signed it.
        sha256: Its digest.
        body: Its body.
        checks: The verification steps, each "number title: finding".
        leaves: Records or lines that it signs for by a Merkle root, each proved; exact texts.
    """

    path: str
    kind: str
    id: str
    issuer: str
    sha256: str
    body: dict[str, Any]
    checks: tuple[str, ...]
    leaves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """One invoice line with its arithmetic.

    Attributes:
        component: Component of the price plan and its tier.
        amount: Amount and currency.
        measured: What the records state, and by which rule it became the quantity that is billed.
        equation: Quantity × price ÷ divisor = exact amount → amount.
        rounding: How the exact amount became the amount.
        document: The line itself, exactly as the invoice signs for it.
    """

    component: str
    amount: str
    measured: str
    equation: str
    rounding: str
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step of the story."""

    number: int
    chapter: str
    title: str
    outcome: str
    details: tuple[str, ...]
    seconds: float
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything that the report tells.

    Attributes:
        began: When the demo began, text.
        seconds: How long it took.
        error: Why it failed; empty where everything verified.
        demand: The demand in text form.
        currency: Currency of the prices.
        machine: The machine as described, a text table.
        steps: The story.
        offers: The offers, those that match first, then by price.
        program: What the consumer's program printed.
        total: What the invoice came to.
        rating_digest: Its rating digest, as both sides computed it.
        lines: Its lines.
        refusals: Attempt, who refused it, reason and message.
        documents: The documents of the folder.
        folder: The folder.
    """

    began: str
    seconds: float
    error: str = ""
    demand: str = ""
    currency: str = ""
    machine: str = ""
    steps: tuple[StepRow, ...] = ()
    offers: tuple[OfferRow, ...] = ()
    program: dict[str, Any] = field(default_factory=dict)
    total: str = ""
    rating_digest: str = ""
    lines: tuple[LineRow, ...] = ()
    refusals: tuple[tuple[str, str, str, str], ...] = ()
    documents: tuple[DocumentRow, ...] = ()
    folder: str = ""
