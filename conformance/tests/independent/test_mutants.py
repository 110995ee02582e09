"""The vectors bite: each common mistake in a rater is caught, and each check of it is tried."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conformance.tests.independent import (
    corrections,
    mistakes,
    mistakes_of_terms,
    mistakes_of_totals,
    mistakes_of_use,
    rating,
)
from conformance.tests.independent.refusal import Refused
from conformance.tests.vectors.billing_lines import stated

FOLDER = Path(__file__).parents[2] / "src" / "crex_conformance" / "vectors" / "billing"
VECTORS = sorted(
    (
        it
        for it in (json.loads(path.read_bytes()) for path in FOLDER.glob("*.json"))
        if it["op"] in ("billing.rate", "billing.correct")
    ),
    key=lambda vector: "repeat" in str(vector),
)
CRASHES = (ArithmeticError, LookupError, TypeError, ValueError, StopIteration, RuntimeError)
PACKAGE = "conformance.tests.independent"
NAMES = (
    *("adjustments", "bill", "claims", "clock", "commitments", "corrections", "forms", "lines", "plan_forms"),
    *("quantities", "rating", "series", "series_forms", "table", "taxes", "term_forms", "use"),
)
MODULES = {name: import_module(f"{PACKAGE}.{name}") for name in NAMES}
MISTAKES = {
    **mistakes.AMOUNTS,
    **mistakes.TIERS,
    **mistakes_of_use.TIME,
    **mistakes_of_use.RECORDS,
    **mistakes_of_terms.SERIES,
    **mistakes_of_terms.COMMITMENTS,
    **mistakes_of_totals.CREDITS,
    **mistakes_of_totals.TAXES,
    **mistakes_of_totals.CORRECTIONS,
}


def put(name: str, old: str, new: str, patch: pytest.MonkeyPatch) -> None:
    """Changes one place of a module's text, wherever the calculation uses the module."""
    module = MODULES[name]
    text = Path(str(module.__file__)).read_text("utf-8")
    assert text.count(old) == 1, (name, text.count(old), old)
    made = ModuleType("mutant")
    patch.setitem(sys.modules, "mutant", made)  # dataclasses look their module up
    exec(compile(text.replace(old, new), "mutant", "exec"), made.__dict__)
    for user in (*MODULES.values(), sys.modules[__name__]):
        for attribute, value in list(vars(user).items()):
            if value is module:
                patch.setattr(user, attribute, made)
            elif getattr(value, "__module__", "") == module.__name__ and user is not module:
                patch.setattr(user, attribute, getattr(made, attribute))


def answer(vector: dict[str, Any]) -> Any:
    """What the calculation says to a vector, as its `expect` would say it."""
    try:
        if vector["op"] == "billing.correct":
            notes = corrections.correct(vector["input"])
            lines = [[stated(line) for line in note["lines"]] for note in notes]
            return [{**note, "lines": of} for note, of in zip(notes, lines, strict=True)]
        bill = rating.rate(vector["input"])
        lines_of = [stated(line) for line in bill.lines]
        return [bill.rating_digest, bill.net_total, bill.complete, bill.closings, lines_of]
    except Refused as refused:
        return [refused.reason]
    except CRASHES as crash:
        return crash


def killers() -> Iterator[str]:
    """The vectors that the calculation answers wrongly."""
    for vector in VECTORS:
        expect = vector["expect"]
        members = ("rating_digest", "net_total", "complete", "closings", "lines")
        accepted = expect["notes"] if "notes" in expect else [expect.get(it) for it in members]
        if answer(vector) != (expect["reasons"] or accepted):
            yield vector["id"]


def test_the_right_calculation_survives() -> None:
    """Unchanged, the second calculation answers every vector rightly."""
    assert list(killers()) == []


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_caught(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rater with one mistake gives another answer than a vector."""
    put(*MISTAKES[mistake], monkeypatch)
    assert next(killers(), None) is not None


CHECKS = [
    (name, check)
    for name in ("forms", "plan_forms", "term_forms", "series_forms", "bill")
    for check in re.findall(
        r"^    +((?:(?:forms\.)?must|_terms)\(.+\))$",
        Path(str(MODULES[name].__file__)).read_text("utf-8"),
        re.MULTILINE,
    )
]


@pytest.mark.parametrize(("name", "check"), CHECKS)
def test_each_check_of_form_is_tried(name: str, check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that lacks one check of plans, series and records takes something that a vector refuses."""
    put(name, check, "pass", monkeypatch)
    assert next(killers(), None) is not None
