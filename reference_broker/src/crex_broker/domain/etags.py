"""Etags: how an object's version is shown to callers, who compare them and never look inside."""

from __future__ import annotations


def etag_of(version: int) -> str:
    """Gives the etag of a version; different for every version of one object."""
    return f"v{version}"
