"""The conformance suite of CREX: an oracle of its own.

It judges an implementation by the written contract. Therefore it imports the generated messages of `crex.v1`
and never the logic of the SDK or of the reference broker, whose mistakes it would otherwise share.
"""

__version__ = "0.1.0"
