"""Adding evidence never turns a yes into a no, and a second evaluator agrees (POLICY-MONOTONIC-1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from crex import v1
from crex.trust.log_proof import LogFact
from crex.trust.policies import Evidence, PolicyVerdict, RefusedEvidence, evaluate
from crex.trust.policies.gathering import open_attestation
from crex.trust.verified import Verified
from sdk.tests.trust.policies import slowly
from sdk.tests.trust.policies.cast import (
    AT,
    CERTIFIER,
    EVERYBODY,
    LAB,
    MLPS,
    OFFER,
    OFFER_SHA,
    OTHER_SHA,
    ROOT,
    SITE,
    SITE_SHA,
    SUBJECT,
    Revocations,
    accredit,
    attest,
    attest_as,
    body_of,
    comply,
    delegated,
    trust,
    trust_id,
)
from sdk.tests.trust.samples import NOW, PROVIDER

LISTS = {issuer: f"crex://{issuer}/status-list/a" for issuer in EVERYBODY}
REVOKED: Final = {(LISTS[CERTIFIER], 1): NOW, (LISTS[LAB], 1): AT + timedelta(days=1), (LISTS[ROOT], 1): NOW}
STALE: Final = frozenset({LISTS[PROVIDER]})
ENTRIES: Final = (
    {"id": OFFER},
    {"id": OFFER, "revision": "2", "sha256": OFFER_SHA},
    {"id": OFFER, "revision": "1"},
    {"id": SITE, "sha256": SITE_SHA},
    {"sha256": OTHER_SHA},
    {"id": trust_id(PROVIDER)},
    {"id": trust_id(LAB)},
)


def figures(first: str, second: str) -> dict[str, Any]:
    """A benchmark of two figures."""
    return {
        "suite": "crex-host",
        "suiteVersion": "1",
        "harness": "h 1",
        "ran": {"start": "2026-11-01T11:00:00Z", "end": "2026-11-01T11:30:00Z"},
        "results": [
            {"metric": "copy", "value": first, "unit": "mb-s", "samples": 3},
            {"metric": "matrix", "value": second, "unit": "gflops", "samples": 5},
        ],
    }


def envelopes() -> list[v1.Envelope]:
    """A deck of attestations: of everyone, good and bad in every way, contradicting each other."""
    deck = []
    for at, issuer in enumerate(EVERYBODY):
        for number, entry in enumerate(ENTRIES):
            changed = {"level": 1 + (at + number) % 4, "scheme": ("mlps", "iso-27001")[number == 3]}
            deck.append(
                comply(
                    issuer,
                    name=f"c{number}",
                    subjects=[entry],
                    changed=changed,
                    without=("certificate",) if number == 1 else (),
                    issued=NOW + timedelta(days=5 * (number % 4)),
                    status=(None, 1, 2)[number % 3],
                )
            )
        deck.append(comply(issuer, name="ended", until=AT - timedelta(days=1)))
        deck.append(comply(issuer, name="later", changed={"validFrom": "2026-12-24"}))
        deck.append(comply(issuer, name="lower", revision=2, changed={**MLPS, "level": 1}))
        deck.append(attest(issuer, "benchmark", figures("950.5", "12"), name="b1"))
        deck.append(attest(issuer, "benchmark", figures("3", "950.5"), name="b2", subjects=[{"id": SITE}]))
        deck.append(attest(issuer, "a.example/x", '{"n":2,"l":[{"x":1,"y":"2"},{"x":2,"y":"1"}]}', name="x"))
        for number, by in enumerate((ROOT, LAB)):
            deck.append(accredit(issuer, by=by, name=f"for-{at}", types=["benchmark"]))
            deck.append(accredit(issuer, by=by, name=f"iso-{at}", schemes=["iso-27001"], status=1 + number))
        deck.append(accredit(issuer, name=f"old-{at}", until=AT - timedelta(days=1)))
        deck.append(accredit(issuer, name=f"two-{at}", subjects=[{"id": trust_id(issuer), "revision": "2"}]))
    return deck


@cache
def deck() -> tuple[Verified[v1.Attestation], ...]:
    """The deck, verified when it was young, some in another's name, and some twice."""
    when = NOW + timedelta(days=16)
    pins, lab_key = delegated(CERTIFIER, LAB)
    own_pins, own_key = delegated(LAB, PROVIDER)
    opened = [open_attestation(one, trust(), now=when) for one in envelopes()]
    opened += [open_attestation(one, trust(), now=when) for one in envelopes()[:6]]
    for name, entry in enumerate(ENTRIES[:4]):
        body = body_of(CERTIFIER, "compliance", MLPS, name=f"d{name}", subjects=[entry])
        opened.append(open_attestation(attest_as(lab_key, body), pins, now=when))
        body = body_of(LAB, "compliance", MLPS, name=f"d{name}", subjects=[entry])
        opened.append(open_attestation(attest_as(own_key, body), own_pins, now=when))
    assert not [one for one in opened if isinstance(one, RefusedEvidence)]
    return tuple(one for one in opened if isinstance(one, Verified))


