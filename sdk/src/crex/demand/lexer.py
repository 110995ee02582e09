"""The words of the text form: what a requirement as text is made of, each with its place (TEXT-FORM-1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from crex.errors import RequirementError, Violation

# Longest text that is read, in characters: more than the longest requirement of 64 nodes needs.
MAX_TEXT: Final = 1 << 20


class Kind(Enum):
    """Kind of a word of the text."""

    WORD = "a word"
    STRING = "a quoted text"
    OPERATOR = "a comparison"
    MARK = "a bracket or comma"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the text.

    Attributes:
        kind: What it is.
        text: What it says; for a quoted text, without quotes and escapes.
        start: Characters before it.
        end: Characters before what follows it.
    """

    kind: Kind
    text: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Tells whether this is one of some words of the language."""
        return self.kind is Kind.WORD and self.text in words

    def is_mark(self, mark: str) -> bool:
        """Tells whether this is a certain bracket or comma."""
        return self.kind is Kind.MARK and self.text == mark


_PATTERN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<OPERATOR><=|>=|!=|==|<>|=|<|>|≤|≥|≠)
    |(?P<MARK>[()\[\]{},])
    |(?P<STRING>"(?:[^"\\]|\\.)*")
    |(?P<WORD>[A-Za-z0-9_.+\-/:%@µμ]+)""",
    re.VERBOSE | re.DOTALL,
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SPELLED: Final = {"≤": "<=", "≥": ">=", "≠": "!="}
_WRONG: Final = {"==": "=", "<>": "!="}
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPED: Final = {'"': '"', "\\": "\\", "n": "\n", "t": "\t", "r": "\r"}
_LOOKALIKES: Final = {
    "“": '"',
    "”": '"',
    "’": '"',
    "'": '"',
    "（": "(",
    "）": ")",
    "，": ",",
    "［": "[",
    "］": "]",
    "&": "and",
    "|": "or",
    "!": "not",
    "＝": "=",
    "；": "and",
    ";": "and",
}


def tokens(text: str) -> list[Token]:
    """Cuts a text into its words, the last of which is the end.

    Raises:
        RequirementError: The text is too long, or has a character that is no part of the language.
    """
    if len(text) > MAX_TEXT:
        fix = "state values in a message, or ask in several searches"
        raise RequirementError(
            "FILTER_TOO_COMPLEX",
            f"The requirement is {len(text)} characters long; at most {MAX_TEXT} are read.",
            violations=[Violation("$", "the text is too long", "REQ-LIMIT-1", fix)],
        )
    lone = _SURROGATE.search(text)
    if lone is not None:
        raise mistake(
            text, lone.start(), lone.end(), "half of a character (a lone surrogate)", "write whole ones"
        )
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        position = match.end()
        if match.lastgroup != "space":
            found.append(_token(text, match))
    found.append(Token(Kind.END, "", len(text), len(text)))
    return found


def _token(text: str, match: re.Match[str]) -> Token:
    kind, raw = Kind[str(match.lastgroup)], match[0]
    if raw in _WRONG:
        raise mistake(
            text, match.start(), match.end(), f"`{raw}` is not a comparison", f"write `{_WRONG[raw]}`"
        )
    if kind is Kind.STRING:
        raw = _ESCAPE.sub(
            lambda escape: _unescape(text, match.start() + 1 + escape.start(), escape[1]), raw[1:-1]
        )
    return Token(kind, _SPELLED.get(raw, raw) if kind is Kind.OPERATOR else raw, match.start(), match.end())


def _unescape(text: str, place: int, escape: str) -> str:
    if escape[0] in "uU" and len(escape) > 1:
        number = int(escape[1:], 16)
        if number < 0x110000 and not 0xD800 <= number < 0xE000:
            return chr(number)
    elif escape in _ESCAPED:
        return _ESCAPED[escape]
    fix = r"write `\"`, `\\`, `\n`, `\t`, `\r` or a character such as `\u00e9`"
    raise mistake(text, place, place + 2, f"`\\{escape}` is not an escape", fix)


def quote(text: str) -> str:
    """Writes a text in quotes; the inverse of reading it."""
    written = text.replace("\\", "\\\\").replace('"', '\\"')
    for escape, character in (("n", "\n"), ("t", "\t"), ("r", "\r")):
        written = written.replace(character, f"\\{escape}")
    return f'"{written}"'


def _unreadable(text: str, position: int) -> RequirementError:
    character = text[position]
    if character == '"':
        return mistake(text, position, len(text), "the quoted text has no end", 'close it with `"`')
    fix = f"write `{_LOOKALIKES[character]}`" if character in _LOOKALIKES else "put texts in double quotes"
    name = character if character.isprintable() else f"U+{ord(character):04X}"
    return mistake(text, position, position + 1, f"`{name}` is no part of the language", fix)


def mistake(
    text: str,
    start: int,
    end: int,
    message: str,
    fix: str = "",
    requirement: str = "TEXT-FORM-1",
    reason: str = "SCHEMA",
) -> RequirementError:
    """Gives the error for a place in a text: line, column, and the line itself with a mark below.

    Args:
        text: The whole text.
        start: Characters before the place.
        end: Characters before what follows the place.
        message: What is wrong there.
        fix: What to write instead.
        requirement: Requirement that is broken.
        reason: Error reason.
    """
    line = text.count("\n", 0, start) + 1
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    shown = "".join(
        character if character.isprintable() else " "
        for character in text[first : len(text) if last < 0 else last]
    )
    column = start - first
    cut = max(0, column - 60)
    marks = "^" * max(1, min(end, first + len(shown)) - start)
    snippet = f"  {shown[cut : column + 60]}\n  {' ' * (column - cut)}{marks[:60]}"
    violation = Violation(
        "$",
        message,
        requirement,
        fix,
        offset=len(text[:start].encode("utf-8", "surrogatepass")),
        line=line,
        column=column + 1,
    )
    sentence = f"The requirement cannot be read: {message}.\n{snippet}"
    return RequirementError(reason, sentence, violations=[violation], details={"snippet": snippet})
