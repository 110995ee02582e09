"""Documents of the greatest length that are wrong throughout: the refusal is short, and looks at little."""

from __future__ import annotations

from typing import Any

import pytest

from crex.documents import reader
from crex.documents.types import document_type
from crex.errors import DocumentError, Violation
from sdk.tests.documents.samples import body, header, offer

OFFER = document_type("offer")
MANY = 60_000


def violations(**members: Any) -> tuple[Violation, ...]:
    """Why an offer with these members is refused."""
    with pytest.raises(DocumentError) as refused:
        reader.read(body(offer(**members)), OFFER)
    return refused.value.violations


@pytest.mark.parametrize(
    "interfaces", [["ssh"] * MANY, ["NO TOKEN"] * MANY, [{}] * MANY], ids=["repeated", "wrong", "objects"]
)
def test_a_list_over_its_length_is_refused_for_that_alone(interfaces: list[Any]) -> None:
    """The elements of a list that is too long are not looked into: explaining them takes seconds."""
    (told,) = violations(interfaces=interfaces)
    assert told.path == "$.interfaces"
    assert f"{MANY} elements" in told.message


def test_a_map_over_its_size_is_refused_for_that_alone() -> None:
    """Neither are the members of a map."""
    names = {f"NO TOKEN {at}": "{}" for at in range(MANY // 4)}
    (told,) = violations(header=header("offer", validUntil="2026-03-02T08:00:00Z", extensions=names))
    assert told.path == "$.header.extensions"


def test_a_list_within_its_length_is_looked_into() -> None:
    """What is wrong with each element is told where their number is allowed."""
    told = violations(interfaces=["ssh", "NO TOKEN", "ssh"])
    assert [each.path for each in told] == ["$.interfaces[1]", "$.interfaces"]
