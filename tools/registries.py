"""Copies the registries of schemas/registry into the SDK, with an index of what each file holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path("schemas") / "registry"
SCHEMA: Final = "registry.schema.json"
INDEX: Final = "index.json"


def sources(repository: Path) -> dict[str, Any]:
    """Reads the registries by the names of their files."""
    found = sorted((repository / FOLDER).glob("*.json"))
    return {path.name: json.loads(path.read_text("utf-8")) for path in found if path.name != SCHEMA}


def carried_files(repository: Path) -> dict[str, str]:
    """Gives the files that the SDK carries: the registries without white space, and their index."""
    index: dict[str, dict[str, list[str]]] = {}
    carried: dict[str, str] = {}
    for name, registry in sources(repository).items():
        entry = index.setdefault(registry["registry"], {"fields": registry["fields"], "files": []})
        entry["files"].append(name)
        carried[name] = json.dumps(registry, ensure_ascii=False, separators=(",", ":")) + "\n"
    carried[INDEX] = json.dumps(dict(sorted(index.items())), indent=1) + "\n"
    return carried
