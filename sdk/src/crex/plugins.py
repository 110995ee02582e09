"""Parts that other packages can add: found by name, among those of this package and those of entry points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, Protocol, TypeGuard, TypeVar

from crex.errors import CrexError


class Plugin(Protocol):
    """What every part has.

    Attributes:
        about: What it is for: a phrase without a full stop.
    """

    @property
    def about(self) -> str: ...  # noqa: D102 - see the class


P = TypeVar("P", bound=Plugin)


@dataclass(frozen=True, slots=True)
class Plugins(Generic[P]):
    """Parts of one kind.

    Those of this package are listed, not discovered. One of another package is an entry point of the group
    `crex.<kind>s`, with `_` between words: an object, or a class that is made without arguments. A name that
    is taken stays with whoever has it here.

    Attributes:
        kind: What one is called, such as `importer`; a module of this package keeps its own in the constant
            of that name, in capitals, with `_` between words.
        built_in: Module, and what it is for, by name.
        is_one: Says whether an object is of the kind.
        needs: Attributes that make it one, for messages.
    """

    kind: str
    built_in: Mapping[str, tuple[str, str]]
    is_one: Callable[[object], TypeGuard[P]]
    needs: str

    def load(self, name: str) -> P:
        """Gives the part of a name.

        Raises:
            CrexError: NOT_FOUND: nobody has it; TYPE: what a package brings under it is not of the kind.
        """
        if name in self.built_in:
            constant = self.kind.upper().replace(" ", "_")
            return self._made(getattr(import_module(self.built_in[name][0]), constant), name)
        entries = self._entries()
        for entry in entries:
            if entry.name == name:
                try:
                    return self._made(entry.load(), name)
                except (ImportError, AttributeError) as error:
                    message = f"The {self.kind} {name} ({entry.value}) cannot be loaded: {error}."
                    raise CrexError("TYPE", f"{message} Mend that package.") from error
        known = ", ".join(sorted(self.names()))
        raise CrexError("NOT_FOUND", f"There is no {self.kind} {name}; there are {known}.")

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Tells whatever a part of another package raises inside as a defect of that package.

        Raises:
            CrexError: TYPE.
        """
        try:
            yield
        except Exception as error:
            if name in self.built_in:
                raise
            failed = f"The {self.kind} {name} failed: {type(error).__name__}: {error}. Mend its package."
            raise CrexError("TYPE", failed) from error

    def names(self) -> frozenset[str]:
        """Gives the names of all parts, without loading any."""
        return frozenset({*self.built_in, *(entry.name for entry in self._entries())})

    def listed(self) -> Iterator[tuple[str, str, str]]:
        """Gives name, what it is for, and package of every part; what cannot be loaded says why."""
        for name, (_, about) in sorted(self.built_in.items()):
            yield name, about, "crex"
        for entry in self._entries():
            if entry.name not in self.built_in:
                package = entry.dist.name if entry.dist is not None else entry.value
                yield entry.name, self._about(entry.name), package

    def _about(self, name: str) -> str:
        try:
            return self.load(name).about
        except CrexError as error:
            return str(error)

    def _entries(self) -> tuple[EntryPoint, ...]:
        found = entry_points(group=f"crex.{self.kind.replace(' ', '_')}s")
        return tuple(sorted(found, key=lambda entry: (entry.name, entry.value)))

    def _made(self, found: object, name: str) -> P:
        made: object = found() if isinstance(found, type) else found
        if not self.is_one(made):
            message = f"What is named as {self.kind} {name} is none: it lacks one of {self.needs}."
            raise CrexError("TYPE", message)
        return made
