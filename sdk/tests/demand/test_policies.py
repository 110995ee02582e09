"""Demands with a policy: what matches is judged, what the policy stops is explained (DEMAND-POLICY-1)."""

from __future__ import annotations

import pytest

from crex import v1
from crex.demand import OfferView, match, render
from crex.errors import RequirementError
from crex.trust.policies import ClauseVerdict, PolicyVerdict
from sdk.tests.demand.offers import NOW, gpu, node, view
from sdk.tests.demand.test_matching import demand

CLAUSE = v1.PolicyClause(predicate_type="compliance")


def asked(text: str = "") -> v1.Demand:
    """A demand with a policy."""
    wanted = demand(text)
    wanted.policy.require.append(CLAUSE)
    return wanted


def verdict(*clauses: tuple[str, bool]) -> PolicyVerdict:
    """A verdict of clauses, by what they demand and whether they hold."""
    return PolicyVerdict(
        tuple(
            ClauseVerdict(f"$.require[{at}]", demanded, holds, "nothing")
            for at, (demanded, holds) in enumerate(clauses)
        )
    )


def offers() -> list[OfferView]:
    """Three offers, of which two have accelerators."""
    return [view(node(gpu()), name="a"), view(node(gpu()), name="b"), view(node(), name="c")]


def test_a_policy_that_nobody_judges_is_not_ignored() -> None:
    """Matching without evidence refuses a demand that has a policy."""
    with pytest.raises(RequirementError, match="no evidence here"):
        match(asked(), offers(), now=NOW)


def test_only_what_matches_otherwise_is_judged() -> None:
    """The policy is asked about candidates alone, and those that fail are none any more."""
    seen: list[str] = []

    def judge(one: OfferView) -> PolicyVerdict:
        seen.append(one.offer_id)
        return verdict(("MLPS", one.offer_id.endswith("a")))

    everything = offers()
    found = match(asked("accelerators.vendor = nvidia"), everything, now=NOW, judge=judge)
    assert sorted(seen) == [everything[0].offer_id, everything[1].offer_id]
    assert [one.offer_id for one in found.candidates] == [everything[0].offer_id]
    told = found.explanation
    assert told is not None
    assert (told.considered, told.matched) == (3, 1)
    first, second = told.rejections
    assert (first.offer_id, first.constraint) == (everything[1].offer_id, "policy.require[0]: MLPS")
    assert (second.offer_id, second.required) == (everything[2].offer_id, "accelerators.vendor = nvidia")
    assert told.constraints[-1].constraint == "policy.require[0]: MLPS"
    assert not told.HasField("relaxation")


def test_the_clause_that_stops_the_most_alone_is_the_relaxation() -> None:
    """Where the policy stops everything, leaving out one clause helps: the one that helps most."""
    outcomes = {"a": (False, True), "b": (False, True), "c": (True, False)}

    def judge(one: OfferView) -> PolicyVerdict:
        first, second = outcomes[one.offer_id[-1]]
        return verdict(("MLPS", first), ("a benchmark", second))

    told = match(asked(), offers(), now=NOW, judge=judge).explanation
    assert told is not None
    assert [(one.constraint, one.fails, one.fails_alone) for one in told.constraints] == [
        ("policy.require[0]: MLPS", 2, 2),
        ("policy.require[1]: a benchmark", 1, 1),
    ]
    assert (told.relaxation.constraint, told.relaxation.would_match) == ("policy.require[0]: MLPS", 2)
    assert "instead of `policy.require[0]: MLPS` leave it out: 2 offers would match." in "\n".join(
        render(told)
    )


def test_rejections_are_capped() -> None:
    """What the policy stops comes first, and the rest is counted."""
    told = match(
        asked("accelerators.vendor = nvidia"),
        offers(),
        now=NOW,
        max_rejections=1,
        judge=lambda _: verdict(("MLPS", False)),
    ).explanation
    assert told is not None
    assert [one.constraint for one in told.rejections] == ["policy.require[0]: MLPS"]
    assert told.rejections_capped
