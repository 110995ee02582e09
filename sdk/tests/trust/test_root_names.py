"""What roots are called: handshakes find the root of a certificate by its name."""

from __future__ import annotations

from datetime import UTC, datetime

from crex.trust.certificates import CertificateAuthority

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def name_of(authority: str) -> str:
    """The common name of an authority's root."""
    root = CertificateAuthority.create(authority, now=NOW)
    return str(root.certificate.subject.rfc4514_string())


def test_a_root_is_called_after_its_authority() -> None:
    """People read the name."""
    assert name_of("cloud.example") == "CN=CREX root of cloud.example"


def test_long_names_that_begin_alike_stay_apart() -> None:
    """CHANNEL-ROOTS-2: X.520 has room for 64 characters; two roots of one name would lock one party out."""
    long = ".".join(["datacentre"] * 8)
    first, second = name_of(f"{long}.north.example"), name_of(f"{long}.south.example")
    assert first != second
    assert len(first.removeprefix("CN=")) == 64
