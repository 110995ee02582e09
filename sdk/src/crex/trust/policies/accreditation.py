"""Who is accredited, by the accreditations among the evidence (POLICY-ACCREDITED-1, COMPLY-ACCREDITED-1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from crex import v1
from crex.trust.policies.conditions import predicate_of
from crex.trust.policies.evidence import RefusedEvidence
from crex.trust.policies.subject import trust_name
from crex.trust.policies.verdict import Shortcoming
from crex.trust.policies.wording import cut
from crex.trust.verified import Verified

ACCREDITATION: Final = "accreditation"
_COMPLIANCE: Final = "compliance"

Standing = Callable[[Verified[v1.Attestation]], Shortcoming | None]


class Accreditations:
    """The accreditations among the evidence."""

    def __init__(
        self,
        attestations: Iterable[Verified[v1.Attestation]],
        refused: Iterable[RefusedEvidence],
        standing: Standing,
    ) -> None:
        """Sorts them out.

        Args:
            attestations: All evidence.
            refused: What did not verify.
            standing: Tells why an attestation does not stand, or nothing if it does.
        """
        self._refused = [one for one in refused if one.predicate_type == ACCREDITATION]
        self._standing = standing
        self._by_authority: dict[str, list[tuple[Verified[v1.Attestation], Mapping[str, Any]]]] = {}
        for one in attestations:
            predicate = predicate_of(one.json, ACCREDITATION)
            if isinstance(predicate, dict):
                self._by_authority.setdefault(one.issuer, []).append((one, predicate))

    def shortcoming(
        self, attestation: Verified[v1.Attestation], predicate_type: str, predicate: Any, authority: str
    ) -> Shortcoming | None:
        """Tells why the issuer of an attestation is not accredited for it by an authority.

        One accreditation must cover it: one step, no chain. For compliance it names the scheme, for any
        other predicate its type.

        Returns:
            Why, or nothing if it is accredited.
        """
        scheme = predicate.get("scheme") if predicate_type == _COMPLIANCE else None
        member, wanted = ("predicateTypes", predicate_type) if scheme is None else ("schemes", scheme)
        if authority == attestation.issuer:
            return Shortcoming("ACCREDIT-SELF-1", "the accreditor itself, and nobody accredits itself")
        hints: list[str] = []
        for one, covers in self._by_authority.get(authority, ()):
            if not _names(one, attestation):
                continue
            if wanted not in covers.get(member, ()):
                known = ", ".join(covers.get(member, ())) or "nothing of the kind"
                hints.append(f"{one.id} covers {cut(known)}")
                continue
            fault = self._standing(one)
            if fault is None:
                return None
            hints.append(f"{one.id} does not count: {fault.message}")
        hints += [
            f"{one.name} does not verify ({one.reason})" for one in self._refused if one.issuer == authority
        ]
        told = f" ({hints[0]})" if hints else ""
        return Shortcoming("POLICY-ACCREDITED-1", f"not accredited by {authority} for {cut(wanted)}{told}")


def _names(accreditation: Verified[v1.Attestation], attestation: Verified[v1.Attestation]) -> bool:
    """Tells whether an accreditation is of an attestation's issuer.

    One that is bound to a revision of the issuer's trust document counts for what was judged by that
    revision; one bound to its bytes is not shown here to be of them.
    """
    name = trust_name(attestation.issuer)
    for entry in accreditation.json["subjects"]:
        if entry.get("id") != name or "sha256" in entry:
            continue
        if "revision" not in entry:
            return True
        if attestation.signer == attestation.issuer and int(entry["revision"]) == attestation.trust_revision:
            return True
    return False
