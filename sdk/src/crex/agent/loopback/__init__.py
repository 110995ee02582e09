"""Hooks for one machine: leased CPUs of this host, used through an HTTPS interface on loopback."""
