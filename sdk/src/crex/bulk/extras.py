"""Packages that only the bulk engines need: imported when used, and named with their command where absent."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from crex.errors import CrexError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

    import pyarrow as pa

_EXTRA: Final = {"duckdb": "bulk", "pyarrow": "bulk", "pyspark": "spark"}


def require(module: str) -> ModuleType:
    """Imports a module of an optional package.

    Raises:
        CrexError: NOT_FOUND: the package is not installed; the message has the command that installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        extra = _EXTRA[package]
        raise CrexError(
            "NOT_FOUND",
            f"Bulk rating needs the package {package}, which is not installed here. Install it with: pip "
            f"install 'crex-protocol[{extra}]'",
            details={"package": package, "extra": extra},
        ) from error


def arrow_table(types: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Returns the Arrow table of rows.

    Args:
        types: Names of the columns and of their Arrow types, in order.
        rows: Values of each row, in that order.
    """
    arrow = require("pyarrow")
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(types)
    arrays = (
        arrow.array(values, getattr(arrow, kind)())
        for values, kind in zip(columns, types.values(), strict=True)
    )
    return arrow.table(dict(zip(types, arrays, strict=True)))


def first_line(error: Exception) -> str:
    """Returns what an error of such a package says first, for people; without words its type."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__
