"""Page tokens: opaque, and good only for the list, the filter and the caller that they were made for."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Final

from crex.errors import CrexError

_MAC_BYTES: Final = 16


class PageTokens:
    """Makes and reads the tokens of one list.

    A token is the place where the next page begins and a MAC over that place, the method, the filter and the
    caller (MARKET-PAGE-1), so that a token for anything else, or one made up, is refused and tells nothing.
    """

    def __init__(self, secret: bytes, method: str) -> None:
        self._secret = secret
        self._method = method

    def make(self, place: str, *, caller: str, filter_: tuple[str, ...]) -> str:
        """Gives the token for a place.

        Args:
            place: Where the next page begins, in the words of the list.
            caller: Authority that asks.
            filter_: What the list was asked for, page size apart.
        """
        return urlsafe_b64encode(self._mac(place, caller, filter_) + place.encode()).rstrip(b"=").decode()

    def read(self, token: str, *, caller: str, filter_: tuple[str, ...]) -> str:
        """Gives the place that a token stands for; empty for the empty token, the beginning.

        Raises:
            CrexError: PAGE_TOKEN_MISMATCH.
        """
        if not token:
            return ""
        try:
            raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
            place = raw[_MAC_BYTES:].decode()
        except (ValueError, UnicodeError):
            raise _mismatch() from None
        if not hmac.compare_digest(raw[:_MAC_BYTES], self._mac(place, caller, filter_)):
            raise _mismatch()
        return place

    def _mac(self, place: str, caller: str, filter_: tuple[str, ...]) -> bytes:
        parts = [part.encode() for part in (self._method, caller, *filter_, place)]
        said = b"".join([len(part).to_bytes(4, "big") + part for part in parts])
        return hmac.digest(self._secret, said, sha256)[:_MAC_BYTES]


def _mismatch() -> CrexError:
    return CrexError(
        "PAGE_TOKEN_MISMATCH",
        "The page token does not belong to this list: it is another method's, filter's or caller's, or was "
        "altered. Ask for the first page again, with an empty token.",
    )
