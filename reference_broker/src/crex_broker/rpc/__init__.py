"""The broker on the wire: gRPC over mutual TLS, and nothing of the broker's rules."""
