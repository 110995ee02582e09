"""What a policy is judged about: the names, and the bytes, under which something may be attested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from crex.names import authority_of


@dataclass(frozen=True, slots=True)
class SubjectPin:
    """One document of a subject, exactly.

    Attributes:
        id: Its name.
        revision: Its revision, from 1.
        sha256: SHA-256 of its body, lowercase hexadecimal.
    """

    id: str
    revision: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PolicySubject:
    """A subject of attestations.

    Attributes:
        authority: Authority whose subject it is, as of an offer its provider.
        ids: Names under which it is known: of its documents, and of the trust document of its authority.
        sha256s: Digests of the bodies of its documents.
        pins: Its documents exactly, where revisions are known; their names and digests need not stand in
            `ids` and `sha256s` again.
    """

    authority: str
    ids: tuple[str, ...]
    sha256s: frozenset[str] = frozenset()
    pins: tuple[SubjectPin, ...] = ()

    @classmethod
    def of_documents(cls, authority: str, *pins: SubjectPin, ids: tuple[str, ...] = ()) -> Self:
        """Makes the subject that documents of an authority are, with the authority itself.

        Args:
            authority: The authority, whose own trust document is a name of the subject too.
            pins: Its documents.
            ids: Further names.
        """
        return cls(authority, (*ids, trust_name(authority)), pins=pins)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which it may be attested, each once."""
        return tuple(dict.fromkeys((*(pin.id for pin in self.pins), *self.ids)))

    def matches(self, entry: Mapping[str, Any]) -> bool:
        """Tells whether one subject of an attestation, in strict JSON form, is this subject.

        Everything that the entry states must be so: name, revision and digest of one and the same document
        (POLICY-SUBJECT-1). A revision of which nothing is known here is not shown to be the one.
        """
        name, revision, sha256 = entry.get("id"), entry.get("revision"), entry.get("sha256")
        if name is None:
            return sha256 is not None and (
                sha256 in self.sha256s or any(pin.sha256 == sha256 for pin in self.pins)
            )
        for pin in self.pins:
            if pin.id == name:
                return (revision is None or int(revision) == pin.revision) and sha256 in (None, pin.sha256)
        return name in self.ids and revision is None and (sha256 is None or sha256 in self.sha256s)

    def owns(self, entry: Mapping[str, Any], issuer: str) -> bool:
        """Tells whether an issuer speaks of itself in an entry that matches (POLICY-DISTINCT-1)."""
        name = entry.get("id")
        return issuer == self.authority or (name is not None and authority_of(name) == issuer)


def trust_name(authority: str) -> str:
    """Gives the name of an authority's trust document, under which the authority itself is attested."""
    return f"crex://{authority}/trust/main"
