"""The party at the other end of a channel, known by its certificate.

The TLS library verified the chain against every root that it was given, and such a pool lets one party's root
mint another party's name. So the chain is verified again here, against only the `tlsRoots` of the authority
that the certificate itself names (CHANNEL-ROOTS-1). A certificate says who calls, never what the caller may
do.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from crex.documents.times import format_time
from crex.errors import TrustError
from crex.names import is_authority
from crex.trust.certificates import read_certificates
from crex.trust.checks import PinnedTrust
from crex.trust.trust_record import TrustRecord

# Verified chains that are remembered, so that the check at every RPC costs a lookup.
_REMEMBERED: Final = 4096
_CHAIN_BYTES_MAX: Final = 65_536

_SPIFFE = re.compile("spiffe://([a-z0-9.-]{1,253})/([a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?)")


@dataclass(frozen=True, slots=True)
class PeerIdentity:
    """Who is at the other end.

    Attributes:
        authority: The party.
        id: Which of its programs.
        not_before: Since when the certificates hold, inclusive.
        not_after: Until when the certificates hold, inclusive.
    """

    authority: str
    id: str
    not_before: datetime
    not_after: datetime


class PeerVerifier:
    """Verifies peers against the pinned trust documents; remembers chains, judges time and roots anew."""

    def __init__(self, trust: PinnedTrust) -> None:
        self._trust = trust
        self._known: OrderedDict[bytes, tuple[PeerIdentity, TrustRecord]] = OrderedDict()

    def verify(self, chain_pem: bytes, *, now: datetime) -> PeerIdentity:
        """Verifies the chain that a peer presented; call it at every RPC and on streams every minute.

        Args:
            chain_pem: Its certificate and any between it and the root, PEM, as the TLS library gives them.
            now: The time of the check, aware.

        Raises:
            TrustError: CERTIFICATE if it identifies nobody: not a chain to a current TLS root of the
                authority that it names, not valid at `now`, or of an authority that is not pinned.
        """
        # By digest: a peer must not be able to fill the memory with long chains.
        chain_id = sha256(chain_pem).digest()
        known = self._known.get(chain_id)
        if known is not None:
            peer, record = known
            # The very record: a newer trust document may have other roots.
            if self._trust.current(peer.authority) is record:
                _check_current(record, now)
                if not peer.not_before <= now <= peer.not_after:
                    raise _refused(f"the certificate of {peer.authority} is {_window(peer)}", "Renew it")
                return peer
        certificates = _load(chain_pem)
        authority, program = spiffe_id(certificates[0])
        pinned = self._trust.current(authority)
        if pinned is None:
            raise _refused(
                f"it names {authority}, whose trust document is not pinned here", "Pin or enrol it"
            )
        _check_current(pinned, now)
        peer = verify_chain(certificates, pinned.tls_roots, authority, program, now=now)
        self._known[chain_id] = (peer, pinned)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return peer


def spiffe_id(certificate: x509.Certificate) -> tuple[str, str]:
    """Returns the authority and the program id that a certificate names; nothing about it is verified.

    Raises:
        TrustError: CERTIFICATE if there is not exactly one URI, or it is not `spiffe://<authority>/<id>`
            (CHANNEL-SAN-1).
    """
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    except (
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        ValueError,
    ):
        uris = []
    if len(uris) != 1:
        raise _refused(
            f"it has {len(uris)} URI names; exactly one says who the peer is",
            "Issue it with spiffe://<authority>/<id>",
        )
    match = _SPIFFE.fullmatch(uris[0])
    if match is None or not is_authority(match[1]):
        raise _refused(
            f"its URI name {uris[0][:120]!r} is not spiffe://<authority>/<id>",
            "Issue it in that form, in lowercase",
        )
    return match[1], match[2]


def verify_chain(
    certificates: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    authority: str,
    program: str,
    *,
    now: datetime,
) -> PeerIdentity:
    """Verifies a chain against the roots of one authority (CHANNEL-ROOTS-1).

    Args:
        certificates: The peer's certificate, then any between it and a root.
        roots: The `tlsRoots` of the authority that the certificate names.
        authority: That authority.
        program: The program id that the certificate names.
        now: The time of the check.

    Raises:
        TrustError: CERTIFICATE.
    """
    if not roots:
        raise _refused(f"{authority} publishes no TLS roots", "Add `tlsRoots` to its trust document")
    verifier = PolicyBuilder().store(Store(list(roots))).time(now).build_client_verifier()
    try:
        chain = verifier.verify(certificates[0], list(certificates[1:])).chain
    except VerificationError as error:
        raise _refused(
            _why(certificates[0], authority, now, error), "Present one that its own root issued"
        ) from error
    return PeerIdentity(
        authority=authority,
        id=program,
        not_before=max(certificate.not_valid_before_utc for certificate in chain),
        not_after=min(certificate.not_valid_after_utc for certificate in chain),
    )


def _check_current(record: TrustRecord, now: datetime) -> None:
    if now >= record.valid_until:
        raise _refused(
            f"the pinned trust document of {record.authority} ended at {format_time(record.valid_until)}",
            "Pin its next revision",
        )


def _load(chain_pem: bytes) -> list[x509.Certificate]:
    if len(chain_pem) > _CHAIN_BYTES_MAX:
        raise _refused(
            f"its chain has {len(chain_pem)} bytes", "Send the certificate and what lies below the root"
        )
    try:
        return read_certificates(chain_pem)
    except ValueError as error:
        raise _refused(
            "the peer presented none that can be read", "Configure its certificate and key"
        ) from error


def _why(certificate: x509.Certificate, authority: str, now: datetime, error: VerificationError) -> str:
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return (
            f"it is valid from {format_time(begin)} to {format_time(end)}, not at {format_time(_whole(now))}"
        )
    return f"it does not chain to a TLS root of {authority} ({str(error).split(' (encountered')[0]})"


def _window(peer: PeerIdentity) -> str:
    return f"valid from {format_time(peer.not_before)} to {format_time(peer.not_after)} only"


def _whole(value: datetime) -> datetime:
    return value.replace(microsecond=0)


def _refused(what: str, fix: str) -> TrustError:
    return TrustError("CERTIFICATE", f"The peer's certificate is refused: {what}. {fix}.")
