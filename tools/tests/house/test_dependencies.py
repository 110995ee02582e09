"""What a package imports, its users get: every third-party import is declared where it is needed."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tools.tests.house import tree

PROJECT = tomllib.loads((tree.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OURS = {
    "crex",
    "crex_broker",
    "crex_conformance",
    "demo",
    "tools",
    "conftest",
    "sdk",
    "reference_broker",
    "conformance",
    "_typeshed",  # nobody's: it exists for type checkers only
}
# Folder → the extras whose packages it may import besides the base dependencies.
ROOMS = {
    "sdk/src/crex": ["attest", "parquet", "pkcs11", "sm2"],
    "reference_broker/src/crex_broker": ["broker"],
    "conformance/src/crex_conformance": ["conformance"],
    "demo": ["broker", "demo", "dev"],
    "tools": ["dev"],
}
# Declared for what they bring rather than for an import of their own.
NOT_IMPORTED = {"uvloop"}


def declared(*extras: str) -> set[str]:
    """The names of the distributions that the base and these extras ask for."""
    wanted: Iterable[str] = PROJECT["dependencies"]
    for extra in extras:
        wanted = [*wanted, *PROJECT["optional-dependencies"][extra]]
    return {re.split(r"[<>=!~;\[ ]", name)[0].lower() for name in wanted}


def imported(folder: str) -> dict[str, Path]:
    """Every third-party distribution that the files of a folder import, with one file that does."""
    known = packages_distributions()
    found: dict[str, Path] = {}
    for path in tree.files():
        if path.suffix == ".py" and path.is_relative_to(folder):
            for module in _modules(tree.parsed(path)):
                top = module.partition(".")[0]
                if top not in sys.stdlib_module_names and top not in OURS:
                    found.setdefault(_distribution(module, known), path)
    return found


@pytest.mark.parametrize(("folder", "extras"), ROOMS.items())
def test_every_import_is_declared(folder: str, extras: list[str]) -> None:
    """A folder imports only what the base dependencies or its own extra install."""
    allowed = declared(*extras)
    assert {name: str(path) for name, path in imported(folder).items() if name not in allowed} == {}


def test_every_dependency_is_used() -> None:
    """Each base or broker dependency is imported by the packages; one that no longer is should go."""
    used = {name for folder in ROOMS if "/src/" in folder for name in imported(folder)}
    assert declared("broker") - used - NOT_IMPORTED == set()


def _modules(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _distribution(module: str, known: Mapping[str, list[str]]) -> str:
    if module.startswith("google."):
        return "googleapis-common-protos" if module.split(".")[1] in {"rpc", "api", "type"} else "protobuf"
    top = module.partition(".")[0]
    return known.get(top, [top])[0].lower().replace("_", "-")
