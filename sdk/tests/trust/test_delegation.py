"""One authority signs in the name of another: along delegations only, and no further than they go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex import v1
from crex.errors import TrustError
from crex.trust.delegation import LINKS_MAX, Question, find_chain, is_delegated
from crex.trust.directory import TrustDirectory
from crex.trust.identity import Identity
from crex.trust.trust_record import DelegationEntry, TrustRecord
from crex.trust.verified import Verified
from crex.trust.verify import LogEvidence, open_envelope
from sdk.tests.trust.samples import (
    NOW,
    PROVIDER,
    SECOND,
    header,
    outcome,
    pinned,
    root_of,
    sign_raw,
    site,
    trust_body,
)
from sdk.tests.trust.step_samples import HOUR, SmallLog, delegation, key_of, pin, revision

OPERATOR, PLATFORM = "o.example.com", "q.example.com"


@pytest.fixture(scope="module")
def operator() -> Identity:
    """Who signs for the provider."""
    return Identity.create(OPERATOR, roles=["provider"], now=NOW)


@pytest.fixture(scope="module")
def platform() -> Identity:
    """Who stands between them."""
    return Identity.create(PLATFORM, roles=["provider"], now=NOW)


@pytest.fixture(scope="module")
def document(operator: Identity) -> v1.Envelope:
    """A site of the provider, signed by the operator."""
    return sign_raw("site", site(), key_of(operator))


def open_site(envelope: v1.Envelope, trust: TrustDirectory, **asked: Any) -> Verified[v1.Site]:
    """Opens a site."""
    return open_envelope(envelope, v1.Site, trust, **{"now": NOW, **asked})


def refused(envelope: v1.Envelope, trust: TrustDirectory, **asked: Any) -> TrustError:
    """The refusal of a site."""
    with pytest.raises(TrustError) as error:
        open_site(envelope, trust, **asked)
    return error.value


def chained(
    provider: Identity,
    operator: Identity,
    platform: Identity,
    first: Sequence[Mapping[str, Any]],
    second: Sequence[Mapping[str, Any]] = (),
) -> TrustDirectory:
    """A directory in which the provider and the platform delegate."""
    trust = pinned(operator)
    pin(trust, provider, delegations=list(first))
    pin(trust, platform, delegations=list(second))
    return trust


def test_a_delegate_signs_for_its_issuer(
    provider: Identity, operator: Identity, platform: Identity, document: v1.Envelope
) -> None:
    """DELEGATION-CHAIN-1: the issuer stays who delegates, and the reader learns who signed."""
    trust = chained(provider, operator, platform, [delegation(OPERATOR)])
    for asked in ({}, {"expected_issuer": PROVIDER}):
        opened = open_site(document, trust, **asked)
        assert (opened.issuer, opened.signer) == (PROVIDER, OPERATOR)
        assert str(opened.steps[14]).endswith(f"{PROVIDER} → {OPERATOR}")
    assert outcome(refused(document, trust, expected_issuer=OPERATOR)) == (14, "ISSUER_MISMATCH")


def test_without_any_delegation_it_is_a_mismatch(
    provider: Identity, operator: Identity, platform: Identity, document: v1.Envelope
) -> None:
    """DELEGATION-CHAIN-1: where no delegation leads to the signer, step 14 answers."""
    trust = chained(provider, operator, platform, [delegation(PLATFORM, depth=7)])
    assert outcome(refused(document, trust)) == (14, "ISSUER_MISMATCH")
    backwards = pinned(provider)
    pin(backwards, operator, delegations=[delegation(PROVIDER)])
    assert outcome(refused(document, backwards)) == (14, "ISSUER_MISMATCH")


def test_an_issuer_that_is_not_pinned_delegates_nothing(operator: Identity, document: v1.Envelope) -> None:
    """DELEGATION-CHAIN-1: each trust document on the way is pinned."""
    assert outcome(refused(document, pinned(operator))) == (14, "ISSUER_MISMATCH")


def test_a_chain_leads_over_others(
    provider: Identity, operator: Identity, platform: Identity, document: v1.Envelope
) -> None:
    """DELEGATION-DEPTH-1: who may delegate on by one, does so by one."""
    trust = chained(
        provider, operator, platform, [delegation(PLATFORM, depth=1)], [delegation(OPERATOR, depth=7)]
    )
    assert open_site(document, trust).signer == OPERATOR


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        (delegation(PLATFORM, depth=0), delegation(OPERATOR, depth=7), "DELEGATION-DEPTH-1"),
        (delegation(PLATFORM, "offer", depth=1), delegation(OPERATOR), "DELEGATION-NARROW-1"),
        (delegation(PLATFORM, depth=1), delegation(OPERATOR, "offer"), "DELEGATION-NARROW-1"),
        (delegation(PLATFORM, depth=1, expires_at=NOW), delegation(OPERATOR), "DELEGATION-TIME-1"),
        (delegation(PLATFORM, depth=1), delegation(OPERATOR, expires_at=NOW), "DELEGATION-TIME-1"),
    ],
)
def test_no_delegation_widens(
    provider: Identity,
    operator: Identity,
    platform: Identity,
    document: v1.Envelope,
    first: dict[str, Any],
    second: dict[str, Any],
    rule: str,
) -> None:
    """DELEGATION-NARROW-1, DELEGATION-DEPTH-1, DELEGATION-TIME-1: each on the way must admit the document."""
    error = refused(document, chained(provider, operator, platform, [first], [second]))
    assert outcome(error) == (15, "DELEGATION")
    assert rule in error.message


def test_a_delegation_ends_without_leeway(
    provider: Identity, operator: Identity, platform: Identity, document: v1.Envelope
) -> None:
    """DELEGATION-TIME-1: the end is exclusive, to the millisecond."""
    trust = chained(provider, operator, platform, [delegation(OPERATOR, expires_at=NOW + HOUR)])
    assert open_site(document, trust, now=NOW + HOUR - SECOND / 1000).signer == OPERATOR
    assert outcome(refused(document, trust, now=NOW + HOUR)) == (15, "DELEGATION")


def test_a_wide_way_makes_up_for_a_narrow_one(
    provider: Identity, operator: Identity, platform: Identity, document: v1.Envelope
) -> None:
    """DELEGATION-CHAIN-1: of several chains one that admits the document is enough."""
    trust = chained(
        provider,
        operator,
        platform,
        [delegation(OPERATOR, "offer"), delegation(PLATFORM, "site", "offer", depth=1)],
        [delegation(OPERATOR)],
    )
    assert open_site(document, trust).signer == OPERATOR


def test_an_intermediate_whose_trust_document_ended_passes_nothing_on(
    provider: Identity, operator: Identity, platform: Identity, document: v1.Envelope
) -> None:
    """DELEGATION-CHAIN-1: a trust document that has ended says nothing about delegations either."""
    trust = pinned(operator)
    pin(trust, provider, delegations=[delegation(PLATFORM, depth=1)])
    body = trust_body(platform, validUntil="2026-11-01T13:00:00Z")
    body["delegations"] = [delegation(OPERATOR)]
    trust.pin(sign_raw("trust-document", body, root_of(platform)), now=NOW)
    assert open_site(document, trust).signer == OPERATOR
    error = refused(document, trust, now=NOW + HOUR)
    assert outcome(error) == (15, "DELEGATION")
    assert PLATFORM in error.message


def test_a_withdrawn_delegation_has_ended(
    provider: Identity, operator: Identity, platform: Identity, document: v1.Envelope
) -> None:
    """DELEGATION-TIME-1: what a later revision leaves out ends with its issue, and held before."""
    trust = chained(provider, operator, platform, [delegation(OPERATOR)])
    trust.update(revision(provider, 2, issued_at=NOW + HOUR), now=NOW + HOUR)
    assert open_site(document, trust, now=NOW + HOUR - SECOND).signer == OPERATOR
    assert outcome(refused(document, trust, now=NOW + HOUR)) == (14, "ISSUER_MISMATCH")


def test_a_logged_document_is_judged_by_the_delegation_of_its_time(
    provider: Identity, operator: Identity, platform: Identity, document: v1.Envelope
) -> None:
    """LOG-TIME-2: what was logged while the delegation held stays signed, after its end too."""
    log = SmallLog()
    trust = chained(provider, operator, platform, [delegation(OPERATOR, expires_at=NOW + HOUR)])
    log.pin(trust)
    index = log.append(document)
    later = NOW + 3 * HOUR
    assert outcome(refused(document, trust, now=later)) == (15, "DELEGATION")
    for seen, accepted in ((NOW + HOUR - SECOND, True), (NOW + HOUR, False)):
        evidence = LogEvidence(log.proof(index, seen), v1.PolicyLog(quorum=1))
        if accepted:
            assert open_site(document, trust, now=later, log=evidence).signer == OPERATOR
        else:
            assert outcome(refused(document, trust, now=later, log=evidence)) == (15, "DELEGATION")


def test_no_one_signs_the_trust_document_of_another(
    provider: Identity, operator: Identity, platform: Identity
) -> None:
    """DELEGATION-NARROW-1: a trust document signed by a delegate is refused; no delegation can list it."""
    trust = chained(provider, operator, platform, [delegation(OPERATOR, "site")])
    envelope = sign_raw("trust-document", trust_body(provider), root_of(operator))
    with pytest.raises(TrustError) as error:
        open_envelope(envelope, v1.TrustDocument, trust, now=NOW)
    assert outcome(error.value) == (15, "DELEGATION")


def test_listing_a_key_of_a_delegate_stops_nothing(
    provider: Identity, operator: Identity, platform: Identity, document: v1.Envelope
) -> None:
    """VERIFY-ISSUER-1: of several that list the key, that one counts which may sign for the issuer."""
    mallory = Identity.create("a.example.com", roles=["provider"], now=NOW)
    body = trust_body(mallory)
    body["keys"].append(
        next(one for one in trust_body(operator)["keys"] if one["keyid"] == key_of(operator).keyid)
    )
    trust = TrustDirectory()
    trust.pin(sign_raw("trust-document", body, root_of(mallory)), now=NOW)
    trust.pin(operator.trust_document, now=NOW)
    pin(trust, provider, delegations=[delegation(OPERATOR)])
    assert open_site(document, trust).signer == OPERATOR
    assert open_site(document, trust, expected_issuer=PROVIDER).signer == OPERATOR
    claim = {**site(), "header": header("a.example.com", "site/a")}
    assert open_site(sign_raw("site", claim, key_of(operator)), trust).signer == "a.example.com"


def test_a_delegate_signs_only_what_its_key_may(
    provider: Identity, consumer: Identity, platform: Identity
) -> None:
    """DELEGATION-NARROW-1: the use of the key narrows, too; step 8 answers."""
    trust = pinned(consumer)
    pin(trust, provider, delegations=[delegation(consumer.authority)])
    assert outcome(refused(sign_raw("site", site(), key_of(consumer)), trust)) == (8, "KEY_USE")


class Pins:
    """Trust documents of which only the delegations matter."""

    def __init__(self, like: TrustRecord, graph: Mapping[str, Sequence[DelegationEntry]]) -> None:
        self.records = {
            name: replace(like, authority=name, delegations=tuple(entries)) for name, entries in graph.items()
        }
        self.asked = 0

    def current(self, authority: str) -> TrustRecord | None:
        """The record of an authority."""
        self.asked += 1
        return self.records.get(authority)

    def version(self, authority: str, revision: int) -> TrustRecord | None:
        """There is one version only."""
        return self.records.get(authority) if revision == 1 else None


def entry(to: str, depth: int, *, token: str = "site", ends: datetime = NOW + HOUR) -> DelegationEntry:
    """A delegation as it is read."""
    return DelegationEntry(to, frozenset({token}), depth, ends)


def chain_of(count: int) -> dict[str, list[DelegationEntry]]:
    """A line of authorities, each of which delegates to the next as deep as can be."""
    return {f"a{at}.example": [entry(f"a{at + 1}.example", 7)] for at in range(count)}


def question(signer: str, issuer: str = "a0.example") -> Question:
    """Asks whether one may sign for another."""
    return Question(issuer, signer, "site", NOW, NOW)


def test_the_longest_chain_has_eight_delegations(provider: Identity) -> None:
    """DELEGATION-DEPTH-1: a depth of seven lets seven follow, and nobody after them."""
    pins = Pins(provider.trust, chain_of(20))
    chain = find_chain(question("a8.example"), pins)
    assert chain is not None
    assert len(chain) - 1 == LINKS_MAX
    assert find_chain(question("a9.example"), pins) is None


def test_circles_end(provider: Identity) -> None:
    """DELEGATION-CHAIN-1: authorities that all delegate to each other are searched in bounded time."""
    names = [f"a{at}.example" for at in range(64)]
    pins = Pins(provider.trust, {name: [entry(to, 7) for to in names] for name in names})
    assert find_chain(question("stranger.example"), pins) is None
    assert not is_delegated("a0.example", "stranger.example", pins, NOW)
    assert pins.asked < 64 * 2 * 8 * 2
    assert find_chain(question("a63.example"), pins) == ("a0.example", "a63.example")


def test_a_crowd_is_not_searched_without_end(provider: Identity) -> None:
    """DELEGATION-CHAIN-1: thousands of delegates of delegates cannot keep a reader busy."""
    crowd = {
        f"a{at}.example": [entry(f"a{at * 60 + below}.example", 7) for below in range(1, 61)]
        for at in range(4000)
    }
    pins = Pins(provider.trust, crowd)
    assert find_chain(question("stranger.example"), pins) is None
    assert not is_delegated("a0.example", "stranger.example", pins, NOW)
    assert pins.asked < 5000


NAMES = [f"a{at}.example" for at in range(5)]


def admitted(path: tuple[str, ...], graph: Mapping[str, Sequence[DelegationEntry]], signer: str) -> bool:
    """The rules of a chain, said again without any search: every simple path is tried."""
    for one in graph.get(path[-1], ()):
        if "site" not in one.types or one.expires_at <= NOW or one.to in path:
            continue
        if one.to == signer and is_path_admitted((*path, signer), graph):
            return True
        if len(path) < len(NAMES) and admitted((*path, one.to), graph, signer):
            return True
    return False


def is_path_admitted(path: tuple[str, ...], graph: Mapping[str, Sequence[DelegationEntry]]) -> bool:
    """Each delegation on the path allows as many as follow it."""
    return all(
        any(
            one.to == path[at + 1]
            and one.max_depth >= len(path) - 2 - at
            and "site" in one.types
            and one.expires_at > NOW
            for one in graph[path[at]]
        )
        for at in range(len(path) - 1)
    )


@settings(max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.lists(
            st.builds(
                entry,
                st.sampled_from(NAMES),
                st.integers(0, 3),
                token=st.sampled_from(["site", "site", "offer"]),
                ends=st.sampled_from([NOW, NOW + timedelta(days=1)]),
            ),
            max_size=4,
        ),
    )
)
def test_the_search_finds_what_the_rules_admit(graph: dict[str, list[DelegationEntry]]) -> None:
    """DELEGATION-CHAIN-1: a chain is found exactly where one exists that every delegation on it admits."""
    pins = Pins(_like(), graph)
    chain = find_chain(question("a4.example"), pins)
    assert (chain is not None) == admitted(("a0.example",), graph, "a4.example")
    if chain is not None:
        assert is_path_admitted(chain, graph)
        assert is_delegated("a0.example", "a4.example", pins, NOW)


@cache
def _like() -> TrustRecord:
    return Identity.create(PROVIDER, roles=["provider"], now=NOW).trust
