"""Who calls: the certificate verified again for each call, the roles from the enrolment (CHANNEL-ROOTS-1).

The TLS handshake accepted the certificate under the pool of every enrolled party's roots. Here the chain is
verified against only the roots of the authority that the certificate itself names, so that one party's root
cannot mint another party's name; and by the present time and trust document, for a channel outlives both
(CHANNEL-RECHECK-1).
"""

from __future__ import annotations

from typing import Protocol

import grpc.aio

from crex.documents.times import Clock
from crex.errors import CrexError, TrustError
from crex.trust.peer import PeerVerifier
from crex_broker.application.caller import Caller

_CERTIFICATE = "x509_pem_cert"


class Enrolments(Protocol):
    """What the broker knows of its parties; answers from memory, at every call."""

    def of(self, authority: str) -> frozenset[str]:
        """Gives the roles of an enrolled party; none where it is not enrolled."""
        ...


class Authenticator:
    """Turns the certificate of a call into a caller."""

    def __init__(self, verifier: PeerVerifier, enrolments: Enrolments, clock: Clock) -> None:
        self._verifier = verifier
        self._enrolments = enrolments
        self._clock = clock

    def caller(self, context: grpc.aio.ServicerContext[object, object]) -> Caller:
        """Identifies the party behind a call.

        Raises:
            CrexError: CERTIFICATE, where no certificate identifies an enrolled party.
        """
        # The TLS library hands over the leaf alone: a root issues its leaves directly (CHANNEL-LEAF-1).
        leaf = next(iter(context.auth_context().get(_CERTIFICATE, ())), None)
        if leaf is None:
            raise CrexError(
                "CERTIFICATE", "The channel presents no client certificate. Connect with the party's own."
            )
        try:
            peer = self._verifier.verify(leaf, now=self._clock.now())
        except TrustError as error:
            # On the channel every failure to identify the peer is one reason; the step stays in the details.
            details = {**error.details, "trust_reason": error.reason}
            raise CrexError("CERTIFICATE", error.message, details=details) from error
        roles = self._enrolments.of(peer.authority)
        if not roles:
            raise CrexError(
                "CERTIFICATE",
                f"{peer.authority} is not enrolled here. Hand its trust document to the broker's operator.",
                details={"authority": peer.authority},
            )
        return Caller(peer.authority, roles)
