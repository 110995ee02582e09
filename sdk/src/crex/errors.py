"""Errors of the SDK: one root, with a reason, a sentence for people, and the violations found.

An error carries data. It never logs and never exits; whoever catches it decides. A message says what
happened, where, why it matters, and what to do next; it never contains a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Violations that `str(error)` spells out; the rest is counted.
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule at one place of a document.

    Attributes:
        path: JSON path of the value, `$.a[0].b`; `$` is the whole.
        message: What was found and what was expected, one sentence.
        requirement: Identifier of the requirement that is broken, `AREA-THING-N`; empty if none is stated.
        fix: What to do next; empty if the message says it all.
        offset: Bytes before the place, from 0, where the text is known.
        line: Line of the place, from 1, where the text is known.
        column: Code points before the place in its line, plus 1, where the text is known.
    """

    path: str
    message: str
    requirement: str = ""
    fix: str = ""
    offset: int | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = self.path
        if self.line is not None:
            place += f" (line {self.line}, column {self.column})"
        text = f"{place}: {self.message}"
        if self.fix:
            text = f"{text.rstrip('.')}. {self.fix[0].upper()}{self.fix[1:]}"
        return f"{text} [{self.requirement}]" if self.requirement else text


class CrexError(Exception):
    """Root of every error that the SDK raises on purpose.

    Attributes:
        reason: Name of an `ErrorReason` value without its prefix, such as `SCHEMA`.
        message: What happened, in one sentence.
        violations: The broken rules, in document order; empty where the message says it all.
        source: File or address that the input came from, if known; may be set by whoever knows it.
        details: Further facts by name, for programs.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        violations: Iterable[Violation] = (),
        source: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message
        self.violations = tuple(violations)
        self.source = source
        self.details: Mapping[str, str] = dict(details or {})

    def __str__(self) -> str:
        prefix = f"{self.source}: " if self.source else ""
        lines = [f"{prefix}{self.message} ({self.reason})"]
        lines += [f"  {violation}" for violation in self.violations[:_SHOWN]]
        if len(self.violations) > _SHOWN:
            lines.append(f"  … and {len(self.violations) - _SHOWN} more")
        return "\n".join(lines)


class DocumentError(CrexError):
    """A text is not the document it should be: not in strict form, or against its schema or a stated rule."""


class InvalidName(CrexError):  # noqa: N818 - reads as what it is where it is caught
    """A text is not a crex name, reference, authority or token (names.md)."""


class InvalidScalar(CrexError):  # noqa: N818 - reads as what it is where it is caught
    """A text is not the decimal, amount, integer, time or duration it should be (scalars.md)."""


class TrustError(CrexError):
    """A document or a peer is not to be trusted.

    Attributes:
        step: Number of the verification step that refused it (trust.md); 0 outside those steps.
        not_asked: Numbers of the steps before it that had nothing to check, and why.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        step: int = 0,
        violations: Iterable[Violation] = (),
        source: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason, message, violations=violations, source=source, details=details)
        self.step = step
        self.not_asked: Mapping[int, str] = {}


class RequirementError(CrexError):
    """A requirement or demand cannot be understood: a path, operator, value or unit that does not exist."""


class RatingError(CrexError):
    """Usage cannot be rated under a plan; `details["step"]` names the step of `rate/1` that refused."""


class RemoteError(CrexError):
    """The other side of an RPC refused, or could not be reached.

    Attributes:
        code: Name of the gRPC status code, such as `FAILED_PRECONDITION`.
        retry_after_ms: Milliseconds after which trying again makes sense; nothing where the answer is final.
    """

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        code: str = "UNKNOWN",
        retry_after_ms: int | None = None,
        violations: Iterable[Violation] = (),
        source: str | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason, message, violations=violations, source=source, details=details)
        self.code = code
        self.retry_after_ms = retry_after_ms


@contextmanager
def named(place: Path | str) -> Iterator[None]:
    """Names a file, an address, or a place in a file in every error that names no place."""
    try:
        yield
    except CrexError as error:
        error.source = error.source or str(place)
        raise
