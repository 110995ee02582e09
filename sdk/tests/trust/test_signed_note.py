"""Signed notes and their keys: published examples, one spelling of everything, hostile input."""

from base64 import b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crex.errors import TrustError
from crex.trust.signed_note import (
    KIND_COSIGNATURE,
    NOTE_BYTES_MAX,
    SIGNATURES_MAX,
    NoteKey,
    NoteSignature,
    NoteVerifier,
    SignedNote,
)

# Source: documentation of golang.org/x/mod/sumdb/note (BSD-3-Clause), as facts.
GO_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_NOTE = (
    f"{GO_TEXT}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# Source: C2SP signed-note.md (CC BY 4.0), "Verifier keys", as facts.
C2SP_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# Source: github:transparency-dev/formats @ 091ce41, note/note_cosigv1_test.go (Apache-2.0), as facts.
COSIGNER_VKEY = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
IDENTITY_POINT = b"\x01" + b"\0" * 31

KEY = NoteKey.from_seed("b.example.net/log", b"\x07" * 32)
TEXT = "one line\nanother\n"


def note() -> SignedNote:
    """A note by the key."""
    return SignedNote(TEXT, (KEY.sign(TEXT),))


def test_go_example() -> None:
    """The key of the reference implementation signs its example byte for byte, and its key verifies it."""
    key = NoteKey.parse(GO_SKEY)
    assert key.vkey == GO_VKEY
    assert key.skey == GO_SKEY
    assert str(SignedNote(GO_TEXT, (key.sign(GO_TEXT),))) == GO_NOTE
    verifier = NoteVerifier.parse(GO_VKEY)
    assert SignedNote.parse(GO_NOTE).check_signed([verifier]) == (verifier,)


def test_c2sp_example() -> None:
    """The example of the specification verifies under its key (LOG-KEY-1)."""
    verifier = NoteVerifier.parse(C2SP_VKEY)
    assert (verifier.name, verifier.authority, verifier.kind) == ("example.com/foo", "example.com", 1)
    assert SignedNote.parse(C2SP_NOTE).check_signed([verifier]) == (verifier,)
    assert verifier.vkey == C2SP_VKEY


def test_a_published_witness_key() -> None:
    """The key of a running witness is one of type 0x04 (LOG-WITNESS-1)."""
    verifier = NoteVerifier.parse(COSIGNER_VKEY)
    assert (verifier.kind, verifier.key_hash.hex(), verifier.vkey) == (4, "da77ade7", COSIGNER_VKEY)


@pytest.mark.parametrize(
    ("vkey", "reason"),
    [
        ("", "SCHEMA"),
        ("PeterNeumann", "SCHEMA"),
        ("PeterNeumann+c74f20a3", "SCHEMA"),
        ("PeterNeumann+c74f20a3+", "SCHEMA"),
        (GO_VKEY.replace("c74f20a3", "c74f20a4"), "SCHEMA"),
        (GO_VKEY.replace("c74f20a3", "C74F20A3"), "SCHEMA"),
        (GO_VKEY.replace("c74f20a3", "0c74f20a3"), "SCHEMA"),
        (GO_VKEY.replace("PeterNeumann", "PeterNeuman"), "SCHEMA"),
        (GO_VKEY.replace("PeterNeumann", "Peter Neumann"), "SCHEMA"),
        (GO_VKEY.replace("PeterNeumann", "Peter\u00a0Neumann"), "SCHEMA"),
        (GO_VKEY.replace("PeterNeumann", "Peter\nNeumann"), "SCHEMA"),
        (GO_VKEY.replace("PeterNeumann", ""), "SCHEMA"),
        (f" {GO_VKEY}", "SCHEMA"),
        (f"{GO_VKEY}\n", "SCHEMA"),
        (f"{GO_VKEY}=", "SCHEMA"),
        (f"{GO_VKEY[:-1]}é", "SCHEMA"),
        ("x" * 100_000, "SCHEMA"),
        (f"a+00000000+{b64encode(bytes([2]) + bytes(32)).decode()}", "ALG"),
        (f"a+00000000+{b64encode(bytes([6]) + bytes(1312)).decode()}", "SCHEMA"),
        (f"a+00000000+{b64encode(bytes([1]) + bytes(31)).decode()}", "ALG"),
        (f"a+00000000+{b64encode(bytes([1]) + IDENTITY_POINT).decode()}", "KEY_WEAK"),
        (f"a+00000000+{b64encode(bytes([1]) + bytes([0xFF] * 32)).decode()}", "KEY_WEAK"),
    ],
)
def test_a_verifier_key_has_one_spelling(vkey: str, reason: str) -> None:
    """Other spellings, types, lengths, hashes and degenerate keys are refused (LOG-KEY-1)."""
    with pytest.raises(TrustError) as caught:
        NoteVerifier.parse(vkey)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "skey",
    ["", GO_SKEY[:-4], GO_SKEY.replace("PRIVATE", "private"), GO_SKEY.replace("c74f", "c74e"), GO_VKEY],
)
def test_a_private_key_that_is_none_is_not_quoted(skey: str) -> None:
    """What is no private key is refused without a word of it."""
    with pytest.raises(TrustError) as caught:
        NoteKey.parse(skey)
    assert GO_SKEY[-20:-4] not in str(caught.value)


def test_a_private_key_does_not_show() -> None:
    """Neither `repr` nor a refusal of a text shows the private key."""
    key = NoteKey.generate("a.example/log")
    assert key.skey[-30:] not in repr(key)
    with pytest.raises(ValueError, match="ends in a newline"):
        key.sign("no newline")
    with pytest.raises(ValueError, match="co-signs checkpoints"):
        NoteKey.generate("a.example/witness", KIND_COSIGNATURE).sign(TEXT)


