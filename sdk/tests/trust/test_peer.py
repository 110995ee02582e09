"""Peers: who is at the other end, by a chain to the roots of the authority that the certificate names."""

import warnings
from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from crex.errors import TrustError
from crex.trust.certificates import CertificateAuthority
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.peer import PeerVerifier, spiffe_id
from sdk.tests.trust.samples import CONSUMER, NOW, PROVIDER, SECOND, pinned, root_of, sign_trust, trust_body

_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def ca_of(identity: Identity) -> CertificateAuthority:
    """The TLS root of an identity that has one."""
    assert identity.tls_root is not None
    return identity.tls_root


def craft(
    ca: CertificateAuthority,
    names: Iterable[x509.GeneralName],
    *,
    usage: Iterable[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH,),
    begin: datetime = NOW,
    end: datetime = NOW + timedelta(days=1),
) -> bytes:
    """A certificate with any names, issued by a root of ours."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(ca.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(list(usage)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.private.public_key()), critical=False
        )
    )
    listed = list(names)
    if listed:
        builder = builder.add_extension(x509.SubjectAlternativeName(listed), critical=True)
    return builder.sign(ca.private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def uri(text: str) -> x509.UniformResourceIdentifier:
    """A URI name."""
    return x509.UniformResourceIdentifier(text)


def refused(chain: bytes, trust: TrustDirectory, now: datetime = NOW) -> TrustError:
    """The refusal of a chain."""
    with pytest.raises(TrustError) as caught:
        PeerVerifier(trust).verify(chain, now=now)
    return caught.value


def test_own_certificate_identifies(provider: Identity, trust: TrustDirectory) -> None:
    """The certificate that an identity issues says authority and program, by client and server alike."""
    tls = provider.issue_certificate("agent-1", now=NOW, hosts=["agent.example.cn", "127.0.0.1", "::1"])
    peer = PeerVerifier(trust).verify(tls.chain_pem, now=NOW)
    assert (peer.authority, peer.id) == (PROVIDER, "agent-1")
    names = x509.load_pem_x509_certificate(tls.chain_pem).extensions
    alternative = names.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternative.get_values_for_type(x509.DNSName) == ["agent.example.cn"]
    assert [str(ip) for ip in alternative.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


def test_another_authority_cannot_mint_the_name(
    provider: Identity, consumer: Identity, trust: TrustDirectory
) -> None:
    """A certificate that names one authority, issued under another's trusted root, identifies nobody."""
    minted = craft(ca_of(consumer), [uri(f"spiffe://{PROVIDER}/main")])
    error = refused(minted, trust)
    assert error.reason == "CERTIFICATE"
    assert PROVIDER in error.message
    own = craft(ca_of(consumer), [uri(f"spiffe://{CONSUMER}/main")])
    assert PeerVerifier(trust).verify(own, now=NOW).authority == CONSUMER


def test_roots_issue_programs_directly(provider: Identity, trust: TrustDirectory) -> None:
    """CHANNEL-LEAF-1: our roots vouch for no authority between, with its certificate or without it."""
    root, key = ca_of(provider), ec.generate_private_key(ec.SECP256R1())
    (leaf,) = x509.load_pem_x509_certificates(provider.issue_certificate("a", now=NOW).chain_pem)
    leaf.verify_directly_issued_by(root.certificate)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "between")]))
        .issuer_name(root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_SIGNS_CERTIFICATES, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root.private.public_key()), critical=False
        )
        .sign(root.private, hashes.SHA256())
    )
    between = CertificateAuthority(PROVIDER, certificate, key)
    minted = craft(between, [uri(f"spiffe://{PROVIDER}/a")])
    for chain in (minted, minted + certificate.public_bytes(serialization.Encoding.PEM)):
        assert refused(chain, trust).reason == "CERTIFICATE"


def test_authority_that_is_not_pinned(provider: Identity, consumer: Identity) -> None:
    """A certificate of an authority without a pinned trust document identifies nobody."""
    assert "not pinned here" in refused(provider.tls.chain_pem, pinned(consumer)).message


