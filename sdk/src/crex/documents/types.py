"""Document types: their token, their message, and how they are read, as the contract states them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Self

from google.protobuf.message import Message

import crex.v1
from crex.documents.fields import descriptor_of, document_constraint
from crex.documents.paths import shown
from crex.errors import DocumentError

_PREFIX, _SUFFIX = "application/vnd.crex.", ".v1+json"


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A type of signed document.

    Attributes:
        token: Its token, kebab-case.
        message: Its message class.
        descriptive: Whether unknown members are ignored (with a warning) rather than refused (DOC-UNKNOWN-1).
        expires: Whether the header must state `validUntil` (DOC-EXPIRY-1).
        signer: Which party signs: provider, consumer, broker, or authority for any.
    """

    token: str
    message: type[Message]
    descriptive: bool
    expires: bool
    signer: str

    @property
    def payload_type(self) -> str:
        """DSSE payload type (DOC-TYPE-1)."""
        return f"{_PREFIX}{self.token}{_SUFFIX}"

    @classmethod
    def of(cls, message: type[Message]) -> Self:
        """Gives the document type that a message class is.

        Raises:
            DocumentError: `TYPE`: the message is no document.
        """
        stated = document_constraint(descriptor_of(message))
        if stated is None:
            raise DocumentError(
                "TYPE", f"{message.DESCRIPTOR.full_name} is a part of documents, not one of them"
            )
        return cls(stated.type, message, stated.descriptive, stated.expires, stated.signer)


@cache
def document_type(token: str) -> DocumentType:
    """Gives a document type by its token.

    Raises:
        DocumentError: `TYPE`: this edition knows no such type.
    """
    name = crex.v1.DOCUMENT_MESSAGES.get(token)
    if name is None:
        near = get_close_matches(token, crex.v1.DOCUMENT_MESSAGES, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise DocumentError("TYPE", f"{shown(token)} is no document type of this edition{hint}")
    return DocumentType.of(getattr(crex.v1, name))


def document_type_of_payload(payload_type: str) -> DocumentType:
    """Gives a document type by its DSSE payload type.

    Raises:
        DocumentError: `TYPE`: the text is not `application/vnd.crex.<token>.v1+json`, or the token is
            unknown.
    """
    if not (payload_type.startswith(_PREFIX) and payload_type.endswith(_SUFFIX)):
        raise DocumentError("TYPE", f"{shown(payload_type)} is not the payload type of a crex document")
    return document_type(payload_type[len(_PREFIX) : -len(_SUFFIX)])


def document_types() -> Iterator[DocumentType]:
    """Gives every document type of this edition, by token."""
    for token in crex.v1.DOCUMENT_MESSAGES:
        yield document_type(token)
