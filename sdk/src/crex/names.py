"""Names: DNS-rooted, opaque, equal only byte for byte; rejected rather than normalised (names.md).

Grammar::

    id        = "crex://" authority 1*6("/" type "/" name)
    ref       = id [ "@" ( revision / "sha256:" 64 lowercase hex ) ]
    authority = DNS name of at least two labels in lowercase A-label form; its last label starts with a letter
    type      = [a-z][a-z0-9-]{0,30}
    name      = [a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?
    revision  = [1-9][0-9]{0,18}, within int64
    token     = kebab-token / authority "/" kebab-token        kebab-token = [a-z0-9]+("-"[a-z0-9]+)*, at
    most 63

The regular expressions are written for every dialect that a JSON Schema meets (ECMA-262, Python, Rust): no
classes beyond ASCII, no possessive or named groups. They are unanchored; `fullmatch` or the schema anchors
them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from crex.decimals.ranges import INT64_MAX, range_pattern
from crex.errors import InvalidName, Violation

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LAST_LABEL = "[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_TYPE = "[a-z][a-z0-9-]{0,30}"
_NAME = "[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?"

# DNS names have at most 253 characters (RFC 1035). Where more follows, a lookahead keeps that bound.
AUTHORITY_LENGTH = 253
KEBAB_LENGTH = 63
AUTHORITY_PATTERN = f"(?:{_LABEL}\\.)+{_LAST_LABEL}"
KEBAB_PATTERN = "[a-z0-9]+(?:-[a-z0-9]+)*"
_AUTHORITY = f"(?=[a-z0-9.-]{{1,{AUTHORITY_LENGTH}}}/){AUTHORITY_PATTERN}"

ID_PATTERN = f"crex://{_AUTHORITY}(?:/{_TYPE}/{_NAME}){{1,6}}"
REVISION_PATTERN = range_pattern(1, INT64_MAX)
REF_PATTERN = f"{ID_PATTERN}(?:@(?:{REVISION_PATTERN}|sha256:[0-9a-f]{{64}}))?"
EXTENSION_PATTERN = f"{_AUTHORITY}/(?=[a-z0-9-]{{1,{KEBAB_LENGTH}}}$){KEBAB_PATTERN}"

_ID = re.compile(ID_PATTERN)
_REF = re.compile(REF_PATTERN)
_AUTHORITY_RE = re.compile(AUTHORITY_PATTERN)
_KEBAB = re.compile(KEBAB_PATTERN)
_EXTENSION = re.compile(EXTENSION_PATTERN)
_PREFIX = "crex://"

# What stands in a refused name most often, and what to do about it; the first that applies is told.
_HINTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile("[A-Z]"), "write it in lowercase; names are compared byte for byte and never normalised"),
    (re.compile("%"), "percent-encoding is not part of a name; use only a-z, 0-9, '.', '_' and '-'"),
    (re.compile(r"[?#]"), "a name has no query and no fragment; cut it off"),
    (re.compile(r"[^\x21-\x7e]"), "use ASCII only; an international domain name is written in its xn-- form"),
)


@dataclass(frozen=True, slots=True)
class Name:
    """A name: an authority and a path of typed segments below it.

    Attributes:
        authority: DNS name under which the rest is given out.
        segments: Pairs of type and name, one to six, outermost first.
    """

    authority: str
    segments: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a name.

        Raises:
            InvalidName: The text does not match the grammar (NAME-FORM-1).
        """
        if _ID.fullmatch(text) is None:
            raise _refused(text, "a name", "crex://authority/type/name", "NAME-FORM-1")
        authority, *path = text[len(_PREFIX) :].split("/")
        return cls(authority, tuple(zip(path[::2], path[1::2], strict=True)))

    @property
    def type(self) -> str:
        """Type of what is named: that of the last segment."""
        return self.segments[-1][0]

    @property
    def name(self) -> str:
        """Name of the last segment."""
        return self.segments[-1][1]

    def child(self, type_: str, name: str) -> Self:
        """Gives the name one segment further down.

        Raises:
            InvalidName: The result does not match the grammar (NAME-FORM-1).
        """
        return type(self).parse(f"{self}/{type_}/{name}")

    def __str__(self) -> str:
        return f"{_PREFIX}{self.authority}/" + "/".join(f"{type_}/{name}" for type_, name in self.segments)


