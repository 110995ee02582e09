"""New keys in the place of old ones, and keys taken back: edits of the next trust document, and the new keys.

Nothing here writes a file. Whoever rotates keeps the new private keys first and the trust document after
them, so that a crash leaves the old state or the new one (own_trust.py).

A document whose key has ended or was revoked is refused from then on (VERIFY-KEYTIME-1) unless a log vouches
for its time. So an old key is kept for an overlap, in which its documents are signed anew; new documents are
signed by the new keys as soon as those begin, which can be put off until everyone has the new trust document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives import serialization

from crex.errors import CrexError
from crex.trust import authoring, key_folder
from crex.trust.certificates import CertificateAuthority
from crex.trust.identity import Identity, make_note_key
from crex.trust.keys import AccessKey, LocalSigningKey, SigningKey
from crex.trust.signed_note import NoteKey
from crex.trust.trust_draft import TrustDraft
from crex.trust.trust_record import USE_ACCESS

ROOT: Final = "root"
ACCESS: Final = "access"
TLS: Final = "tls"
LOG: Final = "log"
WITNESS: Final = "witness"
_NOW: Final = timedelta(0)
_NOTE_ROLE: Final = {LOG: "broker", WITNESS: "witness"}


@dataclass(slots=True)
class NewKeys:
    """Private keys that were made and are not kept yet.

    Attributes:
        signing: Signing keys, with the use that names their files: a role, or root.
        access: Access keys.
        tls: Roots of TLS certificates.
        notes: Keys of a log or a witness.
    """

    signing: list[tuple[str, SigningKey]] = field(default_factory=list)
    access: list[AccessKey] = field(default_factory=list)
    tls: list[CertificateAuthority] = field(default_factory=list)
    notes: list[NoteKey] = field(default_factory=list)

    def names(self) -> list[str]:
        """Returns the names of the keys, for people; never a private half."""
        return [
            *(key.keyid for _, key in self.signing),
            *(key.keyid for key in self.access),
            *(f"TLS root of {root.authority}" for root in self.tls),
            *(key.vkey for key in self.notes),
        ]

    @property
    def roots(self) -> list[SigningKey]:
        """The root keys among them."""
        return [key for use, key in self.signing if use == key_folder.ROOT]


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rotation takes place.

    Attributes:
        now: When the trust document is issued.
        starts_in: How long after that the new keys begin.
        overlap: How long after that the old keys end.
    """

    now: datetime
    starts_in: timedelta = _NOW
    overlap: timedelta = _NOW

    @property
    def begins(self) -> datetime:
        """When the new keys begin."""
        return self.now + self.starts_in

    @property
    def ends(self) -> datetime:
        """When the old keys end."""
        return self.begins + self.overlap


def rotate(
    draft: TrustDraft,
    identity: Identity,
    what: str,
    schedule: Schedule,
    *,
    algorithms: Sequence[str] = (),
    given: Sequence[SigningKey] = (),
) -> NewKeys:
    """Puts new keys in the place of those that an identity has for one purpose.

    Args:
        draft: The next trust document; changed.
        identity: Whose keys they are.
        what: A role of the identity, or `root`, `access`, `tls`, `log` or `witness`.
        schedule: When. A root key, and the keys of a log or a witness, change at once.
        algorithms: Of which algorithms the new signing keys are; unset: of the same as the present ones.
        given: The new signing keys where they exist already, as in a token; instead of making some.

    Returns:
        What was made and is still to be kept.

    Raises:
        CrexError: IDENTITY if the identity has no such keys; SCHEMA if keys are given or algorithms named for
            a purpose that has one algorithm and whose keys are always made here.
        TrustError: ALG if an algorithm cannot be used here.
    """
    if what == ROOT:
        return _rotate_root(draft, identity, schedule, algorithms, given)
    of_note = what in _NOTE_ROLE and (what != WITNESS or WITNESS in identity.roles)
    if what not in (ACCESS, TLS) and not of_note:
        return _rotate_role(draft, identity, what, schedule, algorithms, given)
    if given or algorithms:
        raise CrexError(
            "SCHEMA",
            f"A new {what} key is always made here, of the one algorithm that it can have. Leave out `--key` "
            "and `--algorithm`.",
        )
    if of_note:
        return _rotate_note(draft, identity, _NOTE_ROLE[what])
    return (_rotate_access if what == ACCESS else _rotate_tls)(draft, identity, schedule)


