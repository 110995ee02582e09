"""A web server of an authority on this machine, which can say anything at all."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crex.resolve import Fetcher, Via

Answer = Callable[[ssl.SSLSocket], None]


@dataclass(frozen=True, slots=True)
class RawServer:
    """A server that writes bytes as it likes.

    Attributes:
        via: Where it listens.
        roots: Certificate that it is known by.
        heard: The requests that it got.
    """

    via: Via
    roots: Path
    heard: list[bytes]

    def fetcher(self, **more: Any) -> Fetcher:
        """Gives a fetcher that connects to it."""
        return Fetcher(context=ssl.create_default_context(cafile=str(self.roots)), via=self.via, **more)


@contextmanager
def serve(authority: str, folder: Path, answer: Answer) -> Iterator[RawServer]:
    """Serves TLS under a certificate for the authority; each connection is answered by a function."""
    certificate, key = certificate_for(authority, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def talk(plain: socket.socket) -> None:
        try:
            with context.wrap_socket(plain, server_side=True) as secured:
                heard.append(secured.recv(65536))
                answer(secured)
        except OSError:
            pass

    def run() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(plain,), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield RawServer(Via("127.0.0.1", listener.getsockname()[1]), certificate, heard)
    finally:
        listener.close()


def certificate_for(authority: str, folder: Path) -> tuple[Path, Path]:
    """Makes a certificate of its own root for a name, and its key, in files."""
    now = datetime.now(UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, authority)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(authority)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files
