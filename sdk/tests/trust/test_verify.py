"""Each verification step refuses with its own number and reason, one change away from what is accepted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from crex import v1
from crex.documents.times import format_time
from crex.errors import TrustError
from crex.trust import checks, steps
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import to_json
from crex.trust.identity import Identity
from crex.trust.keys import LocalSigningKey, SigningKey
from crex.trust.trust_record import KeyEntry
from crex.trust.verified import Verified
from crex.trust.verify import open_any, open_envelope
from sdk.tests.trust.samples import (
    CONSUMER,
    NOW,
    PROVIDER,
    SECOND,
    header,
    order,
    outcome,
    pinned,
    root_of,
    sign_raw,
    sign_trust,
    site,
    trust_body,
)


def key_of(identity: Identity) -> SigningKey:
    """The one signing key of an identity."""
    (key,) = identity.signing.values()
    return key


def open_site(envelope: v1.Envelope | bytes, trust: TrustDirectory, now: datetime = NOW) -> Verified[v1.Site]:
    """Opens an envelope as a site."""
    return open_envelope(envelope, v1.Site, trust, now=now)


@pytest.fixture
def signed(provider: Identity) -> v1.Envelope:
    """A valid site, signed."""
    return sign_raw("site", site(), key_of(provider))


def test_a_valid_document_opens_in_both_forms(signed: v1.Envelope, trust: TrustDirectory) -> None:
    """The wire message and the file form give the same verified document."""
    for form in (signed, to_json(signed)):
        verified = open_site(form, trust)
        assert verified.body == signed.payload
        assert (verified.issuer, verified.id, verified.revision) == (PROVIDER, site()["header"]["id"], 1)
        assert verified.envelope == signed
        assert verified.message.country == "CN"
        assert verified.pin.sha256 == verified.digest


def test_the_file_form_by_hand(provider: Identity, trust: TrustDirectory) -> None:
    """White space and another member order in the file change nothing: only the body's bytes are signed."""
    envelope = sign_raw("site", site(), key_of(provider))
    text = to_json(envelope)
    value = orjson.loads(text)
    spaced = orjson.dumps(dict(reversed(value.items())), option=orjson.OPT_INDENT_2)
    assert open_site(spaced, trust).body == envelope.payload


@pytest.mark.parametrize("count", [0, 9])
def test_step_1_number_of_signatures(signed: v1.Envelope, trust: TrustDirectory, count: int) -> None:
    """No signature and nine signatures are refused in both forms (LIMIT)."""
    signature = signed.signatures[0]
    del signed.signatures[:]
    signed.signatures.extend([signature] * count)
    with pytest.raises(TrustError) as refused:
        open_site(signed, trust)
    assert outcome(refused.value) == (1, "LIMIT")


def test_step_1_sizes(provider: Identity, trust: TrustDirectory) -> None:
    """A body of 1 MiB passes step 1, one byte more does not; neither does a file that is too long."""
    for size, expected in ((1_048_576, (13, "PAYLOAD")), (1_048_577, (1, "LIMIT"))):
        envelope = sign_raw("site", b" " * size, key_of(provider))
        with pytest.raises(TrustError) as refused:
            open_site(envelope, trust)
        assert outcome(refused.value) == expected
    with pytest.raises(TrustError) as refused:
        open_site(b" " * 1_572_865, trust)
    assert outcome(refused.value) == (1, "LIMIT")


@pytest.mark.parametrize(
    "change",
    [
        b"",
        b"null",
        b"[]",
        b"\xef\xbb\xbf{}",
        b'{"payload":"e30=","payload":"e30=","payloadType":"x","signatures":[]}',
        b'{"payload":"e30=","p\\u0061yload":"e30=","payloadType":"x","signatures":[]}',
        b'{"payload":"e30=","payloadType":"x"}',
        b'{"payload":"e30=","payloadType":"x","signatures":{}}',
        b'{"payload":"e30=","payloadType":"x","signatures":[{"keyid":"x"}]}',
        b'{"payload":"e30=","payloadType":"x","signatures":[7]}',
        b'{"payload":"e30=","payloadType":"x","signatures":[{"keyid":"x","sig":true}]}',
        b'{"payload":5,"payloadType":"x","signatures":[{"keyid":"x","sig":""}]}',
        b'{"payload":"e30=","payload_type":"x","signatures":[]}',
        b'{"payload":"e30=","payloadType":"x","signatures":[],"extra":true}',
    ],
)
def test_step_2_what_is_no_envelope(change: bytes, trust: TrustDirectory) -> None:
    """Anything but exactly the three members, in strict JSON, is refused (ENVELOPE)."""
    with pytest.raises(TrustError) as refused:
        open_site(change, trust)
    assert outcome(refused.value) == (2, "ENVELOPE")


