"""Gets one small file over HTTPS from a host that somebody else named, without being led astray.

A name comes from a document, so whoever wrote the document chooses where we connect, and whoever answers
there chooses what it says. Therefore (RESOLVE-FETCH-1):

- The address is looked up once and must be a public one, else nobody could be kept from making us call our
  own network; the connection goes to that address and to no other that the name may have a moment later, and
  to the port of HTTPS.
- The certificate must be the host's, no redirect is followed, and nothing is sent but the path.
- One deadline holds for everything from the look-up to the last byte, however slowly bytes come: each wait
  has what is left of it. Headers and framing count towards the size as the file does, nothing is
  decompressed, and a file that ends before its stated length is none.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from crex.errors import CrexError, RemoteError
from crex.names import is_authority

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# A document's body is at most 1 MiB (JSON-SIZE-1); base64 and signatures add a third and a little.
MAX_BYTES: Final = 2 << 20
PATIENCE_S: Final = 15.0
# What headers, interim answers and the framing of chunks may add to the file.
_OVERHEAD_BYTES: Final = 256 << 10
_ADDRESSES_TRIED: Final = 4
_CHUNK: Final = 64 << 10
_PORT: Final = 443
_FOUND: Final = 200
_REDIRECTS: Final = range(300, 400)
_MISSING: Final = frozenset({404, 410})

# The only IPv6 addresses that are given out. All others are local, reserved, or carry an IPv4 address of
# somebody's own choosing: compatible ones (::/96), translators (64:ff9b::/96 and 64:ff9b:1::/48).
_GIVEN_OUT: Final = ipaddress.ip_network("2000::/3")
# Within them, and among IPv4 addresses: what tunnels or relays to others, is for documentation or protocols.
_SPECIAL: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "192.0.0.0/24", "192.88.99.0/24")
)

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
                otherwise than with a file, its address is not a public one, or the host is no DNS name.
            RemoteError: UNREACHABLE: nobody answers there in time, or nobody with the host's certificate.
        """
        with closing(Kept(self, host, once=True)) as kept:
            return kept.get(path)

    def keep(self, host: str) -> Kept:
        """Gives a connection to one host that stays open from file to file; each file has its own bounds."""
        return Kept(self, host)

    def _get(self, kept: Kept, host: str, path: str) -> bytes:
        url = f"https://{host}{path}"
        ends = time.monotonic() + self._patience_s
        if not is_authority(host):
            raise CrexError("TYPE", f"{host!r} is no DNS name of an authority.", source=url)
        try:
            used = kept.secured is not None
            try:
                return self._ask(kept, host, path, url, ends)
            except _ClosedError as error:
                if not used:
                    raise error.why from error
                return self._ask(kept, host, path, url, ends)
        except _ClosedError as error:
            raise _unreachable(url, error.why) from error
        except _TooLargeError as error:
            raise _too_large(url) from error
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise _unreachable(url, error) from error

    def _ask(self, kept: Kept, host: str, path: str, url: str, ends: float) -> bytes:
        """Asks once, over the connection that is open or a new one; leaves it open only where all is well."""
        secured, kept.secured = kept.secured or self._connect(host, url, ends), None
        stream = _Bounded(secured, ends, MAX_BYTES + _OVERHEAD_BYTES)
        whole = False
        try:
            connection = http.client.HTTPSConnection(host, context=self._context)
            connection.sock = cast(ssl.SSLSocket, stream)
            headers = {"Accept": "application/json", "Connection": "close" if kept.once else "keep-alive"}
            try:
                connection.request("GET", path, headers=headers)
                response = connection.getresponse()
            except (ConnectionError, ssl.SSLError) as error:
                if stream.answered:
                    raise
                raise _ClosedError(error) from error
            stays = not response.will_close and not kept.once
            if stays and response.status in _MISSING and 0 <= (response.length or 0) <= _CHUNK:
                # What a server says about a missing file is read away, so that it may be asked for the next.
                with suppress(OSError, http.client.HTTPException):
                    response.read(_CHUNK)
                    whole = response.isclosed()
            data = self._read(response, url)
            whole = stays
            return data
        finally:
            if whole:
                kept.secured = secured
            else:
                secured.close()

    def _connect(self, host: str, url: str, ends: float) -> ssl.SSLSocket:
        if self._via is not None:
            places = [(self._via.host, self._via.port)]
        else:
            places = [(address, _PORT) for address in self._public_addresses(host, url, ends)]
        plain = _reach(places[:_ADDRESSES_TRIED], ends)
        try:
            plain.settimeout(_left(ends))  # holds for the whole handshake
            return self._context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def _public_addresses(self, host: str, url: str, ends: float) -> list[str]:
        """Gives the addresses to connect to; refuses a host of which any address is not a public one."""
        addresses = _within(lambda: self._lookup(host, _PORT), ends)
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
        return addresses

    def _read(self, response: http.client.HTTPResponse, url: str) -> bytes:
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
        coding = response.getheader("Content-Encoding", "identity").strip().lower()
        if coding not in ("", "identity"):
            raise CrexError(
                "TYPE",
                f"{url} is compressed ({coding!r:.40}), which nobody asked for; it is not opened.",
                source=url,
            )
        if response.length is not None and response.length > MAX_BYTES:
            raise _too_large(url)
        data = bytearray()
        while chunk := response.read1(_CHUNK):
            data += chunk
            if len(data) > MAX_BYTES:
                raise _too_large(url)
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        return bytes(data)


