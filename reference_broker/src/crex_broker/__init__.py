"""The reference broker of CREX.

Dependencies point inwards: `domain` is pure and knows no storage and no network; `application` holds one file
per use case and owns its transaction; `storage` and `rpc` are adapters around it; `main` alone puts them
together.
"""

__version__ = "0.1.0"
