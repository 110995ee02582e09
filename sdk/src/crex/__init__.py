"""CREX, the Compute Resource Exchange: the SDK.

The package is layered; a lower layer never imports a higher one::

    v1 → errors → names, decimals → documents → trust
       → demand, rating, metering, invoice, describe → client, agent → cli

`crex.v1` holds the generated messages and nothing else. Everything up to `describe` is pure: no network, no
clock of its own. Only `client`, `agent` and `cli` may import gRPC. This module imports nothing, so that
`import crex` and `crex --help` stay instant.
"""

__version__ = "0.1.0"
