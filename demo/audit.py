"""Verifies every document of the folder again, offline: by the folder and pinned trust documents alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crex.documents.times import parse_time
from crex.trust import merkle
from crex.trust.envelope import digest, from_json
from crex.trust.verified import Verified
from crex.trust.verify import open_any
from demo.papers import Papers
from demo.party import Party
from demo.story import DemoFailed, Story


@dataclass(frozen=True, slots=True)
class Audited:
    """One document of the folder, verified.

    Attributes:
        path: Its file, from the folder.
        kind: Its type.
        document: The document.
        leaves: The records or lines that it signs for by a root, in order.
    """

    path: str
    kind: str
    document: Verified  # type: ignore[type-arg]  # of any type
    leaves: tuple[bytes, ...] = ()


def audit(story: Story, papers: Papers, party: Party) -> list[Audited]:
    """Verifies every signature of the folder, and every record and line against the root that was signed."""
    with story.step("every signature and every proof is verified again, offline") as step:
        found = []
        bodies = 0
        for path in papers.documents():
            envelope = from_json(path.read_bytes())
            issued_at: datetime = parse_time(json.loads(envelope.payload)["header"]["issuedAt"])
            document = open_any(envelope, party.trust, now=issued_at)
            leaves: list[bytes] = []
            for root, what in (("recordsRoot", "records"), ("linesRoot", "lines")):
                if root in document.json:
                    leaves += _check_tree(papers.folder / what, document, root)
            name = str(path.relative_to(papers.folder))
            found.append(Audited(name, path.parent.name, document, tuple(leaves)))
            bodies += len(leaves)
        step.say(f"{len(found)} documents, {bodies} records and lines under their roots")
    return found


def _check_tree(folder: Path, document: Verified, root: str) -> list[bytes]:  # type: ignore[type-arg]
    files = sorted((folder / digest(document.body)[:16]).glob("*.json"))
    leaves = [path.read_bytes() for path in files]
    if merkle.root(leaves).hex() != document.json[root]:
        raise DemoFailed(f"the files in {folder} are not those that {document.id} was signed for")
    stated = merkle.root(leaves)
    for index, leaf in enumerate(leaves):
        proof = merkle.inclusion_proof(leaves, index)
        if not merkle.verify_inclusion(leaf, index, len(leaves), proof, stated):
            raise DemoFailed(f"{files[index]} is not proved by {document.id}")
    return leaves
