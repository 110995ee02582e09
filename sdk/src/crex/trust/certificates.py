"""TLS certificates of an authority: its own root, and the leaves by which its programs are known.

Keys are P-256, because gRPC refuses Ed25519 certificates. A leaf names its program by exactly one URI,
`spiffe://<authority>/<id>` (CHANNEL-SAN-1), carries both key usages of TLS so that one program may serve and
call (CHANNEL-USE-1), and, for servers, the host names and addresses at which it answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from crex.names import parse_authority

# A certificate begins this much before it is made, for peers whose clocks are behind.
CLOCK_LEEWAY = timedelta(seconds=60)
ROOT_VALID_FOR = timedelta(days=3650)
LEAF_VALID_FOR = timedelta(days=365)
_NAME_MAX = 64


@dataclass(frozen=True, slots=True)
class TlsCredential:
    """What a program presents on the channel.

    Attributes:
        chain_pem: Its certificate, then any between it and the root, PEM.
        key_pem: Its private key, PKCS#8 PEM, not encrypted: for the TLS library, never for a log.
    """

    chain_pem: bytes
    key_pem: bytes = field(repr=False)


def read_certificates(pem: bytes) -> list[x509.Certificate]:
    """Reads the certificates of a PEM text, whoever wrote it.

    Raises:
        ValueError: There is none, or one that X.509 does not know: damaged, of another version, or with a
            serial number that is not positive (RFC 5280, 4.1.2.2).
    """
    return _read(lambda: x509.load_pem_x509_certificates(pem))


def read_certificate(der: bytes) -> x509.Certificate:
    """Reads a certificate in DER, whoever wrote it.

    Raises:
        ValueError: As of `read_certificates`.
    """
    return _read(lambda: [x509.load_der_x509_certificate(der)])[0]


def _read(load: Callable[[], list[x509.Certificate]]) -> list[x509.Certificate]:
    try:
        found = load()
        positive = all(certificate.serial_number > 0 for certificate in found)
    except (x509.InvalidVersion, CryptographyDeprecationWarning) as error:
        # The library warns of what it will refuse; where warnings are errors, it refuses it already.
        raise ValueError(f"This is no certificate: {error}") from error
    if not positive:
        raise ValueError("This is no certificate: its serial number is not positive.")
    return found


class CertificateAuthority:
    """The root under which one authority issues the certificates of its own programs."""

    __slots__ = ("_key", "authority", "certificate")

    def __init__(
        self, authority: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> None:
        self.authority = authority
        self.certificate = certificate
        self._key = key

    @classmethod
    def create(
        cls, authority: str, *, now: datetime, valid_for: timedelta = ROOT_VALID_FOR
    ) -> CertificateAuthority:
        """Makes a root for `authority`, valid from a minute before `now`.

        Raises:
            InvalidName: `authority` is not one.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _root_name(parse_authority(authority)))])
        certificate = (
            _builder(name, name, key.public_key(), now, valid_for)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(authority, certificate, key)

    @property
    def pem(self) -> str:
        """The root certificate in PEM, as a trust document lists it under `tlsRoots`."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")

    @property
    def private(self) -> ec.EllipticCurvePrivateKey:
        """The private key, for writing it to a key file."""
        return self._key

    def issue(
        self,
        program: str,
        *,
        now: datetime,
        hosts: Iterable[str] = (),
        valid_for: timedelta = LEAF_VALID_FOR,
    ) -> TlsCredential:
        """Issues a certificate, with a new key, to one program of the authority.

        Args:
            program: Its id below the authority: `[a-z0-9]`, then also `.`, `_` and `-`.
            now: When it is issued, UTC; it begins a minute earlier.
            hosts: DNS names and IP addresses at which it answers; empty for a program that only calls.
            valid_for: How long it lasts; never longer than the root.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.UniformResourceIdentifier(f"spiffe://{self.authority}/{program}"), *map(_host, hosts)]
        valid_for = min(valid_for, self.certificate.not_valid_after_utc - now)
        leaf = (
            _builder(x509.Name([]), self.certificate.subject, key.public_key(), now, valid_for)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]),
                critical=False,
            )
            # Critical because the subject is empty (RFC 5280, 4.2.1.6).
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        return TlsCredential(
            leaf.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )

    def __repr__(self) -> str:
        return f"CertificateAuthority(authority={self.authority!r})"


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    valid_for: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_LEEWAY)
        .not_valid_after(now + valid_for)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _root_name(authority: str) -> str:
    """Gives the common name of a root, in the 64 characters of X.520; no two authorities share one."""
    name = f"CREX root of {authority}"
    if len(name) <= _NAME_MAX:
        return name
    return f"{name[: _NAME_MAX - 17]} {hashlib.sha256(authority.encode()).hexdigest()[:16]}"


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
