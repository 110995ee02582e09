"""By whose word an attestation holds: the subject's own, another's, or that of a body somebody accredited.

Nothing is believed that was not verified: an accreditation counts where the caller has opened it
(COMPLY-ACCREDITED-1), whatever the attestation cites.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from crex import names, v1
from crex.attest.drafts import party
from crex.trust.verified import Verified


class Word(StrEnum):
    """Whose word an attestation is."""

    # The subject's own, or no certificate stands behind it.
    SELF_DECLARED = "self-declared"
    # Somebody else's, of whom nothing is known here.
    THIRD_PARTY = "third party"
    # Somebody else's, whom an accreditation names that was verified here.
    ACCREDITED = "accredited"


@dataclass(frozen=True, slots=True)
class Standing:
    """By whose word an attestation holds.

    Attributes:
        word: Whose word it is.
        why: Why, for people.
        accredited_by: Authorities that accredited the issuer for it; empty unless accredited.
    """

    word: Word
    why: str
    accredited_by: tuple[str, ...] = ()


def standing(
    attestation: v1.Attestation, accreditations: Iterable[Verified[v1.Attestation]] = ()
) -> Standing:
    """Tells by whose word an attestation holds (COMPLY-CERTIFICATE-1, COMPLY-ACCREDITED-1).

    Args:
        attestation: The attestation, of any predicate.
        accreditations: Attestations that were verified for the time asked about; others than accreditations
            are passed over.
    """
    issuer = attestation.header.issuer
    own = [one.id for one in attestation.subjects if one.HasField("id") and _authority(one) == issuer]
    if own:
        return Standing(Word.SELF_DECLARED, f"{issuer} speaks of its own: {own[0]}")
    if attestation.HasField("compliance") and not attestation.compliance.HasField("certificate"):
        return Standing(Word.SELF_DECLARED, "no certificate stands behind it")
    if not any(one.HasField("id") for one in attestation.subjects):
        return Standing(Word.THIRD_PARTY, f"{issuer} speaks of bytes; whose they are is not known here")
    by = tuple(dict.fromkeys(_accrediting(attestation, issuer, accreditations)))
    if by:
        return Standing(Word.ACCREDITED, f"{issuer} is accredited for it by {', '.join(by)}", by)
    cited = attestation.compliance.accreditation.id if attestation.HasField("compliance") else ""
    told = (
        f"the accreditation that it cites, {cited}, was not given" if cited else "it cites no accreditation"
    )
    return Standing(Word.THIRD_PARTY, f"{issuer} speaks of another; {told}")


def _accrediting(
    attestation: v1.Attestation, issuer: str, accreditations: Iterable[Verified[v1.Attestation]]
) -> Iterator[str]:
    for one in accreditations:
        given = one.message
        if not given.HasField("accreditation") or given.header.issuer == issuer:
            continue
        if not any(_is_of(subject, issuer) for subject in given.subjects):
            continue
        scope = given.accreditation
        if attestation.HasField("compliance"):
            covered = attestation.compliance.scheme in scope.schemes
        else:
            covered = attestation.predicate_type in scope.predicate_types
        if covered:
            yield given.header.issuer


def _is_of(subject: v1.Subject, issuer: str) -> bool:
    """Tells whether an accreditation is of a party, at every revision of its trust document."""
    return subject.id == party(issuer) and not subject.HasField("revision") and not subject.HasField("sha256")


def _authority(subject: v1.Subject) -> str:
    return names.authority_of(subject.id)
