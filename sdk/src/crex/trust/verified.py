"""`Verified`: a document whose bytes, type, signer, time and address were checked, and nothing else.

The APIs that act take only this, so nothing unverified reaches typed code. There is no way to make one except
`open_envelope`. The typed message is built on first use: many readers need only a digest, a name or one
member.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, TypeVar, cast

from google.protobuf.message import Message

from crex import v1
from crex.documents import convert
from crex.documents.types import DocumentType
from crex.trust.envelope import Parts, digest, record_id
from crex.trust.steps import StepResult
from crex.trust.trust_record import KeyEntry

if TYPE_CHECKING:
    from crex.trust.log_proof import LogFact

T_co = TypeVar("T_co", bound=Message, covariant=True)

# Held by `open_envelope` alone. Not a secret, a reminder: whoever reaches for it knows what he bypasses.
_OPENED: Final = object()


class Verified(Generic[T_co]):
    """A verified document.

    Attributes:
        doctype: Its type.
        body: Its exact bytes.
        json: Its parsed body. Read it, never change it.
        issuer: Authority that issued it.
        id: Its name.
        revision: Its revision, from 1.
        signer: Authority whose keys signed it: the issuer, or one that may sign in its name.
        trust_revision: Revision of the trust document by which it was judged.
        opened_at: The time for which it was judged.
        log: Where it stands in a log, and since when at the latest; nothing where that was not shown.
    """

    __slots__ = (
        "_digest", "_explain", "_keys", "_message", "_parts", "body", "doctype", "id", "issuer", "json",
        "log", "opened_at", "revision", "signer", "trust_revision",
    )  # fmt: skip

    def __init__(
        self,
        opened: object,
        *,
        doctype: DocumentType,
        parts: Parts,
        json: dict[str, Any],
        keys: Sequence[KeyEntry],
        signer: str,
        trust_revision: int,
        opened_at: datetime,
        log: LogFact | None,
        message: Message | None,
        explain: Callable[[], tuple[StepResult, ...]],
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
        self.signer = signer
        self.trust_revision = trust_revision
        self.opened_at = opened_at
        self.log = log
        self._keys = keys
        self._parts = parts
        self._explain = explain
        self._digest: str | None = None
        self._message = message

    @property
    def message(self) -> T_co:
        """The typed message, built on first use. Read it, never change it."""
        if self._message is None:
            self._message = convert.to_message(self.json, self.doctype.message)
        return cast("T_co", self._message)

    @property
    def keyids(self) -> tuple[str, ...]:
        """Names of the keys that signed it."""
        return tuple([key.keyid for key in self._keys])

    @property
    def families(self) -> frozenset[str]:
        """Families of the algorithms by which it is signed: `classical`, `post-quantum`."""
        return families_of(self._keys)

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
    def steps(self) -> tuple[StepResult, ...]:
        """What was checked, step by step, for people."""
        return self._explain()

    def __repr__(self) -> str:
        return f"Verified[{self.doctype.token}]({self.id}@{self.revision}, issuer={self.issuer!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A Verified document is never pickled: keep its envelope, and verify it again.")


def families_of(keys: Iterable[KeyEntry]) -> frozenset[str]:
    """Returns the families of the algorithms of keys."""
    return frozenset([str(key.public.family) for key in keys if key.public is not None])