def test_step_2_members_of_the_wire_form(signed: v1.Envelope, trust: TrustDirectory) -> None:
    """A key name that is none, two signatures of one key, no payload: each is refused (ENVELOPE)."""
    malformed = []
    for keyid in ("", "x" * 43, "A" * 42, "A" * 44, "A" * 42 + "="):
        envelope = v1.Envelope.FromString(signed.SerializeToString())
        envelope.signatures[0].keyid = keyid
        malformed.append(envelope)
    for sig in (b"", bytes(31), bytes(8193)):
        envelope = v1.Envelope.FromString(signed.SerializeToString())
        envelope.signatures[0].sig = sig
        malformed.append(envelope)
    twice = v1.Envelope.FromString(signed.SerializeToString())
    twice.signatures.append(signed.signatures[0])
    empty = v1.Envelope.FromString(signed.SerializeToString())
    empty.payload = b""
    for envelope in (*malformed, twice, empty, v1.Envelope(signatures=signed.signatures)):
        with pytest.raises(TrustError) as refused:
            open_site(envelope, trust)
        assert outcome(refused.value) == (2, "ENVELOPE")


@pytest.mark.parametrize("text", ["YR==", "YQ", "YQ=", "YQ==\\n", "Y_8=", "Y Q=", "YQ==YQ==", "é"])
def test_step_3_base64_in_another_spelling(text: str, trust: TrustDirectory) -> None:
    """Loose bits, missing padding, URL letters and white space in base64 are refused (BASE64)."""
    file = (
        f'{{"payloadType":"x","payload":"{text}","signatures":[{{"keyid":"{"A" * 43}","sig":"{"A" * 88}"}}]}}'
    )
    with pytest.raises(TrustError) as refused:
        open_site(file.encode(), trust)
    assert outcome(refused.value) == (3, "BASE64")


@pytest.mark.parametrize(
    "payload_type",
    [
        "application/vnd.crex.offer.v1+json",
        "application/json",
        "application/vnd.crex.site.v2+json",
        "APPLICATION/vnd.crex.site.v1+json",
        "application/vnd.crex.site.v1+json; charset=utf-8",
        "",
    ],
)
def test_step_4_another_type(signed: v1.Envelope, trust: TrustDirectory, payload_type: str) -> None:
    """VERSION-PAYLOAD-1: any type but the one expected, another edition too, is refused at once (TYPE)."""
    signed.payload_type = payload_type
    with pytest.raises(TrustError) as refused:
        open_site(signed, trust)
    assert outcome(refused.value) == (4, "TYPE")


def test_step_5_authority_that_is_not_pinned(signed: v1.Envelope, consumer: Identity) -> None:
    """A document of an authority whose trust document is not pinned is refused (ISSUER)."""
    for expected_issuer in (None, PROVIDER):
        with pytest.raises(TrustError) as refused:
            open_envelope(signed, v1.Site, pinned(consumer), now=NOW, expected_issuer=expected_issuer)
        assert outcome(refused.value) == (5, "ISSUER")


def test_step_6_trust_document_that_ended(signed: v1.Envelope, trust: TrustDirectory) -> None:
    """At the end of the trust document, to the millisecond, its keys vouch for nothing (TRUST_STALE)."""
    end = NOW + timedelta(days=365)
    assert open_site(signed, trust, end - SECOND / 1000).issuer == PROVIDER
    with pytest.raises(TrustError) as refused:
        open_site(signed, trust, end)
    assert outcome(refused.value) == (6, "TRUST_STALE")


