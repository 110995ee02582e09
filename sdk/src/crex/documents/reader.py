"""The reader: bytes in, a value that is in strict form, matches its schema and breaks no stated rule, out.

Three steps, each cheap where nothing is wrong: strict form (strict.py), schema (validator.py), rules that
compare members (semantics.py). Only a refusal pays for its explanation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from crex.documents import explain, semantics, strict
from crex.documents.fields import descriptor_of
from crex.documents.paths import shown
from crex.documents.types import DocumentType
from crex.documents.validator import decider
from crex.errors import DocumentError, Violation

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A document that was read.

    Attributes:
        value: Its members.
        warnings: Members of a descriptive document that this contract does not know; they were ignored.
    """

    value: dict[str, Any]
    warnings: tuple[Violation, ...]


def read(
    body: bytes,
    kind: DocumentType | type[Message],
    *,
    understood: frozenset[str] = NOTHING,
    max_bytes: int = strict.MAX_BYTES,
) -> dict[str, Any]:
    """Reads a document, or another message, from its bytes.

    Args:
        body: The bytes as transmitted.
        kind: Document type or message class that is expected.
        understood: Names of extensions that the caller handles, where the document calls them critical.
        max_bytes: Greatest length in bytes.

    Returns:
        The value. Unknown members of a descriptive document are still in it; `read_with_warnings` lists them.

    Raises:
        DocumentError: `LIMIT` or `PAYLOAD` (not in strict form), `SCHEMA` (against the contract), `CRITICAL`
            (DOC-CRITICAL-1); with every violation found.
    """
    value = strict.loads(body, max_bytes=max_bytes)
    check(value, kind, understood=understood)
    checked: dict[str, Any] = value
    return checked


def read_with_warnings(
    body: bytes,
    kind: DocumentType | type[Message],
    *,
    understood: frozenset[str] = NOTHING,
    max_bytes: int = strict.MAX_BYTES,
) -> ReadResult:
    """Reads a document as `read` does, and lists the members that it ignored and what may have been meant."""
    value = read(body, kind, understood=understood, max_bytes=max_bytes)
    return ReadResult(value, explain.unknown_members(value, _message_of(kind)))


def check(value: Any, kind: DocumentType | type[Message], *, understood: frozenset[str] = NOTHING) -> None:
    """Checks a value in strict form against schema and rules.

    Args:
        value: What `strict.loads` or `convert.to_json` gave.
        kind: Document type or message class that is expected.
        understood: Names of extensions that the caller handles.

    Raises:
        DocumentError: `SCHEMA` or `CRITICAL`.
    """
    message = _message_of(kind)
    try:
        valid = decider(descriptor_of(message))(value)
    except (TypeError, ValueError) as error:
        found = Violation(
            "$", f"this holds what JSON does not: {error}", "JSON-TYPE-1", "build it of JSON values"
        )
        raise _refused(message, [found]) from error
    if not valid:
        raise _refused(message, explain.violations(value, message))
    broken = semantics.violations(value, message)
    if broken:
        raise _refused(message, broken)
    unknown = semantics.not_understood(value, message, understood)
    if unknown:
        raise _critical(message, unknown)


def _message_of(kind: DocumentType | type[Message]) -> type[Message]:
    return kind.message if isinstance(kind, DocumentType) else kind


def _refused(message: type[Message], violations: Iterable[Violation]) -> DocumentError:
    name = message.DESCRIPTOR.name
    return DocumentError("SCHEMA", f"this is not a valid {name}", violations=violations)


def _critical(message: type[Message], unknown: list[str]) -> DocumentError:
    text = "the document is not to be used without understanding this"
    fix = "use a newer edition of the software, or one that knows the extension"
    violations = [
        Violation(f"$.header.critical ({shown(name)})", text, "DOC-CRITICAL-1", fix) for name in unknown
    ]
    text = f"the {message.DESCRIPTOR.name} names something critical that this reader does not understand"
    return DocumentError("CRITICAL", text, violations=violations)
