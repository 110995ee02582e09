"""The use cases of the broker, one file each; each owns the one transaction that it asks a port for."""
