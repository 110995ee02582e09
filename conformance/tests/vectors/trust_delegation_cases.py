"""Vectors of steps 14 and 15: who may sign in another's name, and how far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from conformance.tests.vectors.case import one_away
from conformance.tests.vectors.signing import END, envelope, text
from conformance.tests.vectors.trust_cases import NOW, PROVIDER, Case, Value, provider_trust, site
from conformance.tests.vectors.trust_parties import key_of, trust_of

DELEGATE, FURTHER = "d.example.cn", "e.example.cn"
_SITE: Final = ["site"]


def to(authority: str, types: Sequence[str] = ("site",), depth: int = 0, expires: str = END) -> Value:
    """A delegation."""
    return {"to": authority, "types": list(types), "maxDepth": depth, "expiresAt": expires}


def provider(*delegations: Value, **header: Any) -> bytes:
    """The provider's trust document with delegations."""

    def change(body: Value) -> None:
        body["delegations"] = list(delegations)
        body["header"] |= header

    return provider_trust(change)


def delegate(*delegations: Value, use: Sequence[str] = ("site",), **header: Any) -> bytes:
    """The delegate's trust document."""
    return trust_of(DELEGATE, use, delegations=list(delegations), header=header)


def signed_by(authority: str) -> bytes:
    """The provider's site, signed by another authority's key."""
    return text(envelope("site", text(site()), key_of(authority)))


FURTHER_TRUST: Final = trust_of(FURTHER, _SITE)
DIRECT: Final = Case(
    "delegated-accepted",
    ["DELEGATION-CHAIN-1", "VERIFY-MISMATCH-1"],
    "Whom the issuer lets sign may sign in its name.",
    signed_by(DELEGATE),
    trust=[provider(to(DELEGATE)), delegate()],
)
CHAIN: Final = Case(
    "delegated-on-accepted",
    ["DELEGATION-CHAIN-1", "DELEGATION-DEPTH-1"],
    "Where the depth allows it, a delegate lets another sign.",
    signed_by(FURTHER),
    trust=[provider(to(DELEGATE, depth=1)), delegate(to(FURTHER)), FURTHER_TRUST],
)


def _refused(
    base: Case,
    id_: str,
    reason: str,
    requirement: str,
    trust: Sequence[bytes],
    change: str,
    why: str,
    **members: Any,
) -> Case:
    return one_away(base, id_, [requirement], change, why, trust=trust, reason=reason, **members)


def _accepted(base: Case, id_: str, requirement: str, trust: Sequence[bytes], why: str) -> Case:
    return replace(base, id=id_, requirements=[requirement], why=why, trust=trust)


def _eight() -> Case:
    """A chain of eight delegations, the longest that there is."""
    names = [f"n{number}.example.cn" for number in range(1, 9)]
    trust = [provider(to(names[0], depth=7))]
    for place, name in enumerate(names[:-1]):
        trust.append(trust_of(name, _SITE, delegations=[to(names[place + 1], depth=6 - place)]))
    trust.append(trust_of(names[-1], _SITE))
    return Case(
        "chain-of-eight-accepted",
        ["DELEGATION-DEPTH-1"],
        "Seven authorities between issuer and signer are within every depth on the way.",
        signed_by(names[-1]),
        trust=trust,
    )


