"""Habits of the house that no ordinary linter knows."""

import ast
import re
from pathlib import Path

import pytest

from tools.tests.house import tree

# Written in two parts, so that this file may be searched too.
PACKAGE_REGISTRIES = re.compile(
    "|".join(
        re.escape(f"{name}.{zone}")
        for name, zone in [
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("npmjs", "com"),
            ("crates", "io"),
            ("proxy.golang", "org"),
            ("rubygems", "org"),
            ("repo.maven.apache", "org"),
            ("mirrors.aliyun", "com"),
            ("tuna.tsinghua", "edu"),
        ]
    )
)
LOCK_FILES = {"uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock"}
VAGUE_MODULES = {"utils", "util", "common", "helpers", "helper", "misc"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|TBD|WIP|[Ll]orem ipsum)\b")
MAX_LINES = 600


def test_no_file_names_a_package_registry() -> None:
    """No file names a package registry, so that any mirror serves."""
    found = [
        f"{path}: {match.group()}"
        for path in tree.files()
        if (text := tree.text(path)) is not None and (match := PACKAGE_REGISTRIES.search(text))
    ]
    assert not found


def test_no_lock_file_of_an_installer() -> None:
    """The pinned versions are in constraints.txt alone, because installers' lock files name registries."""
    assert not [path for path in tree.files() if path.name in LOCK_FILES]


def test_no_source_file_is_too_long() -> None:
    """A source file past 600 lines wants to be two things."""
    sources = tree.written(".py", ".proto", ".sh", ".sql", ".js", ".css", ".pyi")
    lengths = {str(path): (tree.text(path) or "").count("\n") for path in sources}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


def test_no_module_has_a_vague_name() -> None:
    """A module or folder says what it holds; one named utils, common or helpers would not."""
    named = {(path, part) for path in tree.written(".py") for part in (path.stem, *path.parent.parts)}
    assert not sorted(str(path) for path, part in named if part in VAGUE_MODULES)


def test_no_unfinished_mark_remains() -> None:
    """Contract, specification, guides and code carry no reminder of work left to do."""
    sources = [
        path
        for path in tree.written(".proto", ".md", ".py", ".sh", ".toml", ".yaml", ".json")
        if path != Path(__file__).resolve().relative_to(tree.ROOT)
    ]
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in sources
        for number, line in enumerate((tree.text(path) or "").splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert not found


@pytest.mark.parametrize("room", ["sdk", "reference_broker", "conformance", "tools", "demo"])
def test_every_test_says_in_a_sentence_what_holds(room: str) -> None:
    """Every test function has a docstring whose first line is a sentence."""
    silent = [
        f"{path}:{function.lineno} {function.name}"
        for path in tree.written(".py")
        if path.parts[0] == room and path.name.startswith("test_")
        for function in _test_functions(tree.parsed(path))
        if not _is_sentence((ast.get_docstring(function) or "").partition("\n\n")[0])
    ]
    assert not silent


def test_text_files_end_with_one_newline() -> None:
    """Text files end with exactly one newline and hold neither trailing blanks nor carriage returns."""
    stray = re.compile(r"[ \t]+\n|\r|\n\n\Z|[^\n]\Z")
    texts = {
        path: tree.text(path) or "" for path in tree.written(".py", ".proto", ".md", ".toml", ".yaml", ".sh")
    }
    assert not [str(path) for path, text in texts.items() if stray.search(text)]


def _test_functions(module: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]


def _is_sentence(text: str) -> bool:
    return len(text.split()) >= 3 and text.rstrip()[-1] in ".?!。"
