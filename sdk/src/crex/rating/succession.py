"""Plans that take the place of others (pricing.md, PRICE-SUPERSEDES-1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from crex.errors import RatingError
from crex.metering.span import show_ms
from crex.rating.component import Use
from crex.rating.plan import Plan


def check_succession(plans: Sequence[Plan]) -> None:
    """Checks that each plan may take the place of the one before it.

    So a provider cannot change a price under a buyer: a plan gives way to another only where it said from the
    beginning that it would end.

    Raises:
        RatingError: TERMS if one may not (PRICE-SUPERSEDES-1).
    """
    for before, after in pairwise(plans):
        for what in _reasons(before, after):
            raise RatingError(
                "TERMS",
                f"{after.pin.id}, revision {after.pin.revision}, cannot take the place of {before.pin.id}, "
                f"revision {before.pin.revision}: {what}. Bill by the plan that was agreed, or have the "
                "provider publish one that follows it (PRICE-SUPERSEDES-1).",
                details={"requirement": "PRICE-SUPERSEDES-1"},
            )


def _reasons(before: Plan, after: Plan) -> Iterator[str]:
    if after.supersedes != before.pin:
        yield "it does not pin it as the plan that it supersedes"
    if before.end_ms is None:
        yield "that plan has no end"
    elif after.start_ms < before.end_ms:
        yield f"it begins at {show_ms(after.start_ms)}, before that plan ends at {show_ms(before.end_ms)}"
    for name, first, second in (
        ("currency", before.currency, after.currency),
        ("billed currency", before.billed_currency, after.billed_currency),
        ("time zone", before.time_zone, after.time_zone),
        ("taxIncluded", before.tax_included, after.tax_included),
    ):
        if first != second:
            yield f"its {name} is {second}, that plan's is {first}"
    known = _kinds(before)
    for use, kind in _kinds(after).items():
        if known.get(use, kind) != kind:
            yield f"{use[0]} in {use[1]} is of another kind, or counts time in another unit"


def _kinds(plan: Plan) -> dict[Use, tuple[int, bool]]:
    return {one.use: (one.kind, one.monthly) for one in plan.components}
