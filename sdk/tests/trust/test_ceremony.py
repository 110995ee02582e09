"""Trust documents that several persons sign: distinct keys count, for both versions, over the same bytes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crex.documents.times import format_time
from crex.errors import TrustError
from crex.trust import ceremony
from crex.trust.authoring import first_trust_document
from crex.trust.envelope import Parts, SignaturePart, read_parts
from crex.trust.keys import LocalSigningKey, SigningKey
from crex.trust.trust_draft import TrustDraft, sign_draft
from crex.trust.trust_record import TrustRecord
from sdk.tests.trust.samples import NOW, PROVIDER, outcome

YEAR = timedelta(days=365)
KEYS: list[SigningKey] = [LocalSigningKey.from_seed(bytes([seed] * 32)) for seed in range(1, 9)]


def first(keys: Sequence[SigningKey], threshold: int) -> TrustRecord:
    """Revision 1 with some root keys."""
    return first_trust_document(
        PROVIDER,
        roots=keys,
        signing={},
        access=None,
        tls_roots=[],
        now=NOW,
        valid_until=NOW + YEAR,
        threshold=threshold,
    )


def successor(record: TrustRecord, roots: Sequence[SigningKey], threshold: int) -> bytes:
    """The draft of the next revision with other root keys."""
    draft = TrustDraft.after(record, now=NOW, valid_until=NOW + YEAR)
    draft.set_threshold(1)
    for key in roots:
        draft.add_root(key.public_key, begins=NOW)
    for keyid in record.roots - {key.keyid for key in roots}:
        draft.remove_root(keyid)
        draft.end_key(keyid, NOW)
    draft.set_threshold(threshold)
    return draft.body()


def finish(record: TrustRecord, body: bytes, *signers: SigningKey) -> TrustRecord:
    """Completes a draft with a part of each signer."""
    return ceremony.complete([record.parts], [sign_draft(body, [key]) for key in signers], now=NOW)


def test_parts_that_were_signed_apart_make_a_version() -> None:
    """Each person signs the same bytes alone, in any order, and the version counts."""
    record = first(KEYS[:3], 2)
    body = successor(record, KEYS[:3], 2)
    assert finish(record, body, KEYS[2], KEYS[0]).revision == 2
    assert finish(record, body, KEYS[1], KEYS[2], KEYS[0]).threshold == 2


@pytest.mark.parametrize(
    ("signers", "lacks"),
    [
        ([0], ["1 of 2 signatures by root keys of revision 1", "0 of 2"]),
        ([0, 1], ["0 of 2 signatures by root keys of revision 2"]),
        ([3, 4], ["0 of 2 signatures by root keys of revision 1"]),
        ([0, 3, 4], ["1 of 2 signatures by root keys of revision 1"]),
        ([0, 1, 3], ["1 of 2 signatures by root keys of revision 2"]),
    ],
)
def test_both_thresholds_count(signers: list[int], lacks: list[str]) -> None:
    """TRUST-UPDATE-1: a change of all roots needs two of the old and two of the new; who lacks is told."""
    record = first(KEYS[:3], 2)
    body = successor(record, KEYS[3:6], 2)
    with pytest.raises(TrustError) as refused:
        finish(record, body, *(KEYS[at] for at in signers))
    assert outcome(refused.value) == (12, "THRESHOLD")
    for text in lacks:
        assert text in refused.value.message
    assert finish(record, body, *(KEYS[at] for at in (0, 1, 3, 4))).roots == {key.keyid for key in KEYS[3:6]}


def test_one_person_that_signs_twice_counts_once() -> None:
    """TRUST-THRESHOLD-1: the same part twice, or two signatures of one key, are one."""
    record = first(KEYS[:2], 2)
    body = successor(record, KEYS[:2], 2)
    with pytest.raises(TrustError) as refused:
        finish(record, body, KEYS[0], KEYS[0], KEYS[0])
    assert refused.value.reason == "THRESHOLD"


def test_one_key_under_two_names_is_no_key() -> None:
    """TRUST-THRESHOLD-1: another encoding of a key would have another name; there is only one."""
    record = first(KEYS[:2], 1)
    body = orjson.loads(successor(record, KEYS[:2], 2))
    raw = KEYS[0].public_key.raw
    padded = bytes.fromhex("302c300706032b65700500032100") + raw  # with the NULL that RFC 8410 forbids
    body["keys"].append({**body["keys"][0], "spki": b64encode(padded).decode(), "keyid": _keyid(padded)})
    body["roots"]["keys"].append(_keyid(padded))
    with pytest.raises(TrustError) as refused:
        ceremony.read_draft(orjson.dumps(body))
    assert refused.value.reason == "ALG"


def _keyid(spki: bytes) -> str:
    from crex.trust.keys import key_id

    return key_id(spki)


def test_signatures_over_other_bytes_do_not_mix() -> None:
    """A signature over one draft never serves for another, however alike they are."""
    record = first(KEYS[:2], 2)
    body = successor(record, KEYS[:2], 2)
    other = body.replace(b'"2026-11-01', b' "2026-11-01', 1)
    with pytest.raises(TrustError, match="different bytes"):
        ceremony.combine([sign_draft(body, [KEYS[0]]), sign_draft(other, [KEYS[1]])])
    forged = Parts(
        read_parts(sign_draft(body, [KEYS[0]])).payload_type,
        body,
        (SignaturePart(KEYS[1].keyid, read_parts(sign_draft(other, [KEYS[1]])).signatures[0].sig),),
    )
    with pytest.raises(TrustError) as refused:
        ceremony.combine([sign_draft(body, [KEYS[0]]), forged])
    assert refused.value.reason == "SIGNATURE"


def test_a_strangers_signature_is_named() -> None:
    """A key that the draft does not list cannot sign it."""
    record = first(KEYS[:2], 2)
    with pytest.raises(TrustError) as refused:
        finish(record, successor(record, KEYS[:2], 2), KEYS[0], KEYS[7])
    assert refused.value.reason == "KEY_UNKNOWN"


def test_a_key_for_documents_cannot_sign_trust() -> None:
    """A role's key does not become a root key by signing (KEY_USE)."""
    record = first_trust_document(
        PROVIDER,
        roots=[KEYS[0]],
        signing={"provider": [KEYS[1]]},
        access=None,
        tls_roots=[],
        now=NOW,
        valid_until=NOW + YEAR,
    )
    body = TrustDraft.after(record, now=NOW, valid_until=NOW + YEAR).body()
    with pytest.raises(TrustError) as refused:
        finish(record, body, KEYS[1])
    assert refused.value.reason == "KEY_USE"


