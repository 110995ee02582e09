"""Inputs of importers: bounded bytes with a name, and tolerant readers of what programs print.

What vendors' tools print is no document of ours: a byte order mark, CRLF, a semicolon for a comma or a float
is part of life there. These readers take such things, keep numbers exact, and give a problem instead of
raising.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import sys
import xml.etree.ElementTree as ET
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from crex.describe.machine import run_command

# Largest input, unpacked. The price list of a large cloud has some tens of MB.
MAX_BYTES: Final = 256 * 1024 * 1024
_GZIP: Final = b"\x1f\x8b"
_PART: Final = 1024 * 1024
_MAX_DEPTH: Final = 200
# The state of a cluster of thousands of nodes takes its server a while.
_PATIENCE_S: Final = 300.0
_MAX_DIGITS: Final = 400
_MAX_ALIASES: Final = 1000
_STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """One input.

    Attributes:
        name: File name, command, or `standard input`, for places in reports.
        data: Its bytes, unpacked; empty where there are none.
        problem: Why it could not be read, or not wholly; empty if all is well.
        folder: Path of the file relative to the folder that was named, for inputs that are trees; else empty.
    """

    name: str
    data: bytes
    problem: str = ""
    folder: str = ""

    @property
    def text(self) -> str:
        """The input as text: UTF-8 (or UTF-16 with its mark), U+FFFD for what is not, without a mark."""
        if self.data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return self.data.decode("utf-16", errors="replace").removeprefix("\ufeff")
        return self.data.decode("utf-8-sig", errors="replace")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a reader made of an input.

    Attributes:
        value: The value; None where there is none.
        problem: Why there is none; empty if all is well.
    """

    value: Any
    problem: str = ""


def open_sources(paths: Sequence[Path]) -> list[Source]:
    """Reads files, and all files below folders, in order of their names; `-` is standard input.

    Packed files (gzip) are unpacked. Never raises: a file that cannot be read is a source with a problem.
    """
    found: list[Source] = []
    for path in paths:
        if str(path) == _STDIN:
            # Python has no standard input where the program was started without one.
            data = sys.stdin.buffer.read(MAX_BYTES + 1) if sys.stdin is not None else b""
            found.append(_source("standard input", data))
        elif path.is_dir():
            found.extend(_below(path))
        else:
            found.append(_file(path, ""))
    return found


def run_commands(commands: Sequence[Sequence[str]]) -> list[Source]:
    """Runs commands of this machine and gives what each printed; never raises.

    A command that is not there, fails or takes too long is a source with a problem.
    """
    found = []
    for command in commands:
        output = run_command(command, most_bytes=MAX_BYTES, patience_s=_PATIENCE_S)
        found.append(Source(" ".join(command), output.text.encode(), output.problem))
    return found


def _below(folder: Path) -> Iterator[Source]:
    """Reads all files below a folder; a folder that cannot be read is a source with a problem."""
    closed: dict[Path, OSError] = {}
    found: list[Path] = []

    def note(error: OSError) -> None:
        closed[Path(error.filename)] = error

    for base, folders, names in os.walk(folder, onerror=note):
        # A link to a folder is not followed, since it may lead in a circle; `_file` says so.
        found += (Path(base, name) for name in names)
        found += (one for one in (Path(base, name) for name in folders) if one.is_symlink())
    for path in sorted([*found, *closed]):
        inner = path.relative_to(folder).as_posix()
        if path in closed:
            name = path.name if path == folder else inner
            yield Source(name, b"", f"{path}: {closed[path].strerror}", "" if path == folder else inner)
        else:
            yield _file(path, inner)


def _file(path: Path, folder: str) -> Source:
    name = folder or path.name
    try:
        if not path.is_file():
            why = "is no file whose end is known; `-` reads standard input" if path.exists() else "is no file"
            return Source(name, b"", f"{path} {why}", folder)
        with path.open("rb") as file:
            return _source(name, file.read(MAX_BYTES + 1), folder)
    except OSError as error:
        return Source(name, b"", f"{path}: {error.strerror or error}", folder)


def _source(name: str, data: bytes, folder: str = "") -> Source:
    if data.startswith(_GZIP):
        try:
            data, whole = _unpack(data)
        except (gzip.BadGzipFile, zlib.error) as error:
            return Source(name, b"", f"it is packed (gzip), and damaged: {error}", folder)
        if not whole:
            return Source(name, data, "it is packed (gzip), and ends too early; the rest is missing", folder)
    if len(data) > MAX_BYTES:
        return Source(name, b"", f"it is larger than {MAX_BYTES} bytes and was not read", folder)
    return Source(name, data, "", folder)


def _unpack(data: bytes) -> tuple[bytes, bool]:
    """Unpacks what may be several packed files one after the other; tells whether the last is whole."""
    unpacked = bytearray()
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        try:
            while len(unpacked) <= MAX_BYTES and (part := file.read1(_PART)):
                unpacked += part
        except EOFError:
            return bytes(unpacked), False
    return bytes(unpacked), True


