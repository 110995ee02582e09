"""Our files before the official validator of FOCUS: every rule that fails is known, and known for a reason.

A rule that fails and is not known fails the test; so does a known one that holds, since then the reason is
gone. What the validator found is kept by rule under `build/focus/`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import pytest

from crex.focus import Bill, csv_lines, rows, write_parquet
from sdk.tests.focus import samples, vectors
from tools import focus_validator
from tools.focus_validator import CRITERIA, ROOT, Verdict

pytestmark = [pytest.mark.slow, pytest.mark.may_skip("Python 3.12, which the validator of FOCUS needs")]

ALWAYS: Final = {
    "InvoiceId-C-004-C": "The model lost the condition `not associated with an invoice`: it asks of every "
    "row to have no InvoiceId, and C-005 asks of every row to have one.",
}
WITH_CRITERIA: Final = {
    "CommitmentDiscountStatus-C-004-C": "The model asks for a status where CommitmentDiscountId is null, and "
    "the text where it is not; C-003 rightly wants none there.",
    "CommitmentDiscountStatus-C-002-C": "It is C-003 and C-004 together.",
    "CommitmentDiscountStatus-C-000-C": "It contains C-002.",
}
# Of a fee that is no commitment.
WITH_FEES: Final = {
    "EffectiveCost-C-005-C": "The model lost the condition `intended to cover future eligible charges`: a "
    "fee covers nothing else, so its cost is effective.",
}
WITH_FEES_AND_CRITERIA: Final = {"EffectiveCost-C-000-M": "It contains C-005."}

_NEGATIVE: Final = "FOCUS knows no price below zero, and a price series may state one."
_CONTAINED: Final = "It contains one of the rules on prices below zero."
WITH_PRICES_BELOW_ZERO: Final = {
    "ContractedUnitPrice-C-009-C": _NEGATIVE,
    "ListUnitPrice-C-008-M": _NEGATIVE,
    "PricingCurrencyListUnitPrice-C-008-M": _NEGATIVE,
    "PricingCurrencyEffectiveCost-C-004-M": f"The model asks of the list price instead. {_NEGATIVE}",
    "ContractedUnitPrice-C-000-C": _CONTAINED,
    "ContractedUnitPrice-C-008-C": _CONTAINED,
    "ListUnitPrice-C-000-C": _CONTAINED,
    "ListUnitPrice-C-007-C": _CONTAINED,
    "PricingCurrencyEffectiveCost-C-000-C": _CONTAINED,
    "PricingCurrencyListUnitPrice-C-000-C": _CONTAINED,
    "PricingCurrencyListUnitPrice-C-007-C": _CONTAINED,
}

WITHOUT_FEES: Final = (samples.usage_bill, samples.committed_bill, samples.credit_note)
ALL: Final = (*WITHOUT_FEES, samples.fee_bill)


@pytest.fixture(scope="module", autouse=True)
def validator() -> None:
    """The validator in its environment, which is made once (half a minute)."""
    python = focus_validator.find_python()
    if python is None:
        pytest.skip(focus_validator.NO_PYTHON)
    try:
        focus_validator.prepare(python)
    except focus_validator.ValidatorError as error:
        if os.environ.get("CREX_CI") == "1":
            raise
        pytest.skip(f"the validator of FOCUS cannot be installed: {error}")


def written(makers: Iterable[Callable[[], Bill]], path: Path) -> Path:
    """A file of the rows of bills."""
    found = [row for make in makers for row in rows(make())]
    if path.suffix == ".parquet":
        with path.open("wb") as file:
            write_parquet(found, file)
    else:
        path.write_text("".join(csv_lines(found)), "utf-8", newline="")
    return path


def judged(path: Path, name: str, criteria: Iterable[str] = CRITERIA) -> Verdict:
    """The verdict on a file, also kept by rule."""
    verdict = focus_validator.validate(path, tuple(criteria))
    kept = ROOT / "build" / "focus" / f"{name}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(dict(sorted(verdict.rules.items())), indent=1), "utf-8")
    return verdict


def assert_known(verdict: Verdict, known: dict[str, str]) -> None:
    """Every failure is known, and everything known fails."""
    failed = set(verdict.failures)
    assert not failed - set(known), f"not known to fail: {sorted(failed - set(known))}"
    passed = set(known) - failed
    assert not passed, f"known to fail, but it holds now, so take it off: {sorted(passed)}"


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_use_commitments_and_notes_keep_the_rules(suffix: str, tmp_path: Path) -> None:
    """Of all rules that apply to a provider as CREX has them, only those fail that contradict another."""
    verdict = judged(written(WITHOUT_FEES, tmp_path / f"bills.{suffix}"), f"bills-{suffix}")
    assert_known(verdict, ALWAYS | WITH_CRITERIA)
    assert len(verdict.of("passed")) >= 300


def test_fees_keep_the_rules(tmp_path: Path) -> None:
    """A fee fails one rule more, whose program is stricter than its text."""
    verdict = judged(written(ALL, tmp_path / "bills.csv"), "bills-with-fees")
    assert_known(verdict, ALWAYS | WITH_CRITERIA | WITH_FEES | WITH_FEES_AND_CRITERIA)


def test_the_bills_of_all_vectors_keep_the_rules(tmp_path: Path) -> None:
    """Whatever rating can bill, prices below zero among it, fails no rule but those that are known."""
    path = tmp_path / "vectors.csv"
    found = [row for vector in vectors.load("billing.rate") for row in rows(vectors.bill_of_vector(vector))]
    path.write_text("".join(csv_lines(found)), "utf-8", newline="")
    verdict = judged(path, "vectors")
    assert_known(
        verdict, ALWAYS | WITH_CRITERIA | WITH_FEES | WITH_FEES_AND_CRITERIA | WITH_PRICES_BELOW_ZERO
    )


def test_rules_for_every_provider_are_kept(tmp_path: Path) -> None:
    """Asked without naming what is supported, as most people run it, one rule fails."""
    verdict = judged(written(WITHOUT_FEES, tmp_path / "bills.csv"), "bills-without-criteria", ())
    assert_known(verdict, ALWAYS)


@pytest.mark.parametrize(
    ("right", "wrong", "rule"),
    [
        ('"2026-10-31T23:00:00Z"', '"31/10/2026"', "BillingPeriodEnd-C-002-M"),
        ('"GPU-Hours"', '"GPU*Hours"', "PricingUnit-C-003-O"),
        ("17820.4", "NULL", "BilledCost-C-003-M"),
        ('"EUR"', '"Euro"', "BillingCurrency-C-003-M"),
    ],
)
def test_a_wrong_file_is_found_wrong(right: str, wrong: str, rule: str, tmp_path: Path) -> None:
    """The verdict is read where it is: a broken rule is reported by its name, whatever the exit code."""
    path = written((samples.usage_bill,), tmp_path / "bills.csv")
    text = path.read_text("utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong), "utf-8")
    assert rule in focus_validator.validate(path).failures


def test_a_file_that_cannot_be_read_has_no_verdict(tmp_path: Path) -> None:
    """What is no file of columns gets an error, not a clean verdict."""
    path = tmp_path / "bills.csv"
    path.write_text("", "utf-8")
    with pytest.raises(focus_validator.ValidatorError):
        focus_validator.validate(path)
