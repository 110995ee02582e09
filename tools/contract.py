"""The contract as the generator reads it: descriptors with comments, and the constraint options on them.

The options are read through a descriptor pool of the compiled set itself, never through generated modules, so
that the generator works in a tree whose generated code is stale or gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    OneofDescriptorProto,
)

from tools import protoc

# Field numbers in descriptor.proto by which source info names a place.
_MESSAGES, _ENUMS, _SERVICES = 4, 5, 6
_FIELDS, _NESTED, _NESTED_ENUMS, _VALUES, _METHODS = 2, 3, 4, 2, 2

Place = tuple[int, ...]


@dataclass(frozen=True)
class Contract:
    """The files of one proto package and the options on their elements."""

    package: str
    files: tuple[FileDescriptorProto, ...]
    _pool: descriptor_pool.DescriptorPool

    def constraint(self, field: FieldDescriptorProto) -> Any | None:
        """Gives the constraint of a field, or nothing where it states none."""
        return self._option(field.options, "crex.v1.constraint")

    def document(self, message: DescriptorProto) -> Any | None:
        """Gives the document option of a message, or nothing where it is no document."""
        return self._option(message.options, "crex.v1.document")

    def choice(self, oneof: OneofDescriptorProto) -> Any | None:
        """Gives the constraint of a oneof, or nothing where it states none."""
        return self._option(oneof.options, "crex.v1.choice")

    def _option(self, options: Any, name: str) -> Any | None:
        try:
            extension = self._pool.FindExtensionByName(name)
        except KeyError:
            return None
        return options.Extensions[extension] if options.HasExtension(extension) else None


def load_contract(root: Path, package: str) -> Contract:
    """Compiles and reads one package.

    Args:
        root: Proto root.
        package: Folder below it, such as `crex/v1`.

    Raises:
        GenerateError: There is no file, or the compiler refuses one.
    """
    raw = protoc.descriptor_set(root, protoc.proto_files(root, package))
    pool = descriptor_pool.DescriptorPool()
    for file in FileDescriptorSet.FromString(raw).file:
        pool.Add(file)
    # The set is parsed a second time by the pool's own class, which knows the options as extensions.
    in_pool = message_factory.GetMessageClass(pool.FindMessageTypeByName("google.protobuf.FileDescriptorSet"))
    known = cast("FileDescriptorSet", in_pool.FromString(raw))
    files = [file for file in known.file if file.name.startswith(f"{package}/")]
    return Contract(package, tuple(sorted(files, key=lambda file: file.name)), pool)


def messages(file: FileDescriptorProto) -> Iterator[tuple[str, Place, DescriptorProto]]:
    """Walks the messages of a file in order, nested ones after their parent, map entries left out.

    Yields:
        Dotted name inside the package, place in the file, message.
    """
    for index, message in enumerate(file.message_type):
        yield from _nested(message.name, (_MESSAGES, index), message)


def _nested(
    name: str, place: Place, message: DescriptorProto
) -> Iterator[tuple[str, Place, DescriptorProto]]:
    yield name, place, message
    for index, inner in enumerate(message.nested_type):
        if not inner.options.map_entry:
            yield from _nested(f"{name}.{inner.name}", (*place, _NESTED, index), inner)


def enums(file: FileDescriptorProto) -> Iterator[tuple[str, Place, EnumDescriptorProto]]:
    """Walks the enums of a file, those at the top first, then those inside messages."""
    for index, enum in enumerate(file.enum_type):
        yield enum.name, (_ENUMS, index), enum
    for name, place, message in messages(file):
        for index, enum in enumerate(message.enum_type):
            yield f"{name}.{enum.name}", (*place, _NESTED_ENUMS, index), enum


def comments(file: FileDescriptorProto) -> Mapping[Place, str]:
    """Maps places to the comment that leads them, its lines joined with spaces; paragraphs stay apart."""
    found: dict[Place, str] = {}
    for location in file.source_code_info.location:
        text = location.leading_comments or location.trailing_comments
        if text:
            paragraphs = text.strip().split("\n\n")
            found[tuple(location.path)] = "\n\n".join(" ".join(part.split()) for part in paragraphs)
    return found


def field_place(message: Place, index: int) -> Place:
    """Gives the place of a field of a message."""
    return (*message, _FIELDS, index)


def value_place(enum: Place, index: int) -> Place:
    """Gives the place of a value of an enum."""
    return (*enum, _VALUES, index)


def service_place(index: int) -> Place:
    """Gives the place of a service of a file."""
    return (_SERVICES, index)


def method_place(service: Place, index: int) -> Place:
    """Gives the place of a method of a service."""
    return (*service, _METHODS, index)
