"""Gets one small file over HTTPS from a host that somebody else named, without being led astray.

A name comes from a document, so whoever wrote the document chooses where we connect. Therefore
(RESOLVE-FETCH-1): the address is looked up once and must be a public one, else nobody could be kept from
making us call our own network; the connection goes to that address and to no other that the name may have a
moment later; the certificate must be the host's; no redirect is followed; size and time are bounded from the
first byte on.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from crex.errors import CrexError, RemoteError

# A document's body is at most 1 MiB (JSON-SIZE-1); base64 and signatures add a third and a little.
MAX_BYTES: Final = 2 << 20
PATIENCE_S: Final = 15.0
_CHUNK: Final = 64 << 10
_PORT: Final = 443
_FOUND: Final = 200
_REDIRECTS: Final = range(300, 400)
_MISSING: Final = frozenset({404, 410})

# Prefixes of translators (RFC 6052, RFC 8215): behind them lies an IPv4 address of somebody's own choosing.
_TRANSLATED: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))

Lookup = Callable[[str, int], list[str]]


@dataclass(frozen=True, slots=True)
class Via:
    """Where to connect in place of the authority's own address: a mirror, or a trial on one's own machine.

    Who names it takes the place of the look-up, so the address need not be public. The certificate must be
    the authority's all the same.
    """

    host: str
    port: int


class Fetcher:
    """Gets files by host and path."""

    def __init__(
        self,
        *,
        context: ssl.SSLContext | None = None,
        via: Via | None = None,
        lookup: Lookup | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Makes a fetcher.

        Args:
            context: Roots of certificates. None: the system's.
            via: Where to connect instead of where the name leads.
            lookup: Looks up the addresses of a host. None: the system's resolver.
            patience_s: Longest time for one file, in seconds, from look-up to last byte.
        """
        self._context = context or ssl.create_default_context()
        self._via = via
        self._lookup = lookup or _addresses
        self._patience_s = patience_s

    def get(self, host: str, path: str) -> bytes:
        """Gets a file.

        Raises:
            CrexError: NOT_FOUND: the host has no such file; LIMIT: it is too large; TYPE: it answers
                otherwise than with a file, or its address is not a public one.
            RemoteError: UNREACHABLE: nobody answers there, or nobody with the host's certificate.
        """
        url = f"https://{host}{path}"
        ends = time.monotonic() + self._patience_s
        try:
            with closing(self._connect(host, url, ends)) as connection:
                connection.request("GET", path, headers={"Accept": "application/json", "Connection": "close"})
                with closing(connection.getresponse()) as response:
                    return self._read(response, url, ends)
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
            raise RemoteError(
                "PROVIDER_UNREACHABLE",
                f"{url} cannot be read: {why}. Check the name, and that its authority serves it.",
                code="UNAVAILABLE",
                source=url,
            ) from error

    def _connect(self, host: str, url: str, ends: float) -> http.client.HTTPSConnection:
        if self._via is not None:
            address, port = self._via.host, self._via.port
        else:
            address, port = self._public_address(host, url), _PORT
        plain = socket.create_connection((address, port), timeout=_left(ends))
        connection = http.client.HTTPSConnection(host, timeout=_left(ends), context=self._context)
        try:
            connection.sock = self._context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise
        return connection

    def _public_address(self, host: str, url: str) -> str:
        """Gives the address to connect to; refuses a host of which any address is not a public one."""
        addresses = self._lookup(host, _PORT)
        for text in addresses:
            if not is_public(text):
                raise CrexError(
                    "TYPE",
                    f"{host} leads to {text}, which is no public address: no name may make this program "
                    "call into a private network. If the host is yours, name its address with --via.",
                    source=url,
                )
        if not addresses:
            raise OSError(f"{host} has no address")
        return addresses[0]

    def _read(self, response: http.client.HTTPResponse, url: str, ends: float) -> bytes:
        if response.status in _MISSING:
            raise CrexError(
                "NOT_FOUND", f"{url} does not exist. Check the name and the revision.", source=url
            )
        if response.status in _REDIRECTS:
            raise CrexError(
                "TYPE", f"{url} leads elsewhere ({response.status}); redirects are not followed.", source=url
            )
        if response.status != _FOUND:
            raise CrexError("TYPE", f"{url} answers with status {response.status}, not a file.", source=url)
        data = bytearray()
        while True:
            _set_timeout(response, _left(ends))
            chunk = response.read1(_CHUNK)
            if not chunk:
                return bytes(data)
            data += chunk
            if len(data) > MAX_BYTES:
                raise CrexError("LIMIT", f"{url} is larger than {MAX_BYTES} bytes.", source=url)


def is_public(address: str) -> bool:
    """Tells whether an address is one that anybody on the Internet may have."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if any(parsed in network for network in _TRANSLATED):
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inner is not None:
            return parsed.ipv4_mapped is not None and is_public(str(inner))
    return parsed.is_global and not parsed.is_multicast


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("it took too long")
    return left


def _set_timeout(response: http.client.HTTPResponse, seconds: float) -> None:
    """Bounds the next read: a host that sends a byte now and then must not hold us for ever."""
    stream = getattr(response.fp, "raw", None)
    sock = getattr(stream, "_sock", None)
    if sock is not None:
        sock.settimeout(seconds)
