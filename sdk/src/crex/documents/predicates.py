"""The predicates of attestations: registered types, and the members that hold them (ATT-PREDICATE-1)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from crex import v1
from crex.documents.fields import Field, fields_of

# The member that holds the predicate of a private type, as text.
OTHER: Final = "other"


@cache
def registered_predicates() -> Mapping[str, Field]:
    """Maps the tokens of registered predicates to the members of `Attestation` that hold them."""
    return {
        one.name.replace("_", "-"): one
        for one in fields_of(v1.Attestation.DESCRIPTOR)
        if one.oneof == "predicate" and one.name != OTHER
    }


def predicate_member(predicate_type: str) -> str:
    """Gives the member of an attestation that holds a predicate of a type."""
    registered = registered_predicates().get(predicate_type)
    return OTHER if registered is None else registered.json_name
