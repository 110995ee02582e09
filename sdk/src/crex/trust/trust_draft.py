"""The next version of a trust document while it is being written: plain edits of its body, nothing signed.

    draft = TrustDraft.after(record, now=now, valid_until=until)
    draft.add_key(key, use=("site",), begins=now)
    draft.end_key(old_keyid, now)
    envelope = sign_draft(draft.body(), root_keys)

Each edit keeps what earlier documents are judged by: keys are ended, never removed (TRUST-KEYS-1). What the
edits add up to is checked when the draft is signed and when it is completed, by the same code as everywhere.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from crex import v1
from crex.documents import reader
from crex.documents.times import format_time, parse_time
from crex.documents.types import DocumentType
from crex.errors import CrexError
from crex.trust.envelope import sign
from crex.trust.keys import PublicKey, SigningKey
from crex.trust.trust_record import USE_TRUST, TrustRecord

_DOCTYPE: Final = DocumentType.of(v1.TrustDocument)


class TrustDraft:
    """The body of a trust document that is not signed yet.

    Attributes:
        continues: The bytes of the draft that it goes on with; nothing where it is a new one.
    """

    def __init__(self, body: dict[str, Any], continues: bytes | None = None) -> None:
        self._body = body
        self.continues = continues

    @classmethod
    def first(cls, authority: str, *, now: datetime, valid_until: datetime) -> TrustDraft:
        """Begins revision 1, without keys.

        Args:
            authority: Whose it is.
            now: When it is issued, whole milliseconds.
            valid_until: When it ends.
        """
        header = {"id": f"crex://{authority}/trust/main", "revision": "1", "issuer": authority}
        draft = cls({"header": header, "roots": {"threshold": 1, "keys": []}, "keys": [], "tlsRoots": []})
        draft.set_times(now=now, valid_until=valid_until)
        return draft

    @classmethod
    def after(cls, record: TrustRecord, *, now: datetime, valid_until: datetime) -> TrustDraft:
        """Begins the revision after one that stands."""
        body = orjson.loads(record.parts.body)
        body["header"]["revision"] = str(record.revision + 1)
        draft = cls(body)
        draft.set_times(now=now, valid_until=valid_until)
        return draft

    @classmethod
    def read(cls, body: bytes) -> TrustDraft:
        """Goes on with a draft that was kept.

        Raises:
            DocumentError: It is no trust document.
        """
        return cls(reader.read(body, _DOCTYPE), body)

    @property
    def authority(self) -> str:
        """Whose trust document it is."""
        return str(self._body["header"]["issuer"])

    @property
    def revision(self) -> int:
        """The revision that it is to be."""
        return int(self._body["header"]["revision"])

    @property
    def roots(self) -> tuple[str, ...]:
        """Names of its root keys."""
        return tuple(self._body["roots"]["keys"])

    @property
    def threshold(self) -> int:
        """How many root keys must sign."""
        return int(self._body["roots"]["threshold"])

    def body(self) -> bytes:
        """Returns the bytes that are to be signed."""
        return orjson.dumps(self._body)

    def set_times(self, *, now: datetime, valid_until: datetime) -> None:
        """States when it is issued and when it ends."""
        self._body["header"] |= {"issuedAt": format_time(now), "validUntil": format_time(valid_until)}

    def add_key(self, key: PublicKey, use: Iterable[str], *, begins: datetime) -> None:
        """Adds a key, usable from `begins` on."""
        self._body["keys"].append(
            {
                "keyid": key.keyid,
                "alg": key.alg,
                "spki": b64encode(key.spki).decode("ascii"),
                "use": list(use),
                "notBefore": format_time(begins),
            }
        )

    def use_of(self, keyid: str) -> tuple[str, ...]:
        """Returns what a key may be used for."""
        return tuple(self._record(keyid)["use"])

    def set_use(self, keyid: str, use: Sequence[str]) -> None:
        """States anew what a key may be used for."""
        self._record(keyid)["use"] = list(use)

    def end_key(self, keyid: str, at: datetime) -> None:
        """Ends a key; one that ends earlier already is left, one that never began is ended as it begins."""
        record = self._record(keyid)
        # A key lasts at least a moment (TRUST-PERIOD-1).
        end = max(at, parse_time(record["notBefore"]) + timedelta(milliseconds=1))
        standing = record.get("notAfter")
        if standing is None or parse_time(standing) > end:
            record["notAfter"] = format_time(end)

    def has_end(self, keyid: str) -> bool:
        """Tells whether an end is stated for a key."""
        return "notAfter" in self._record(keyid)

    def is_over(self, keyid: str) -> bool:
        """Tells whether an end or a revocation is stated for a key."""
        return self.has_end(keyid) or "revokedAt" in self._record(keyid)

    def revoke_key(self, keyid: str, at: datetime) -> None:
        """Revokes a key as of a time, perhaps a past one; never later than it was (TRUST-REVOKED-1)."""
        record = self._record(keyid)
        standing = record.get("revokedAt")
        if standing is None or parse_time(standing) > at:
            record["revokedAt"] = format_time(at)

    def add_root(self, key: PublicKey, *, begins: datetime) -> None:
        """Adds a root key; one that stands already as such is left as it is."""
        if key.keyid not in {record["keyid"] for record in self._body["keys"]}:
            self.add_key(key, (USE_TRUST,), begins=begins)
        if key.keyid not in self._body["roots"]["keys"]:
            self._body["roots"]["keys"].append(key.keyid)

    def remove_root(self, keyid: str) -> None:
        """Takes a key out of the roots; its record stays."""
        roots = self._body["roots"]["keys"]
        if keyid not in roots:
            raise _unknown(f"{keyid} is no root key of {self.authority}", "Run `crex key list`")
        roots.remove(keyid)

    def set_threshold(self, threshold: int) -> None:
        """States how many root keys must sign.

        Raises:
            CrexError: SCHEMA if there are fewer root keys (TRUST-THRESHOLD-1).
        """
        if not 1 <= threshold <= len(self.roots):
            raise _unknown(
                f"{threshold} of {len(self.roots)} root keys can never sign (TRUST-THRESHOLD-1)",
                "Choose a threshold from 1 to the number of root keys, or add root keys with --root",
            )
        self._body["roots"]["threshold"] = threshold

    def add_tls_root(self, pem: str) -> None:
        """Adds a root of TLS certificates."""
        self._add("tlsRoots", pem)

    def remove_tls_root(self, pem: str) -> None:
        """Takes a root of TLS certificates out: the certificates under it are refused from then on."""
        self._body["tlsRoots"] = [one for one in self._body["tlsRoots"] if one.strip() != pem.strip()]

    def add_note_key(self, member: str, vkey: str) -> None:
        """Adds a verifier key to `logs` or `witnesses`."""
        self._add(member, vkey)

    def remove_note_key(self, vkey: str) -> None:
        """Takes a key of a log or a witness out: nothing that it signed counts any more."""
        found = False
        for member in ("logs", "witnesses"):
            standing = self._body.get(member, [])
            found |= vkey in standing
            self._set(member, [one for one in standing if one != vkey])
        if not found:
            raise _unknown(f"{vkey} is listed neither as log nor as witness", "Run `crex key list`")

    def add_status_list(self, name: str) -> None:
        """Names a status list (STATUS-LIST-1)."""
        self._add("statusLists", name)

    def delegate(self, to: str, types: Sequence[str], *, max_depth: int, expires_at: datetime) -> None:
        """Lets another authority sign documents of some types, in place of what it was given before."""
        standing = [one for one in self._body.get("delegations", []) if one["to"] != to]
        entry = {
            "to": to,
            "types": list(dict.fromkeys(types)),
            "maxDepth": max_depth,
            "expiresAt": format_time(expires_at),
        }
        self._set("delegations", [*standing, entry])

    def end_delegation(self, to: str) -> None:
        """Takes the right of another authority back.

        Raises:
            CrexError: SCHEMA if it has none.
        """
        standing = self._body.get("delegations", [])
        left = [one for one in standing if one["to"] != to]
        if len(left) == len(standing):
            raise _unknown(f"{to} may not sign in the name of {self.authority} anyway", "Check its name")
        self._set("delegations", left)

    def _add(self, member: str, text: str) -> None:
        standing = self._body.get(member, [])
        if text not in standing:
            self._set(member, [*standing, text])

    def _set(self, member: str, value: list[Any]) -> None:
        if value or member == "tlsRoots":
            self._body[member] = value
        else:
            self._body.pop(member, None)

    def _record(self, keyid: str) -> dict[str, Any]:
        for record in self._body["keys"]:
            if record["keyid"] == keyid:
                found: dict[str, Any] = record
                return found
        raise _unknown(
            f"{keyid} is no key of {self.authority}, revision {self.revision}",
            "Run `crex key list` for their names",
        )


def sign_draft(body: bytes, keys: Iterable[SigningKey]) -> v1.Envelope:
    """Signs a draft by root keys; whether they are enough is for `ceremony.complete` to say.

    Raises:
        DocumentError: It is no trust document that readers would accept; nothing was signed.
    """
    return sign(body, _DOCTYPE, keys)


def _unknown(what: str, fix: str) -> CrexError:
    return CrexError("SCHEMA", f"{what}. {fix}.")
