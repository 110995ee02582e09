"""An invoice as people read it: every number with where it comes from."""

from fractions import Fraction

import pytest

from crex.decimals import show
from crex.documents import convert, reader
from crex.invoice import Sale, render
from crex.invoice.arithmetic import equation, rounding
from crex.v1 import InvoiceLine
from sdk.tests.invoice.samples import Usage, World, draft
from sdk.tests.rating.samples import START, bill, count, counted, plan


def parsed(bodies: tuple[bytes, ...]) -> list[InvoiceLine]:
    """Lines from their bytes."""
    return [convert.to_message(reader.read(body, InvoiceLine), InvoiceLine) for body in bodies]


def test_an_invoice_unfolds(usage: Usage, sale: Sale, world: World) -> None:
    """Quantity, price, tier, exact amount and rounding of each line are there."""
    made = draft(sale, usage.batches[:2])
    text = render(made.message, parsed(made.lines), sale.price_plan.message)
    for shown in (
        "2. compute-unit in unit: component cores, tier 2 (above 86400 unit·s, without end)",
        "quantity   1080000 unit·s = 300 unit·h",
        "price      1.995 EUR per 3600 unit·s",
        "arithmetic 1080000 unit·s × 1.995 EUR ÷ 3600 unit·s = 598.5 → 598.50 EUR",
        "rounding   exact; nothing is rounded",
        "tier 1 (above 0, up to and including 86400 unit·s)",
        "rounding   rounded down in size to 2 digits",
        "2026-02-28T23:00:00Z until 2026-03-31T22:00:00Z (743 h, local months of Europe/Berlin)",
        "Total        671.30 EUR, the sum of 3 lines",
        made.message.rating_digest,
    ):
        assert shown in text
    assert world.provider.authority in text


def test_without_the_plan(usage: Usage, sale: Sale) -> None:
    """Lines alone suffice: the arithmetic is in them."""
    made = draft(sale, usage.batches)
    text = render(made.message, parsed(made.lines))
    assert "820800 unit × 1.995 EUR ÷ 3600 unit = 454.86 → 454.86 EUR" in text
    assert "743" not in text


def test_use_without_a_price() -> None:
    """An unpriced line says so."""
    (line,) = bill(plan(), [count(START, START, "7")]).lines
    assert equation(line.message()) == "7 tokens, which no component prices → 0.00 EUR"


@pytest.mark.parametrize(
    ("price", "how"),
    [
        ("1", "exact; nothing is rounded"),
        ("3.685", "a tie, rounded away from zero to 2 digits"),
        ("3.684", "rounded down in size to 2 digits"),
        ("-3.686", "rounded up in size to 2 digits"),
    ],
)
def test_rounding_is_explained(price: str, how: str) -> None:
    """A reader sees whether and how an amount was rounded."""
    (line,) = bill(plan(counted(price)), [count(START, START, "1")]).lines
    assert rounding(line.message()) == how


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(-7, 2), "-3.5"),
        (Fraction(1, 3), "1/3 (≈ 0.333333333)"),
        (Fraction(-2, 3), "-2/3 (≈ -0.666666667)"),
        (Fraction(1, 10**12), "0.000000000001"),
        (Fraction(1, 2**40), "1/1099511627776 (≈ 0.000000000)"),
    ],
)
def test_numbers(value: Fraction, text: str) -> None:
    """A number is its decimal where that ends soon, else a fraction and an approximation."""
    assert show(value) == text