def test_step_7_key_that_was_never_published(provider: Identity, trust: TrustDirectory) -> None:
    """An unknown key beside a known one, or for an expected issuer, is refused (KEY_UNKNOWN)."""
    stranger = LocalSigningKey.generate()
    both = sign_raw("site", site(), key_of(provider), stranger)
    alone = sign_raw("site", site(), stranger)
    for envelope in (both, alone):
        with pytest.raises(TrustError) as refused:
            open_envelope(envelope, v1.Site, trust, now=NOW, expected_issuer=PROVIDER)
        assert outcome(refused.value) == (7, "KEY_UNKNOWN")


def test_step_8_key_outside_its_use(provider: Identity, trust: TrustDirectory) -> None:
    """The root key signs trust documents only, the provider's key no orders (KEY_USE)."""
    with pytest.raises(TrustError) as refused:
        open_site(sign_raw("site", site(), root_of(provider)), trust)
    assert outcome(refused.value) == (8, "KEY_USE")
    with pytest.raises(TrustError) as refused:
        open_envelope(sign_raw("order-document", order(), key_of(provider)), v1.OrderDocument, trust, now=NOW)
    assert outcome(refused.value) == (8, "KEY_USE")


def test_step_9_algorithm_that_is_not_known(provider: Identity) -> None:
    """A key of an algorithm that this reader lacks breaks nothing until it signs (VERIFY-ALG-1)."""
    body = trust_body(provider)
    body["keys"][1]["alg"] = "slh-dsa-128s"
    trust = TrustDirectory()
    trust.pin(sign_trust(body, root_of(provider)), now=NOW)
    with pytest.raises(TrustError) as refused:
        open_site(sign_raw("site", site(), key_of(provider)), trust)
    assert outcome(refused.value) == (9, "ALG")


def test_step_11_order_of_steps(provider: Identity, trust: TrustDirectory) -> None:
    """VERIFY-SCHEMA-1: an invalid body under a forged signature is refused for the signature, not parsed."""
    envelope = sign_raw("site", b"{not json", key_of(provider))
    envelope.signatures[0].sig = bytes(64)
    with pytest.raises(TrustError) as refused:
        open_site(envelope, trust)
    assert outcome(refused.value) == (11, "SIGNATURE")


def test_step_11_every_signature_must_hold(provider: Identity, trust: TrustDirectory) -> None:
    """One good signature does not excuse a bad one beside it."""
    body = trust_body(provider)
    second = LocalSigningKey.generate()
    body["keys"].append({**body["keys"][1], "keyid": second.keyid, "spki": spki_text(second)})
    trust = TrustDirectory()
    trust.pin(sign_trust(body, root_of(provider)), now=NOW)
    envelope = sign_raw("site", site(), key_of(provider), second)
    assert open_site(envelope, trust).keyids == (key_of(provider).keyid, second.keyid)
    envelope.signatures[1].sig = envelope.signatures[0].sig
    with pytest.raises(TrustError) as refused:
        open_site(envelope, trust)
    assert outcome(refused.value) == (11, "SIGNATURE")


def test_step_12_threshold_of_a_trust_document(provider: Identity) -> None:
    """A trust document opens as a document only with the threshold of its pinned roots (THRESHOLD)."""
    body = trust_body(provider)
    second = LocalSigningKey.generate()
    body["keys"].append({**body["keys"][0], "keyid": second.keyid, "spki": spki_text(second)})
    body["roots"] = {"threshold": 2, "keys": [root_of(provider).keyid, second.keyid]}
    trust = TrustDirectory()
    envelope = sign_trust(body, root_of(provider), second)
    trust.pin(envelope, now=NOW)
    assert open_envelope(envelope, v1.TrustDocument, trust, now=NOW).message.roots.threshold == 2
    with pytest.raises(TrustError) as refused:
        open_envelope(sign_trust(body, second), v1.TrustDocument, trust, now=NOW)
    assert outcome(refused.value) == (12, "THRESHOLD")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"header":{},"header":{}}', "PAYLOAD"),
        (b'{"country":"CN"', "PAYLOAD"),
        (b"[" * 65 + b"]" * 65, "LIMIT"),
        (b'{"country":"CN"}', "SCHEMA"),
        (b"[]", "SCHEMA"),
    ],
)
def test_step_13_body(provider: Identity, trust: TrustDirectory, body: bytes, reason: str) -> None:
    """A signed body that is not strict JSON, too deep or not a site is refused, with the place."""
    with pytest.raises(TrustError) as refused:
        open_site(sign_raw("site", body, key_of(provider)), trust)
    assert outcome(refused.value) == (13, reason)
    assert refused.value.violations