conditions = st.one_of(
    st.builds(
        lambda path, value: {"path": path, "equals": value},
        st.sampled_from(["scheme", "level", "results.metric", "schemes", "l.x", "l.y", "certificate"]),
        st.sampled_from(["mlps", "iso-27001", "copy", "matrix", "1", "2", "3", "C-1"]),
    ),
    st.builds(
        lambda path, test, value: {"path": path, test: value},
        st.sampled_from(["level", "results.value", "results.samples", "n", "l.y", "scheme", "validTo"]),
        st.sampled_from(["gte", "lte"]),
        st.sampled_from(["0", "2", "3", "3.5", "12", "950.5", "1000"]),
    ),
    st.builds(
        lambda values: {"path": "level", "in": {"values": values}},
        st.lists(st.sampled_from(["1", "2", "3"]), min_size=1, max_size=2, unique=True),
    ),
)
some_issuers = st.lists(st.sampled_from(EVERYBODY), max_size=3, unique=True)


@st.composite
def clauses(draw: st.DrawFn) -> v1.PolicyClause:
    """A clause, not checked: what could never be met is judged as well."""
    clause = v1.PolicyClause(
        predicate_type=draw(
            st.sampled_from(["compliance", "compliance", "benchmark", "accreditation", "a.example/x"])
        ),
        issuers=draw(st.just([]) | st.just([]) | some_issuers),
    )
    for one in draw(st.just([]) | st.lists(conditions, max_size=3)):
        made = clause.where.add(path=one["path"])
        for test in ("equals", "gte", "lte"):
            if test in one:
                setattr(made, test, one[test])
        if "in" in one:
            getattr(made, "in").values.extend(one["in"]["values"])
    if draw(st.integers(0, 2)) == 0:
        clause.issuers_accredited_by = draw(st.sampled_from([ROOT, LAB]))
    if draw(st.integers(0, 2)) == 0:
        clause.distinct_from_subject = draw(st.booleans())
    if draw(st.integers(0, 2)) == 0:
        clause.max_age.FromTimedelta(timedelta(days=draw(st.sampled_from([0, 15, 30, 60]))))
    if draw(st.booleans()):
        clause.threshold = draw(st.sampled_from([1, 1, 2, 3]))
    return clause


@st.composite
def policies(draw: st.DrawFn) -> v1.TrustPolicy:
    """A policy."""
    policy = v1.TrustPolicy(
        require=draw(st.lists(clauses(), min_size=1, max_size=3)),
        signature_families=draw(st.sampled_from([[], [], [], ["classical"], ["post-quantum"]])),
    )
    if draw(st.integers(0, 3)) == 0:
        policy.log.required = draw(st.booleans())
        policy.log.quorum = draw(st.integers(0, 2))
        policy.log.logs.extend(draw(st.sampled_from([[], ["b.example.net"], ["x.example.net"]])))
        policy.log.witnesses.extend(draw(st.sampled_from([[], [ROOT, "b.example.net"]])))
    return policy


