"""`crex registry`: what tokens stand for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from crex.cli.options import Commands, command, group
from crex.cli.result import REFUSED, Result, table

if TYPE_CHECKING:
    from crex.registry import Entry, Registry


def add(commands: Commands) -> None:
    """Adds the commands."""
    registry = group(commands, "registry", "look up what tokens stand for")
    command(registry, "list", _list, "list the registries")
    show = command(registry, "show", _show, "show a registry, or one entry of it")
    show.add_argument("registry", metavar="REGISTRY", help="such as accelerators")
    show.add_argument("token", nargs="?", metavar="TOKEN", help="such as nvidia-h100-sxm5-80gb")
    search = command(registry, "search", _search, "find entries in all registries in which all words occur")
    search.add_argument("words", nargs="+", metavar="WORD")


def _list(_: argparse.Namespace) -> Result:
    from crex import registry

    listed = [registry.load(name) for name in registry.names()]
    values = [
        {"registry": one.name, "title": one.title, "entries": len(one), "fields": list(one.fields)}
        for one in listed
    ]
    rows = [(one.name, str(len(one)), one.title, ", ".join(one.fields)) for one in listed]
    return Result(values, table(("registry", "entries", "title", "fields"), rows, empty="none"))


def _show(options: argparse.Namespace) -> Result:
    from crex import registry
    from crex.errors import CrexError

    listed = registry.load(options.registry)
    if options.token is None:
        value = {
            "registry": listed.name,
            "title": listed.title,
            "about": listed.about,
            "fields": list(listed.fields),
            "entries": [_value(entry) for entry in listed],
        }
        heads = [f"{listed.title}. {listed.about}"]
        if listed.fields:
            heads.append(f"Fields: {', '.join(listed.fields)}")
        rows = [(entry.token, entry.name) for entry in listed]
        return Result(value, "\n".join((*heads, "", table(("token", "name"), rows, empty="none"))))
    entry = listed.entries.get(options.token)
    if entry is None:
        from difflib import get_close_matches

        near = get_close_matches(options.token, listed.entries, n=3)
        meant = f" Perhaps {' or '.join(near)} is meant." if near else ""
        raise CrexError(
            "NOT_FOUND",
            f"The registry {listed.name} does not list {options.token[:64]!r}.{meant} "
            f"`crex registry show {listed.name}` lists all.",
        )
    return Result(_value(entry), "\n".join(_lines(listed, entry)))


def _search(options: argparse.Namespace) -> Result:
    from crex import registry

    found = registry.search(*options.words)
    values = [{"registry": listed.name, **_value(entry)} for listed, entry in found]
    rows = [(listed.name, entry.token, entry.name) for listed, entry in found]
    text = table(("registry", "token", "name"), rows, empty="No entry has all of these words.")
    return Result(values, text) if found else Result(values, text, REFUSED)


def _value(entry: Entry) -> dict[str, Any]:
    value: dict[str, Any] = {"token": entry.token, "name": entry.name}
    if entry.about:
        value["about"] = entry.about
    value |= entry.members
    value["references"] = [
        {"title": one.title, "uri": one.uri, **({"retrieved": one.retrieved} if one.retrieved else {})}
        for one in entry.references
    ]
    return value


def _lines(listed: Registry, entry: Entry) -> list[str]:
    lines = [f"{entry.token}: {entry.name} ({listed.title.lower()})"]
    if entry.about:
        lines.append(f"  {entry.about}")
    for member, value in entry.members.items():
        if isinstance(value, list):
            lines.append(f"  {member}:")
            lines += [f"    {_flat(one)}" for one in value]
        else:
            lines.append(f"  {member}: {_flat(value)}")
    lines.append("  references:")
    for at, one in enumerate(entry.references):
        read = f", read on {one.retrieved}" if one.retrieved else ", known by its title"
        lines.append(f"    [{at}] {one.title}, {one.uri}{read}")
    return lines


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{member} {one}" for member, one in value.items())
    return str(value)
