"""IssueToken: a short token, bound to the certificate of whoever asks (TOKEN-LIFETIME-1)."""

from __future__ import annotations

from datetime import timedelta

from crex import v1
from crex.documents.convert import to_timestamp
from crex_broker.application.access_tokens import AccessTokens
from crex_broker.application.caller import Caller


class IssueToken:
    """Issues a token to a caller whose certificate was verified for this very call."""

    def __init__(self, tokens: AccessTokens) -> None:
        self._tokens = tokens

    async def __call__(self, caller: Caller, request: v1.IssueTokenRequest) -> v1.IssueTokenResponse:
        """Issues.

        Raises:
            CrexError: SCHEMA, where the lifetime is none that is given.
        """
        lifetime: timedelta | None = None
        if request.HasField("lifetime"):
            lifetime = timedelta(
                seconds=request.lifetime.seconds, microseconds=request.lifetime.nanos // 1000
            )
        token, until, thumbprint = self._tokens.issue(caller.certificate_pem, lifetime)
        return v1.IssueTokenResponse(
            token=token, expire_time=to_timestamp(until), certificate_thumbprint=thumbprint
        )
