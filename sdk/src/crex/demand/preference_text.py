"""Preferences in the text form, and back (TEXT-FORM-1, TEXT-ROUND-1).

preference = ( "minimize" / "maximize" ) path [ "where" "{" requirement "}" ]
             "from" value "to" value [ "weight" count ] [ "basis" list ]
"""

from __future__ import annotations

from crex import v1
from crex.demand.formatter import format_node
from crex.demand.literals import write_literal
from crex.demand.parser import Parser, shown
from crex.demand.paths import registry
from crex.demand.preferences import Wish, check_preferences, element_paths
from crex.demand.values import NUMERIC

_FOLLOWERS = ("to", "weight", "basis")
_DIRECTIONS = {
    "minimize": v1.PreferenceDirection.PREFERENCE_DIRECTION_MINIMIZE,
    "maximize": v1.PreferenceDirection.PREFERENCE_DIRECTION_MAXIMIZE,
}


def parse_preference(text: str) -> v1.Preference:
    """Reads a preference, such as `minimize price from 0 to 100 weight 3`.

    Raises:
        RequirementError: With line and column of each violation, and what to write instead.
    """
    parser, preference = Parser(text), v1.Preference()
    word = parser.take()
    direction = _DIRECTIONS.get(word.text)
    if direction is None:
        fix = "write `minimize` or `maximize`"
        parser.fail(word, f"{shown(word)} where a preference begins", fix)
    preference.direction = direction
    token, path = parser.path(registry())
    if path.type not in NUMERIC:
        fix = "name a path of numbers, such as `price`"
        parser.fail(token, f"{path.name} has no numbers to prefer", fix, "DEMAND-PREFERENCE-1")
    preference.path = path.name
    if parser.take_word("where"):
        inside = element_paths(path)
        if inside is None:
            message = f"{path.name} leads through no list whose elements could be told apart"
            parser.fail(token, message, "leave `where` out", "DEMAND-PREFERENCE-1")
        parser.expect_mark("{", "begins the condition on one element")
        preference.where.CopyFrom(parser.requirement(inside, 1).message)
        parser.expect_mark("}", "closes the condition on one element")
    for keyword, reference in (("from", preference.ref_low), ("to", preference.ref_high)):
        if not parser.take_word(keyword):
            fix = f"write `{keyword}` and a value; both ends are needed to give points"
            parser.fail(parser.next, f"{shown(parser.next)} where `{keyword}` is expected", fix)
        reference.CopyFrom(parser.value(path, _FOLLOWERS)[0])
    if parser.take_word("weight"):
        weight = parser.take()
        if not (weight.text.isascii() and weight.text.isdecimal() and len(weight.text) <= 4):
            parser.fail(
                weight, f"{shown(weight)} is no weight", "weigh from 1 to 1000", "DEMAND-PREFERENCE-1"
            )
        preference.weight = int(weight.text)
    if parser.take_word("basis"):
        preference.accepted_bases.extend(token.text for token in parser.word_list("`basis`"))
    parser.end()
    check_preferences([preference])
    return preference


def format_preference(preference: v1.Preference) -> str:
    """Writes a preference in the text form.

    Raises:
        RequirementError: It cannot be used; see `crex.demand.preferences`.
    """
    [wish] = check_preferences([preference])
    return _format(wish, preference)


def _format(wish: Wish, preference: v1.Preference) -> str:
    words = ["minimize" if wish.minimize else "maximize", wish.path.name]
    if wish.where is not None:
        words.append(f"where {{{format_node(wish.where)}}}")
    for keyword, value in (("from", wish.low), ("to", wish.high)):
        words += [keyword, write_literal(value, wish.path)]
    if preference.HasField("weight"):
        words += ["weight", str(wish.weight)]
    if wish.bases:
        words.append(f"basis [{', '.join(wish.bases)}]")
    return " ".join(words)
