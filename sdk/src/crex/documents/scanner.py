"""The scanner that names the place where a text leaves the strict form.

It runs only where the fast path of strict.py could not prove a text strict. It reads token by token, keeps
its own stack (deep nesting exhausts nothing), takes time linear in the length, and has the last word: what
it accepts is strict, and its value is returned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from crex.documents.paths import json_path
from crex.errors import DocumentError, Violation

MAX_DEPTH = 64
_INT32_MIN, _INT32_MAX = -(2**31), 2**31 - 1

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"')
_STRING_START = re.compile(r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*')
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NUMBER_LIKE = re.compile(r"[-+.]?(?:[0-9]|[A-Za-z]*(?:NaN|Infinity))[-+.0-9eE]*|-")
_WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_SIMPLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False}

_KEEP_WHOLE = "send the bytes exactly as they were signed, whole and with nothing after them"


@dataclass(slots=True)
class _Open:
    """A container that has begun: its value so far and, in an object, the member being read."""

    value: dict[str, Any] | list[Any]
    key: str | None = None


@dataclass(slots=True)
class _Scan:
    """Where the scanner stands."""

    text: str
    position: int = 0
    stack: list[_Open] = field(default_factory=list)

    def path(self) -> str:
        parts = [len(open_.value) if isinstance(open_.value, list) else open_.key for open_ in self.stack]
        return json_path(part for part in parts if part is not None)

    def refuse(self, message: str, requirement: str, fix: str, *, at: int | None = None) -> NoReturn:
        reason = "LIMIT" if requirement == "JSON-DEPTH-1" else "PAYLOAD"
        place = self.position if at is None else at
        raise _error(reason, self.text, place, self.path(), message, requirement, fix)


def scan(body: bytes) -> Any:
    """Reads a text in strict form, slowly, naming the first place that is not.

    Args:
        body: The text; its length has been checked.

    Raises:
        DocumentError: `PAYLOAD`, or `LIMIT` where it nests too deep; one violation with path, line, column
            and offset.
    """
    scan_ = _Scan(_decode(body))
    value = _value(scan_)
    _skip(scan_)
    if scan_.position != len(scan_.text):
        message = "there is something after the value"
        scan_.refuse(message, "JSON-GRAMMAR-1", "cut it off, or split the text into one document each")
    return value


def too_long(found: int, most: int) -> DocumentError:
    """Makes the error for a text over its length."""
    message = f"the text has {found} bytes; a reader takes at most {most}"
    fix = "split the content over several documents"
    violation = Violation("$", message, "JSON-SIZE-1", fix, offset=most)
    return DocumentError("LIMIT", "the document is too long", violations=[violation])


def _error(
    reason: str, text: str, place: int, path: str, message: str, requirement: str, fix: str
) -> DocumentError:
    line_start = text.rfind("\n", 0, place) + 1
    violation = Violation(
        path,
        message,
        requirement,
        fix,
        offset=len(text[:place].encode("utf-8", "surrogatepass")),
        line=text.count("\n", 0, place) + 1,
        column=place - line_start + 1,
    )
    return DocumentError(reason, "the text is not in strict form", violations=[violation])


def _decode(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start].decode("utf-8")
        message = f"byte 0x{body[error.start]:02x} is not part of UTF-8 text here ({error.reason})"
        fix = "write the document in UTF-8; surrogates and overlong forms are not UTF-8"
        raise _error("PAYLOAD", before, len(before), "$", message, "JSON-UTF8-1", fix) from None
    if text.startswith("\ufeff"):
        message = "the text begins with a byte order mark"
        raise _error("PAYLOAD", text, 0, "$", message, "JSON-UTF8-1", "save it as UTF-8 without BOM")
    return text


def _skip(scan_: _Scan) -> None:
    match = _SPACE.match(scan_.text, scan_.position)
    if match is not None:
        scan_.position = match.end()


def _value(scan_: _Scan) -> Any:
    """Reads one value with everything inside it, without recursion."""
    while True:
        _skip(scan_)
        here = scan_.text[scan_.position : scan_.position + 1]
        if here in ("{", "["):
            if _begin(scan_, here):
                continue
            done: Any = scan_.stack.pop().value
        else:
            done = _scalar(scan_, here)
        while True:
            if not scan_.stack:
                return done
            if _after(scan_, done):
                break
            done = scan_.stack.pop().value


def _begin(scan_: _Scan, bracket: str) -> bool:
    """Enters a container; tells whether a value comes inside it."""
    if len(scan_.stack) == MAX_DEPTH:
        message = f"the value nests deeper than {MAX_DEPTH} levels"
        scan_.refuse(message, "JSON-DEPTH-1", "flatten it; no document of the contract needs that depth")
    scan_.position += 1
    _skip(scan_)
    closing = "}" if bracket == "{" else "]"
    container = _Open({} if bracket == "{" else [])
    scan_.stack.append(container)
    if scan_.text.startswith(closing, scan_.position):
        scan_.position += 1
        return False
    if bracket == "{":
        _member(scan_, container)
    return True


def _after(scan_: _Scan, done: Any) -> bool:
    """Puts a finished value into its container; tells whether another value comes there."""
    container = scan_.stack[-1]
    in_object = isinstance(container.value, dict)
    if isinstance(container.value, list):
        container.value.append(done)
    elif container.key is not None:
        container.value[container.key] = done
    _skip(scan_)
    here = scan_.text[scan_.position : scan_.position + 1]
    if here == ("}" if in_object else "]"):
        scan_.position += 1
        return False
    if here != ",":
        found = f"{here!a}" if here else "the end of the text"
        what = "member" if in_object else "element"
        wanted = "'}'" if in_object else "']'"
        scan_.refuse(
            f"expected ',' or {wanted} after the {what}, found {found}", "JSON-GRAMMAR-1", _KEEP_WHOLE
        )
    scan_.position += 1
    _skip(scan_)
    if scan_.text.startswith(("}", "]"), scan_.position):
        scan_.refuse("a comma with nothing after it", "JSON-GRAMMAR-1", "remove the comma")
    if in_object:
        _member(scan_, container)
    return True


def _member(scan_: _Scan, container: _Open) -> None:
    """Reads a member's name and colon."""
    start = scan_.position
    container.key = None
    if not scan_.text.startswith('"', start):
        found = scan_.text[start : start + 1]
        shown = f"{found!a}" if found else "the end of the text"
        scan_.refuse(
            f"expected the name of a member in double quotes, found {shown}", "JSON-GRAMMAR-1", _KEEP_WHOLE
        )
    key = _string(scan_)
    container.key = key
    if isinstance(container.value, dict) and key in container.value:
        fix = "keep one of the two; readers disagree on which one counts"
        scan_.refuse("the member occurs twice in its object", "JSON-DUPLICATE-1", fix, at=start)
    _skip(scan_)
    if not scan_.text.startswith(":", scan_.position):
        scan_.refuse("expected ':' after the member's name", "JSON-GRAMMAR-1", _KEEP_WHOLE)
    scan_.position += 1