_EIGHT: Final = _eight()
CASES: Final[list[Case]] = [
    DIRECT,
    CHAIN,
    _EIGHT,
    replace(
        DIRECT,
        id="delegated-and-expected-accepted",
        requirements=["VERIFY-MISMATCH-1"],
        why="The issuer that the reader expects is the one in the header, whoever signed.",
        options={"expectedIssuer": PROVIDER},
    ),
    _refused(
        DIRECT,
        "delegate-expected",
        "ISSUER_MISMATCH",
        "VERIFY-MISMATCH-1",
        DIRECT.trust,
        "The reader expects a document of the delegate.",
        "A delegate signs in the issuer's name, and not the other way round.",
        options={"expectedIssuer": DELEGATE},
    ),
    _refused(
        DIRECT,
        "delegation-absent",
        "ISSUER_MISMATCH",
        "DELEGATION-CHAIN-1",
        [provider(), delegate()],
        "The provider delegates to nobody.",
        "Whoever is pinned is believed for its own documents only.",
    ),
    _refused(
        DIRECT,
        "delegation-to-another",
        "ISSUER_MISMATCH",
        "DELEGATION-CHAIN-1",
        [provider(to(FURTHER)), delegate()],
        "The provider delegates to another authority.",
        "A delegation names one authority.",
    ),
    _refused(
        DIRECT,
        "delegation-backwards",
        "ISSUER_MISMATCH",
        "DELEGATION-CHAIN-1",
        [provider(), delegate(to(PROVIDER))],
        "The delegate delegates to the provider, and the provider to nobody.",
        "A right is given by whose name is signed, never taken.",
    ),
    _refused(
        DIRECT,
        "delegation-of-another-type",
        "DELEGATION",
        "DELEGATION-NARROW-1",
        [provider(to(DELEGATE, ["offer"])), delegate()],
        "Offers are delegated, and the document is a site.",
        "What was granted for one type holds for no other.",
    ),
    _refused(
        DIRECT,
        "delegated-key-outside-its-use",
        "KEY_USE",
        "VERIFY-USE-1",
        [provider(to(DELEGATE)), delegate(use=["offer"])],
        "The delegate's key may sign offers only, by its own trust document.",
        "A delegation gives a key no use that its own authority denies it.",
    ),
    _refused(
        DIRECT,
        "delegation-ended",
        "DELEGATION",
        "DELEGATION-TIME-1",
        [provider(to(DELEGATE, expires=NOW)), delegate()],
        "The delegation ends at the time of verification.",
        "An end is exclusive and has no leeway.",
    ),
    _accepted(
        DIRECT,
        "delegation-last-moment-accepted",
        "DELEGATION-TIME-1",
        [provider(to(DELEGATE, expires="2026-11-01T12:30:00.001Z")), delegate()],
        "A millisecond before its end a delegation holds.",
    ),
    _accepted(
        DIRECT,
        "delegation-kept-by-a-later-revision-accepted",
        "DELEGATION-CHAIN-1",
        [
            provider(to(DELEGATE)),
            provider(to(DELEGATE), revision="2", issuedAt="2026-11-01T12:15:00Z"),
            delegate(),
        ],
        "The revision in force at the time of verification delegates.",
    ),
    _refused(
        CHAIN,
        "delegation-widened-in-types",
        "DELEGATION",
        "DELEGATION-NARROW-1",
        [provider(to(DELEGATE, ["offer"], 1)), delegate(to(FURTHER, ["offer", "site"])), FURTHER_TRUST],
        "The provider delegates offers only; its delegate delegates sites on.",
        "What the first delegation does not grant, no later one adds.",
    ),
    _refused(
        CHAIN,
        "delegation-narrowed-on-the-way",
        "DELEGATION",
        "DELEGATION-NARROW-1",
        [provider(to(DELEGATE, ["offer", "site"], 1)), delegate(to(FURTHER, ["offer"])), FURTHER_TRUST],
        "The delegate delegates offers only.",
        "Every delegation on the way must list the type, not only the first.",
    ),
    _refused(
        CHAIN,
        "delegation-widened-in-depth",
        "DELEGATION",
        "DELEGATION-DEPTH-1",
        [provider(to(DELEGATE)), delegate(to(FURTHER)), FURTHER_TRUST],
        "The provider's delegation may not be delegated on.",
        "A depth that is not counted is none.",
    ),
    _refused(
        CHAIN,
        "expired-intermediate",
        "DELEGATION",
        "DELEGATION-TIME-1",
        [provider(to(DELEGATE, depth=1)), delegate(to(FURTHER, expires=NOW)), FURTHER_TRUST],
        "The second delegation has ended.",
        "A chain is as long-lived as its shortest link.",
    ),
    _refused(
        CHAIN,
        "expired-beginning-of-a-chain",
        "DELEGATION",
        "DELEGATION-TIME-1",
        [provider(to(DELEGATE, depth=1, expires=NOW)), delegate(to(FURTHER)), FURTHER_TRUST],
        "The first delegation has ended, which the second outlives.",
        "A delegate cannot lend what it no longer has.",
    ),
    _refused(
        CHAIN,
        "intermediate-not-pinned",
        "ISSUER_MISMATCH",
        "DELEGATION-CHAIN-1",
        [CHAIN.trust[0], FURTHER_TRUST],
        "The delegate's trust document is not pinned.",
        "A delegation that nobody has shown is none.",
    ),
    _refused(
        CHAIN,
        "chain-in-a-circle",
        "ISSUER_MISMATCH",
        "DELEGATION-CHAIN-1",
        [provider(to(DELEGATE, depth=7)), delegate(to(PROVIDER, depth=7)), FURTHER_TRUST],
        "The delegate delegates to the provider instead.",
        "A circle leads nowhere, and must not be followed for ever.",
    ),
    _accepted(
        CHAIN,
        "chain-beside-a-circle-accepted",
        "DELEGATION-CHAIN-1",
        [
            provider(to(DELEGATE, depth=7)),
            delegate(to(PROVIDER, depth=6), to(FURTHER, depth=6)),
            FURTHER_TRUST,
        ],
        "A circle beside the way does not close it.",
    ),
    _accepted(
        CHAIN,
        "one-chain-of-two-accepted",
        "DELEGATION-CHAIN-1",
        [
            provider(to(FURTHER, ["offer"]), to(DELEGATE, depth=1)),
            delegate(to(FURTHER)),
            FURTHER_TRUST,
        ],
        "Of two chains one admits the document, and that is enough.",
    ),
    _refused(
        _EIGHT,
        "chain-of-eight-with-less-depth",
        "DELEGATION",
        "DELEGATION-DEPTH-1",
        [provider(to("n1.example.cn", depth=6)), *_EIGHT.trust[1:]],
        "The first delegation allows six authorities in between, and there are seven.",
        "Depth is counted from each delegation to the signer.",
    ),
    _refused(
        DIRECT,
        "delegation-to-oneself",
        "SCHEMA",
        "TRUST-DELEGATES-1",
        [provider(to(DELEGATE), to(PROVIDER)), delegate()],
        "The provider delegates to itself as well.",
        "It would grant what nobody needs, and make every chain a circle.",
    ),
    _refused(
        DIRECT,
        "delegation-twice-to-one",
        "SCHEMA",
        "TRUST-DELEGATES-1",
        [provider(to(DELEGATE), to(DELEGATE, ["offer"])), delegate()],
        "The provider delegates to one authority twice.",
        "Readers differ in which of two they take.",
    ),
    _refused(
        DIRECT,
        "delegation-of-trust-documents",
        "SCHEMA",
        "TRUST-DELEGATES-2",
        [provider(to(DELEGATE, ["site", "trust-document"])), delegate()],
        "The provider delegates trust documents as well.",
        "Who may sign trust documents in another's name owns that name.",
    ),
]
