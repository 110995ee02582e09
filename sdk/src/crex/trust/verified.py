"""`Verified`: a document whose bytes, type, signer, time and address were checked, and nothing else.

The APIs that act take only this, so nothing unverified reaches typed code. There is no way to make one except
`open_envelope`. The typed message is built on first use: many readers need only a digest, a name or one
member.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Generic, NoReturn, TypeVar, cast

from google.protobuf.message import Message

from crex import v1
from crex.documents import convert
from crex.documents.types import DocumentType
from crex.trust import steps
from crex.trust.envelope import Parts, digest, record_id

T_co = TypeVar("T_co", bound=Message, covariant=True)

# Held by `open_envelope` alone. Not a secret, a reminder: whoever reaches for it knows what he bypasses.
_OPENED: Final = object()


class Verified(Generic[T_co]):
    """A verified document.

    Attributes:
        doctype: Its type.
        body: Its exact bytes.
        json: Its parsed body. Read it, never change it.
        issuer: Authority that signed and issued it.
        id: Its name.
        revision: Its revision, from 1.
        keyids: Names of the keys that signed it.
        trust_revision: Revision of the trust document by which it was judged.
        opened_at: The time for which it was judged.
    """

    __slots__ = (
        "_digest", "_message", "_not_asked", "_parts", "body", "doctype", "id", "issuer", "json", "keyids",
        "opened_at", "revision", "trust_revision",
    )  # fmt: skip

    def __init__(
        self,
        opened: object,
        *,
        doctype: DocumentType,
        parts: Parts,
        json: dict[str, Any],
        keyids: tuple[str, ...],
        trust_revision: int,
        opened_at: datetime,
        not_asked: tuple[steps.Step, ...],
    ) -> None:
        if opened is not _OPENED:
            raise TypeError(
                "A Verified document comes from crex.trust.verify.open_envelope, never from its constructor."
            )
        header = json["header"]
        self.doctype = doctype
        self.body = parts.body
        self.json = json
        self.issuer: str = header["issuer"]
        self.id: str = header["id"]
        self.revision = int(header["revision"])
        self.keyids = keyids
        self.trust_revision = trust_revision
        self.opened_at = opened_at
        self._parts = parts
        self._not_asked = not_asked
        self._digest: str | None = None
        self._message: Message | None = None

    @property
    def message(self) -> T_co:
        """The typed message, built on first use. Read it, never change it."""
        if self._message is None:
            self._message = convert.to_message(self.json, self.doctype.message)
        return cast("T_co", self._message)

    @property
    def digest(self) -> str:
        """SHA-256 of the body, lowercase hexadecimal."""
        if self._digest is None:
            self._digest = digest(self.body)
        return self._digest

    @property
    def record_id(self) -> str:
        """SHA-256 of the pre-authentication encoding, lowercase hexadecimal."""
        return record_id(self._parts)

    @property
    def pin(self) -> v1.Pin:
        """The pin by which another document cites this one."""
        return v1.Pin(id=self.id, revision=self.revision, sha256=self.digest)

    @property
    def envelope(self) -> v1.Envelope:
        """The envelope in wire form, a new message each time."""
        return self._parts.to_message()

    @property
    def steps(self) -> tuple[steps.StepResult, ...]:
        """What was checked, step by step, for people."""
        return steps.passed(self._not_asked)

    def __repr__(self) -> str:
        return f"Verified[{self.doctype.token}]({self.id}@{self.revision}, issuer={self.issuer!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Verified document is never pickled: keep its envelope, and verify it again.")