facts = st.none() | st.builds(
    lambda witnesses: LogFact("b.example.net/log", "b.example.net", 0, 1, frozenset(witnesses), None),
    st.lists(st.sampled_from([ROOT, LAB, "b.example.net"]), max_size=3),
)
families = st.sampled_from([frozenset(), frozenset({"classical"}), frozenset({"classical", "post-quantum"})])
STATUS: Final = Revocations(REVOKED, STALE)


def verdict(policy: v1.TrustPolicy, known: Evidence, now: datetime) -> PolicyVerdict:
    """What the evaluator says."""
    return evaluate(policy, SUBJECT, known, now=now, status=STATUS)


@st.composite
def picked(draw: st.DrawFn) -> tuple[Verified[v1.Attestation], ...]:
    """Some of the deck, mostly of the kinds that clauses ask for; any order, some twice."""
    cards = deck()
    begin = draw(st.integers(0, len(cards) - 1))
    others = draw(st.lists(st.integers(0, len(cards) - 1), max_size=12))
    some = [*range(begin, begin + draw(st.integers(0, 24))), *others]
    return tuple(cards[at % len(cards)] for at in some)


times = st.sampled_from([NOW + timedelta(days=16), AT, AT + timedelta(days=25), AT + timedelta(days=400)])


@settings(max_examples=150, deadline=None)
@given(policies(), picked(), picked(), facts, families, times, st.data())
def test_more_evidence_never_makes_a_no_of_a_yes(
    policy: v1.TrustPolicy,
    some: tuple[Verified[v1.Attestation], ...],
    more: tuple[Verified[v1.Attestation], ...],
    log: LogFact | None,
    signed: frozenset[str],
    now: datetime,
    data: st.DataObject,
) -> None:
    """Whatever is added, in whatever place, to whatever there is: what held still holds."""
    fewer = Evidence(some, log, signed)
    mixed = list(some)
    for one in more:
        mixed.insert(data.draw(st.integers(0, len(mixed))), one)
    seen = frozenset({LAB}) | (log.witnesses if log is not None else frozenset())
    added = LogFact("b.example.net/log", "b.example.net", 0, 1, seen, None)
    unproven = RefusedEvidence("x", CERTIFIER, "compliance", "SIGNATURE", "forged")
    richer = Evidence(tuple(mixed), added, signed | {"classical"}, (unproven,))
    before, after = verdict(policy, fewer, now), verdict(policy, richer, now)
    assert after.holds or not before.holds
    later = {one.path: one for one in after.clauses}
    for clause in before.clauses:
        assert later[clause.path].holds or not clause.holds
        assert set(clause.issuers) <= set(later[clause.path].issuers)


@settings(max_examples=200, deadline=None)
@given(policies(), picked(), facts, families, times)
def test_a_second_evaluator_agrees(
    policy: v1.TrustPolicy,
    some: tuple[Verified[v1.Attestation], ...],
    log: LogFact | None,
    signed: frozenset[str],
    now: datetime,
) -> None:
    """An evaluator that was written from the page alone says the same."""
    told = tuple(slowly.Told(one.message, one.signer, one.trust_revision) for one in some)
    documents = ((OFFER, 2, OFFER_SHA), (SITE, 1, SITE_SHA))
    shown = None if log is None else (log.authority, log.witnesses)
    at = slowly.Situation(PROVIDER, documents, told, signed, shown, now, REVOKED, STALE)
    known = Evidence(some, log, signed)
    assert verdict(policy, known, now).holds is slowly.holds(policy, at)
    for one in policy.require:
        alone = v1.TrustPolicy(require=[one])
        assert verdict(alone, known, now).holds is slowly.holds(alone, at)


def test_the_deck_makes_both_answers() -> None:
    """The properties above are about something: the whole deck meets much, and nothing meets little."""
    wanted = v1.TrustPolicy(
        require=[v1.PolicyClause(predicate_type="compliance", issuers_accredited_by=ROOT, threshold=2)]
    )
    assert verdict(wanted, Evidence(deck()), AT).holds
    assert not verdict(wanted, Evidence(deck()[:3]), AT).holds
    assert orjson.dumps(evaluate(wanted, SUBJECT, Evidence(deck()), now=AT, status=STATUS).to_json())