def _scalar(scan_: _Scan, here: str) -> str | int | bool:
    if here == '"':
        return _string(scan_)
    word = _WORD.match(scan_.text, scan_.position)
    if word is not None and word[0] in _WORDS:
        scan_.position = word.end()
        return _WORDS[word[0]]
    if word is not None and word[0] == "null":
        fix = "leave the member out: absent means unknown"
        scan_.refuse("null is not a value of the strict form", "JSON-NULL-1", fix)
    if word is None or word[0] in ("NaN", "Infinity"):
        number = _NUMBER_LIKE.match(scan_.text, scan_.position)
        if number is not None:
            return _number(scan_, number[0])
    if not here:
        scan_.refuse("the text ends where a value should stand", "JSON-GRAMMAR-1", _KEEP_WHOLE)
    shown = ascii(word[0][:32] if word else here)
    fix = "write JSON as in RFC 8259, without comments"
    return scan_.refuse(f"expected a value, found {shown}", "JSON-GRAMMAR-1", fix)


def _number(scan_: _Scan, found: str) -> int:
    match = _NUMBER.fullmatch(found)
    shown = found[:32]
    if match is None:
        scan_.refuse(f"{shown} is not a JSON number", "JSON-GRAMMAR-1", "write an integer like 0, 12 or -3")
    if match[1] or match[2]:
        fix = "write an integer; exact decimals and large integers travel as text"
        scan_.refuse(f"{shown} has a fraction or an exponent", "JSON-NUMBER-1", fix)
    if found == "-0":
        scan_.refuse("-0 is not the spelling of zero", "JSON-NUMBER-1", "write 0")
    too_long_ = len(found) > len(str(_INT32_MIN))
    if too_long_ or not _INT32_MIN <= int(found) <= _INT32_MAX:
        fix = "write 64-bit integers as text in double quotes"
        scan_.refuse(f"{shown} does not fit into 32 bits", "JSON-NUMBER-1", fix)
    scan_.position += len(found)
    return int(found)


