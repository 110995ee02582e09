"""Reading registries from the package; each once, when it is first asked for."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from crex.errors import CrexError
from crex.registry.entries import Entry, Reference, Registry

_FOLDER: Final = "data"
_INDEX: Final = "index.json"
_COMMON: Final = frozenset({"token", "name", "about", "references"})


def names() -> tuple[str, ...]:
    """Gives the names of all registries, sorted."""
    return tuple(_index())


def fields() -> Mapping[str, str]:
    """Gives the registry of every field that has one, by the field: `{"Site.hub": "hubs", …}`."""
    return MappingProxyType({field: name for name, one in _index().items() for field in one["fields"]})


def for_field(field: str) -> Registry | None:
    """Gives the registry of the tokens of a field, such as `Site.hub`; None: it has none."""
    name = fields().get(field)
    return load(name) if name is not None else None


@cache
def load(name: str) -> Registry:
    """Reads a registry.

    Raises:
        CrexError: NOT_FOUND: there is none of that name.
    """
    if name not in _index():
        raise CrexError("NOT_FOUND", f"There is no registry {name[:64]!r}; there are {', '.join(names())}.")
    parts = [_json(file) for file in _index()[name]["files"]]
    entries = {each["token"]: _entry(each) for part in parts for each in part["entries"]}
    first = parts[0]
    return Registry(name, first["title"], first["about"], tuple(first["fields"]), MappingProxyType(entries))


def search(*words: str) -> list[tuple[Registry, Entry]]:
    """Gives every entry in whose token, name, text or members all the words occur, in any case and width."""
    wanted = [_folded(word) for word in words]
    found = []
    for name in names():
        registry = load(name)
        for entry in registry:
            members = json.dumps(dict(entry.members), ensure_ascii=False)
            text = _folded(f"{entry.token} {entry.name} {entry.about} {members}")
            if all(word in text for word in wanted):
                found.append((registry, entry))
    return found


def _entry(stated: dict[str, Any]) -> Entry:
    references = tuple(
        Reference(each["title"], each["uri"], each.get("retrieved", "")) for each in stated["references"]
    )
    members = MappingProxyType({key: value for key, value in stated.items() if key not in _COMMON})
    return Entry(stated["token"], stated["name"], stated.get("about", ""), members, references)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@cache
def _index() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = _json(_INDEX)
    return found


def _json(name: str) -> Any:
    return json.loads((files(__package__) / _FOLDER / name).read_bytes())
