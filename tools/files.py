"""Writes generated files: only what changed, and nothing stale left behind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def write_tree(folder: Path, files: Mapping[str, str], owned: str) -> list[str]:
    """Makes a folder hold exactly the given generated files.

    Args:
        folder: Root that the paths are relative to.
        files: Text by path.
        owned: Glob under `folder` of what belongs to this generator; a file that matches it and is not in
            `files` is deleted.

    Returns:
        The paths that were written or deleted, sorted.
    """
    changed: list[str] = []
    for name, text in sorted(files.items()):
        path = folder / name
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        changed.append(name)
    for path in sorted(folder.glob(owned)):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in files:
            path.unlink()
            changed.append(name)
    return sorted(changed)
