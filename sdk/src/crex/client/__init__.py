"""Clients of a broker: `AsyncClient` on asyncio, and `Client`, which blocks.

Both have one method per unary method of the contract, generated from it: neither can lack what the other
has.
"""

from __future__ import annotations

from crex.client._async import AsyncClient
from crex.client._channel import credentials
from crex.client._proof import proxied_credentials
from crex.client._retry import RetryPolicy
from crex.client._sync import Client

__all__ = ["AsyncClient", "Client", "RetryPolicy", "credentials", "proxied_credentials"]
