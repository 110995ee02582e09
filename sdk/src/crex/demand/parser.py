"""From text to requirement: a recursive descent over the grammar of the text form (TEXT-FORM-1).

    requirement = conjunction *( "or" conjunction )
    conjunction = negation *( "and" negation )
    negation    = "not" negation / primary
    primary     = "(" requirement ")" / ( "all" / "any" ) "(" requirement *( "," requirement ) ")"
                / element / group / constraint
    element     = path "{" requirement "}"
    group       = count ( "devices" / "of" path ) [ "{" requirement "}" ] [ "same" list ] [ "distinct" list ]
    constraint  = path ( comparison value / [ "not" ] "in" list / "has" ( "all" / "any" ) list / "exists" )
                  [ "basis" list ] [ "assurance" list ]
    comparison  = "=" / "!=" / "<" / "<=" / ">" / ">="
    list        = "[" [ value *( "," value ) ] "]"

The registry is at hand while reading, so a value is read in the unit and type of its path, and a mistake is
shown at its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
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
class _Parsed:
    """A requirement with the places in the text of its parts, by JSON path below it."""

    message: v1.Requirement
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)

    def place(self, suffix: str, start: Token, end: Token | None = None) -> None:
        self.spans[suffix] = (start.start, (end or start).end)

    def adopt(self, prefix: str, inner: _Parsed) -> None:
        self.spans.update({prefix + suffix: span for suffix, span in inner.spans.items()})


def parse(text: str) -> v1.Requirement:
    """Reads a requirement in the text form.

    Raises:
        RequirementError: With line and column of each violation, a mark below the place, and what to write
            instead.
    """
    parser = _Parser(text)
    parsed = parser.requirement(registry(), 0)
    parser.end()
    try:
        check(parsed.message)
    except RequirementError as error:
        raise _placed(text, parsed, error) from None
    return parsed.message


def _placed(text: str, parsed: _Parsed, error: RequirementError) -> RequirementError:
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


class _Parser:
    """Reads one text from left to right, looking one word ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._position = 0
        self._nodes = 0

    # --- words ---

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _peek(self, ahead: int) -> Token:
        return self._tokens[min(self._position + ahead, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._next
        if token.kind is not Kind.END:
            self._position += 1
        return token

    def _take_word(self, *words: str) -> Token | None:
        return self._take() if self._next.is_word(*words) else None

    def _expect_mark(self, mark: str, why: str) -> Token:
        if not self._next.is_mark(mark):
            self._fail(self._next, f"{_shown(self._next)} where `{mark}` {why}", f"write `{mark}`")
        return self._take()

    def _fail(self, token: Token, message: str, fix: str = "", requirement: str = "TEXT-FORM-1") -> NoReturn:
        raise mistake(self._text, token.start, token.end, message, fix, requirement)

    def end(self) -> None:
        """Makes sure that nothing follows the requirement."""
        token = self._next
        if token.kind is Kind.END:
            return
        lower = token.text.lower()
        if lower in ("and", "or"):
            fix = f"write `{lower}`"
        elif token.kind is Kind.MARK:
            fix = f"remove it, or write what `{token.text}` belongs to"
        else:
            fix = "join conditions with `and` or `or`"
        self._fail(token, f"{_shown(token)} where `and`, `or` or the end is expected", fix)

    # --- conditions ---

    def requirement(self, paths: Registry, nesting: int) -> _Parsed:
        """Reads alternatives."""
        if nesting > _MAX_NESTING:
            self._too_complex(self._next)
        return self._joined("or", lambda: self._conjunction(paths, nesting), "anyOf")

    def _conjunction(self, paths: Registry, nesting: int) -> _Parsed:
        return self._joined("and", lambda: self._negation(paths, nesting), "allOf")

    def _joined(self, word: str, read: Callable[[], _Parsed], member: str) -> _Parsed:
        members = [read()]
        while self._take_word(word):
            members.append(read())
        return members[0] if len(members) == 1 else self._several(member, members)

    def _several(self, member: str, members: list[_Parsed]) -> _Parsed:
        parsed = _Parsed(v1.Requirement())
        several = parsed.message.all_of if member == "allOf" else parsed.message.any_of
        for index, inner in enumerate(members):
            several.requirements.append(inner.message)
            parsed.adopt(f".{member}.requirements[{index}]", inner)
        return parsed

    def _negation(self, paths: Registry, nesting: int) -> _Parsed:
        if not self._next.is_word("not"):
            return self._primary(paths, nesting)
        if nesting > _MAX_NESTING:
            self._too_complex(self._next)
        start = self._take()
        inner = self._negation(paths, nesting + 1)
        parsed = _Parsed(v1.Requirement())
        getattr(parsed.message, "not").CopyFrom(inner.message)
        parsed.adopt(".not", inner)
        parsed.place("", start)
        return parsed

    def _primary(self, paths: Registry, nesting: int) -> _Parsed:
        token, following = self._next, self._peek(1)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._too_complex(token)
        if token.is_mark("("):
            self._take()
            inner = self.requirement(paths, nesting + 1)
            self._expect_mark(")", "closes the bracket")
            return inner
        if token.is_word("all", "any") and following.is_mark("("):
            return self._listed(paths, nesting)
        if token.kind is Kind.WORD and _COUNT.fullmatch(token.text) and following.is_word("of", "devices"):
            return self._group(paths, nesting)
        if token.kind is not Kind.WORD:
            fix = "begin with a path such as `accelerators.memory.capacity`, with `(` or with `not`"
            self._fail(token, f"{_shown(token)} where a condition is expected", fix)
        if following.is_mark("{"):
            return self._element(paths, nesting)
        return self._constraint(paths)

    def _too_complex(self, token: Token) -> NoReturn:
        fix = "join alternatives of one path in one `in` list, or ask in several searches"
        message = f"more than {MAX_NODES} conditions, or too many brackets"
        raise mistake(
            self._text, token.start, token.end, message, fix, "REQ-LIMIT-1", reason="FILTER_TOO_COMPLEX"
        )

    def _listed(self, paths: Registry, nesting: int) -> _Parsed:
        member = "allOf" if self._take().text == "all" else "anyOf"
        self._take()
        members = [self.requirement(paths, nesting + 1)]
        while self._next.is_mark(","):
            self._take()
            members.append(self.requirement(paths, nesting + 1))
        self._expect_mark(")", "closes the list of conditions")
        return self._several(member, members)

    def _path(self, paths: Registry) -> tuple[Token, Path]:
        token = self._take()
        path = paths.get(token.text)
        if path is None:
            message, requirement, fix = unknown_path(token.text, paths, in_element=paths is not registry())
            self._fail(token, message, fix, requirement)
        return token, path

    def _block(self, path: Path, paths: Registry, nesting: int, where: Token) -> _Parsed:
        """Reads a condition on one element, in braces."""
        if not path.is_message_list:
            message = f"{path.name} is not a list of elements with fields of their own"
            self._fail(where, message, f"the nearest lists are {lists(paths)}", "REQ-ELEMENT-1")
        self._take()
        inner = self.requirement(paths.inside(path), nesting + 1)
        self._expect_mark("}", f"closes the condition on one element of {path.name}")
        return inner

    def _element(self, paths: Registry, nesting: int) -> _Parsed:
        token, path = self._path(paths)
        inner = self._block(path, paths, nesting, token)
        parsed = _Parsed(v1.Requirement())
        parsed.message.element.path = path.name
        parsed.message.element.requirement.CopyFrom(inner.message)
        parsed.place(".element", token)
        parsed.adopt(".element.requirement", inner)
        return parsed

    def _group(self, paths: Registry, nesting: int) -> _Parsed:
        parsed = _Parsed(v1.Requirement())
        group = parsed.message.device_group
        start = self._take()
        if int(start.text) > INT64_MAX:
            self._fail(start, f"more than {INT64_MAX} devices", "ask for fewer", "REQ-GROUP-1")
        group.count = int(start.text)
        path = paths.get("accelerators")
        where = self._take()
        if where.text == "of":
            where, path = self._path(paths)
            group.path = path.name
        parsed.place(".deviceGroup", start, where)
        if path is None:
            self._fail(where, "devices are counted of an offer, not in an element", "state the group outside")
        inside = paths.inside(path) if path.is_message_list else paths
        if self._next.is_mark("{"):
            inner = self._block(path, paths, nesting, where)
            group.each.CopyFrom(inner.message)
            parsed.adopt(".deviceGroup.each", inner)
        for word, names in (("same", group.same), ("distinct", group.distinct)):
            if self._take_word(word):
                for index, token in enumerate(self._word_list(f"`{word}`")):
                    if inside.get(token.text) is None:
                        message, requirement, fix = unknown_path(token.text, inside, in_element=True)
                        self._fail(token, message, fix, requirement)
                    names.append(token.text)
                    parsed.place(f".deviceGroup.{word}[{index}]", token)
        return parsed

    def _word_list(self, after: str) -> list[Token]:
        self._expect_mark("[", f"begins the list after {after}")
        found: list[Token] = []
        while not self._next.is_mark("]"):
            if found:
                self._expect_mark(",", "separates what a list names")
            if self._next.kind not in (Kind.WORD, Kind.STRING):
                self._fail(
                    self._next, f"{_shown(self._next)} in the list after {after}", "name words, or close it"
                )
            found.append(self._take())
        if not found:
            self._fail(self._next, f"an empty list after {after}", "name at least one word, or leave it out")
        self._take()
        return found

    # --- constraints ---

    def _constraint(self, paths: Registry) -> _Parsed:
        token, path = self._path(paths)
        parsed = _Parsed(v1.Requirement())
        constraint = parsed.message.constraint
        constraint.path = path.name
        parsed.place(".constraint", token)
        parsed.place(".constraint.path", token)
        start = self._next
        op = self._operator(path)
        constraint.op = op.number
        parsed.place(".constraint.op", start)
        parsed.place(".constraint.values", start)
        if op in (Op.IN, Op.NOT_IN, Op.HAS_ALL, Op.HAS_ANY):
            self._values(path, op, parsed)
        elif op is not Op.EXISTS:
            self._value(path, parsed)
        for word, member, accepted in (
            ("basis", "acceptedBases", constraint.accepted_bases),
            ("assurance", "acceptedAssurance", constraint.accepted_assurance),
        ):
            if self._take_word(word):
                parsed.place(f".constraint.{member}", self._next)
                accepted.extend(token.text for token in self._word_list(f"`{word}`"))
        return parsed

    def _operator(self, path: Path) -> Op:
        token = self._take()
        op = _COMPARISONS.get(token.text) if token.kind is Kind.OPERATOR else None
        if op is Op.GE and path.type is ValueType.VERSION:
            op = Op.VERSION_GE
        elif token.is_word("in"):
            op = Op.IN
        elif token.is_word("exists"):
            op = Op.EXISTS
        elif token.is_word("not") and self._take_word("in"):
            op = Op.NOT_IN
        elif token.is_word("has"):
            op = Op.HAS_ALL if self._take_word("all") else Op.HAS_ANY if self._take_word("any") else None
            if op is None:
                fix = "write `has all [...]` or `has any [...]`"
                self._fail(self._next, "`has` without `all` or `any`", fix)
        if op is None:
            fix = (
                "write `=`, `!=`, `<`, `<=`, `>`, `>=`, `in [...]`, `not in [...]`, `has all [...]`, `exists`"
            )
            self._fail(token, f"{_shown(token)} where a comparison of {path.name} is expected", fix)
        return op

    def _values(self, path: Path, op: Op, parsed: _Parsed) -> None:
        begin = self._expect_mark("[", f"begins the values of `{op.symbol}`")
        values = parsed.message.constraint.values
        while not self._next.is_mark("]"):
            if values:
                self._expect_mark(",", "separates values")
            self._value(path, parsed)
        parsed.place(".constraint.values", begin, self._take())

    def _value(self, path: Path, parsed: _Parsed) -> None:
        token = self._take()
        if token.kind not in (Kind.WORD, Kind.STRING):
            self._fail(token, f"{_shown(token)} where a value of {path.name} is expected", "write a value")
        unit: Token | None = None
        if (
            self._next.kind is Kind.WORD
            and self._next.text.lower() not in _FOLLOWERS
            and path.type in NUMERIC
        ):
            unit = self._take()
        value = read_literal(self._text, token, unit, path)
        parsed.place(f".constraint.values[{len(parsed.message.constraint.values)}]", token, unit)
        parsed.message.constraint.values.append(value)


def _shown(token: Token) -> str:
    return "the end" if token.kind is Kind.END else f"`{token.text[:40]}`"
