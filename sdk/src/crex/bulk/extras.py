"""Packages that only the bulk engines need: imported when used, and named with their command where absent."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from crex.errors import CrexError

if TYPE_CHECKING:
    from types import ModuleType

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
