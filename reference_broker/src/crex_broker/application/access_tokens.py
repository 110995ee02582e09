"""Short tokens for callers whose TLS ends at a proxy: bound to their certificate, proven at every call.

Where TLS ends before the broker, the certificate does not arrive. Such a caller shows it once inside a call,
gets a token that carries it, and proves with each call that it holds its key: a proof names the method, the
broker, the time and the token, and is good once. So a token that is copied on its way is of no use to
anybody, and the certificate is judged at each call as on any other channel (CHANNEL-RECHECK-1).

The forms are JSON Web Tokens (RFC 7519): the token under a secret of the broker's store (HS256, `cnf` as in
RFC 8705), the proof under the certificate's P-256 key (ES256, claims as in RFC 9449).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from crex.documents.times import Clock
from crex.errors import CrexError
from crex.trust.call_proof import HTTP_METHOD, PROOF_ALGORITHM, PROOF_TYPE, proof_address, thumbprint
from crex.trust.certificates import read_certificate

LIFETIME: Final = timedelta(minutes=15)
# How far the time of a proof may lie beside the broker's; as long, a used proof is remembered.
PROOF_WINDOW: Final = timedelta(seconds=60)
_TOKEN_TYPE: Final = "crex-access+jwt"  # noqa: S105 - a media type, not a secret
_TEXT_MAX: Final = 8_192
_CERTIFICATE_MAX: Final = 4_096
# Proofs of one party that are remembered; more in two minutes are more than it may call.
_REMEMBERED: Final = 50_000
_PROOF_CLAIMS: Final = ("htm", "htu", "iat", "jti")
_JTI: Final = range(16, 65)


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate that a call shows and whose key it proves; whether to trust it is not asked here.

    Attributes:
        certificate_pem: The leaf.
        proof_id: Identifier of the proof, good once.
    """

    certificate_pem: bytes = field(repr=False)
    proof_id: str