def test_step_13_critical_extension(provider: Identity, trust: TrustDirectory) -> None:
    """What the header calls critical is refused unless the caller says that it understands it (CRITICAL)."""
    extension = {"x.example/y": "1"}
    body = site(critical=["x.example/y"], extensions=extension)
    envelope = sign_raw("site", body, key_of(provider))
    with pytest.raises(TrustError) as refused:
        open_site(envelope, trust)
    assert outcome(refused.value) == (13, "CRITICAL")
    understood = frozenset(extension)
    assert open_envelope(envelope, v1.Site, trust, now=NOW, understood=understood).id == body["header"]["id"]


def test_step_14_right_signature_of_another_authority(consumer: Identity, provider: Identity) -> None:
    """A body that names one authority, signed rightly by another that may sign the type, is refused."""
    mallory = Identity.create("m.example.com", roles=["provider"], now=NOW)
    trust = pinned(provider, mallory)
    envelope = sign_raw("site", site(), key_of(mallory))
    for expected_issuer in (None, PROVIDER):
        with pytest.raises(TrustError) as refused:
            open_envelope(envelope, v1.Site, trust, now=NOW, expected_issuer=expected_issuer)
        assert outcome(refused.value) == (14, "ISSUER_MISMATCH")


def test_step_14_another_issuer_than_expected(signed: v1.Envelope, trust: TrustDirectory) -> None:
    """A valid document of another authority than the one asked for is refused."""
    with pytest.raises(TrustError) as refused:
        open_envelope(signed, v1.Site, trust, now=NOW, expected_issuer=CONSUMER)
    assert outcome(refused.value) == (14, "ISSUER_MISMATCH")


def test_a_key_that_two_authorities_list(provider: Identity, consumer: Identity) -> None:
    """Listing somebody else's key neither takes over its documents nor stops them."""
    mallory = Identity.create("m.example.com", roles=["provider"], now=NOW)
    body = trust_body(mallory)
    body["keys"].append(trust_body(provider)["keys"][1])
    envelope = sign_raw("site", site(), key_of(provider))
    claim = {**site(), "header": header("m.example.com", "site/a")}
    for first in (True, False):
        trust = pinned(provider) if first else TrustDirectory()
        trust.pin(sign_trust(body, root_of(mallory)), now=NOW)
        if not first:
            trust.pin(provider.trust_document, now=NOW)
        assert open_site(envelope, trust).issuer == PROVIDER
        with pytest.raises(TrustError) as refused:
            open_envelope(envelope, v1.Site, trust, now=NOW, expected_issuer="m.example.com")
        assert outcome(refused.value) == (14, "ISSUER_MISMATCH")
        broken = sign_raw("site", b"{", key_of(provider))
        with pytest.raises(TrustError) as refused:
            open_site(broken, trust)
        assert outcome(refused.value) == (13, "PAYLOAD")
    assert claim["header"]["issuer"] != PROVIDER


def test_step_16_not_yet(provider: Identity, trust: TrustDirectory) -> None:
    """VERIFY-CLOCK-1: by the caller's clock 60 s in the future pass, and not a millisecond more (NOT_YET)."""
    for ahead, accepted in ((60 * SECOND, True), (60 * SECOND + SECOND / 1000, False)):
        envelope = sign_raw("site", site(issuedAt=format_time(NOW + ahead)), key_of(provider))
        if accepted:
            assert open_site(envelope, trust).issuer == PROVIDER
            continue
        with pytest.raises(TrustError) as refused:
            open_site(envelope, trust)
        assert outcome(refused.value) == (16, "NOT_YET")


