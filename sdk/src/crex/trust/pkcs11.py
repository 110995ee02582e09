"""Keys in hardware tokens: Ed25519 and P-256 over PKCS#11, by the library python-pkcs11 (the extra `pkcs11`).

The private half never leaves the token. Where the key lies is said by a `pkcs11:` URI (pkcs11_uri.py), which
module speaks to the token by the URI's `module-path` or by `CREX_PKCS11_MODULE`. The PIN comes from the
environment or from a question, as passphrases do (`Passphrase.pin`); it is handed to the module, and appears
in no message. It is tried once: a wrong one counts against the few that a token allows.

A token can be pulled out, and a module does not survive a fork. What was opened is therefore opened again
where it is gone, once, and refused where the key there is another one by then. Every signature is verified
before it is given away, for a faulty one can betray the key.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from crex.errors import CrexError
from crex.trust.algorithms import ECDSA_P256, ED25519
from crex.trust.algorithms.der import encode_public
from crex.trust.keys import PublicKey
from crex.trust.pkcs11_uri import KeyUri

if TYPE_CHECKING:
    from crex.trust.key_files import Passphrase

MODULE_VARIABLE: Final = "CREX_PKCS11_MODULE"

# Object identifiers as CKA_EC_PARAMS holds them (RFC 5480, RFC 8410); the text is what PKCS#11 3.0 writes.
_P256: Final = bytes.fromhex("06082a8648ce3d030107")
_ED25519: Final = (bytes.fromhex("06032b6570"), b"\x13\x0cedwards25519")
_OCTETS: Final = 0x04
_PROBE: Final = b"CREX: is this the private half of that public key?"
# Failures after which it is worth opening the token anew: it was away, or its key or our login is gone.
_AWAY: Final = frozenset({"DeviceRemoved", "SessionClosed", "SessionHandleInvalid", "TokenNotPresent"})
_FORGOT: Final = frozenset({"KeyHandleInvalid", "ObjectHandleInvalid", "UserNotLoggedIn"})
_PIN_REFUSED: Final = {
    "PinExpired": "its PIN has expired. Change it with the token's own tool",
    "PinIncorrect": "it refused the PIN. Check it before the next try: a token locks after a few",
    "PinInvalid": "it refused the PIN. Check it before the next try: a token locks after a few",
    "PinLenRange": "it refused the PIN, which is too short or too long. Check it before the next try",
    "PinLocked": "its PIN is locked after too many tries. Unlock it with the token's own tool",
    "UserPinNotInitialized": "it has no PIN yet. Set one with the token's own tool",
}

# PKCS#11 sessions are not for use by several threads at once, and a login holds for the whole process.
_LOCK: Final = threading.RLock()
_loaded_in: dict[str, int] = {}


class Pkcs11SigningKey:
    """A key pair that signs documents, with its private half in a token."""

    __slots__ = ("_opened", "_passphrase", "_source", "public_key", "uri")

    def __init__(self, uri: KeyUri, passphrase: Passphrase, source: Path) -> None:
        """Opens the token, logs in, finds the key, and has it sign once.

        Args:
            uri: Where the key lies.
            passphrase: Where the PIN comes from.
            source: The key file, for messages and for the question of the PIN.

        Raises:
            CrexError: IDENTITY if the library, the module, the token, the PIN, or the key is missing, or the
                key is of a kind that does not sign documents.
        """
        self.uri, self._passphrase, self._source = uri, passphrase, source
        with _LOCK:
            self._opened: _Opened = _open(uri, passphrase, source)
            self.public_key = self._opened.public_key
            self.sign(_PROBE)

    @property
    def keyid(self) -> str:
        """Name of the key."""
        return self.public_key.keyid

    def sign(self, signed: bytes) -> bytes:
        """Returns the signature over `signed`.

        Raises:
            CrexError: IDENTITY if the token or the key is gone, or what it signed does not verify.
        """
        signature = self._signed(signed)
        if not self.public_key.verify(signature, signed):
            raise _failed(
                self._source,
                f"what the key in {self._where} signed does not verify by its public half, so nothing was "
                "given away. Check the token; the two halves may not belong together",
            )
        return signature

    def stored(self) -> bytes:
        """Returns what a `.pkcs11` key file of it holds: its URI in one line."""
        return self.uri.stored()

    @property
    def _where(self) -> str:
        return f"token {self.uri.token or self.uri.serial}"

    def _signed(self, signed: bytes) -> bytes:
        import pkcs11

        with _LOCK:
            if self._opened.pid == os.getpid():
                try:
                    return self._opened.sign(signed)
                except pkcs11.PKCS11Error as error:
                    name = type(error).__name__
                    if name in _FORGOT:
                        self._opened.close()
                    elif name not in _AWAY:  # its handle may be that of another key's session by now
                        raise self._refused(error) from error
            opened = _open(self.uri, self._passphrase, self._source)
            if opened.public_key != self.public_key:
                raise _failed(
                    self._source,
                    f"the key in {self._where} is {opened.public_key.keyid} by now, and was {self.keyid}. "
                    "Put the right token in, or load the identity again",
                )
            self._opened = opened
            try:
                return opened.sign(signed)
            except pkcs11.PKCS11Error as error:
                raise self._refused(error) from error

    def _refused(self, error: Exception) -> CrexError:
        return _failed(
            self._source, f"{self._where} did not sign ({type(error).__name__}). Check it, and try again"
        )

    def __repr__(self) -> str:
        return f"Pkcs11SigningKey(alg={self.public_key.alg!r}, keyid={self.keyid!r})"


@dataclass(frozen=True, slots=True)
class _Opened:
    """A key in a session of this process.

    Attributes:
        session: Held so that it stays open; its end is that of the handle.
        private: Handle of the private half.
    """

    session: Any = field(repr=False)
    private: Any = field(repr=False)
    public_key: PublicKey
    pid: int

    def close(self) -> None:
        import pkcs11

        with suppress(pkcs11.PKCS11Error):
            self.session.close()

    def sign(self, signed: bytes) -> bytes:
        import pkcs11

        # CKM_ECDSA takes the digest, and every token has it; hashing mechanisms many lack. Both sign raw r‖s.
        if self.public_key.alg == ECDSA_P256:
            digest = sha256(signed).digest()
            return bytes(self.private.sign(digest, mechanism=pkcs11.Mechanism.ECDSA))
        return bytes(self.private.sign(signed, mechanism=pkcs11.Mechanism.EDDSA))


def generate_key(uri: KeyUri, alg: str, passphrase: Passphrase, source: Path) -> Pkcs11SigningKey:
    """Has a token make a key pair that never leaves it.

    Args:
        uri: Token, and the label or the id for the new key.
        alg: Token of its algorithm: ed25519 or ecdsa-p256.
        passphrase: Where the PIN comes from.
        source: The key file that is to be, for messages and for the question of the PIN.

    Raises:
        CrexError: IDENTITY if there is such a key already, or the token cannot make it.
    """
    pkcs11 = _library(source)
    kinds = {
        ED25519: (pkcs11.KeyType.EC_EDWARDS, _ED25519[0], pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN),
        ECDSA_P256: (pkcs11.KeyType.EC, _P256, pkcs11.Mechanism.EC_KEY_PAIR_GEN),
    }
    if alg not in kinds:
        raise _failed(source, f"tokens make no keys of {alg} here; there are {', '.join(sorted(kinds))}")
    kind, parameters, mechanism = kinds[alg]
    with _LOCK:
        session = _session(uri, passphrase, source, rw=True)
        try:
            taken = any(True for _ in session.get_objects(_sought(uri, pkcs11.ObjectClass.PRIVATE_KEY)))
            if taken:
                raise _failed(source, f"token {uri.token or uri.serial} has a key of that name already")
            attribute = pkcs11.Attribute
            domain = session.create_domain_parameters(kind, {attribute.EC_PARAMS: parameters}, local=True)
            domain.generate_keypair(
                id=uri.id or os.urandom(8),
                label=uri.object or None,
                store=True,
                mechanism=mechanism,
                public_template={attribute.VERIFY: True},
                private_template={
                    attribute.PRIVATE: True,
                    attribute.SENSITIVE: True,
                    attribute.EXTRACTABLE: False,
                    attribute.SIGN: True,
                },
            )
        except pkcs11.PKCS11Error as error:
            raise _failed(source, f"the token made no key ({type(error).__name__})") from error
        finally:
            session.close()
    return Pkcs11SigningKey(uri, passphrase, source)


def _open(uri: KeyUri, passphrase: Passphrase, source: Path) -> _Opened:
    pkcs11 = _library(source)
    session = _session(uri, passphrase, source)
    try:
        private = _one(session, uri, pkcs11.ObjectClass.PRIVATE_KEY, source)
        # The halves of a pair have the same CKA_ID; a label alone may be that of several public keys.
        identifier = bytes(private[pkcs11.Attribute.ID])
        half = KeyUri(uri.token, object="" if identifier else uri.object, id=identifier)
        public = _one(session, half, pkcs11.ObjectClass.PUBLIC_KEY, source)
        return _Opened(session, private, _public_key(public, source), os.getpid())
    except pkcs11.PKCS11Error as error:
        session.close()
        name = type(error).__name__
        raise _failed(
            source, f"the token would not show its keys ({name}). Check it, and try again"
        ) from error
    except CrexError:
        session.close()
        raise


def _one(session: Any, uri: KeyUri, kind: Any, source: Path) -> Any:
    found = list(session.get_objects(_sought(uri, kind)))
    if len(found) == 1:
        return found[0]
    half = kind.name.lower().replace("_", " ")
    which = f"the label {uri.object}" if uri.object else f"the id {uri.id.hex()}"
    if not found:
        fix = "Check the label with the token's own tool; the key may have been deleted"
        raise _failed(source, f"the token holds no {half} with {which}. {fix}")
    raise _failed(source, f"the token holds {len(found)} of a {half} with {which}. Add `id=` to the address")


def _sought(uri: KeyUri, kind: Any) -> dict[Any, Any]:
    import pkcs11

    sought: dict[Any, Any] = {pkcs11.Attribute.CLASS: kind}
    if uri.object:
        sought[pkcs11.Attribute.LABEL] = uri.object
    if uri.id:
        sought[pkcs11.Attribute.ID] = uri.id
    return sought


def _public_key(public: Any, source: Path) -> PublicKey:
    """Returns the public half; its encoding is made by `cryptography`, and checked as anyone's is."""
    import pkcs11

    kind = public[pkcs11.Attribute.KEY_TYPE]
    parameters, point = bytes(public[pkcs11.Attribute.EC_PARAMS]), bytes(public[pkcs11.Attribute.EC_POINT])
    try:
        if kind == pkcs11.KeyType.EC and parameters == _P256:
            loaded = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), _unwrapped(point, 65))
            return PublicKey.from_spki(encode_public(loaded), ECDSA_P256)
        if kind == pkcs11.KeyType.EC_EDWARDS and parameters in _ED25519:
            edwards = Ed25519PublicKey.from_public_bytes(_unwrapped(point, 32))
            return PublicKey.from_spki(encode_public(edwards), ED25519)
    except ValueError as error:
        raise _failed(source, "the token shows a point that is none of the key's curve") from error
    raise _failed(
        source,
        "the key is neither Ed25519 nor P-256, and signs no documents. Make one of these in the token",
    )


