"""The peer: a bare grpc.aio server over the same mutual TLS, which gives back bytes and does nothing else.

`python echo_server.py IDENTITY ROOTS`: the identity's folder, and a PEM file of the roots under which callers
are known. It prints its port. `/echo/Same` gives back what it got, `/echo/Answer` what `/echo/Keep` got last.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import uvloop

from crex.trust.identity_files import load_identity


async def serve(folder: Path, roots_pem: bytes) -> None:
    """Serves until the process ends."""
    kept = b""

    async def same(body: bytes, _context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        return body

    async def keep(body: bytes, _context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        nonlocal kept
        kept = body
        return b""

    async def answer(_body: bytes, _context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        return kept

    identity = load_identity(folder)
    pair = [(identity.tls.key_pem, identity.tls.chain_pem)]
    credentials = grpc.ssl_server_credentials(pair, roots_pem, require_client_auth=True)
    server = grpc.aio.server()
    methods: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        name: grpc.unary_unary_rpc_method_handler(behaviour)
        for name, behaviour in (("Same", same), ("Keep", keep), ("Answer", answer))
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("echo", methods),))
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(Path(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
