"""Calls through a proxy at which TLS ends: a token of the broker, and a proof with each call (channel.md).

The proxy sees the calls and their answers; nothing that it sees lets it make a call of its own. What a party
signs it cannot change, and access stays sealed.
"""

from __future__ import annotations

import secrets
import threading
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, cast

import grpc
import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from crex import v1
from crex.client._channel import CHANNEL_OPTIONS
from crex.client._errors import FailedCall, NoTokenError
from crex.documents.times import Clock, SystemClock
from crex.trust.call_proof import (
    CERTIFICATE_KEY,
    HTTP_METHOD,
    ISSUE_TOKEN,
    PROOF_ALGORITHM,
    PROOF_KEY,
    PROOF_TYPE,
    TOKEN_KEY,
    proof_address,
    thumbprint,
)

# A token is renewed while it still holds, so that no call meets its end.
_RENEW_AHEAD: Final = timedelta(seconds=60)
_PATIENCE_S: Final = 10.0

Metadata = tuple[tuple[str, str], ...]


def make_proof(
    key: EllipticCurvePrivateKey, *, broker: str, method: str, now: datetime, token: str | None
) -> str:
    """Makes the proof of one call, good for one use within a minute (TOKEN-PROOF-1).

    Args:
        key: Private key of the certificate, on P-256.
        broker: Authority of the broker.
        method: Path of the method.
        now: The time.
        token: The token that the call carries. None: the call asks for one.
    """
    claims: dict[str, Any] = {
        "htm": HTTP_METHOD,
        "htu": proof_address(broker, method),
        "iat": int(now.timestamp()),
        "jti": secrets.token_urlsafe(18),
    }
    if token is not None:
        claims["ath"] = thumbprint(token.encode("ascii"))
    return jwt.encode(claims, key, algorithm=PROOF_ALGORITHM, headers={"typ": PROOF_TYPE})


def proxied_credentials(
    target: str,
    *,
    broker: str,
    certificate_pem: bytes,
    key_pem: bytes,
    proxy_roots_pem: bytes | None = None,
    clock: Clock | None = None,
) -> grpc.ChannelCredentials:
    """Builds channel credentials for a broker behind a proxy at which TLS ends.

    Args:
        target: Address of the proxy, `host:port`.
        broker: Authority of the broker behind it: proofs are good there only.
        certificate_pem: The caller's certificate, leaf first.
        key_pem: Private key of the leaf.
        proxy_roots_pem: Roots under which the proxy's certificate is issued. None: the system's.
        clock: The time. None: the system's.
    """
    tls = grpc.ssl_channel_credentials(root_certificates=proxy_roots_pem)
    holder = _Holder(broker, certificate_pem, key_pem, clock or SystemClock())
    plugin = _TokenPlugin(holder, lambda: _ask(target, tls, holder))
    return grpc.composite_channel_credentials(tls, grpc.metadata_call_credentials(plugin))


class _Holder:
    """The certificate's holder: makes proofs, and nothing shows its key."""

    def __init__(self, broker: str, certificate_pem: bytes, key_pem: bytes, clock: Clock) -> None:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        self._certificate = b64encode(certificate.public_bytes(Encoding.DER)).decode("ascii")
        key = load_pem_private_key(key_pem, None)
        if not isinstance(key, EllipticCurvePrivateKey):
            raise TypeError("The key of a channel's certificate is a P-256 key (CHANNEL-USE-1).")
        self._key = key
        self._broker = broker
        self.clock = clock

    def shown(self) -> Metadata:
        """The metadata of a call that asks for a token."""
        return ((CERTIFICATE_KEY, self._certificate), (PROOF_KEY, self._proof(ISSUE_TOKEN, None)))

    def proven(self, method: str, token: str) -> Metadata:
        """The metadata of a call with a token."""
        return ((TOKEN_KEY, token), (PROOF_KEY, self._proof(method, token)))

    def _proof(self, method: str, token: str | None) -> str:
        return make_proof(self._key, broker=self._broker, method=method, now=self.clock.now(), token=token)


class _TokenPlugin(grpc.AuthMetadataPlugin):
    """Gives each call its token and proof; gets a new token when the old one is about to end."""

    def __init__(self, holder: _Holder, ask: Callable[[], v1.IssueTokenResponse]) -> None:
        self._holder = holder
        self._ask = ask
        self._lock = threading.Lock()
        self._token = ""
        self._until: datetime | None = None

    def __call__(self, context: grpc.AuthMetadataContext, callback: grpc.AuthMetadataPluginCallback) -> None:
        try:
            method = "/" + "/".join((context.service_url.rsplit("/", 1)[-1], context.method_name))
            metadata = self._holder.proven(method, self._current())
        except grpc.RpcError as error:
            callback((), NoTokenError(cast("FailedCall", error)))
            return
        callback(metadata, None)

    def _current(self) -> str:
        with self._lock:
            now = self._holder.clock.now()
            if self._until is None or now >= self._until - _RENEW_AHEAD:
                issued = self._ask()
                self._token = issued.token
                self._until = issued.expire_time.ToDatetime(tzinfo=now.tzinfo)
            return self._token


def _ask(target: str, tls: grpc.ChannelCredentials, holder: _Holder) -> v1.IssueTokenResponse:
    with grpc.secure_channel(target, tls, options=CHANNEL_OPTIONS) as channel:
        call = channel.unary_unary(
            ISSUE_TOKEN,
            request_serializer=v1.IssueTokenRequest.SerializeToString,
            response_deserializer=v1.IssueTokenResponse.FromString,
        )
        return call(v1.IssueTokenRequest(), metadata=holder.shown(), timeout=_PATIENCE_S)
