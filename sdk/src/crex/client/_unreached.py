"""Why no server answered, as far as the words of the gRPC library tell it.

They are all that a client gets: a handshake that fails has no status of its own. Some of them leave no doubt,
and then trying again at once is of no use. A TLS 1.3 server judges the client's certificate only after the
client believes itself connected, so that who is turned away sees no more than a closed connection, as of a
server that just ends. There the message names both, and the call is made again.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Unreached(NamedTuple):
    """Why no server answered.

    Attributes:
        message: What happened and what to do.
        lasting: Whether it stays so until somebody changes something.
    """

    message: str
    lasting: bool


# Of our own side: what the server shows is not under the pinned roots, has ended, or is of another host.
_IMPOSTOR: Final = re.compile(r"CERTIFICATE_VERIFY_FAILED|Hostname Verification Check failed")
# Alerts by which the other side says, of our certificate, what it thinks of it (RFC 8446, 6.2).
_TURNED_AWAY: Final = re.compile(
    r"_ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|NO_CERTIFICATE|ACCESS_DENIED)"
)
_NO_TLS: Final = re.compile(r"WRONG_VERSION_NUMBER|HTTP_REQUEST")
_HUNG_UP: Final = re.compile(r"Socket closed|Connection reset|Broken pipe|Unwrap failed")

_OWN_CERTIFICATE: Final = (
    "Is this party enrolled there? If not, hand its trust document (`crex trust export`) to the operator, "
    "who takes it in with `crex enrol` or `crex-broker enrol`. Has its certificate ended? Renew it with "
    "`crex key rotate tls`, and hand in the new trust document. Does TLS end at a proxy? Name its roots with "
    "--proxy-roots, and the proxy's address"
)


def unreached(target: str, text: str) -> Unreached:
    """Tells why no server answered.

    Args:
        target: Address that was called, `host:port`.
        text: What the gRPC library says.
    """
    if _IMPOSTOR.search(text):
        return Unreached(
            f"{target} shows a TLS certificate that is not under the TLS roots pinned for this broker, has "
            f"ended, or is of another host: {text}. Check the address. Has the broker renewed its roots? Get "
            "its newest trust document from its operator and pin it with `crex trust pin`. Does TLS end at a "
            "proxy? Name its roots with --proxy-roots",
            lasting=True,
        )
    if _TURNED_AWAY.search(text):
        return Unreached(
            f"{target} refuses this party's TLS certificate: {text}. {_OWN_CERTIFICATE}", lasting=True
        )
    if _NO_TLS.search(text):
        return Unreached(
            f"what listens at {target} speaks no TLS: {text}. Check the address and the port", lasting=True
        )
    if _HUNG_UP.search(text):
        return Unreached(
            f"{target} closed the connection: {text}. It may just be ending, or starting again; and so a "
            f"broker turns away whose TLS certificate it does not accept. {_OWN_CERTIFICATE}",
            lasting=False,
        )
    return Unreached(
        f"no CREX server could be reached at {target}: {text or 'no answer'}. Check the address, that it "
        "runs, and that its certificate comes from the pinned TLS roots",
        lasting=False,
    )
