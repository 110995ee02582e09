"""What is asked of a plan as it is written: registered tokens and a time zone that exists."""

from typing import Any

import pytest

from crex.rating.authoring import authoring_violations
from sdk.tests.rating.full_plan import body, broken, message


def found(**members: Any) -> list[tuple[str, str]]:
    """Path and requirement of what must not be published, after changes to the first component."""
    plan = body()
    plan["timeZone"] = members.pop("zone", plan["timeZone"])
    plan["components"][3] |= members
    assert broken(plan) == []
    return [(one.path, one.requirement) for one in authoring_violations(message(plan))]


def test_a_plan_of_registered_tokens() -> None:
    """A plan whose tokens are registered, or private, may be published."""
    assert found() == []
    assert found(dimension="provider.example/heat", unit="provider.example/calorie") == []


@pytest.mark.parametrize(
    ("members", "path", "requirement"),
    [
        ({"dimension": "enrgy"}, "$.components[3].dimension", "PRICE-UNIT-1"),
        ({"unit": "kilowat-hour"}, "$.components[3].unit", "PRICE-UNIT-1"),
        ({"zone": "Europe/Berln"}, "$.timeZone", "PRICE-ZONE-1"),
    ],
)
def test_what_nobody_knows(members: dict[str, Any], path: str, requirement: str) -> None:
    """A token that no registry lists and a zone that no database knows must not be published."""
    assert found(**members) == [(path, requirement)]


def test_the_nearest_token_is_named() -> None:
    """A misspelt token is told with the one that is probably meant."""
    plan = body()
    plan["components"][3]["unit"] = "kilowat-hour"
    [violation] = authoring_violations(message(plan))
    assert "kilowatt-hour" in violation.fix