def test_trust_document_that_ended(provider: Identity, trust: TrustDirectory) -> None:
    """Roots of a trust document that has ended are roots no more, remembered or not."""
    verifier = PeerVerifier(trust)
    end = provider.trust.valid_until
    long = ca_of(provider).issue("main", now=NOW, valid_for=timedelta(days=800)).chain_pem
    assert "ended at" in refused(long, trust, end).message
    verifier.verify(long, now=NOW)
    with pytest.raises(TrustError, match="ended at") as caught:
        verifier.verify(long, now=end)
    assert caught.value.reason == "CERTIFICATE"


@pytest.mark.parametrize(
    "names",
    [
        [],
        [x509.DNSName("p.example.cn")],
        [uri(f"spiffe://{PROVIDER}/a"), uri(f"spiffe://{PROVIDER}/b")],
        [uri(f"spiffe://{PROVIDER}/a"), uri("https://p.example.cn/")],
        [uri(f"spiffe://{PROVIDER}")],
        [uri(f"spiffe://{PROVIDER}/")],
        [uri(f"spiffe://{PROVIDER}/a/b")],
        [uri(f"spiffe://{PROVIDER}/A")],
        [uri(f"spiffe://{PROVIDER.upper()}/a")],
        [uri(f"spiffe://{PROVIDER}:443/a")],
        [uri(f"spiffe://x@{PROVIDER}/a")],
        [uri("spiffe://localhost/a")],
        [uri(f"spiffe://{PROVIDER}/%61")],
        [uri(f"spiffe://{PROVIDER}/a?b")],
        [uri(f"https://{PROVIDER}/a")],
    ],
)
def test_exactly_one_name_in_one_form(
    provider: Identity, trust: TrustDirectory, names: list[x509.GeneralName]
) -> None:
    """Anything but exactly one `spiffe://<authority>/<id>` identifies nobody (CHANNEL-SAN-1)."""
    error = refused(craft(ca_of(provider), names), trust)
    assert error.reason == "CERTIFICATE"


def test_certificate_for_another_purpose(provider: Identity, trust: TrustDirectory) -> None:
    """A certificate that is not for callers on a channel identifies none (CHANNEL-USE-1)."""
    chain = craft(ca_of(provider), [uri(f"spiffe://{PROVIDER}/a")], usage=[ExtendedKeyUsageOID.CODE_SIGNING])
    assert refused(chain, trust).reason == "CERTIFICATE"


def test_validity_at_the_time_of_the_call(provider: Identity, trust: TrustDirectory) -> None:
    """A channel outlives its certificate: each call asks again, from memory too (CHANNEL-RECHECK-1)."""
    end = NOW + timedelta(hours=1)
    chain = craft(ca_of(provider), [uri(f"spiffe://{PROVIDER}/a")], end=end)
    assert "not at" in refused(chain, trust, NOW - SECOND).message
    verifier = PeerVerifier(trust)
    for _ in range(2):
        assert verifier.verify(chain, now=end).id == "a"
    for _ in range(2):
        with pytest.raises(TrustError) as caught:
            verifier.verify(chain, now=end + SECOND)
        assert caught.value.reason == "CERTIFICATE"


def test_new_roots_count_at_once(provider: Identity) -> None:
    """When the next trust document drops a root, what it issued identifies nobody from then on."""
    trust = pinned(provider)
    verifier = PeerVerifier(trust)
    assert verifier.verify(provider.tls.chain_pem, now=NOW).authority == PROVIDER
    other = CertificateAuthority.create(PROVIDER, now=NOW)
    body = {**trust_body(provider, revision="2"), "tlsRoots": [other.pem]}
    trust.update(sign_trust(body, root_of(provider)), now=NOW)
    with pytest.raises(TrustError) as caught:
        verifier.verify(provider.tls.chain_pem, now=NOW)
    assert caught.value.reason == "CERTIFICATE"
    assert verifier.verify(other.issue("main", now=NOW).chain_pem, now=NOW).authority == PROVIDER