class Kept:
    """One connection to one host, used for one file after another, by one thread.

    The address was looked up and found to be a public one when it was opened, and nobody else comes to be at
    its other end; size and time are bounded for each file anew. A server that closed it while nothing was
    asked is asked once more over a new one.
    """

    def __init__(self, fetcher: Fetcher, host: str, *, once: bool = False) -> None:
        """Names the parts; nothing is opened yet.

        Args:
            fetcher: By whose bounds files are got.
            host: Whose files.
            once: Whether there is one file only.
        """
        self._fetcher = fetcher
        self._host = host
        self.once = once
        self.secured: ssl.SSLSocket | None = None

    def get(self, path: str) -> bytes:
        """Gets a file; raises as `Fetcher.get`."""
        return self._fetcher._get(self, self._host, path)

    def close(self) -> None:
        """Closes the connection, if it is open."""
        secured, self.secured = self.secured, None
        if secured is not None:
            secured.close()

    def __del__(self) -> None:
        self.close()


class _ClosedError(Exception):
    """The connection ended before a byte of the answer came."""

    def __init__(self, why: Exception) -> None:
        super().__init__(str(why))
        self.why = why


class _TooLargeError(Exception):
    """More bytes came than a file, its headers and its framing may have."""


class _Bounded(io.RawIOBase):
    """A connection of which each wait ends with the deadline, and all that is read is counted.

    http.client takes it for a socket: it asks one for `sendall` and `makefile`.
    """

    def __init__(self, secured: ssl.SSLSocket, ends: float, limit: int) -> None:
        self._secured = secured
        self._ends = ends
        self._left_bytes = limit
        self.answered = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        self._secured.settimeout(_left(self._ends))
        read = self._secured.recv_into(buffer)
        self._left_bytes -= read
        self.answered = self.answered or read > 0
        if self._left_bytes < 0:
            raise _TooLargeError
        return read

    def sendall(self, data: bytes) -> None:
        """Sends the request."""
        self._secured.settimeout(_left(self._ends))
        self._secured.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Gives what http.client reads the answer from."""
        return io.BufferedReader(self)

    def close(self) -> None:
        """Leaves the socket open: http.client closes before it has read; whoever opened it closes it."""


def _unreachable(url: str, error: Exception) -> RemoteError:
    why = str(error) or type(error).__name__
    return RemoteError(
        "PROVIDER_UNREACHABLE",
        f"{url} cannot be read: {why}. Check the name, and that its authority serves it.",
        code="UNAVAILABLE",
        source=url,
    )


def _too_large(url: str) -> CrexError:
    return CrexError("LIMIT", f"{url} is larger than {MAX_BYTES} bytes.", source=url)


def is_public(address: str) -> bool:
    """Tells whether an address is one that anybody on the Internet may have.

    An IPv4 address that is written as an IPv6 one (::ffff:a.b.c.d) is judged as what it is. An address with a
    zone, and every one that leads to another behind a tunnel or a translator, is none.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return parsed.scope_id is None and is_public(str(parsed.ipv4_mapped))
        if parsed.scope_id is not None or parsed not in _GIVEN_OUT:
            return False
    if any(parsed in network for network in _SPECIAL):
        return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def _reach(places: list[tuple[str, int]], ends: float) -> socket.socket:
    """Connects to the first place that answers."""
    failed: OSError | None = None
    for at, place in enumerate(places):
        try:
            return socket.create_connection(place, timeout=_left(ends) / (len(places) - at))
        except OSError as error:
            failed = error
    raise failed or OSError("there is no address")


def _within(look: Callable[[], list[str]], ends: float) -> list[str]:
    """Looks up in a thread of its own: the system's resolver knows no deadline."""
    found: list[list[str]] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            found.append(look())
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="crex-lookup", daemon=True)
    thread.start()
    thread.join(_left(ends))
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError("the name was not looked up in time")
    return found[0]


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("it took too long")
    return left
