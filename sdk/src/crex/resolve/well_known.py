"""Where an authority publishes a document: below `/.well-known/crex/` of its own name (RESOLVE-URL-1)."""

from __future__ import annotations

from typing import Final

from crex.names import Name, Ref

ROOT: Final = "/.well-known/crex"
TRUST_ROOT: Final = "/.well-known/crex-trust"


def path_of(ref: Ref) -> str:
    """Gives the path of a document at its authority.

    The newest revision lies under the name, each revision and each digest beside it: `…/zhongwei-1.json`,
    `…/zhongwei-1@7.json`, `…/zhongwei-1@sha256:….json`. A name needs no escaping: its grammar has nothing
    that would.
    """
    segments = "/".join(f"{type_}/{name}" for type_, name in ref.name.segments)
    version = str(ref)[len(str(ref.name)) :]
    return f"{ROOT}/{segments}{version}.json"


def url_of(ref: Ref) -> str:
    """Gives the address of a document."""
    return f"https://{ref.name.authority}{path_of(ref)}"


def paths_to_serve(name: Name, revision: int, sha256: str) -> tuple[str, str, str]:
    """Gives the paths under which the newest revision of a document is served."""
    return path_of(Ref(name)), path_of(Ref(name, revision=revision)), path_of(Ref(name, sha256=sha256))


def trust_path(revision: int | None = None) -> str:
    """Gives the path of an authority's trust document: its latest version, or one of all (TRUST-SERVE-1)."""
    return f"{TRUST_ROOT}.json" if revision is None else f"{TRUST_ROOT}/{revision}.json"