def _string(scan_: _Scan) -> str:
    match = _STRING.match(scan_.text, scan_.position)
    if match is None:
        _refuse_string(scan_)
    raw = match[0][1:-1]
    if "\\" in raw:
        raw = _unescape(scan_, raw)
    scan_.position = match.end()
    return raw


def _refuse_string(scan_: _Scan) -> NoReturn:
    start = _STRING_START.match(scan_.text, scan_.position)
    end = start.end() if start else scan_.position
    here = scan_.text[end : end + 1]
    if not here:
        scan_.refuse("the text ends inside a string", "JSON-GRAMMAR-1", _KEEP_WHOLE)
    if here == "\\":
        bad = ascii(scan_.text[end : end + 6])
        scan_.refuse(
            f"{bad} begins with no escape of JSON", "JSON-GRAMMAR-1", "escape as in RFC 8259", at=end
        )
    if here == "\0":
        scan_.refuse("a string holds NUL", "JSON-NUL-1", "remove it", at=end)
    fix = "escape it: \\n for a line end, \\t for a tab"
    scan_.refuse(f"a string holds the control character {here!a} unescaped", "JSON-GRAMMAR-1", fix, at=end)


def _unescape(scan_: _Scan, raw: str) -> str:
    """Resolves the escapes of a string that begins at the present position."""
    parts: list[str] = []
    done, high, high_at = 0, 0, 0
    for match in _ESCAPE.finditer(raw):
        at = scan_.position + 1 + match.start()
        code = int(match[1], 16) if match[1] else -1
        if high and (match.start() != done or not 0xDC00 <= code <= 0xDFFF):
            _refuse_surrogate(scan_, high_at)
        parts.append(raw[done : match.start()])
        done = match.end()
        if high:
            parts.append(chr(0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)))
            high = 0
        elif 0xD800 <= code <= 0xDBFF:
            high, high_at = code, at
        elif 0xDC00 <= code <= 0xDFFF:
            _refuse_surrogate(scan_, at)
        elif code == 0:
            scan_.refuse("a string holds NUL", "JSON-NUL-1", "remove it", at=at)
        else:
            parts.append(chr(code) if code > 0 else _SIMPLE.get(match[2], match[2]))
    if high:
        _refuse_surrogate(scan_, high_at)
    return "".join([*parts, raw[done:]])


def _refuse_surrogate(scan_: _Scan, at: int) -> NoReturn:
    message = f"{scan_.text[at : at + 6]} is half of a surrogate pair"
    scan_.refuse(message, "JSON-SURROGATE-1", "write both halves, or the character itself in UTF-8", at=at)
