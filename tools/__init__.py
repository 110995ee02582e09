"""The generator: `python -m tools.generate` writes everything that derives from `proto/`."""
