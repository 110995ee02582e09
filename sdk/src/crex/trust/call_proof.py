"""What a caller behind a proxy and its broker write alike: the forms of channel.md (TOKEN-PROOF-1)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

# The method by which a caller without a token asks for one.
ISSUE_TOKEN: Final = "/crex.v1.ChannelService/IssueToken"  # noqa: S105 - the path of a method, not a secret
# Metadata of a call.
CERTIFICATE_KEY: Final = "crex-certificate"
TOKEN_KEY: Final = "crex-token"  # noqa: S105 - the name of a metadatum, not a secret
PROOF_KEY: Final = "crex-proof"
# The `typ` and the algorithm of a proof, and its `htm`.
PROOF_TYPE: Final = "crex-proof+jwt"
PROOF_ALGORITHM: Final = "ES256"
HTTP_METHOD: Final = "POST"


def proof_address(broker: str, method: str) -> str:
    """Gives the `htu` of a proof: the broker's authority and the path of the method."""
    return f"https://{broker}{method}"


def thumbprint(data: bytes) -> str:
    """Gives the unpadded base64url of SHA-256: of a token its `ath`, of a certificate its `x5t#S256`."""
    return urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode("ascii")
