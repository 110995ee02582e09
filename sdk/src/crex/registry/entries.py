"""A registry and its entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Reference:
    """Where what an entry says can be read.

    Attributes:
        title: What it is.
        uri: Where it lies: an address, or a page of the specification.
        retrieved: Day on which it was read for this entry, YYYY-MM-DD; empty: known by its title.
    """

    title: str
    uri: str
    retrieved: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one token stands for.

    Attributes:
        token: The token.
        name: Its name, for people.
        about: What else there is to know; may be empty.
        members: What only entries of this registry state, such as `pattern`; whole numbers are text.
        references: Where this can be read, at least one.
    """

    token: str
    name: str
    about: str
    members: Mapping[str, Any]
    references: tuple[Reference, ...]

    def whole(self, member: str) -> int | None:
        """Gives a whole number of `members`; None where it is not stated."""
        stated = self.members.get(member)
        return int(stated) if stated is not None else None


@dataclass(frozen=True, slots=True)
class Registry:
    """One list of tokens.

    Attributes:
        name: Its name.
        title: Its title, for people.
        about: What a token of it stands for.
        fields: The fields that hold such tokens, such as `Site.hub`.
        entries: The entries by token, in the order of the file.
    """

    name: str
    title: str
    about: str
    fields: tuple[str, ...]
    entries: Mapping[str, Entry]

    def __getitem__(self, token: str) -> Entry:
        """Gives the entry of a token.

        Raises:
            KeyError: It is not listed.
        """
        return self.entries[token]

    def __contains__(self, token: object) -> bool:
        """Tells whether a token is listed."""
        return token in self.entries

    def __iter__(self) -> Iterator[Entry]:
        """Gives the entries, in the order of the file."""
        return iter(self.entries.values())

    def __len__(self) -> int:
        """Gives the number of entries."""
        return len(self.entries)