class AccessTokens:
    """Issues tokens of one broker, and tells which certificate stands behind a call that carries one."""

    def __init__(self, secret: bytes, authority: str, clock: Clock) -> None:
        """Makes an issuer.

        Args:
            secret: 32 bytes that stay the same for the broker's store.
            authority: The broker's authority.
            clock: The host's clock.
        """
        self._secret = secret
        self._authority = authority
        self._clock = clock
        # Which proofs were used before it began, a process does not know: those of before are refused.
        self._began = int(clock.now().timestamp())
        self._used: dict[str, OrderedDict[str, float]] = {}

    def issue(self, certificate_pem: bytes, lifetime: timedelta | None) -> tuple[str, datetime, str]:
        """Issues a token for the holder of a certificate that was verified.

        Args:
            certificate_pem: The leaf.
            lifetime: How long it shall hold. None: as long as it may (TOKEN-LIFETIME-1).

        Returns:
            The token, when it ends, and the thumbprint of the certificate.

        Raises:
            CrexError: SCHEMA, where the lifetime is none of up to 15 minutes.
        """
        if lifetime is not None and not timedelta(0) < lifetime <= LIFETIME:
            raise CrexError(
                "SCHEMA",
                f"A token lasts more than 0 and at most {LIFETIME.seconds} s. Ask for less "
                "(TOKEN-LIFETIME-1).",
            )
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        now = self._clock.now().replace(microsecond=0)
        until = min(now + (lifetime or LIFETIME), certificate.not_valid_after_utc)
        der = certificate.public_bytes(Encoding.DER)
        claims = {
            "iss": self._authority,
            "aud": self._authority,
            "iat": now,
            "exp": until,
            "cnf": {"x5t#S256": thumbprint(der)},
            "x5c": b64encode(der).decode("ascii"),
        }
        token = jwt.encode(claims, self._secret, algorithm="HS256", headers={"typ": _TOKEN_TYPE})
        return token, until, thumbprint(der)

    def by_token(self, token: str, proof: str, method: str) -> Shown:
        """Tells whose token a call carries.

        Args:
            token: The token.
            proof: The proof that came with it.
            method: Path of the method that is called.

        Returns:
            The certificate, still to be verified by the present time and trust.

        Raises:
            CrexError: TOKEN (TOKEN-PROOF-1).
        """
        claims = self._token_claims(token)
        try:
            certificate = _certificate(str(claims["x5c"]))
            stated = claims["cnf"]["x5t#S256"]
        except (KeyError, TypeError) as error:
            raise _refused("it is not one of this broker's") from error
        if stated != thumbprint(certificate.public_bytes(Encoding.DER)):
            raise _refused("it is not one of this broker's")
        return self._proven(proof, certificate, method, token)

    def by_certificate(self, text: str, proof: str, method: str) -> Shown:
        """Tells which certificate a caller shows that asks for its first token; otherwise as with a token.

        Args:
            text: The leaf certificate, DER in base64.
            proof: A proof that names no token.
            method: Path of the method that is called.
        """
        return self._proven(proof, _certificate(text), method, None)

    def use_once(self, authority: str, shown: Shown) -> None:
        """Notes that a party's proof was used; called once its certificate is verified.

        So nobody fills this memory but those who are known here, each only its own part.

        Raises:
            CrexError: TOKEN, where it was used before; RATE_LIMITED, where there are too many.
        """
        now = self._clock.now().timestamp()
        used = self._used.setdefault(authority, OrderedDict())
        # The oldest stand first. Each is taken out once, so that no call waits for a search through all.
        while used and next(iter(used.values())) <= now:
            used.popitem(last=False)
        if shown.proof_id in used:
            raise _refused("its proof was used before")
        if len(used) >= _REMEMBERED:
            raise CrexError(
                "RATE_LIMITED",
                f"{authority} makes more than {_REMEMBERED} calls by token in two minutes. Try again later.",
                details={"retry_after_ms": "10000"},
            )
        used[shown.proof_id] = now + 2 * PROOF_WINDOW.total_seconds()

    def _token_claims(self, token: str) -> dict[str, Any]:
        if len(token) > _TEXT_MAX:
            raise _refused("it is too long")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                audience=self._authority,
                issuer=self._authority,
                # Times are judged by the broker's clock, below.
                options={"require": ["exp", "iat", "iss", "aud"], "verify_exp": False, "verify_iat": False},
            )
            ends = int(claims["exp"])
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise _refused("it is not one of this broker's") from error
        if self._clock.now().timestamp() >= ends:
            raise _refused("it has ended")
        return claims

    def _proven(self, proof: str, certificate: x509.Certificate, method: str, token: str | None) -> Shown:
        key = certificate.public_key()
        if len(proof) > _TEXT_MAX or not isinstance(key, EllipticCurvePublicKey):
            raise _refused("its proof is too long, or its certificate has no P-256 key")
        try:
            kind = jwt.get_unverified_header(proof).get("typ")
            claims: dict[str, Any] = jwt.decode(
                proof,
                key,
                algorithms=[PROOF_ALGORITHM],
                options={"require": list(_PROOF_CLAIMS), "verify_iat": False},
            )
            made, used, jti = int(claims["iat"]), str(claims["htu"]), claims["jti"]
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise _refused("its proof is not signed by the key of the certificate") from error
        wanted = None if token is None else thumbprint(token.encode("ascii", "replace"))
        if kind != PROOF_TYPE or claims["htm"] != HTTP_METHOD or claims.get("ath") != wanted:
            raise _refused("its proof was made for something else")
        if used != proof_address(self._authority, method):
            raise _refused(f"its proof was made for {used[:120]!r}, not for this method of this broker")
        now, window = self._clock.now().timestamp(), PROOF_WINDOW.total_seconds()
        if not now - window <= made <= now + window:  # no difference: the number may be too large for one
            raise _refused("its proof was made more than 60 s from now; compare both clocks")
        if made < self._began <= now:
            raise _refused("its proof was made before this broker began to run; send the call again")
        if not isinstance(jti, str) or len(jti) not in _JTI:
            raise _refused("its proof has no identifier of 16 to 64 characters")
        return Shown(certificate.public_bytes(Encoding.PEM), jti)


def _certificate(text: str) -> x509.Certificate:
    if len(text) > _CERTIFICATE_MAX:
        raise _refused("its certificate is too long")
    try:
        certificate = read_certificate(b64decode(text, validate=True))
        certificate.public_key()  # read only now: it may be on no curve, or of a kind that nobody knows
    except (ValueError, Base64Error, UnsupportedAlgorithm) as error:
        raise _refused("its certificate cannot be read") from error
    return certificate


def _refused(what: str) -> CrexError:
    return CrexError("TOKEN", f"The token of this call is refused: {what}. Ask for a new one by IssueToken.")
