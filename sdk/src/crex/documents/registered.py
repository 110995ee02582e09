"""Remarks on tokens and identifiers that the registries know, or do not. Nothing here refuses a document.

Tokens are open, and one that nobody registered is valid; but most of those are slips of the pen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from crex import registry
from crex.documents.fields import Field, Kind, descriptor_of, fields_of
from crex.documents.paths import json_path
from crex.documents.rules import Path
from crex.errors import Violation

_EXTERNAL_ID = "crex.v1.ExternalId"
# What stands before the slash is whose token it is; no registry lists those.
_PRIVATE = "/"


def remarks(value: dict[str, Any], message: type[Message]) -> list[Violation]:
    """Lists tokens that no registry lists and identifiers that are not in their scheme's form.

    Args:
        value: A document that the reader accepts, in strict JSON form.
        message: Its class.
    """
    return list(_remarks(value, descriptor_of(message), ()))


def _remarks(value: dict[str, Any], message: Descriptor, path: Path) -> Iterator[Violation]:
    if message.full_name == _EXTERNAL_ID:
        yield from _external_id(value, path)
    for field in fields_of(message):
        if field.json_name not in value:
            continue
        here, place = value[field.json_name], (*path, field.json_name)
        for at, one in _elements(here, field):
            if field.message is not None and field.kind is Kind.MESSAGE:
                yield from _remarks(one, field.message, (*place, *at))
            elif field.kind is Kind.STRING:
                yield from _token(one, f"{message.name}.{field.name}", (*place, *at))


def _elements(here: Any, field: Field) -> Iterator[tuple[Path, Any]]:
    if field.is_map:
        yield from (((key,), one) for key, one in here.items())
    elif field.repeated:
        yield from (((at,), one) for at, one in enumerate(here))
    else:
        yield (), here


def _token(token: str, field: str, path: Path) -> Iterator[Violation]:
    """A token that is neither listed nor private may be a slip of the pen (REG-UNKNOWN-1)."""
    listed = registry.for_field(field)
    if listed is None or token in listed or _PRIVATE in token:
        return
    near = get_close_matches(token, listed.entries, n=1)
    found = f'the registry "{listed.name}" does not list "{token}"'
    meant = f"perhaps {near[0]} is meant" if near else f"see `crex registry show {listed.name}`"
    fix = f"{meant}; a token of your own begins with your authority, as in p.example.cn/{token[:40]}"
    yield Violation(json_path(path), found, "REG-UNKNOWN-1", fix)


def _external_id(value: dict[str, Any], path: Path) -> Iterator[Violation]:
    """An identifier has its scheme's form, where that is registered (EXTERNAL-FORM-1)."""
    scheme = registry.load("identifier-schemes").entries.get(value["scheme"])
    pattern = scheme.members.get("pattern") if scheme is not None else None
    if scheme is not None and pattern is not None and re.fullmatch(pattern, value["value"]) is None:
        found = f"{value['value'][:80]!r} has not the form of the scheme {scheme.token} ({scheme.name})"
        fix = f"correct it, or its scheme; the form is {pattern}"
        yield Violation(json_path((*path, "value")), found, "EXTERNAL-FORM-1", fix)
