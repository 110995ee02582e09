"""Demands: requirements in three-valued logic, their text form, matching and its explanation.

Source: proto/spec/requirements-language.md. `text` reads and writes the text form, `check` turns a message
into what `evaluate` understands, `match` ranks offers and explains the rest, `render` writes an explanation
for people.
"""

from crex.demand.checker import check
from crex.demand.evaluator import evaluate
from crex.demand.matching import Match, MatchResult, match
from crex.demand.paths import Path, Registry, registry
from crex.demand.preference_text import format_preference, parse_preference
from crex.demand.price import DemandPrice, PlanPricer, Pricer
from crex.demand.query import Query, compile_demand
from crex.demand.rendering import render
from crex.demand.text import format, parse, read_duration  # noqa: A004 - the inverse of `parse`
from crex.demand.truth import Truth
from crex.demand.view import OfferView

__all__ = [
    "DemandPrice",
    "Match",
    "MatchResult",
    "OfferView",
    "Path",
    "PlanPricer",
    "Pricer",
    "Query",
    "Registry",
    "Truth",
    "check",
    "compile_demand",
    "evaluate",
    "format",
    "format_preference",
    "match",
    "parse",
    "parse_preference",
    "read_duration",
    "registry",
    "render",
]