def _unwrapped(point: bytes, length: int) -> bytes:
    """Takes a point out of its OCTET STRING; some modules show it bare."""
    return point[2:] if len(point) == length + 2 and point[:2] == bytes([_OCTETS, length]) else point


def _session(uri: KeyUri, passphrase: Passphrase, source: Path, *, rw: bool = False) -> Any:
    pkcs11 = _library(source)
    token = _token(uri, source)
    try:
        pin = passphrase.pin().get(source).decode()
    except UnicodeDecodeError:
        raise _failed(source, "the PIN is not UTF-8. Give it as it was set") from None
    try:
        return token.open(rw=rw, user_pin=pin)
    except pkcs11.UserAlreadyLoggedIn:
        return token.open(rw=rw)  # another key of this process lies in the same token
    except pkcs11.PKCS11Error as error:
        name = type(error).__name__
        what = _PIN_REFUSED.get(name, f"it cannot be opened ({name}). Check it, and try again")
        # The library's own words are not passed on: nothing says that they never hold the PIN.
        raise _failed(source, f"token {uri.token or uri.serial}: {what}") from None


def _token(uri: KeyUri, source: Path) -> Any:
    pkcs11 = _library(source)
    module = _module(uri, source)
    wanted = {"label": uri.token, "manufacturer_id": uri.manufacturer, "model": uri.model}
    try:
        found = [
            token
            for token in module.get_tokens()
            if all(not value or getattr(token, name) == value for name, value in wanted.items())
            and (not uri.serial or _text(token.serial) == uri.serial)
        ]
    except pkcs11.PKCS11Error as error:
        name = type(error).__name__
        raise _failed(source, f"the module {module.so} shows no tokens ({name}). Check it") from error
    if len(found) == 1:
        return found[0]
    which = f"{len(found)} tokens" if found else "no token"
    fix = "Add `serial=` to the address" if found else "Plug it in, or correct the address"
    raise _failed(source, f"{which} {uri.token or uri.serial} at the module {module.so}. {fix}")


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _module(uri: KeyUri, source: Path) -> Any:
    pkcs11 = _library(source)
    path = uri.module_path or os.environ.get(MODULE_VARIABLE, "")
    if not path:
        raise _failed(
            source,
            f"nothing says which module speaks to the token. Set {MODULE_VARIABLE} to its file, such as "
            "/usr/lib/softhsm/libsofthsm2.so, or add `?module-path=` to the address",
        )
    try:
        module = pkcs11.lib(path)
        if _loaded_in.setdefault(path, os.getpid()) != os.getpid():
            module.reinitialize()  # what a fork copied, the module does not know any more
            _loaded_in[path] = os.getpid()
    except (pkcs11.PKCS11Error, OSError) as error:
        name = type(error).__name__
        raise _failed(
            source, f"the module {path} cannot be loaded ({name}). Install it, or correct its path"
        ) from error
    return module


def _library(source: Path) -> Any:
    try:
        import pkcs11
    except ImportError as error:
        raise _failed(
            source, "keys in tokens need a library. Run: pip install 'crex-protocol[pkcs11]'"
        ) from error
    return pkcs11


def _failed(source: Path, what: str) -> CrexError:
    return CrexError("IDENTITY", f"The key in the token cannot be used: {what}.", source=str(source))
