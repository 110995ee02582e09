"""The secure channel of a client: mutual TLS, keep-alive, limits. There is no insecure one."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

# A response holds at most 3 MiB of records, an envelope at most 1 MiB of body.
_MAX_MESSAGE_BYTES = 8 * 1024 * 1024

CHANNEL_OPTIONS: Sequence[tuple[str, int]] = (
    ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # A broker that starts again is found again soon, not after the two minutes of the library: a call fails
    # without trying while the channel waits, so it waits for less than the repetitions of a call last.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    # Retries are ours (`_retry`): only they know that the request id makes a repetition safe.
    ("grpc.enable_retries", 0),
)


def credentials(
    *, certificate_pem: bytes, key_pem: bytes, server_roots_pem: bytes
) -> grpc.ChannelCredentials:
    """Builds channel credentials for mutual TLS.

    Args:
        certificate_pem: The caller's certificate chain, leaf first.
        key_pem: Private key of the leaf.
        server_roots_pem: Roots under which the server's certificate must be issued: those of the broker's own
            pinned trust document, and no others.
    """
    return grpc.ssl_channel_credentials(
        root_certificates=server_roots_pem, private_key=key_pem, certificate_chain=certificate_pem
    )
