"""Who calls: the certificate verified again for each call, the roles from the enrolment (CHANNEL-ROOTS-1).

The TLS handshake accepted the certificate under the pool of every enrolled party's roots. Here the chain is
verified against only the roots of the authority that the certificate itself names, so that one party's root
cannot mint another party's name; and by the present time and trust document, for a channel outlives both
(CHANNEL-RECHECK-1).
"""

from __future__ import annotations

from typing import Final, Protocol

import grpc.aio

from crex.documents.times import Clock
from crex.errors import CrexError, TrustError
from crex.trust.call_proof import CERTIFICATE_KEY, ISSUE_TOKEN, PROOF_KEY, TOKEN_KEY
from crex.trust.peer import PeerIdentity, PeerVerifier
from crex_broker.application.access_tokens import AccessTokens, Shown
from crex_broker.application.caller import Caller

_CERTIFICATE: Final = "x509_pem_cert"


class Enrolments(Protocol):
    """What the broker knows of its parties; answers from memory, at every call."""

    def of(self, authority: str) -> frozenset[str]:
        """Gives the roles of an enrolled party; none where it is not enrolled."""
        ...


class Authenticator:
    """Turns the certificate of a call into a caller: that of its channel, or the one behind its token."""

    def __init__(
        self, verifier: PeerVerifier, enrolments: Enrolments, clock: Clock, tokens: AccessTokens
    ) -> None:
        self._verifier = verifier
        self._enrolments = enrolments
        self._clock = clock
        self._tokens = tokens

    def caller(self, context: grpc.aio.ServicerContext[object, object], method: str) -> Caller:
        """Identifies the party behind a call.

        Args:
            context: The call.
            method: Path of the method that is called.

        Raises:
            CrexError: CERTIFICATE, where no certificate identifies an enrolled party; TOKEN, where the
                channel presents none and no token with its proof stands in for it.
        """
        # The TLS library hands over the leaf alone: a root issues its leaves directly (CHANNEL-LEAF-1).
        leaf = next(iter(context.auth_context().get(_CERTIFICATE, ())), None)
        if leaf is not None:
            return self._enrolled(self._verified(leaf), leaf)
        shown = self._shown(context, method)
        peer = self._verified(shown.certificate_pem)
        caller = self._enrolled(peer, shown.certificate_pem)
        self._tokens.use_once(peer.authority, shown)
        return caller

    def again(self, caller: Caller) -> Caller:
        """Judges the certificate of a stream anew, by the present time and trust (CHANNEL-RECHECK-1).

        Returns:
            The caller with the roles of its present enrolment.

        Raises:
            CrexError: CERTIFICATE.
        """
        return self._enrolled(self._verified(caller.certificate_pem), caller.certificate_pem)

    def _shown(self, context: grpc.aio.ServicerContext[object, object], method: str) -> Shown:
        given = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
        proof = given.get(PROOF_KEY, "")
        if TOKEN_KEY in given:
            return self._tokens.by_token(given[TOKEN_KEY], proof, method)
        if CERTIFICATE_KEY in given and method == ISSUE_TOKEN:
            return self._tokens.by_certificate(given[CERTIFICATE_KEY], proof, method)
        raise CrexError(
            "CERTIFICATE",
            "The channel presents no client certificate, and the call no token. Connect with the party's own "
            "certificate, or get a token by IssueToken where TLS ends at a proxy.",
        )

    def _verified(self, leaf: bytes) -> PeerIdentity:
        try:
            return self._verifier.verify(leaf, now=self._clock.now())
        except TrustError as error:
            # On the channel every failure to identify the peer is one reason; the step stays in the details.
            details = {**error.details, "trust_reason": error.reason}
            raise CrexError("CERTIFICATE", error.message, details=details) from error

    def _enrolled(self, peer: PeerIdentity, leaf: bytes) -> Caller:
        roles = self._enrolments.of(peer.authority)
        if not roles:
            raise CrexError(
                "CERTIFICATE",
                f"{peer.authority} is not enrolled here. Hand its trust document to the broker's operator.",
                details={"authority": peer.authority},
            )
        return Caller(peer.authority, roles, leaf)
