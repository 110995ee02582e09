"""Lines and amounts of a dispute, as they are written on the command line."""

from __future__ import annotations

import pytest

from crex.cli.disputed_amounts import amounts
from crex.decimals import Money
from crex.errors import CrexError

LINES = {
    "order|lease|cpu|1||": Money.parse("EUR", "10.00"),
    "order|lease|fee|1||": Money.parse("EUR", "1.00"),
}


def test_a_line_is_named_by_its_number_or_its_key() -> None:
    """A number as it is shown or a key; without an amount all of the line is meant."""
    cpu, fee = LINES
    assert amounts(["1=2.50", "2"], LINES) == {cpu: Money.parse("EUR", "2.50"), fee: LINES[fee]}
    assert amounts([f"{fee}=0.10"], LINES) == {fee: Money.parse("EUR", "0.10")}
    assert amounts([cpu], LINES) == {cpu: LINES[cpu]}
    assert amounts([], LINES) == {}


@pytest.mark.parametrize("texts", [["3=1.00"], ["0"], ["cpu=1.00"], ["1=2.50", "1"], ["1=2.505"], ["1=much"]])
def test_what_names_no_line_or_no_amount_is_refused(texts: list[str]) -> None:
    """A line that is not there, one named twice, and what is no amount of the currency are told."""
    with pytest.raises(CrexError):
        amounts(texts, LINES)