def test_too_many_signatures() -> None:
    """Nine signatures do not fit into an envelope, and it says so."""
    keys = [*KEYS, LocalSigningKey.from_seed(bytes([99] * 32))]
    record = first(keys[:8], 1)
    body = successor(record, keys, 8)
    with pytest.raises(TrustError) as refused:
        ceremony.combine([sign_draft(body, [key]) for key in keys])
    assert refused.value.reason == "LIMIT"
    assert finish(record, body, *keys[:8]).threshold == 8


@pytest.mark.parametrize("revision", [1, 3])
def test_only_the_next_revision_is_completed(revision: int) -> None:
    """A draft of another revision is refused for what it is."""
    record = first(KEYS[:1], 1)
    body = orjson.loads(successor(record, KEYS[:1], 1))
    body["header"] |= {"revision": str(revision), "validUntil": format_time(NOW + 2 * YEAR)}
    with pytest.raises(TrustError) as refused:
        finish(record, orjson.dumps(body), KEYS[0])
    assert refused.value.reason in ("TRUST_ROLLBACK", "TRUST_STALE")


def test_a_revoked_root_key_still_signs_its_own_end() -> None:
    """A root key that N+1 revokes may sign N+1, and nothing after it."""
    record = first(KEYS[:2], 1)
    draft = TrustDraft.after(record, now=NOW, valid_until=NOW + YEAR)
    draft.revoke_key(KEYS[0].keyid, NOW - YEAR)
    draft.remove_root(KEYS[0].keyid)
    second = ceremony.complete([record.parts], [sign_draft(draft.body(), KEYS[:2])], now=NOW)
    body = TrustDraft.after(second, now=NOW, valid_until=NOW + YEAR).body()
    with pytest.raises(TrustError) as refused:
        ceremony.complete([record.parts, second.parts], [sign_draft(body, [KEYS[0]])], now=NOW)
    assert refused.value.reason == "THRESHOLD"


def test_what_is_signed_is_told() -> None:
    """Whoever signs sees every change, in words."""
    record = first(KEYS[:2], 1)
    draft = TrustDraft.after(record, now=NOW, valid_until=NOW + 2 * YEAR)
    draft.add_root(KEYS[2].public_key, begins=NOW)
    draft.remove_root(KEYS[0].keyid)
    draft.end_key(KEYS[0].keyid, NOW + YEAR)
    draft.revoke_key(KEYS[1].keyid, NOW)
    draft.set_threshold(2)
    draft.delegate("site.example.cn", ["site"], max_depth=1, expires_at=NOW + YEAR)
    draft.add_status_list(f"crex://{PROVIDER}/status-list/main")
    told = "\n".join(ceremony.changes(record, ceremony.read_draft(draft.body())))
    for text in (
        f"new key {KEYS[2].keyid} (ed25519) for trust-document",
        f"root key {KEYS[2].keyid} added",
        f"root key {KEYS[0].keyid} taken out",
        f"key {KEYS[0].keyid} (ed25519) ends at {format_time(NOW + YEAR)}",
        f"key {KEYS[1].keyid} (ed25519) revoked as of {format_time(NOW)}",
        "2 of 2 root keys must sign, before 1 of 2",
        "delegation to site.example.cn (site; depth 1;",
        f"status list crex://{PROVIDER}/status-list/main added",
        f"valid until {format_time(NOW + 2 * YEAR)}",
    ):
        assert text in told
    assert "added" not in "\n".join(ceremony.changes(None, record))


@settings(deadline=None, max_examples=60)
@given(
    old=st.sets(st.integers(0, 5), min_size=1),
    new=st.sets(st.integers(0, 5), min_size=1),
    signers=st.sets(st.integers(0, 5), min_size=1),
    data=st.data(),
)
def test_a_version_counts_exactly_where_both_thresholds_are_met(
    old: set[int], new: set[int], signers: set[int], data: Any
) -> None:
    """TRUST-UPDATE-1, TRUST-THRESHOLD-1: for any sets of roots, thresholds and signers."""
    before, after = data.draw(st.integers(1, len(old))), data.draw(st.integers(1, len(new)))
    record = first([KEYS[at] for at in sorted(old)], before)
    body = successor(record, [KEYS[at] for at in sorted(new)], after)
    able = [KEYS[at] for at in sorted(signers & (old | new))]
    enough = len(signers & old) >= before and len(signers & new) >= after
    if enough:
        assert finish(record, body, *able).revision == 2
    elif able:
        with pytest.raises(TrustError) as refused:
            finish(record, body, *able)
        assert refused.value.reason == "THRESHOLD"
