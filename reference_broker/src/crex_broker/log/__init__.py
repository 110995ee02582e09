"""The log that the world is shown: tiles and signed checkpoints over the entries of the store."""
