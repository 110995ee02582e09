"""Signed notes (C2SP signed-note): a text with signature lines by named Ed25519 keys, and those keys.

A log's checkpoint is such a note. A key is written as a verifier key, `<name>+<key hash>+<base64 of type and
key>`; its type says what it signs: 0x01 the text of a note, 0x04 a time-stamped co-signature of a checkpoint
(cosignature.py). Notes come from anyone, so there is one spelling of everything, and every size is bounded.
Lines by keys that nobody here knows are no evidence for anything and are kept, not read.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nacl.bindings import crypto_core_ed25519_is_valid_point

from crex.errors import TrustError

# Signature types of C2SP signed-note.
KIND_NOTE: Final = 1
KIND_COSIGNATURE: Final = 4
KINDS: Final = frozenset({KIND_NOTE, KIND_COSIGNATURE})

# Bounds; C2SP asks readers to accept at least 16 signatures.
NOTE_BYTES_MAX: Final = 65_536
SIGNATURES_MAX: Final = 100
NAME_CHARS_MAX: Final = 255

_KEY_BYTES: Final = 32
_HASH_BYTES: Final = 4
_DASH: Final = "\N{EM DASH} "
_PRIVATE_PREFIX: Final = "PRIVATE+KEY+"
_FIX_NOTE: Final = "Get it again from where it came, byte by byte, or tell the log's operator."


class NoteSignature(NamedTuple):
    """One signature line: the name and hash of its key, and the raw bytes of the signature.

    Attributes:
        name: Name of the key.
        key_hash: Four bytes by which the key is told from others of its name.
        data: The signature: 64 bytes of Ed25519, or of a co-signature 8 bytes of time before them.
    """

    name: str
    key_hash: bytes
    data: bytes

    @property
    def line(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"{_DASH}{self.name} {b64encode(self.key_hash + self.data).decode('ascii')}\n"


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """A public key of notes or co-signatures, checked when it was read.

    Attributes:
        name: Name of the key; a log's key has the name of its log.
        key_hash: Four bytes of SHA-256 over name, type and key.
        kind: Signature type: 1 of notes, 4 of co-signatures.
        raw: The 32 bytes of the Ed25519 key.
    """

    name: str
    key_hash: bytes
    kind: int
    raw: bytes = field(repr=False)
    _key: Ed25519PublicKey = field(repr=False, compare=False)

    @classmethod
    def of(cls, name: str, kind: int, raw: bytes) -> NoteVerifier:
        """Makes the verifier of a key.

        Raises:
            TrustError: SCHEMA for a name that no note can carry; ALG for another type than 1 or 4 or another
                length; KEY_WEAK for a key under which forged signatures verify.
        """
        if not is_key_name(name):
            raise TrustError(
                "SCHEMA",
                f"{_show(name)} cannot name a key of notes: 1 to {NAME_CHARS_MAX} characters without spaces, "
                "control characters and plus signs. Name it `<authority>/log` or `<authority>/witness`.",
            )
        if kind not in KINDS or len(raw) != _KEY_BYTES:
            raise TrustError(
                "ALG",
                f"Key {name} is of type 0x{kind:02x} with {len(raw)} bytes; this reader knows Ed25519 keys "
                "of 32 bytes, of type 0x01 (notes) and 0x04 (co-signatures). Publish such a key.",
            )
        if not crypto_core_ed25519_is_valid_point(raw):
            raise TrustError(
                "KEY_WEAK",
                f"Key {name} is no point of the prime-order group; such a key verifies forged signatures. "
                "Make a new one.",
            )
        return cls(name, _key_hash(name, kind, raw), kind, raw, Ed25519PublicKey.from_public_bytes(raw))

    @classmethod
    def parse(cls, vkey: str) -> NoteVerifier:
        """Reads a verifier key, in its one spelling.

        Raises:
            TrustError: SCHEMA if it is not one or its hash is not its own; otherwise as `of`.
        """
        name, _, rest = vkey.partition("+")
        hash_text, _, key_text = rest.partition("+")
        key = _base64(key_text) if len(vkey) <= 2 * NAME_CHARS_MAX else None
        if not key or not is_key_name(name):
            raise TrustError(
                "SCHEMA",
                f"{_show(vkey)} is not a verifier key, `<name>+<8 hex digits>+<base64>`. Copy it whole from "
                "where its owner publishes it.",
            )
        found = cls.of(name, key[0], key[1:])
        if hash_text != found.key_hash.hex():
            raise TrustError(
                "SCHEMA",
                f"The verifier key of {name} states hash {_show(hash_text)}, but name, type and key hash to "
                f"{found.key_hash.hex()}: one of them was altered. Get it again from its owner.",
            )
        return found

    @property
    def authority(self) -> str:
        """What stands before the first slash of the name."""
        return self.name.partition("/")[0]

    @property
    def vkey(self) -> str:
        """The key as it is published."""
        key = b64encode(bytes([self.kind]) + self.raw).decode("ascii")
        return f"{self.name}+{self.key_hash.hex()}+{key}"

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Tells whether 64 bytes of Ed25519 are this key's over `message`; what that is depends on the kind.

        A key of kind 1 signs the text of a note. What a key of kind 4 signs, cosignature.py knows.
        """
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class NoteKey:
    """A private key of notes (kind 1) or co-signatures (kind 4); it never shows in `repr` or errors."""

    __slots__ = ("_private", "verifier")

    def __init__(self, name: str, private: Ed25519PrivateKey, kind: int = KIND_NOTE) -> None:
        """Names a key.

        Raises:
            TrustError: As `NoteVerifier.of`.
        """
        self._private = private
        self.verifier = NoteVerifier.of(name, kind, private.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str, kind: int = KIND_NOTE) -> NoteKey:
        """Returns a new key from the operating system's randomness; a witness's is of kind 4."""
        return cls(name, Ed25519PrivateKey.generate(), kind)

    @classmethod
    def from_seed(cls, name: str, seed: bytes, kind: int = KIND_NOTE) -> NoteKey:
        """Returns the key of a 32-byte seed (RFC 8032, 5.1.5); for tests and key ceremonies."""
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed), kind)

    @classmethod
    def parse(cls, skey: str) -> NoteKey:
        """Reads a private key as `skey` writes it.

        Raises:
            TrustError: SCHEMA, without a word of the text, if it is none; otherwise as `NoteVerifier.of`.
        """
        name, _, rest = skey.removeprefix(_PRIVATE_PREFIX).partition("+")
        hash_text, _, key_text = rest.partition("+")
        key = _base64(key_text)
        if skey.startswith(_PRIVATE_PREFIX) and key and len(key) == 1 + _KEY_BYTES and is_key_name(name):
            found = cls.from_seed(name, key[1:], key[0])
            if hash_text == found.verifier.key_hash.hex():
                return found
        raise TrustError(
            "SCHEMA",
            "The text is not a private key of notes, `PRIVATE+KEY+<name>+<8 hex digits>+<base64>`. Take the "
            "file as it was written.",
        )

    @property
    def name(self) -> str:
        """Name of the key."""
        return self.verifier.name

    @property
    def kind(self) -> int:
        """Signature type: 1 of notes, 4 of co-signatures."""
        return self.verifier.kind

    @property
    def vkey(self) -> str:
        """The verifier key, for publishing."""
        return self.verifier.vkey

    @property
    def skey(self) -> str:
        """The private key as text, in the form that other tools for signed notes read; a secret."""
        key = b64encode(bytes([self.kind]) + self._private.private_bytes_raw()).decode("ascii")
        return f"{_PRIVATE_PREFIX}{self.name}+{self.verifier.key_hash.hex()}+{key}"

    @property
    def private(self) -> Ed25519PrivateKey:
        """The private key, for writing it to a key file."""
        return self._private

    def sign(self, text: str) -> NoteSignature:
        """Returns the signature line over the text of a note, which ends in a newline.

        Raises:
            ValueError: The text is none that a note can have, or this key co-signs checkpoints only.
        """
        if self.kind != KIND_NOTE:
            raise ValueError(f"{self.name} co-signs checkpoints; use crex.trust.cosignature.")
        if not _is_text(text):
            raise ValueError("The text of a note ends in a newline and holds no other control characters.")
        return NoteSignature(self.name, self.verifier.key_hash, self._private.sign(text.encode()))

    def sign_raw(self, message: bytes) -> bytes:
        """Returns the 64 bytes of Ed25519 over a message; cosignature.py builds those of kind 4."""
        return self._private.sign(message)

    def __repr__(self) -> str:
        return f"NoteKey(name={self.name!r}, key_hash={self.verifier.key_hash.hex()!r}, kind={self.kind})"


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A note: well formed, and nothing about it verified.

    Attributes:
        text: The signed text, with its last newline.
        signatures: The signature lines, in their order.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def parse(cls, note: str | bytes) -> SignedNote:
        """Reads a note.

        Raises:
            TrustError: CHECKPOINT, with what is wrong, if it is none.
        """
        text = _decode(note)
        split = text.rfind("\n\n")
        if split < 0:
            raise _malformed("no empty line stands between text and signatures")
        signed, lines = text[: split + 1], text[split + 2 :]
        if not lines.endswith("\n"):
            raise _malformed("the last line is not a signature line that ends in a newline")
        parts = lines[:-1].split("\n")
        if len(parts) > SIGNATURES_MAX:
            raise _malformed(f"it has {len(parts)} signature lines; at most {SIGNATURES_MAX} are read")
        return cls(signed, tuple(_signature(line, at) for at, line in enumerate(parts, start=1)))

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}"

    def with_signatures(self, added: Iterable[NoteSignature]) -> SignedNote:
        """Returns the note with further signature lines behind; a line that stands already is not repeated.

        Raises:
            TrustError: CHECKPOINT if there would be too many.
        """
        lines = tuple(dict.fromkeys((*self.signatures, *added)))
        if len(lines) > SIGNATURES_MAX:
            raise _malformed(f"it would have {len(lines)} signature lines; at most {SIGNATURES_MAX} are read")
        return SignedNote(self.text, lines)

    def by(self, verifier: NoteVerifier) -> tuple[NoteSignature, ...]:
        """Returns the signature lines that name a key, by name and hash; nothing about them verified."""
        return tuple(
            line
            for line in self.signatures
            if line.name == verifier.name and line.key_hash == verifier.key_hash
        )

    def check_signed(self, verifiers: Iterable[NoteVerifier]) -> tuple[NoteVerifier, ...]:
        """Checks that at least one of these keys of kind 1 signed the text, and none of them wrongly.

        Lines by other keys are ignored, also where they share a name or a hash with one of these.

        Returns:
            The keys that signed.

        Raises:
            TrustError: CHECKPOINT if none signed, or a signature of one of them does not verify.
        """
        text = self.text.encode()
        known = [verifier for verifier in verifiers if verifier.kind == KIND_NOTE]
        signed = []
        for verifier in known:
            lines = self.by(verifier)
            if any(not verifier.verify(line.data, text) for line in lines):
                raise TrustError(
                    "CHECKPOINT",
                    f"A signature of {verifier.name} (key {verifier.key_hash.hex()}) does not verify over "
                    f"the note: text or signature was altered. {_FIX_NOTE}",
                )
            if lines:
                signed.append(verifier)
        if not signed:
            names = ", ".join(sorted({verifier.name for verifier in known})) or "no key at all"
            raise TrustError(
                "CHECKPOINT",
                f"The note is not signed by a key that is trusted for it ({names}). Get the one of that log, "
                "or pin the trust document that lists the key that signed.",
            )
        return tuple(signed)