def test_the_ends_of_the_calendar_are_times() -> None:
    """A stranger's first or last instant, or that of who judges, is compared as any other."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    checks.check_times("a", first, last, NOW)
    checks.check_times("a", NOW, None, last)
    key = KeyEntry("k", "ed25519", b"", None, frozenset(), first, last, None)
    checks.check_key_time(key, "a", first, NOW)
    with pytest.raises(TrustError, match="begins at 9999"):
        checks.check_key_time(replace(key, not_before=last), "a", NOW, NOW)
    with pytest.raises(TrustError, match="Compare both clocks"):
        checks.check_times("a", NOW, None, first)


def test_step_16_expired(provider: Identity, trust: TrustDirectory) -> None:
    """A document ends at `validUntil`, exclusive and without leeway (EXPIRED)."""
    until = NOW + timedelta(hours=1)
    envelope = sign_raw("site", site(validUntil=format_time(until)), key_of(provider))
    assert open_site(envelope, trust, until - SECOND / 1000).issuer == PROVIDER
    with pytest.raises(TrustError) as refused:
        open_site(envelope, trust, until)
    assert outcome(refused.value) == (16, "EXPIRED")


def trust_with_key(provider: Identity, **members: str) -> TrustDirectory:
    """A directory whose provider's signing key has other times."""
    body = trust_body(provider)
    body["keys"][1] |= members
    directory = TrustDirectory()
    directory.pin(sign_trust(body, root_of(provider)), now=NOW)
    return directory


def test_step_17_key_that_has_not_begun(provider: Identity, signed: v1.Envelope) -> None:
    """A key begins with 60 s of leeway; before that it signs nothing (KEY_TIME)."""
    assert (
        open_site(signed, trust_with_key(provider, notBefore=format_time(NOW + 60 * SECOND))).issuer
        == PROVIDER
    )
    late = trust_with_key(provider, notBefore=format_time(NOW + 61 * SECOND))
    with pytest.raises(TrustError) as refused:
        open_site(signed, late)
    assert outcome(refused.value) == (17, "KEY_TIME")


def test_step_17_document_from_before_its_key(provider: Identity) -> None:
    """A document issued before its key began is refused, even when it is read later (KEY_TIME)."""
    trust = trust_with_key(provider, notBefore=format_time(NOW + timedelta(hours=1)))
    envelope = sign_raw("site", site(), key_of(provider))
    with pytest.raises(TrustError) as refused:
        open_site(envelope, trust, NOW + timedelta(hours=2))
    assert outcome(refused.value) == (17, "KEY_TIME")


def test_step_17_key_that_ended(provider: Identity, signed: v1.Envelope) -> None:
    """A key ends exclusively, without leeway, whatever time the document states (KEY_TIME)."""
    end = NOW + timedelta(hours=1)
    trust = trust_with_key(provider, notAfter=format_time(end))
    assert open_site(signed, trust, end - SECOND / 1000).issuer == PROVIDER
    with pytest.raises(TrustError) as refused:
        open_site(signed, trust, end)
    assert outcome(refused.value) == (17, "KEY_TIME")


def test_step_17_revoked_key_with_a_backdated_document(provider: Identity) -> None:
    """A revoked key signs nothing: a date before the revocation is easily written (KEY_REVOKED)."""
    trust = trust_with_key(provider, revokedAt=format_time(NOW + timedelta(hours=1)))
    envelope = sign_raw("site", site(), key_of(provider))
    assert open_site(envelope, trust, NOW + timedelta(minutes=59)).issuer == PROVIDER
    with pytest.raises(TrustError) as refused:
        open_site(envelope, trust, NOW + timedelta(hours=2))
    assert outcome(refused.value) == (17, "KEY_REVOKED")


