"""Signs documents of the broker without holding up everyone else.

A key in memory signs in microseconds, less than a thread costs. One in a hardware token takes milliseconds,
or seconds where the token is far away, and no other call may wait for it. Tokens sign one at a time, so one
thread does it, in the order in which it is asked; a token that hangs takes no thread from the log.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from crex import v1
from crex.documents.types import DocumentType

_TOKEN_THREAD: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="crex-token")


class Signs(Protocol):
    """What signs; `crex.trust.identity.Identity` is one."""

    @property
    def signs_in_memory(self) -> bool:
        """Tells whether all its keys lie in this process."""
        ...

    def sign_body(self, body: bytes, doctype: DocumentType, /) -> v1.Envelope:
        """Signs the exact bytes of a document of the broker, after checking that they are one."""
        ...


async def sign(signer: Signs, body: bytes, doctype: DocumentType) -> v1.Envelope:
    """Signs the exact bytes of a document of the broker; never within a transaction, which would wait too.

    Args:
        signer: The broker's identity.
        body: Strict JSON of the document.
        doctype: Its type.

    Raises:
        TrustError: The bytes are no such document of the broker, or no key of that time is here.
        CrexError: IDENTITY if a token cannot be reached.
    """
    if signer.signs_in_memory:
        return signer.sign_body(body, doctype)
    return await asyncio.get_running_loop().run_in_executor(_TOKEN_THREAD, signer.sign_body, body, doctype)