def is_key_name(name: str) -> bool:
    """Tells whether a text can name a key: not empty, no spaces of Unicode, control characters or plus."""
    return 0 < len(name) <= NAME_CHARS_MAX and not any(
        char == "+" or char.isspace() or char < " " or "\ud800" <= char <= "\udfff" for char in name
    )


def _key_hash(name: str, kind: int, raw: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([kind]) + raw).digest()[:_HASH_BYTES]


def _is_text(text: str) -> bool:
    return text.endswith("\n") and not any(char < " " and char != "\n" for char in text)


def _decode(note: str | bytes) -> str:
    try:
        raw = note.encode() if isinstance(note, str) else note
        text = raw.decode() if len(raw) <= NOTE_BYTES_MAX else ""
    except UnicodeError:
        raise _malformed("it is not valid UTF-8") from None
    if not text:
        raise _malformed(f"it is empty or larger than {NOTE_BYTES_MAX:,} bytes")
    if any(char < " " and char != "\n" for char in text):
        raise _malformed("it holds control characters other than newlines")
    return text


def _signature(line: str, at: int) -> NoteSignature:
    name, space, text = line.removeprefix(_DASH).partition(" ")
    data = _base64(text)
    if not line.startswith(_DASH) or not space or not is_key_name(name) or data is None:
        raise _malformed(
            f"signature line {at} is not an em dash, a space, a key name, a space and base64 in its one "
            "spelling"
        )
    if len(data) <= _HASH_BYTES:
        raise _malformed(f"signature line {at} holds no signature behind its key hash")
    return NoteSignature(name, data[:_HASH_BYTES], data[_HASH_BYTES:])


def _base64(text: str) -> bytes | None:
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return None
    return data if b64encode(data).decode("ascii") == text else None


def _malformed(what: str) -> TrustError:
    return TrustError("CHECKPOINT", f"This is not a signed note: {what}. {_FIX_NOTE}")


def _show(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")
