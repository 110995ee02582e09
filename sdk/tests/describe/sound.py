"""Whether a draft makes a sound document."""

from __future__ import annotations

from datetime import UTC, datetime

from crex.describe.assembly import Assembled, Issue, assemble
from crex.describe.importing import Draft, Imported
from crex.rating.plan_rules import violations
from crex.v1 import ComputeResource, NodeClass, PricePlan

ISSUE = Issue(
    authority="p.example.cn", site="zhongwei-1", issued_at=datetime(2026, 11, 1, tzinfo=UTC), country="CN"
)


def documents_of(imported: Imported) -> Assembled:
    """Makes the documents of an import under a made-up provider."""
    return assemble(imported, ISSUE)


def check_sound(draft: Draft) -> None:
    """Fails unless a draft, taken by itself, makes a document that every reader accepts.

    A slice is held to the rules as if what it is a slice of stood beside it.
    """
    whole = Draft(name=draft.part_of, body=ComputeResource(kind="node-class", node=NodeClass()), rows=("0",))
    drafts = (whole, draft) if draft.part_of else (draft,)
    assembled = documents_of(Imported(len(drafts), drafts, (), ()))
    assert not assembled.left_out, assembled.left_out
    for made in assembled.made:
        if isinstance(made.document, PricePlan):
            assert list(violations(made.document)) == []