@dataclass(frozen=True, slots=True)
class Ref:
    """A name, and optionally which version of the document is meant: by revision or by digest.

    Attributes:
        name: The name.
        revision: Revision, from 1; nothing if not given.
        sha256: Digest of the document's body, 64 lowercase hexadecimal digits; nothing if not given.
    """

    name: Name
    revision: int | None = None
    sha256: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a reference.

        Raises:
            InvalidName: The text does not match the grammar (NAME-REF-1).
        """
        if _REF.fullmatch(text) is None:
            raise _refused(
                text,
                "a reference",
                "crex://authority/type/name, @revision or @sha256:hex after it",
                "NAME-REF-1",
            )
        name, _, version = text.partition("@")
        if version.startswith("sha256:"):
            return cls(Name.parse(name), sha256=version[len("sha256:") :])
        return cls(Name.parse(name), revision=int(version) if version else None)

    def __str__(self) -> str:
        if self.sha256 is not None:
            return f"{self.name}@sha256:{self.sha256}"
        return str(self.name) if self.revision is None else f"{self.name}@{self.revision}"


def parse_authority(text: str) -> str:
    """Checks that a text is an authority and gives it back.

    Raises:
        InvalidName: It is not a DNS name of at least two labels in lowercase A-label form, or it has a
            port, user information or a trailing dot (NAME-AUTHORITY-1).
    """
    if not is_authority(text):
        raise _refused(
            text, "an authority", "a lowercase DNS name of at least two labels", "NAME-AUTHORITY-1"
        )
    return text


def parse_token(text: str) -> str:
    """Checks that a text is a token and gives it back.

    Raises:
        InvalidName: It is neither `kebab-token` nor `dns-authority/token` (NAME-TOKEN-1).
    """
    if not is_token(text):
        raise _refused(
            text, "a token", "kebab-token, or dns-authority/token for a private one", "NAME-TOKEN-1"
        )
    return text


def authority_of(text: str) -> str:
    """Gives the authority of a name or reference.

    Raises:
        InvalidName: The text is neither (NAME-REF-1).
    """
    if _REF.fullmatch(text) is None:
        return Ref.parse(text).name.authority  # raises, with the reason
    return text[len(_PREFIX) :].partition("/")[0]


def is_id(text: str) -> bool:
    """Tells whether a text is a name without revision or digest (NAME-FORM-1)."""
    return _ID.fullmatch(text) is not None


def is_ref(text: str) -> bool:
    """Tells whether a text is a reference (NAME-REF-1)."""
    return _REF.fullmatch(text) is not None


def is_authority(text: str) -> bool:
    """Tells whether a text is an authority (NAME-AUTHORITY-1)."""
    return len(text) <= AUTHORITY_LENGTH and _AUTHORITY_RE.fullmatch(text) is not None


def is_token(text: str) -> bool:
    """Tells whether a text is a registered or private token (NAME-TOKEN-1)."""
    if "/" in text:
        return is_extension_name(text)
    return len(text) <= KEBAB_LENGTH and _KEBAB.fullmatch(text) is not None


def is_extension_name(text: str) -> bool:
    """Tells whether a text names an extension: a private token `authority/token` (DOC-EXTENSION-1)."""
    return _EXTENSION.fullmatch(text) is not None


def _refused(text: str, what: str, form: str, requirement: str) -> InvalidName:
    shown = text if len(text) <= 120 else text[:117] + "..."
    fix = next((hint for pattern, hint in _HINTS if pattern.search(text)), f"write it as {form}")
    message = f"{shown!r} is not {what}"
    return InvalidName("SCHEMA", message, violations=[Violation("$", message, requirement, fix)])
