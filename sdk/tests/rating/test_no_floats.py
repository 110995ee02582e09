"""No amount is ever a float: the sources of everything that computes or carries amounts are scanned for one.

Looked for are float literals, the name `float`, quotients that may be binary ones, and functions of `math`
that return them. A quotient is exact where one side is a `Fraction`, and text after `/` makes a path; all
quotients of fractions are listed, and a new one must be looked at and listed too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import crex

ROOT = Path(crex.__file__).parent
ROOMS = ("rating", "invoice", "metering", "bulk", "decimals")
INTEGER_FUNCTIONS = {"ceil", "floor", "gcd", "lcm", "isqrt", "comb", "perm", "factorial", "prod"}

# Names of paths, to which `/` joins another.
FOLDERS = {"directory", "folder", "path", "root", "work"}

# Quotients by module and text, one side of which is a Fraction.
EXACT: dict[str, set[str]] = {
    "invoice/arithmetic.py": {
        "exact(line.quantity) * parse_decimal(line.unit_price) / divisor",
        "whole * rate / (1 + rate)",
    },
    "invoice/views/page.py": {"quantity / _HOUR"},
    "invoice/views/text.py": {"period.seconds / _HOUR", "quantity / _HOUR"},
    "metering/importing/k8s_metrics.py": {"memory / _KIB"},
    "metering/importing/prometheus.py": {"before.value / size"},
    "metering/importing/times.py": {"milliseconds / 1000"},
    "metering/meter.py": {"used * part.seconds / span.seconds"},
    "metering/reconciling/compare.py": {"parse_decimal(number) / _PERCENT"},
    "rating/agreements.py": {"self.percent / _PERCENT"},
    "rating/charges.py": {"exact / component.per_quantity"},
    "rating/demand_bound.py": {
        "max(Fraction(0), *prices) / component.per_quantity",
        "quantity / _SHORTEST_PERIOD_S",
        "wanted.seconds / _DAY_S",
        "wanted.seconds / _SHORTEST_PERIOD_S",
    },
    "rating/demand_price.py": {
        "quantity / MONTH_S",
        "one.tiers[0].unit_price / one.per_quantity",
    },
    "rating/hourly.py": {
        "commitment.amount * seconds / (1 if component.timed else _HOUR_S)",
        "quantity * commitment.price / commitment.per_quantity",
    },
    "rating/adjustments.py": {"self._above_zero(basis) * percent / _PERCENT"},
    "rating/quantities.py": {"quantity / month", "quantity / steps.step"},
    "rating/spend.py": {
        "commitment.price / commitment.amount",
        "left * commitment.price / commitment.amount",
        "room / charge.exact",
    },
    "rating/taxes.py": {
        "exact / 10 ** plan.exponent",
        "minor * rule.rate / (1 + rule.rate)",
        "minor / (1 + rule.rate)",
    },
    "rating/tiers.py": {
        "(opening + quantity) / size",
        "opening / size",
        "part.quantity * part.tier.unit_price / component.per_quantity",
    },
}


def sources() -> list[Path]:
    """Every source of the rooms that amounts pass through."""
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def floats(tree: ast.AST, exact: set[str]) -> Iterator[str]:
    """Yields what may be a float, by line."""
    for node in ast.walk(tree):
        found = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found = f"the literal {node.value}"
        elif isinstance(node, ast.Name) and node.id == "float":
            found = "the name float"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            text = ast.unparse(node)
            found = "" if text in exact or _path(node) else f"the quotient {text}"
        elif isinstance(node, ast.ImportFrom) and node.module == "math":
            other = {alias.name for alias in node.names} - INTEGER_FUNCTIONS
            found = f"math.{', '.join(sorted(other))}" if other else ""
        elif isinstance(node, ast.Import):
            found = "math" if any(alias.name in ("math", "cmath", "numpy") for alias in node.names) else ""
        if found:
            yield f"line {getattr(node, 'lineno', 0)}: {found}"


def _path(node: ast.BinOp | ast.AugAssign) -> bool:
    """Tells whether `/` joins a path: a name or text, or to what is named a folder."""
    left, right = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
    text = isinstance(right, ast.JoinedStr) or (
        isinstance(right, ast.Constant) and isinstance(right.value, str)
    )
    name = ast.unparse(right).rpartition(".")[2] == "name"
    return text or name or ast.unparse(left).rpartition(".")[2] in FOLDERS


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_amount_is_a_float(path: Path) -> None:
    """A source holds no float, and no quotient that is not known to be exact (RATE-EXACT-1)."""
    listed = EXACT.get(path.relative_to(ROOT).as_posix(), set())
    assert list(floats(ast.parse(path.read_text()), listed)) == []


def test_every_listed_quotient_is_there() -> None:
    """The list of exact quotients holds nothing that the sources do not."""
    for name, listed in EXACT.items():
        tree = ast.parse((ROOT / name).read_text())
        assert listed, name
        texts = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.BinOp)}
        assert listed <= texts, name


@pytest.mark.parametrize(
    "text", ["0.1", "float(a)", "a / b", "from math import sqrt", "import numpy", "a /= 2", "1e3", "x: float"]
)
def test_the_scan_finds_them(text: str) -> None:
    """Each way to make a float is found."""
    assert list(floats(ast.parse(text), set()))
