"""Outcomes of ports as JSON text and back: frozen dataclasses of scalars, tuples and each other."""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import orjson

T = TypeVar("T")


def encode(outcome: object) -> str:
    """Writes an outcome as JSON text."""
    return orjson.dumps(outcome).decode()


def decode(kind: type[T], text: str | bytes) -> T:
    """Reads an outcome of a type that was written by `encode`."""
    return cast("T", _reader(cast("Hashable", kind))(orjson.loads(text)))


@cache
def _reader(kind: Hashable) -> Callable[[Any], Any]:
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        readers = [(field.name, _reader(hints[field.name])) for field in fields(kind)]
        made = cast("Callable[..., Any]", kind)
        # What an earlier edition remembered lacks what came since; that has defaults.
        return lambda value: made(**{name: read(value[name]) for name, read in readers if name in value})
    origin = get_origin(kind)
    if origin is tuple:
        item = _reader(get_args(kind)[0])
        return lambda value: tuple([item(each) for each in value])
    if origin in (Union, types.UnionType):
        (inner,) = [arg for arg in get_args(kind) if arg is not type(None)]
        read = _reader(inner)
        return lambda value: None if value is None else read(value)
    return lambda value: value