def revoke(draft: TrustDraft, keyid: str, at: datetime) -> None:
    """Revokes a key as of a time; a root key leaves the roots as well.

    Args:
        draft: The next trust document; changed.
        keyid: The key, or the verifier key of a log or a witness, which is taken out of the list.
        at: As of when; may lie in the past.

    Raises:
        CrexError: SCHEMA if there is no such key, or too few root keys would be left.
    """
    if "+" in keyid:
        draft.remove_note_key(keyid)
        return
    draft.revoke_key(keyid, at)
    if keyid in draft.roots:
        if len(draft.roots) <= draft.threshold:
            raise CrexError(
                "SCHEMA",
                f"Without root key {keyid}, {len(draft.roots) - 1} root keys are left and {draft.threshold} "
                "must sign. Make another in its place with --replace, or lower the threshold with `crex key "
                "threshold` first.",
            )
        draft.remove_root(keyid)


def _rotate_role(
    draft: TrustDraft,
    identity: Identity,
    role: str,
    schedule: Schedule,
    algorithms: Sequence[str],
    given: Sequence[SigningKey],
) -> NewKeys:
    held = identity.role_keys.get(role, ())
    if not held:
        raise _nothing(identity, role)
    # A key whose end is stated was promised to last until then.
    present = [key for key in held if not draft.has_end(key.keyid)]
    made = _make(algorithms or [key.public_key.alg for key in present or held], given)
    for key in present:
        draft.end_key(key.keyid, schedule.ends)
    for key in made:
        draft.add_key(key.public_key, authoring.types_signed_by(role), begins=schedule.begins)
    return NewKeys(signing=[(role, key) for key in made])


def _rotate_root(
    draft: TrustDraft,
    identity: Identity,
    schedule: Schedule,
    algorithms: Sequence[str],
    given: Sequence[SigningKey],
) -> NewKeys:
    if not identity.roots:
        raise _nothing(identity, ROOT)
    made = _make(algorithms or [key.public_key.alg for key in identity.roots], given)
    for key in made:
        draft.add_root(key.public_key, begins=schedule.now)
    for old in identity.roots:
        if old.keyid in draft.roots:
            draft.remove_root(old.keyid)
        draft.end_key(old.keyid, schedule.now)
    draft.set_threshold(draft.threshold)  # as many must sign as before, or it says that they cannot
    return NewKeys(signing=[(key_folder.ROOT, key) for key in made])


def _rotate_access(draft: TrustDraft, identity: Identity, schedule: Schedule) -> NewKeys:
    if not identity.access_keys:
        raise _nothing(identity, ACCESS)
    for old in identity.access_keys:
        if not draft.has_end(old.keyid):
            draft.end_key(old.keyid, schedule.ends)
    key = AccessKey.generate()
    draft.add_key(key.public_key, (USE_ACCESS,), begins=schedule.begins)
    return NewKeys(access=[key])


def _rotate_tls(draft: TrustDraft, identity: Identity, schedule: Schedule) -> NewKeys:
    if identity.tls_root is None:
        raise _nothing(identity, TLS)
    root = CertificateAuthority.create(identity.authority, now=schedule.now)
    draft.add_tls_root(root.pem)
    return NewKeys(tls=[root])


def _rotate_note(draft: TrustDraft, identity: Identity, role: str) -> NewKeys:
    # The old key stays listed: what it signed is still checked by it. `revoke` takes it out.
    if role not in identity.roles:
        raise _nothing(identity, authoring.NOTE_ROLES[role][0])
    key = make_note_key(identity.authority, role)
    draft.add_note_key(authoring.note_member(key), key.vkey)
    return NewKeys(notes=[key])


def finish_tls(draft: TrustDraft, identity: Identity) -> None:
    """Takes every TLS root out but the one that issues by now; certificates under the others end with it.

    Raises:
        CrexError: IDENTITY if the TLS root key is not here, or there is nothing to finish.
    """
    if identity.tls_root is None or len(identity.trust.tls_roots) < 2:
        raise _nothing(identity, "earlier TLS root")
    for certificate in identity.trust.tls_roots:
        if certificate != identity.tls_root.certificate:
            draft.remove_tls_root(certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"))


def held(identity: Identity) -> dict[str, str]:
    """Names the keys of an identity that are here, and what each is for, as `rotate` takes it."""
    found = {key.keyid: role for role, keys in identity.role_keys.items() for key in keys}
    found |= {key.keyid: ROOT for key in identity.roots}
    found |= {key.keyid: ACCESS for key in identity.access_keys}
    notes = ((LOG, identity.log), (WITNESS, identity.witness))
    return found | {key.vkey: use for use, key in notes if key is not None}


def _make(algorithms: Sequence[str], given: Sequence[SigningKey]) -> list[SigningKey]:
    if given:
        return list(given)
    return [LocalSigningKey.generate(alg) for alg in dict.fromkeys(algorithms)]


def _nothing(identity: Identity, what: str) -> CrexError:
    return CrexError(
        "IDENTITY",
        f"The identity of {identity.authority} ({', '.join(identity.roles) or 'no role'}) has no {what} key "
        "here. Rotate it where it is kept; `crex key list` shows which keys are here.",
    )