def read_json(source: Source) -> Parsed:
    """Reads one JSON value; numbers with a fraction come as `Decimal`.

    An object that states a member twice, and differently, is refused: nothing says which one is true.
    """
    try:
        value = json.loads(
            source.text,
            parse_float=_fraction,
            parse_int=_integer,
            parse_constant=_refuse,
            object_pairs_hook=_members,
        )
    except RecursionError:
        return Parsed(None, "it is nested too deeply to be read")
    except _TwiceError as error:
        return Parsed(None, str(error))
    except ValueError as error:
        return Parsed(None, f"it is not JSON: {error}")
    return Parsed(None, "it is nested too deeply to be read") if _too_deep(value) else Parsed(value)


def read_json_lines(source: Source) -> Iterator[tuple[int, Parsed]]:
    """Reads one JSON value a line; gives the number of each line that is not empty, with its value."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        if line.strip():
            yield number, read_json(Source(source.name, line.encode()))


def read_yaml(source: Source) -> Iterator[Parsed]:
    """Reads the documents of a YAML stream, up to the first that cannot be read; JSON is YAML, too.

    Only plain values (no tags that make objects). More than 1000 aliases are refused, and so is a mapping
    that has a key twice: YAML itself allows none.
    """
    import yaml

    plain: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Once(plain):  # type: ignore[misc]
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if len(set(keys)) < len(keys):
                twice = Counter(keys).most_common(1)[0][0]
                raise ValueError(f"a mapping has the key {twice[:40]!r} twice")
            return dict(super().construct_mapping(node, deep))

    loader = Once
    try:
        events = yaml.parse(source.text, Loader=loader)
        if sum(isinstance(event, yaml.AliasEvent) for event in events) > _MAX_ALIASES:
            yield Parsed(None, f"it has more than {_MAX_ALIASES} aliases")
            return
        for value in yaml.load_all(source.text, Loader=loader):
            yield Parsed(None, "it is nested too deeply to be read") if _too_deep(value) else Parsed(value)
    except RecursionError:
        yield Parsed(None, "it is nested too deeply to be read")
    except (yaml.YAMLError, ValueError, TypeError) as error:
        yield Parsed(None, f"it is not YAML: {' '.join(str(error).split())[:300]}")


def parse_xml(source: Source) -> tuple[ET.Element | None, str]:
    """Reads an XML document; gives its root, or why there is none. One that declares entities is refused."""
    text = source.text.strip()
    if "<!ENTITY" in text:
        return None, "it declares entities, which no tool writes; it was not read"
    try:
        return ET.fromstring(text), ""  # noqa: S314 - entities are refused above
    except (ET.ParseError, ValueError) as error:
        return None, f"it is not XML: {error}"


def read_table(
    source: Source, separators: str = ",;\t", *, quoted: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """Reads a table whose cells are separated by what its first line has most of.

    Args:
        source: The table.
        separators: What may separate cells.
        quoted: Whether a cell may stand in quotes.

    Yields:
        For each row that is not empty, the number of the line where it begins and its cells, stripped.
    """
    text = source.text.replace("\0", "")
    head = text.lstrip("\r\n").partition("\n")[0]
    separator = max(separators, key=head.count)
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=separator,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            line = reader.line_num + 1
            continue
        if any(cell.strip() for cell in cells):
            yield line, [cell.strip() for cell in cells]
        line = reader.line_num + 1


class _TwiceError(ValueError):
    """An object says two things of one member."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        for name, value in pairs:
            if members[name] != value:
                raise _TwiceError(f"an object states {name[:40]!r} twice, and differently; it was not read")
    return members


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError("a number has too many digits")
    return int(text)


def _fraction(text: str) -> Decimal:
    """Reads a number with a fraction or an exponent; none that would be larger than any figure."""
    if len(text) > _MAX_DIGITS:
        raise ValueError("a number has too many digits")
    try:
        value = Decimal(text)
    except ArithmeticError as error:
        raise ValueError(f"the number {text[:40]} is beyond all bounds") from error
    if value and abs(value.adjusted()) > _MAX_DIGITS:
        raise ValueError(f"the number {text[:40]} is beyond all bounds")
    return value


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is no JSON number")


def _too_deep(value: object) -> bool:
    """Tells whether lists and objects lie deeper than anything a tool prints (or inside themselves)."""
    level: list[object] = [value]
    for _ in range(_MAX_DEPTH):
        below: list[object] = []
        seen: set[int] = set()
        for one in level:
            if isinstance(one, (dict, list)) and id(one) not in seen:
                seen.add(id(one))
                below.extend(one.values() if isinstance(one, dict) else one)
        if not below:
            return False
        level = below
    return True
