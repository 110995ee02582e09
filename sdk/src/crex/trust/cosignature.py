"""Co-signatures of witnesses (C2SP tlog-cosignature, `cosignature/v1`): who saw which checkpoint when.

A witness signs, with the time, that the largest tree of that log which it has seen and found to have only
grown has this size and root. Key type 0x04; 8 bytes of POSIX seconds stand before the 64 of the signature.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from crex.errors import TrustError
from crex.trust.signed_note import KIND_COSIGNATURE, NoteKey, NoteSignature, NoteVerifier, SignedNote

_TIME = struct.Struct(">Q")
_DATA_BYTES: Final = 72
# Last second of year 9999, beyond which no timestamp of ours can go.
_SECONDS_MAX: Final = 253_402_300_799


def signed_message(text: str, seconds: int) -> bytes:
    """Returns what a witness signs: header line, time line, the text of the checkpoint."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def cosign(note: SignedNote, key: NoteKey, *, now: datetime) -> NoteSignature:
    """Returns the co-signature line of a witness on a checkpoint; whether it may, witness.py decides.

    Args:
        note: The checkpoint.
        key: A key of kind 4.
        now: The time that it states, aware; cut to whole seconds.

    Raises:
        ValueError: The key is no key of co-signatures, or the time has no zone or lies before 1970.
    """
    if key.kind != KIND_COSIGNATURE:
        raise ValueError(f"{key.name} is a key of notes, not of co-signatures (type 0x04).")
    if now.tzinfo is None or now.timestamp() < 0:
        raise ValueError("`now` has no zone or lies before 1970.")
    seconds = int(now.timestamp())
    data = _TIME.pack(seconds) + key.sign_raw(signed_message(note.text, seconds))
    return NoteSignature(key.name, key.verifier.key_hash, data)


def check_cosignature(note: SignedNote, signature: NoteSignature, verifier: NoteVerifier) -> datetime:
    """Checks one co-signature line and returns its time.

    Raises:
        TrustError: CHECKPOINT if it is not that key's over this very checkpoint and time.
    """
    if verifier.kind == KIND_COSIGNATURE and len(signature.data) == _DATA_BYTES:
        (seconds,) = _TIME.unpack_from(signature.data)
        if seconds <= _SECONDS_MAX and verifier.verify(
            signature.data[_TIME.size :], signed_message(note.text, seconds)
        ):
            return datetime.fromtimestamp(seconds, UTC)
    raise TrustError(
        "CHECKPOINT",
        f"The co-signature of {verifier.name} (key {verifier.key_hash.hex()}) does not verify over this "
        "checkpoint: it was altered, or belongs to another one. Get the checkpoint again from its log.",
    )


def cosigned(note: SignedNote, verifiers: Iterable[NoteVerifier]) -> Mapping[NoteVerifier, datetime]:
    """Returns the witnesses among these keys that co-signed, each with its earliest time.

    Lines by other keys are ignored; keys of another kind than 4, too.

    Raises:
        TrustError: CHECKPOINT if a line by one of these keys does not verify.
    """
    times: dict[NoteVerifier, datetime] = {}
    for verifier in verifiers:
        if verifier.kind != KIND_COSIGNATURE:
            continue
        found = [check_cosignature(note, line, verifier) for line in note.by(verifier)]
        if found:
            times[verifier] = min(found)
    return times
