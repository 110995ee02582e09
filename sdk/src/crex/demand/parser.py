"""From text to requirement: a recursive descent over the grammar of the text form (TEXT-FORM-1).

    requirement = conjunction *( "or" conjunction )
    conjunction = negation *( "and" negation )
    negation    = "not" negation / primary
    primary     = "(" requirement ")" / ( "all" / "any" ) "(" requirement *( "," requirement ) ")"
                / element / group / constraint
    element     = path "{" requirement "}"
    group       = count ( "devices" / "of" path ) [ "{" requirement "}" ] [ "same" list ] [ "distinct" list ]
    constraint  = path ( comparison value / [ "not" ] "in" list / "has" ( "all" / "any" ) list / "exists"
                         / "covers" ( "demand" / list ) )
                  [ "basis" list ] [ "assurance" list ]
    comparison  = "=" / "!=" / "<" / "<=" / ">" / ">="
    list        = "[" [ value *( "," value ) ] "]"

The registry is at hand while reading, so a value is read in the unit and type of its path, and a mistake is
shown at its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, NoReturn

from crex import v1
from crex.decimals import INT64_MAX
from crex.demand.checker import MAX_NODES, check, lists, unknown_path
from crex.demand.lexer import Kind, Token, mistake, tokens
from crex.demand.literals import read_literal
from crex.demand.nodes import Op
from crex.demand.paths import Path, Registry, registry
from crex.demand.values import NUMERIC, ValueType
from crex.errors import RequirementError, Violation

# Brackets inside brackets; more than any requirement of the allowed depth needs.
_MAX_NESTING: Final = 24

_COMPARISONS: Final = {"=": Op.EQ, "!=": Op.NE, "<": Op.LT, "<=": Op.LE, ">": Op.GT, ">=": Op.GE}
# Words that can follow a value, so that none of them is taken for its unit.
_FOLLOWERS: Final = ("and", "or", "basis", "assurance", "same", "distinct")
_COUNT: Final = re.compile("[0-9]{1,40}")


@dataclass
class Parsed:
    """A requirement with the places in the text of its parts, by JSON path below it."""

    message: v1.Requirement
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)

    def place(self, suffix: str, start: Token, end: Token | None = None) -> None:
        """Keeps where a part stands."""
        self.spans[suffix] = (start.start, (end or start).end)

    def adopt(self, prefix: str, inner: Parsed) -> None:
        """Keeps where the parts of a part stand."""
        self.spans.update({prefix + suffix: span for suffix, span in inner.spans.items()})


def parse(text: str, paths: Registry | None = None) -> v1.Requirement:
    """Reads a requirement in the text form.

    Args:
        text: The text.
        paths: Paths that it may use. None: those that begin at an offer.

    Raises:
        RequirementError: With line and column of each violation, a mark below the place, and what to write
            instead.
    """
    parser = Parser(text)
    parsed = parser.requirement(registry() if paths is None else paths, 0)
    parser.end()
    try:
        check(parsed.message, paths)
    except RequirementError as error:
        raise _placed(text, parsed, error) from None
    return parsed.message


def _placed(text: str, parsed: Parsed, error: RequirementError) -> RequirementError:
    """Gives each violation of a parsed requirement its place in the text."""
    placed: list[Violation] = []
    first: RequirementError | None = None
    for violation in error.violations:
        start, end = 0, len(text)
        place = violation.path.removeprefix("$")
        while place and place not in parsed.spans:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        start, end = parsed.spans.get(place, (0, len(text)))
        shown = mistake(
            text, start, end, violation.message, violation.fix, violation.requirement, error.reason
        )
        first = first or shown
        placed.extend(shown.violations)
    message = first.message if first is not None else error.message
    details = first.details if first is not None else error.details
    return RequirementError(error.reason, message, violations=placed, details=details)


class Parser:
    """Reads one text from left to right, looking one word ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._position = 0
        self._nodes = 0

    # --- words ---

    @property
    def next(self) -> Token:
        """The word ahead."""
        return self._tokens[self._position]

    def _peek(self, ahead: int) -> Token:
        return self._tokens[min(self._position + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Takes the word ahead; the end is never passed."""
        token = self.next
        if token.kind is not Kind.END:
            self._position += 1
        return token

    def take_word(self, *words: str) -> Token | None:
        """Takes the word ahead if it is one of some; None if it is not."""
        return self.take() if self.next.is_word(*words) else None

    def expect_mark(self, mark: str, why: str) -> Token:
        """Takes a mark, or refuses what stands in its place."""
        if not self.next.is_mark(mark):
            self.fail(self.next, f"{shown(self.next)} where `{mark}` {why}", f"write `{mark}`")
        return self.take()

    def fail(self, token: Token, message: str, fix: str = "", requirement: str = "TEXT-FORM-1") -> NoReturn:
        """Refuses the text at a word."""
        raise mistake(self._text, token.start, token.end, message, fix, requirement)

    def end(self) -> None:
        """Makes sure that nothing follows the requirement."""
        token = self.next
        if token.kind is Kind.END:
            return
        lower = token.text.lower()
        if lower in ("and", "or"):
            fix = f"write `{lower}`"
        elif token.kind is Kind.MARK:
            fix = f"remove it, or write what `{token.text}` belongs to"
        else:
            fix = "join conditions with `and` or `or`"
        self.fail(token, f"{shown(token)} where `and`, `or` or the end is expected", fix)

    # --- conditions ---

    def requirement(self, paths: Registry, nesting: int) -> Parsed:
        """Reads alternatives."""
        if nesting > _MAX_NESTING:
            self._too_complex(self.next)
        return self._joined("or", lambda: self._conjunction(paths, nesting), "anyOf")

    def _conjunction(self, paths: Registry, nesting: int) -> Parsed:
        return self._joined("and", lambda: self._negation(paths, nesting), "allOf")

    def _joined(self, word: str, read: Callable[[], Parsed], member: str) -> Parsed:
        members = [read()]
        while self.take_word(word):
            members.append(read())
        return members[0] if len(members) == 1 else self._several(member, members)

    def _several(self, member: str, members: list[Parsed]) -> Parsed:
        parsed = Parsed(v1.Requirement())
        several = parsed.message.all_of if member == "allOf" else parsed.message.any_of
        for index, inner in enumerate(members):
            several.requirements.append(inner.message)
            parsed.adopt(f".{member}.requirements[{index}]", inner)
        return parsed

    def _negation(self, paths: Registry, nesting: int) -> Parsed:
        if not self.next.is_word("not"):
            return self._primary(paths, nesting)
        if nesting > _MAX_NESTING:
            self._too_complex(self.next)
        start = self.take()
        inner = self._negation(paths, nesting + 1)
        parsed = Parsed(v1.Requirement())
        getattr(parsed.message, "not").CopyFrom(inner.message)
        parsed.adopt(".not", inner)
        parsed.place("", start)
        return parsed

    def _primary(self, paths: Registry, nesting: int) -> Parsed:
        token, following = self.next, self._peek(1)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._too_complex(token)
        if token.is_mark("("):
            self.take()
            inner = self.requirement(paths, nesting + 1)
            self.expect_mark(")", "closes the bracket")
            return inner
        if token.is_word("all", "any") and following.is_mark("("):
            return self._listed(paths, nesting)
        if token.kind is Kind.WORD and _COUNT.fullmatch(token.text) and following.is_word("of", "devices"):
            return self._group(paths, nesting)
        if token.kind is not Kind.WORD:
            fix = "begin with a path such as `accelerators.memory.capacity`, with `(` or with `not`"
            self.fail(token, f"{shown(token)} where a condition is expected", fix)
        if following.is_mark("{"):
            return self._element(paths, nesting)
        return self._constraint(paths)

    def _too_complex(self, token: Token) -> NoReturn:
        fix = "join alternatives of one path in one `in` list, or ask in several searches"
        message = f"more than {MAX_NODES} conditions, or too many brackets"
        raise mistake(
            self._text, token.start, token.end, message, fix, "REQ-LIMIT-1", reason="FILTER_TOO_COMPLEX"
        )

    def _listed(self, paths: Registry, nesting: int) -> Parsed:
        member = "allOf" if self.take().text == "all" else "anyOf"
        self.take()
        members = [self.requirement(paths, nesting + 1)]
        while self.next.is_mark(","):
            self.take()
            members.append(self.requirement(paths, nesting + 1))
        self.expect_mark(")", "closes the list of conditions")
        return self._several(member, members)

    def path(self, paths: Registry) -> tuple[Token, Path]:
        """Reads a path of a registry."""
        token = self.take()
        path = paths.get(token.text)
        if path is None:
            message, requirement, fix = unknown_path(token.text, paths, in_element=paths is not registry())
            self.fail(token, message, fix, requirement)
        return token, path

    def block(self, path: Path, paths: Registry, nesting: int, where: Token) -> Parsed:
        """Reads a condition on one element, in braces."""
        if not path.is_message_list:
            message = f"{path.name} is not a list of elements with fields of their own"
            self.fail(where, message, f"the nearest lists are {lists(paths)}", "REQ-ELEMENT-1")
        self.take()
        inner = self.requirement(paths.inside(path), nesting + 1)
        self.expect_mark("}", f"closes the condition on one element of {path.name}")
        return inner

    def _element(self, paths: Registry, nesting: int) -> Parsed:
        token, path = self.path(paths)
        inner = self.block(path, paths, nesting, token)
        parsed = Parsed(v1.Requirement())
        parsed.message.element.path = path.name
        parsed.message.element.requirement.CopyFrom(inner.message)
        parsed.place(".element", token)
        parsed.adopt(".element.requirement", inner)
        return parsed

    def _group(self, paths: Registry, nesting: int) -> Parsed:
        parsed = Parsed(v1.Requirement())
        group = parsed.message.device_group
        start = self.take()
        if int(start.text) > INT64_MAX:
            self.fail(start, f"more than {INT64_MAX} devices", "ask for fewer", "REQ-GROUP-1")
        group.count = int(start.text)
        path = paths.get("accelerators")
        where = self.take()
        if where.text == "of":
            where, path = self.path(paths)
            group.path = path.name
        parsed.place(".deviceGroup", start, where)
        if path is None:
            self.fail(where, "devices are counted of an offer, not in an element", "state the group outside")
        inside = paths.inside(path) if path.is_message_list else paths
        if self.next.is_mark("{"):
            inner = self.block(path, paths, nesting, where)
            group.each.CopyFrom(inner.message)
            parsed.adopt(".deviceGroup.each", inner)
        for word, names in (("same", group.same), ("distinct", group.distinct)):
            if self.take_word(word):
                for index, token in enumerate(self.word_list(f"`{word}`")):
                    if inside.get(token.text) is None:
                        message, requirement, fix = unknown_path(token.text, inside, in_element=True)
                        self.fail(token, message, fix, requirement)
                    names.append(token.text)
                    parsed.place(f".deviceGroup.{word}[{index}]", token)
        return parsed

    def word_list(self, after: str) -> list[Token]:
        """Reads a list of words in brackets."""
        self.expect_mark("[", f"begins the list after {after}")
        found: list[Token] = []
        while not self.next.is_mark("]"):
            if found:
                self.expect_mark(",", "separates what a list names")
            if self.next.kind not in (Kind.WORD, Kind.STRING):
                self.fail(
                    self.next, f"{shown(self.next)} in the list after {after}", "name words, or close it"
                )
            found.append(self.take())
        if not found:
            self.fail(self.next, f"an empty list after {after}", "name at least one word, or leave it out")
        self.take()
        return found

    # --- constraints ---

    def _constraint(self, paths: Registry) -> Parsed:
        token, path = self.path(paths)
        parsed = Parsed(v1.Requirement())
        constraint = parsed.message.constraint
        constraint.path = path.name
        parsed.place(".constraint", token)
        parsed.place(".constraint.path", token)
        start = self.next
        op = self._operator(path)
        constraint.op = op.number
        parsed.place(".constraint.op", start)
        parsed.place(".constraint.values", start)
        if op is Op.COVERS_INTERVAL:
            self._interval(path, parsed)
        elif op in (Op.IN, Op.NOT_IN, Op.HAS_ALL, Op.HAS_ANY):
            self._values(path, op, parsed)
        elif op is not Op.EXISTS:
            self._value(path, parsed)
        for word, member, accepted in (
            ("basis", "acceptedBases", constraint.accepted_bases),
            ("assurance", "acceptedAssurance", constraint.accepted_assurance),
        ):
            if self.take_word(word):
                parsed.place(f".constraint.{member}", self.next)
                accepted.extend(token.text for token in self.word_list(f"`{word}`"))
        return parsed

    def _operator(self, path: Path) -> Op:
        token = self.take()
        op = _COMPARISONS.get(token.text) if token.kind is Kind.OPERATOR else None
        if op is Op.GE and path.type is ValueType.VERSION:
            op = Op.VERSION_GE
        elif token.is_word("in"):
            op = Op.IN
        elif token.is_word("exists"):
            op = Op.EXISTS
        elif token.is_word("covers"):
            op = Op.COVERS_INTERVAL
        elif token.is_word("not") and self.take_word("in"):
            op = Op.NOT_IN
        elif token.is_word("has"):
            op = Op.HAS_ALL if self.take_word("all") else Op.HAS_ANY if self.take_word("any") else None
            if op is None:
                fix = "write `has all [...]` or `has any [...]`"
                self.fail(self.next, "`has` without `all` or `any`", fix)
        if op is None:
            fix = (
                "write `=`, `!=`, `<`, `<=`, `>`, `>=`, `in [...]`, `not in [...]`, `has all [...]`, "
                "`exists` or `covers demand`"
            )
            self.fail(token, f"{shown(token)} where a comparison of {path.name} is expected", fix)
        return op

    def _interval(self, path: Path, parsed: Parsed) -> None:
        """Reads what is to be covered: the demand's time, or a list of two ends."""
        if self.take_word("demand"):
            return
        if not self.next.is_mark("["):
            fix = "write `covers demand`, or `covers [2026-12-01T00:00:00Z, 2026-12-02T00:00:00Z]`"
            self.fail(self.next, f"{shown(self.next)} where `covers` wants an interval", fix)
        self._values(replace(path, type=ValueType.TIME, unit=None, rule=None), Op.COVERS_INTERVAL, parsed)

    def _values(self, path: Path, op: Op, parsed: Parsed) -> None:
        begin = self.expect_mark("[", f"begins the values of `{op.symbol}`")
        values = parsed.message.constraint.values
        while not self.next.is_mark("]"):
            if values:
                self.expect_mark(",", "separates values")
            self._value(path, parsed)
        parsed.place(".constraint.values", begin, self.take())

    def _value(self, path: Path, parsed: Parsed) -> None:
        values = parsed.message.constraint.values
        value, token, unit = self.value(path)
        parsed.place(f".constraint.values[{len(values)}]", token, unit)
        values.append(value)

    def value(
        self, path: Path, followers: tuple[str, ...] = _FOLLOWERS
    ) -> tuple[v1.Value, Token, Token | None]:
        """Reads one value in the type and unit of a path; gives it with its token and that of its unit."""
        token = self.take()
        if token.kind not in (Kind.WORD, Kind.STRING):
            self.fail(token, f"{shown(token)} where a value of {path.name} is expected", "write a value")
        unit: Token | None = None
        if self.next.kind is Kind.WORD and self.next.text.lower() not in followers and path.type in NUMERIC:
            unit = self.take()
        return read_literal(self._text, token, unit, path), token, unit


def shown(token: Token) -> str:
    """Writes a word as errors quote it."""
    return "the end" if token.kind is Kind.END else f"`{token.text[:40]}`"