@pytest.mark.parametrize(("member", "value"), [("id", "x"), ("revision", 2), ("sha256", "0" * 64)])
def test_step_19_another_document_than_cited(
    signed: v1.Envelope, trust: TrustDirectory, member: str, value: str | int
) -> None:
    """A document is the one cited only by the same name, revision and digest (SUBJECT)."""
    pin = open_site(signed, trust).pin
    assert open_envelope(signed, v1.Site, trust, now=NOW, expected=pin).digest == pin.sha256
    setattr(pin, member, value)
    with pytest.raises(TrustError) as refused:
        open_envelope(signed, v1.Site, trust, now=NOW, expected=pin)
    assert outcome(refused.value) == (19, "SUBJECT")


def test_step_20_address(consumer: Identity, trust: TrustDirectory) -> None:
    """Another audience, challenge or request than was signed for is refused, each by its reason."""
    envelope = sign_raw("order-document", order(), key_of(consumer))
    verified = open_envelope(
        envelope, v1.OrderDocument, trust, now=NOW, audience=PROVIDER, request_id="request-0001"
    )
    assert verified.message.nonce == "request-0001"
    with pytest.raises(TrustError) as refused:
        open_envelope(envelope, v1.OrderDocument, trust, now=NOW, audience=CONSUMER)
    assert outcome(refused.value) == (20, "AUDIENCE")
    with pytest.raises(TrustError) as refused:
        open_envelope(envelope, v1.OrderDocument, trust, now=NOW, nonce="request-0002")
    assert outcome(refused.value) == (20, "NONCE")
    with pytest.raises(TrustError) as refused:
        open_envelope(envelope, v1.OrderDocument, trust, now=NOW, request_id="request-0002")
    assert outcome(refused.value) == (20, "REPLAY")


def test_step_20_document_without_an_address(signed: v1.Envelope, trust: TrustDirectory) -> None:
    """A document that is addressed to nobody does not pass for one that must be."""
    with pytest.raises(TrustError) as refused:
        open_envelope(signed, v1.Site, trust, now=NOW, audience=PROVIDER)
    assert outcome(refused.value) == (20, "AUDIENCE")


def test_whatever_it_is(signed: v1.Envelope, trust: TrustDirectory) -> None:
    """A tool may open a document of any type that this edition knows, with the same checks."""
    assert open_any(signed, trust, now=NOW).doctype.token == "site"
    signed.payload_type = "application/vnd.crex.timetable.v1+json"
    with pytest.raises(TrustError) as refused:
        open_any(signed, trust, now=NOW)
    assert outcome(refused.value) == (4, "TYPE")


def test_steps_for_people(signed: v1.Envelope, trust: TrustDirectory) -> None:
    """What was checked, and where a refusal fell, can be listed step by step."""
    listed = open_site(signed, trust).steps
    assert [result.step.number for result in listed] == [*range(1, 24)]
    unasked = [result.step.number for result in listed if str(result.outcome) == "not asked for"]
    assert unasked == [15, *range(18, 24)]
    with pytest.raises(TrustError) as refused:
        open_site(signed, trust, NOW + timedelta(days=400))
    explained = steps.explain(refused.value)
    assert [str(result.outcome) for result in explained[4:7]] == ["passed", "refused", "not reached"]
    assert "TRUST" not in str(explained[5])
    assert PROVIDER in str(explained[5])


def test_time_must_have_a_zone(signed: v1.Envelope, trust: TrustDirectory) -> None:
    """A time without a zone is a mistake of the caller, and is told so."""
    with pytest.raises(ValueError, match="zone"):
        open_site(signed, trust, NOW.replace(tzinfo=None))


def test_record_of_another_version_is_not_mixed_in(provider: Identity, signed: v1.Envelope) -> None:
    """A verified document says by which revision of the trust document it was judged."""
    renewed = provider.renew(now=NOW)
    trust = pinned(provider)
    trust.update(renewed.trust_document, now=NOW)
    assert open_site(signed, trust).trust_revision == 2
    assert replace(renewed, trust=provider.trust).trust.revision == 1


def spki_text(key: SigningKey) -> str:
    """The SPKI of a key as a trust document writes it."""
    from base64 import b64encode

    return b64encode(key.public_key.spki).decode()
