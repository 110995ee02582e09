"""Checkpoints and co-signatures: published examples, one spelling of everything, hostile input."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex.errors import TrustError
from crex.trust.checkpoint import SIZE_MAX, Checkpoint
from crex.trust.cosignature import check_cosignature, cosign, cosigned, signed_message
from crex.trust.merkle import EMPTY_ROOT
from crex.trust.signed_note import KIND_COSIGNATURE, NoteKey, NoteSignature, SignedNote

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ROOT = bytes(range(32))
LOG = NoteKey.from_seed("b.example.net/log", b"\x01" * 32)
WITNESS = NoteKey.from_seed("w.example.org/witness", b"\x02" * 32, KIND_COSIGNATURE)
CHECKPOINT = Checkpoint(LOG.name, 5, ROOT)
NOTE = CHECKPOINT.sign(LOG)

# Source: C2SP tlog-checkpoint.md and tlog-cosignature.md (CC BY 4.0), as facts.
C2SP = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 "
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def test_c2sp_example() -> None:
    """The example of the specification is read as what it says, with the time of its co-signature."""
    note = SignedNote.parse(C2SP)
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.authority == "example.com"
    assert checkpoint.text == note.text
    seconds = int.from_bytes(note.signatures[1].data[:8], "big")
    assert seconds == 1679315147
    assert signed_message(note.text, seconds).decode() == f"cosignature/v1\ntime 1679315147\n{note.text}"
    assert str(note) == C2SP


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        "log\n5\n",
        CHECKPOINT.text.rstrip("\n"),
        f"{CHECKPOINT.text}extension\n",
        f"{CHECKPOINT.text}\n",
        CHECKPOINT.text.replace(LOG.name, ""),
        CHECKPOINT.text.replace(LOG.name, "x" * 256),
        *(CHECKPOINT.text.replace("\n5\n", f"\n{size}\n") for size in (
            "", "05", "+5", "-5", " 5", "5 ", "5.0", "5e0", "0x5", "٥", "9" * 19, "9" * 200, str(SIZE_MAX + 1)
        )),
        CHECKPOINT.text.replace("=", ""),
        CHECKPOINT.text.replace("=", "==="),
        f"log\n5\n{b64encode(ROOT[:31]).decode()}\n",
        f"log\n5\n{b64encode(ROOT + ROOT).decode()}\n",
        f"log\n5\n{'A' * 42}B=\n",
        f"log\n5\n{ROOT.hex()}\n",
        f"log\n5\n{'é' * 44}\n",
        f"log\n0\n{b64encode(ROOT).decode()}\n",
    ],
)  # fmt: skip
def test_a_checkpoint_has_one_spelling(text: str) -> None:
    """What is not exactly name, size and root in their one spelling is refused (LOG-CHECKPOINT-1)."""
    with pytest.raises(TrustError) as caught:
        Checkpoint.parse(text)
    assert caught.value.reason == "CHECKPOINT"


def test_the_empty_log_and_the_largest() -> None:
    """Size 0 with the root of nothing, and 2^63 - 1, are sizes."""
    for checkpoint in (Checkpoint("log", 0, EMPTY_ROOT), Checkpoint("log", SIZE_MAX, ROOT)):
        assert Checkpoint.parse(checkpoint.text) == checkpoint


@given(st.text(max_size=120))
def test_what_is_read_is_written_the_same(text: str) -> None:
    """Any text is refused, or read into what writes the very same text again."""
    for candidate in (text, f"{text}\n7\n{b64encode(ROOT).decode()}\n"):
        try:
            checkpoint = Checkpoint.parse(candidate)
        except TrustError:
            continue
        assert checkpoint.text == candidate


def test_only_its_own_log_signs_a_checkpoint() -> None:
    """A trusted key of another log does not vouch for this one, and cannot sign for it (LOG-CHECKPOINT-1)."""
    other = NoteKey.from_seed("b.example.net/other", b"\x03" * 32)
    assert Checkpoint.open(str(NOTE), [other.verifier, LOG.verifier]) == CHECKPOINT
    foreign = SignedNote(NOTE.text, (other.sign(NOTE.text),))
    with pytest.raises(TrustError, match="not signed by a key that is trusted"):
        Checkpoint.open(foreign, [other.verifier, LOG.verifier])
    with pytest.raises(ValueError, match="cannot sign a checkpoint"):
        CHECKPOINT.sign(other)


def test_a_cosignature_states_its_time() -> None:
    """A witness's line verifies over this very checkpoint and gives its time, in whole seconds."""
    at = NOW + timedelta(milliseconds=700)
    line = cosign(NOTE, WITNESS, now=at.astimezone(timezone(timedelta(hours=8))))
    assert check_cosignature(NOTE, line, WITNESS.verifier) == NOW
    assert cosigned(NOTE.with_signatures([line]), [WITNESS.verifier, LOG.verifier]) == {WITNESS.verifier: NOW}


def test_the_earliest_of_several_counts() -> None:
    """Where a witness signed a checkpoint twice, the earlier time is the one that it was seen by."""
    lines = [cosign(NOTE, WITNESS, now=NOW + timedelta(seconds=at)) for at in (30, 10, 20)]
    found = cosigned(NOTE.with_signatures(lines), [WITNESS.verifier])
    assert found[WITNESS.verifier] == NOW + timedelta(seconds=10)


def changed(data: bytes, at: int) -> bytes:
    """The bytes with one bit flipped."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


GOOD = cosign(NOTE, WITNESS, now=NOW)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        GOOD.data[:-1],
        GOOD.data + b"\0",
        changed(GOOD.data, 7),
        changed(GOOD.data, 8),
        changed(GOOD.data, 71),
        b"\xff" * 8 + GOOD.data[8:],
        GOOD.data[8:] + GOOD.data[:8],
    ],
    ids=["empty", "short", "long", "time", "point", "scalar", "end of time", "time behind"],
)
def test_a_damaged_cosignature_refuses(data: bytes) -> None:
    """A known witness's line of another length, time or signature refuses the note (LOG-COSIGNATURE-1)."""
    line = NoteSignature(GOOD.name, GOOD.key_hash, data)
    with pytest.raises(TrustError, match="does not verify over this checkpoint"):
        cosigned(SignedNote(NOTE.text, (line, GOOD)), [WITNESS.verifier])


def test_a_cosignature_belongs_to_one_checkpoint() -> None:
    """The line of one checkpoint, put under another of the same log, refuses it (LOG-COSIGNATURE-1)."""
    other = Checkpoint(LOG.name, 6, ROOT).sign(LOG)
    with pytest.raises(TrustError, match="belongs to another one"):
        cosigned(other.with_signatures([GOOD]), [WITNESS.verifier])


def test_a_signature_of_the_log_is_no_cosignature() -> None:
    """A plain signature under a witness's name and hash is none, and a witness signs no notes."""
    plain = LOG.sign(NOTE.text).data
    with pytest.raises(TrustError, match="does not verify"):
        check_cosignature(NOTE, NoteSignature(WITNESS.name, GOOD.key_hash, plain), WITNESS.verifier)
    with pytest.raises(ValueError, match="key of notes"):
        cosign(NOTE, LOG, now=NOW)


@pytest.mark.parametrize("now", [datetime(2026, 1, 1), datetime(1969, 1, 1, tzinfo=UTC)])  # noqa: DTZ001 - that is the case
def test_a_time_that_cannot_be_stated(now: datetime) -> None:
    """A time without zone, or before 1970, is not signed."""
    with pytest.raises(ValueError, match="1970"):
        cosign(NOTE, WITNESS, now=now)
