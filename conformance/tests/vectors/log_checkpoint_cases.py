"""Vectors of checkpoints and co-signatures: notes of a log, in their one spelling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from conformance.tests.vectors.case import Case
from conformance.tests.vectors.log_building import (
    checkpoint_text,
    line,
    log_line,
    note,
    root,
    witness_line,
)
from conformance.tests.vectors.log_cases import (
    LEAVES,
    LOG,
    LOG_2,
    NOW,
    ORIGIN,
    OWN,
    W1,
    W2,
    W3,
    answer,
    changed,
    cosigned,
    rejected,
    witness_key,
    witness_name,
    witness_vkey,
)
from conformance.tests.vectors.signing import Key, b64
from conformance.tests.vectors.trust_cases import Value
from conformance.tests.vectors.trust_document_cases import LOG_KEY, WITNESS_KEY, vkey

TEXT: Final = checkpoint_text(ORIGIN, 5, root(LEAVES[:5]))
LOG_LINE: Final = log_line(ORIGIN, LOG, TEXT)
AT1, AT2 = "2026-11-01T12:10:00Z", "2026-11-01T12:12:00Z"
C1, C2 = cosigned(W1, TEXT, AT1), cosigned(W2, TEXT, AT2)


def output(witnesses: Sequence[str] = (W1, W2), log_time: str = AT2) -> Value:
    """What is read of the checkpoint."""
    value: Value = {
        "origin": ORIGIN,
        "size": "5",
        "root": root(LEAVES[:5]).hex(),
        "witnesses": list(witnesses),
    }
    return answer(value | ({"logTime": log_time} if log_time else {}))


def _given(written: str, quorum: int = 2, **members: Any) -> Value:
    return {
        "note": b64(written.encode()),
        "log": ORIGIN,
        "logKeys": [vkey(ORIGIN, LOG, LOG_KEY)],
        "witnessKeys": [witness_vkey(it) for it in (W1, W2, OWN)],
        "quorum": quorum,
    } | members


BASE: Final = Case(
    "checkpoint-accepted",
    ["LOG-CHECKPOINT-1", "LOG-COSIGNATURE-1", "LOG-TIME-1"],
    "A checkpoint with the co-signatures of two witnesses; by 12:12 both had signed.",
    "log.checkpoint",
    _given(note(TEXT, LOG_LINE, C1, C2)),
    output(),
    now=NOW,
)


def _note(
    id_: str,
    requirement: str,
    expect: Value | str,
    change: str,
    why: str,
    *parts: str,
    text: str = TEXT,
    **members: Any,
) -> Case:
    """The checkpoint with other lines or text."""
    given = _given(note(text, *(parts or (LOG_LINE, C1, C2))), **members)
    case = changed(
        BASE, id_, requirement, given, rejected(expect) if isinstance(expect, str) else expect, change, why
    )
    return case if isinstance(expect, str) else replace(case, base="", change="")


def _bytes(id_: str, data: bytes, change: str, why: str) -> Case:
    """The checkpoint as other bytes."""
    return changed(BASE, id_, "LOG-CHECKPOINT-1", {"note": b64(data)}, rejected("CHECKPOINT"), change, why)


def _text(id_: str, text: str, change: str, why: str) -> Case:
    """Another text, signed rightly by the log and both witnesses."""
    lines = (log_line(ORIGIN, LOG, text), cosigned(W1, text, AT1), cosigned(W2, text, AT2))
    return _note(id_, "LOG-CHECKPOINT-1", "CHECKPOINT", change, why, *lines, text=text)


_WHOLE: Final = note(TEXT, LOG_LINE, C1, C2).encode()
_ROOT: Final = root(LEAVES[:5])


def _checkpoints() -> list[Case]:
    stranger = log_line("x.example.com/log", Key.of("x"), TEXT)
    return [
        BASE,
        _note(
            "checkpoint-not-by-its-log",
            "LOG-CHECKPOINT-1",
            "CHECKPOINT",
            "The log's line is left out.",
            "Witnesses do not sign for the log.",
            C1,
            C2,
        ),
        _note(
            "checkpoint-by-an-unlisted-key",
            "LOG-CHECKPOINT-1",
            "CHECKPOINT",
            "The log's line is by a key of its name that nobody lists.",
            "A name is no key.",
            log_line(ORIGIN, LOG_2, TEXT),
            C1,
            C2,
        ),
        _note(
            "checkpoint-signed-wrongly",
            "LOG-CHECKPOINT-1",
            "CHECKPOINT",
            "The log's signature is of another text.",
            "A line of a known key must verify.",
            line(ORIGIN, LOG, LOG_KEY, LOG.sign(b"other")),
            C1,
            C2,
        ),
        _note(
            "checkpoint-by-a-witness-key-of-the-log",
            "LOG-CHECKPOINT-1",
            "CHECKPOINT",
            "The log's line has the hash of type 4.",
            "The type is part of what is hashed: it is another key.",
            line(ORIGIN, LOG, WITNESS_KEY, LOG.sign(TEXT.encode())),
            C1,
            C2,
        ),
        _note(
            "line-by-a-stranger-accepted",
            "LOG-CHECKPOINT-1",
            output(),
            "",
            "Lines by unknown keys are ignored.",
            stranger,
            LOG_LINE,
            C1,
            C2,
        ),
        _note(
            "line-under-a-known-name-accepted",
            "LOG-CHECKPOINT-1",
            output(),
            "",
            "An unknown key of a known name is an unknown key.",
            LOG_LINE,
            log_line(ORIGIN, LOG_2, TEXT),
            C1,
            C2,
        ),
        _note(
            "second-log-key-accepted",
            "LOG-CHECKPOINT-1",
            output(),
            "",
            "A log may have two keys; one line suffices.",
            LOG_LINE,
            C1,
            C2,
            logKeys=[vkey(ORIGIN, LOG_2, LOG_KEY), vkey(ORIGIN, LOG, LOG_KEY)],
        ),
        _note(
            "second-log-key-signed-wrongly",
            "LOG-CHECKPOINT-1",
            "CHECKPOINT",
            "A second line, by the log's other key, is of another text.",
            "Every line by a known key is checked.",
            LOG_LINE,
            line(ORIGIN, LOG_2, LOG_KEY, LOG_2.sign(b"other")),
            C1,
            C2,
            logKeys=[vkey(ORIGIN, LOG_2, LOG_KEY), vkey(ORIGIN, LOG, LOG_KEY)],
        ),
        _text(
            "checkpoint-of-another-log",
            checkpoint_text("l.example.net/other", 5, _ROOT),
            "The text names another log.",
            "One key may serve two logs; a checkpoint is of one.",
        ),
        _text(
            "checkpoint-with-an-extension",
            TEXT + "extension\n",
            "A fourth line follows in the text.",
            "Nobody could hold a log to it.",
        ),
        _text(
            "checkpoint-size-with-a-leading-zero",
            checkpoint_text(ORIGIN, "05", _ROOT),
            "The size is `05`.",
            "A number has one spelling.",
        ),
        _text(
            "checkpoint-size-with-a-sign",
            checkpoint_text(ORIGIN, "+5", _ROOT),
            "The size is `+5`.",
            "A number has one spelling.",
        ),
        _text(
            "checkpoint-size-in-other-digits",
            checkpoint_text(ORIGIN, "٥", _ROOT),
            "The size is an Arabic digit five.",
            "Libraries read other digits as numbers.",
        ),
        _text(
            "checkpoint-size-of-2-63",
            checkpoint_text(ORIGIN, 1 << 63, _ROOT),
            "The size is 2^63.",
            "Sizes are below 2^63.",
        ),
        _text(
            "checkpoint-of-nothing-with-a-root",
            checkpoint_text(ORIGIN, 0, _ROOT),
            "The size is 0, and the root is of five leaves.",
            "A log of size 0 has the root of nothing.",
        ),
        _text(
            "checkpoint-root-of-31-bytes",
            checkpoint_text(ORIGIN, 5, _ROOT[:31]),
            "The root has 31 bytes.",
            "A root is a SHA-256.",
        ),
        _text(
            "checkpoint-root-with-loose-bits",
            TEXT[:-3] + chr(ord(TEXT[-3]) + 1) + "=\n",
            "The base64 of the root has loose bits.",
            "Base64 has one spelling.",
        ),
        _text(
            "checkpoint-without-root",
            f"{ORIGIN}\n5\n",
            "The root is left out.",
            "A checkpoint is exactly log, size and root.",
        ),
        _bytes(
            "note-without-empty-line",
            _WHOLE.replace(b"\n\n", b"\n"),
            "The empty line is left out.",
            "The text ends at the empty line.",
        ),
        _bytes(
            "note-without-last-line-feed",
            _WHOLE[:-1],
            "The last line feed is left out.",
            "Every line ends in one.",
        ),
        _bytes(
            "note-with-carriage-returns",
            _WHOLE.replace(b"\n", b"\r\n"),
            "Lines end as on Windows.",
            "Control characters other than line feeds are refused.",
        ),
        _bytes(
            "note-not-utf-8",
            _WHOLE.replace("\u2014".encode(), b"\x97", 1),
            "The first dash is in another encoding.",
            "A note is UTF-8.",
        ),
        _bytes(
            "note-with-a-hyphen",
            _WHOLE.replace("\u2014".encode(), b"-", 1),
            "The first dash is a hyphen.",
            "Signature lines begin with an em dash.",
        ),
        _bytes(
            "note-with-a-line-of-text-below",
            _WHOLE + b"unsigned text\n",
            "A line that is no signature follows.",
            "Nothing unsigned stands below the text.",
        ),
        _bytes(
            "note-line-with-two-spaces",
            _WHOLE.replace(b" l.example.net/log ", b" l.example.net/log  ", 1),
            "Two spaces before the log's base64.",
            "A line has one spelling.",
        ),
        _bytes(
            "note-of-65537-bytes",
            _WHOLE + stranger.encode() * 700,
            "Lines by strangers make it longer than 65,536 bytes.",
            "What is read is bounded.",
        ),
        _bytes(
            "note-of-101-lines",
            _WHOLE + stranger.encode() * 98,
            "It has 101 lines of signatures.",
            "What is verified is bounded.",
        ),
        _note(
            "note-of-100-lines-accepted",
            "LOG-CHECKPOINT-1",
            output(),
            "",
            "A hundred lines of signatures are within the limit.",
            LOG_LINE,
            C1,
            C2,
            *[stranger] * 97,
        ),
        *_cosignatures(),
    ]


def _cosignatures() -> list[Case]:
    late, edge = cosigned(W2, TEXT, "2026-11-01T12:31:01Z"), cosigned(W2, TEXT, "2026-11-01T12:31:00Z")
    own = cosigned(OWN, TEXT, AT2)
    second = Key.of("w1.example.org/witness-2")
    name = "w1.example.org/witness-2"
    two_keys = [*_given("")["witnessKeys"], vkey(name, second, WITNESS_KEY)]
    by_second = witness_line(name, second, TEXT, AT2)
    other = checkpoint_text(ORIGIN, 6, root(LEAVES[:6]))
    return [
        _note(
            "cosignature-of-another-time",
            "LOG-COSIGNATURE-1",
            "CHECKPOINT",
            "The line of the second witness states an earlier time than it signed.",
            "The time is signed, not merely stated.",
            LOG_LINE,
            C1,
            cosigned(W2, TEXT, AT1, AT2),
        ),
        _note(
            "cosignature-of-another-checkpoint",
            "LOG-COSIGNATURE-1",
            "CHECKPOINT",
            "The line of the second witness is of the next checkpoint.",
            "A witness saw one tree, not its neighbour.",
            LOG_LINE,
            C1,
            cosigned(W2, other, AT2),
        ),
        _note(
            "cosignature-as-a-plain-signature",
            "LOG-COSIGNATURE-1",
            "CHECKPOINT",
            "The second witness signed the text without a time.",
            "A plain signature states no time.",
            LOG_LINE,
            C1,
            line(
                witness_name(W2), witness_key(W2), WITNESS_KEY, bytes(8) + witness_key(W2).sign(TEXT.encode())
            ),
        ),
        _note(
            "cosignature-by-an-unknown-witness",
            "LOG-QUORUM-1",
            "QUORUM",
            "The second line is by a witness that nobody lists.",
            "Whoever may invent witnesses meets any quorum.",
            LOG_LINE,
            C1,
            cosigned(W3, TEXT, AT2),
        ),
        _note(
            "quorum-of-one-witness",
            "LOG-QUORUM-1",
            "QUORUM",
            "The second witness did not sign.",
            "A quorum that is not counted is none.",
            LOG_LINE,
            C1,
        ),
        _note(
            "quorum-of-one-witness-twice",
            "LOG-QUORUM-1",
            "QUORUM",
            "The first witness signed twice, the second not.",
            "Lines are not witnesses.",
            LOG_LINE,
            C1,
            cosigned(W1, TEXT, AT2),
        ),
        _note(
            "quorum-of-one-authority-with-two-keys",
            "LOG-QUORUM-1",
            "QUORUM",
            "The second line is by another key of the first witness's authority, which is listed.",
            "An operator with ten keys is one witness.",
            LOG_LINE,
            C1,
            by_second,
            witnessKeys=two_keys,
        ),
        _note(
            "quorum-with-the-log-itself",
            "LOG-QUORUM-1",
            "QUORUM",
            "The second line is by the witness of the log's own authority.",
            "Nobody is a witness of itself.",
            LOG_LINE,
            C1,
            own,
        ),
        _note(
            "cosignature-by-the-log-itself-accepted",
            "LOG-QUORUM-1",
            output(),
            "",
            "The log's own witness counts for nothing, and does no harm.",
            LOG_LINE,
            own,
            C1,
            C2,
        ),
        _note(
            "cosignature-of-the-future",
            "LOG-COSIGNATURE-2",
            "QUORUM",
            "The second witness states a time 61 s ahead.",
            "Who signs for the future did not see it.",
            LOG_LINE,
            C1,
            late,
        ),
        _note(
            "cosignature-a-minute-ahead-accepted",
            "LOG-COSIGNATURE-2",
            output(log_time="2026-11-01T12:31:00Z"),
            "",
            "Sixty seconds ahead: clocks differ.",
            LOG_LINE,
            C1,
            edge,
        ),
        _note(
            "log-time-of-a-quorum-of-one-accepted",
            "LOG-TIME-1",
            output(log_time=AT1),
            "",
            "By the first of the two times one witness had signed.",
            LOG_LINE,
            C1,
            C2,
            quorum=1,
        ),
        _note(
            "log-time-without-quorum-accepted",
            "LOG-TIME-1",
            output(log_time=""),
            "",
            "Where no quorum is demanded, nobody vouches for a time.",
            LOG_LINE,
            C1,
            C2,
            quorum=0,
        ),
        _note(
            "log-time-of-the-earliest-line-accepted",
            "LOG-COSIGNATURE-1",
            output(),
            "",
            "Of two lines by one witness the earlier time counts.",
            LOG_LINE,
            cosigned(W2, TEXT, "2026-11-01T12:25:00Z"),
            C1,
            C2,
        ),
        _note(
            "log-time-of-three-witnesses-accepted",
            "LOG-TIME-1",
            output((W1, W2, W3), "2026-11-01T12:11:00Z"),
            "",
            "The second earliest of three times.",
            LOG_LINE,
            cosigned(W3, TEXT, "2026-11-01T12:11:00Z"),
            C1,
            C2,
            witnessKeys=[witness_vkey(it) for it in (W1, W2, W3)],
        ),
    ]


CASES: Final[list[Case]] = _checkpoints()
