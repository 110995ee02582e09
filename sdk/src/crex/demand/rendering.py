"""An explanation as lines of text for people."""

from __future__ import annotations

from collections.abc import Iterator

from crex import v1


def render(explanation: v1.MatchExplanation) -> list[str]:
    """Writes an explanation as lines: what matched, what would help, what stops how many, why not."""
    return [
        f"{_offers(explanation.considered)} considered, {explanation.matched} match.",
        *_relaxation(explanation),
        *_constraints(explanation),
        *_rejections(explanation),
    ]


def _offers(count: int) -> str:
    return f"{count} offer{'' if count == 1 else 's'}"


def _relaxation(explanation: v1.MatchExplanation) -> Iterator[str]:
    if not explanation.HasField("relaxation"):
        if explanation.considered and not explanation.matched:
            yield "No single change would yield a match."
        return
    relaxation = explanation.relaxation
    change = f"ask `{relaxation.relaxed}`" if relaxation.relaxed else "leave it out"
    offers = _offers(relaxation.would_match)
    where = _alternative(relaxation.alternative)
    yield f"Smallest change{where}: instead of `{relaxation.constraint}` {change}: {offers} would match."


def _constraints(explanation: v1.MatchExplanation) -> Iterator[str]:
    if not explanation.constraints:
        return
    yield "What stops offers (of which by this alone / not stated):"
    width = max(len(str(one.fails)) for one in explanation.constraints)
    for one in explanation.constraints:
        where = _alternative(one.alternative)
        yield f"  {one.fails:>{width}}  ({one.fails_alone} / {one.unstated})  {one.constraint}{where}"


def _rejections(explanation: v1.MatchExplanation) -> Iterator[str]:
    if not explanation.rejections:
        return
    yield "Why not, the nearest first:"
    for one in explanation.rejections:
        yield f"  {one.offer_id}"
        yield f"    required {one.required}{_alternative(one.alternative)}"
        yield f"    {_found(one)}"
    if explanation.rejections_capped:
        rejected = explanation.considered - explanation.matched
        yield f"  … and {rejected - len(explanation.rejections)} more"


def _alternative(number: int) -> str:
    return f" (alternative {number})" if number else ""


def _found(rejection: v1.Rejection) -> str:
    if rejection.unstated:
        return "not stated"
    gap = f"; off by {rejection.gap}" if rejection.gap else ""
    return f"found {rejection.found or 'nothing'}{gap}"
