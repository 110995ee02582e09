"""The files of this repository as a contributor would commit them."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_BUILT = {
    ".venv",
    "build",
    "dist",
    "__pycache__",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    ".benchmarks",
    ".import_linter_cache",
}
_GENERATED = ("sdk/src/crex/v1/", "schemas/crex/", "proto/spec/fields/")


@cache
def files() -> tuple[Path, ...]:
    """Every file that is tracked or would be added, relative to the root; what git ignores is left out.

    In a copy without git, such as an unpacked archive, the folders that the Makefile writes are left out.
    """
    if not (ROOT / ".git").exists():
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        return tuple(sorted(path for path in found if not _BUILT.intersection(path.parts)))
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = sorted({name for name in listed.stdout.decode("utf-8").split("\0") if name})
    return tuple(Path(name) for name in names if (ROOT / name).is_file())


def written(*suffixes: str) -> Iterator[Path]:
    """The files with one of these suffixes that a person wrote (generated folders left out)."""
    return (path for path in files() if path.suffix in suffixes and not is_generated(path))


def is_generated(path: Path) -> bool:
    """Whether a file is an output of the generator."""
    return path.as_posix().startswith(_GENERATED)


def text(path: Path) -> str | None:
    """The text of a file, or None when it is binary."""
    content = (ROOT / path).read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse((ROOT / path).read_text("utf-8"), filename=str(path))