def test_texts_may_hold_empty_lines() -> None:
    """The last empty line parts text and signatures; others belong to the text."""
    text = "\nfirst\n\nsecond\n"
    parsed = SignedNote.parse(str(SignedNote(text, (KEY.sign(text),))))
    assert parsed.text == text
    parsed.check_signed([KEY.verifier])


def lines(*added: str) -> str:
    """A note with further lines behind its signature."""
    return str(note()) + "".join(added)


GOOD_LINE = note().signatures[0].line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\n\n",
        TEXT,
        f"{TEXT}\n",
        f"{TEXT}{GOOD_LINE}",
        f"{TEXT}\n{GOOD_LINE[:-1]}",
        f"{TEXT}\n{GOOD_LINE}\n",
        f"{TEXT}\r\n{GOOD_LINE}",
        lines("text behind\n"),
        lines(GOOD_LINE.replace("—", "-")),
        lines(GOOD_LINE.replace("— ", "—")),
        lines(GOOD_LINE.replace("— ", "—  ")),
        lines(GOOD_LINE.replace("— ", "—\u00a0")),
        lines(GOOD_LINE.replace("—", "–")),
        lines(GOOD_LINE.replace("log ", "log  ")),
        lines(GOOD_LINE.replace("log ", "l+g ")),
        lines(GOOD_LINE.replace("log ", "l\u2028g ")),
        lines("— name \n"),
        lines("— name AAAA\n"),
        lines("— name AAAAAA==\n"),
        lines("— name AAAAAAA=x\n"),
        lines("— name AAAAAB==\n"),
        lines("— name AAAAAAé=\n"),
        lines("— name\n"),
        lines("—  AAAAAAAA\n"),
        f"{TEXT}\x00\n{GOOD_LINE}",
        f"{TEXT}\t\n\n{GOOD_LINE}",
        f"{TEXT}\ud800\n\n{GOOD_LINE}",
        lines(*["— other AAAAAAAA\n"] * SIGNATURES_MAX),
        "a" * NOTE_BYTES_MAX + f"\n\n{GOOD_LINE}",
    ],
)
def test_a_note_has_one_spelling(text: str) -> None:
    """What is not text, empty line, and signature lines in their one spelling is refused."""
    with pytest.raises(TrustError) as caught:
        SignedNote.parse(text)
    assert caught.value.reason == "CHECKPOINT"


def test_bytes_that_are_no_utf8_are_refused() -> None:
    """A note is valid UTF-8."""
    with pytest.raises(TrustError, match="UTF-8"):
        SignedNote.parse(b"\xff\xfe\n\n" + GOOD_LINE.encode())


def test_unknown_keys_are_ignored() -> None:
    """A line by another key is no evidence, even where its name or its hash is that of a known one."""
    noise = (
        NoteSignature("somebody.example", b"\0" * 4, b"\0" * 64),
        NoteSignature(KEY.name, b"\0" * 4, b"\0" * 64),
        NoteSignature("somebody.example", KEY.verifier.key_hash, b"\0" * 64),
    )
    assert SignedNote(TEXT, (*noise, KEY.sign(TEXT))).check_signed([KEY.verifier])
    with pytest.raises(TrustError, match="not signed by a key that is trusted"):
        SignedNote(TEXT, noise).check_signed([KEY.verifier])


def test_a_known_key_with_a_bad_signature_refuses() -> None:
    """A wrong signature under a known name and hash refuses the note, even beside a right one."""
    wrong = NoteSignature(KEY.name, KEY.verifier.key_hash, b"\0" * 64)
    for order in ((wrong, KEY.sign(TEXT)), (KEY.sign(TEXT), wrong)):
        with pytest.raises(TrustError, match="does not verify"):
            SignedNote(TEXT, order).check_signed([KEY.verifier])


def test_a_collision_of_hashes_wins_nothing() -> None:
    """A key that shares name and hash with a known one has its signature verified by the known one."""
    other = NoteKey.from_seed(KEY.name, b"\x08" * 32)
    forged = NoteSignature(KEY.name, KEY.verifier.key_hash, other.sign(TEXT).data)
    with pytest.raises(TrustError, match="does not verify"):
        SignedNote(TEXT, (forged,)).check_signed([KEY.verifier])


def test_a_key_of_another_kind_signs_no_note() -> None:
    """The same key pair as a witness's is another key, whose signatures do not count for the log."""
    witness = NoteKey.from_seed(KEY.name, b"\x07" * 32, KIND_COSIGNATURE)
    assert witness.verifier.key_hash != KEY.verifier.key_hash
    with pytest.raises(TrustError, match="not signed by a key that is trusted"):
        note().check_signed([witness.verifier])


def test_lines_are_added_once() -> None:
    """A line that stands already is not repeated, and there is a bound."""
    assert note().with_signatures(note().signatures) == note()
    many = [NoteSignature(f"n{at}", b"\0" * 4, b"\0") for at in range(SIGNATURES_MAX)]
    with pytest.raises(TrustError, match="at most"):
        note().with_signatures(many)


@given(st.text(), st.binary(max_size=80))
@example(text="a\n\n— b AAAAAAAA\n", data=b"")
def test_what_is_read_is_written_the_same(text: str, data: bytes) -> None:
    """Any text is refused, or read into what writes the very same text again."""
    for candidate in (text, f"{text}\n\n— n {b64encode(data).decode()}\n"):
        try:
            parsed = SignedNote.parse(candidate)
        except TrustError:
            continue
        assert str(parsed) == candidate


@given(st.text())
def test_any_verifier_key_is_refused_or_its_own_spelling(text: str) -> None:
    """Any text is refused, or read into a key that is written the very same."""
    try:
        verifier = NoteVerifier.parse(text)
    except TrustError:
        return
    assert verifier.vkey == text
