"""Damaged inputs of importers, and what must hold of every import.

An importer that is given any truncated or changed file of its kind ends in a report, never in a wrong figure.
What is cut off a text can only take figures away; so every figure that a cut input gives must be one that the
whole input gives. A changed text may truly say something else; there, every document must still be sound.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from google.protobuf.message import Message

from crex.describe.importing import Draft, Imported, Importer
from crex.describe.sources import Source

# Fields that count equal things: less of them may be left of a cut input.
COUNTED = frozenset({"count"})
# Fields that hold an exact number as text.
DECIMALS = frozenset({"value", "unit_price", "per_quantity", "from", "up_to"})
# What tools write where they do not know, or what an importer could take for a number.
_ODD = (b"", b"N/A", b"-1", b"999999999999999999999", b"1e400", b"NaN", b"\xff\xfe", b"null", b"[]", b"{}")


def cut(data: bytes, seed: int, pieces: int) -> Iterator[bytes]:
    """Gives beginnings of an input, cut at random bytes."""
    places = random.Random(seed)
    for _ in range(pieces):
        yield data[: places.randrange(len(data) + 1)]


def changed(data: bytes, seed: int, pieces: int) -> Iterator[bytes]:
    """Gives an input with bytes changed, ranges taken out, doubled or replaced by odd values."""
    choose = random.Random(seed)
    for _ in range(pieces):
        start = choose.randrange(len(data) + 1)
        end = min(len(data), start + choose.choice((1, 2, 8, 64, 512)))
        middle = choose.choice(
            (
                lambda part: b"",
                lambda part: part + part,
                lambda part: bytes(choose.randrange(256) for _ in part),
                lambda part: choose.choice(_ODD),
                lambda part: part.translate(bytes.maketrans(b"0123456789", b"9876543210")),
            )
        )(data[start:end])
        yield data[:start] + middle + data[end:]


def figures(drafts: Sequence[Draft]) -> Counter[tuple[str, object]]:
    """Gives every number that drafts state, by its path, but for those that count equal things."""
    found: Counter[tuple[str, object]] = Counter()

    def walk(message: Message, path: str) -> None:
        for field, value in message.ListFields():
            below = f"{path}.{field.name}"
            for one in (
                value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else (value,)
            ):
                if isinstance(one, Message):
                    walk(one, below)
                elif field.name in DECIMALS or (isinstance(one, (int, float)) and field.name not in COUNTED):
                    found[below, one] += 1

    for draft in drafts:
        walk(draft.body, type(draft.body).__name__)
    return found


def check_books(imported: Imported) -> None:
    """Checks that every row has an outcome, and that everything left out says where and why."""
    described = {row for draft in imported.drafts for row in draft.rows}
    left = {one.where for one in imported.left_out}
    assert len(described | left) == imported.rows
    assert not described & left
    assert all(one.why and one.where for one in imported.left_out)
    assert all(one.what and one.where and one.why for one in imported.findings)
    assert len({draft.name for draft in imported.drafts}) <= len(imported.drafts)


def check_damaged(
    importer: Importer,
    sources: Sequence[Source],
    sound: Callable[[Draft], None],
    *,
    seed: int,
    pieces: int,
) -> None:
    """Cuts and changes each input in turn, and checks what an import of all of them still says.

    Args:
        importer: The importer.
        sources: Inputs that belong together, whole.
        sound: Raises for a draft that makes no sound document.
        seed: Of the damage, so that a failure can be repeated.
        pieces: Damaged inputs of each kind, for each source.
    """
    whole = set(figures(importer.read(sources).drafts))
    for place, source in enumerate(sources):
        for kind, damage in (("cut", cut), ("changed", changed)):
            for data in damage(source.data, seed, pieces):
                damaged = Source(source.name, data, source.problem, source.folder)
                imported = importer.read([*sources[:place], damaged, *sources[place + 1 :]])
                check_books(imported)
                for draft in imported.drafts:
                    sound(draft)
                if kind == "cut":
                    assert not set(figures(imported.drafts)) - whole, (
                        f"{source.name} cut to {len(data)} bytes"
                    )