def test_authority_without_roots(provider: Identity) -> None:
    """An authority that publishes no TLS roots cannot be a peer, and is told so."""
    body = trust_body(provider)
    del body["tlsRoots"]
    trust = TrustDirectory()
    trust.pin(sign_trust(body, root_of(provider)), now=NOW)
    assert "no TLS roots" in refused(provider.tls.chain_pem, trust).message


def test_expired_root(provider: Identity) -> None:
    """A root that has ended issues nothing valid any more."""
    short = CertificateAuthority.create(PROVIDER, now=NOW, valid_for=timedelta(hours=1))
    body = {**trust_body(provider), "tlsRoots": [short.pem]}
    trust = TrustDirectory()
    trust.pin(sign_trust(body, root_of(provider)), now=NOW)
    chain = craft(short, [uri(f"spiffe://{PROVIDER}/a")], end=NOW + timedelta(days=2))
    assert PeerVerifier(trust).verify(chain, now=NOW).id == "a"
    assert refused(chain, trust, NOW + timedelta(hours=2)).reason == "CERTIFICATE"


def test_certificate_never_outlives_its_root() -> None:
    """A leaf that is asked for longer than its root lasts ends with the root."""
    short = CertificateAuthority.create(PROVIDER, now=NOW, valid_for=timedelta(hours=1))
    leaf = x509.load_pem_x509_certificate(short.issue("a", now=NOW).chain_pem)
    assert leaf.not_valid_after_utc == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "chain", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"]
)
def test_no_certificate(trust: TrustDirectory, chain: bytes) -> None:
    """A peer without a readable certificate is nobody."""
    assert refused(chain, trust).reason == "CERTIFICATE"
    assert refused(b"x" * 70_000, trust).reason == "CERTIFICATE"


@pytest.mark.parametrize("said", ["error", "ignore"])
@pytest.mark.parametrize(("at", "octet"), [(4, 0x22), (7, 0x91)], ids=["version", "serial number"])
def test_certificate_of_no_version_or_serial_number(
    provider: Identity, trust: TrustDirectory, at: int, octet: int, said: Literal["error", "ignore"]
) -> None:
    """CHANNEL-ROOTS-1: what X.509 does not know is refused like any other damage, whoever hears warnings."""
    der = x509.load_pem_x509_certificate(provider.tls.chain_pem).public_bytes(serialization.Encoding.DER)
    begin = der.index(bytes.fromhex("a003020102")) + at
    damaged = der[:begin] + bytes([octet]) + der[begin + 1 :]
    body = b64encode(damaged)
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    chain = b"\n".join([b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""])
    with warnings.catch_warnings():
        warnings.simplefilter(said, CryptographyDeprecationWarning)
        error = refused(chain, trust)
    assert error.reason == "CERTIFICATE"
    assert "none that can be read" in error.message


def test_long_authority() -> None:
    """An authority of 253 characters gets a root and a certificate, too."""
    authority = ".".join(["a" * 63] * 3 + ["b" * 61])
    ca = CertificateAuthority.create(authority, now=NOW)
    leaf = x509.load_pem_x509_certificate(ca.issue("main", now=NOW).chain_pem)
    assert spiffe_id(leaf) == (authority, "main")


def test_name_of_a_kind_that_nobody_reads(provider: Identity) -> None:
    """CHANNEL-SAN-1: a certificate with a name that the library cannot read is refused."""
    ca = ca_of(provider)
    names = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, b"\x30\x04\xa3\x02\x05\x00")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, NOW, NOW + timedelta(days=1))
        .add_extension(names, critical=True)
        .sign(ca.private, hashes.SHA256())
    )
    with pytest.raises(TrustError) as caught:
        spiffe_id(certificate)
    assert caught.value.reason == "CERTIFICATE"
