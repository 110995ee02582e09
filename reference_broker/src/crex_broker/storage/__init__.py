"""Adapters of the ports: where documents and objects are kept."""
