"""The address of a key in a hardware token: a `pkcs11:` URI (RFC 7512), read strictly.

What stands here is what a key file holds, so a PIN is refused in it: whoever reads the file would have the
key. An attribute that is not understood is refused, too, for it may have been meant to exclude a key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from crex.errors import CrexError

SCHEME: Final = "pkcs11:"
URI_BYTES_MAX: Final = 1024

_PATH: Final = frozenset({"token", "manufacturer", "model", "serial", "object", "id", "type"})
_QUERY: Final = frozenset({"module-path"})
_PIN: Final = frozenset({"pin-value", "pin-source"})
_FORM: Final = re.compile(r"[a-z-]+=(?:[A-Za-z0-9\-._~:\[\]@!$'()*+,=&/?|]|%[0-9A-Fa-f]{2})*")


@dataclass(frozen=True, slots=True)
class KeyUri:
    """Which key, in which token, of which module.

    Attributes:
        token: Label of the token; empty: whichever has the other attributes.
        serial: Its serial number; empty: any.
        manufacturer: Its maker; empty: any.
        model: Its model; empty: any.
        object: Label of the key; empty: whichever has the id.
        id: Identifier of the key, raw bytes; empty: whichever has the label.
        module_path: File of the PKCS#11 module; empty: that of the environment.
    """

    token: str = ""
    serial: str = ""
    manufacturer: str = ""
    model: str = ""
    object: str = ""
    id: bytes = b""
    module_path: str = ""

    @classmethod
    def parse(cls, text: str, source: str | None = None) -> KeyUri:
        """Reads a URI.

        Args:
            text: The URI, without white space around it.
            source: Where it came from, for messages.

        Raises:
            CrexError: IDENTITY if it is no such URI, holds a PIN, or does not say which token and key.
        """
        if len(text) > URI_BYTES_MAX or not text.isascii() or not text.startswith(SCHEME):
            raise _invalid(f"it is not `{SCHEME}` and at most {URI_BYTES_MAX} ASCII characters", source)
        path, _, query = text[len(SCHEME) :].partition("?")
        values = {**_attributes(path, ";", _PATH, source), **_attributes(query, "&", _QUERY, source)}
        if values.pop("type", b"private") != b"private":
            raise _invalid("its `type` is not `private`, and only a private key signs", source)
        identifier = values.pop("id", b"")
        try:
            texts = {name.replace("-", "_"): value.decode() for name, value in values.items()}
        except UnicodeDecodeError as error:
            raise _invalid("an attribute is not UTF-8", source) from error
        uri = cls(id=identifier, **texts)
        if not (uri.token or uri.serial):
            raise _invalid("it names no token: add `token=` or `serial=`", source)
        if not (uri.object or uri.id):
            raise _invalid("it names no key: add `object=` or `id=`", source)
        return uri

    def __str__(self) -> str:
        texts = {
            "token": self.token,
            "serial": self.serial,
            "manufacturer": self.manufacturer,
            "model": self.model,
            "object": self.object,
        }
        path = [f"{name}={quote(value, safe='')}" for name, value in texts.items() if value]
        path += [f"id={''.join(f'%{byte:02X}' for byte in self.id)}"] if self.id else []
        query = f"?module-path={quote(self.module_path, safe='/')}" if self.module_path else ""
        return f"{SCHEME}{';'.join([*path, 'type=private'])}{query}"

    def stored(self) -> bytes:
        """Returns what a `.pkcs11` key file holds: this URI in one line."""
        return f"{self}\n".encode()


def _attributes(text: str, between: str, known: frozenset[str], source: str | None) -> Mapping[str, bytes]:
    found: dict[str, bytes] = {}
    for part in text.split(between) if text else ():
        name, _, value = part.partition("=")
        if name in _PIN:  # before all else, so that no message ever shows its value
            raise _invalid(
                f"it holds `{name}`. Take it out, and change the PIN if others could read this", source
            )
        if _FORM.fullmatch(part) is None:
            raise _invalid("one of its attributes is not of the form `name=value`", source)
        if name not in known:
            raise _invalid(f"`{name}` is not understood here; there are {', '.join(sorted(known))}", source)
        if name in found:
            raise _invalid(f"`{name}` stands in it twice", source)
        found[name] = unquote_to_bytes(value)
    return found


def _invalid(what: str, source: str | None) -> CrexError:
    return CrexError(
        "IDENTITY",
        f"The address of the key in a token cannot be used: {what}. Write it as "
        "pkcs11:token=<label>;object=<label> (RFC 7512).",
        source=source,
    )
