"""Writing trust documents: the first version of an authority's, and the next one with the same keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from crex import v1
from crex.documents.types import document_types
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import Parts
from crex.trust.keys import AccessKey, SigningKey
from crex.trust.signed_note import KIND_COSIGNATURE, KIND_NOTE, NoteKey
from crex.trust.trust_draft import TrustDraft, sign_draft
from crex.trust.trust_record import USE_ACCESS, TrustRecord

# Roles whose documents a key signs; other roles (admin, witness) need a certificate or a note key only.
SIGNING_ROLES: Final = ("provider", "consumer", "broker", "arbiter", "publisher", "auditor", "attester")
# Signer of the document types that every role with a key may sign: attestations and status lists.
ANY_SIGNER: Final = "any"
# Roles with a note key: its name below the authority, its kind, and the member that publishes it.
NOTE_ROLES: Final[Mapping[str, tuple[str, int, str]]] = {
    "broker": ("log", KIND_NOTE, "logs"),
    "witness": ("witness", KIND_COSIGNATURE, "witnesses"),
}


def types_signed_by(role: str) -> tuple[str, ...]:
    """Returns the tokens of the document types that a role signs, sorted; none for a role without a key."""
    if role not in SIGNING_ROLES:
        return ()
    signers = {role, ANY_SIGNER}
    return tuple(sorted(doctype.token for doctype in document_types() if doctype.signer in signers))


def first_trust_document(
    authority: str,
    *,
    roots: Sequence[SigningKey],
    signing: Mapping[str, Sequence[SigningKey]],
    access: AccessKey | None,
    tls_roots: Sequence[str],
    now: datetime,
    valid_until: datetime,
    threshold: int = 1,
    note_keys: Sequence[NoteKey] = (),
) -> TrustRecord:
    """Writes and signs revision 1 of a trust document.

    Args:
        authority: Whose it is.
        roots: The root keys, which all sign.
        signing: The signing keys of each role.
        access: The key to which access is sealed, if any.
        tls_roots: PEM certificates under which its programs are known.
        now: When it is issued, in whole milliseconds; its keys begin then.
        valid_until: When it ends.
        threshold: How many root keys must sign each later version.
        note_keys: Keys of its log and of its co-signatures as a witness, if any.
    """
    draft = TrustDraft.first(authority, now=now, valid_until=valid_until)
    for root in roots:
        draft.add_root(root.public_key, begins=now)
    draft.set_threshold(threshold)
    for role, keys in signing.items():
        for key in keys:
            draft.add_key(key.public_key, types_signed_by(role), begins=now)
    if access is not None:
        draft.add_key(access.public_key, (USE_ACCESS,), begins=now)
    for pem in tls_roots:
        draft.add_tls_root(pem)
    for note_key in note_keys:
        draft.add_note_key(note_member(note_key), note_key.vkey)
    return own_record(sign_draft(draft.body(), roots))


def next_trust_document(
    record: TrustRecord,
    *,
    roots: Sequence[SigningKey],
    signing: Mapping[str, Sequence[SigningKey]],
    now: datetime,
    valid_until: datetime,
) -> TrustRecord:
    """Writes and signs the next revision: the same keys, for what `state_uses` lets them sign.

    Raises:
        TrustError: THRESHOLD if the root keys here are too few.
    """
    draft = TrustDraft.after(record, now=now, valid_until=valid_until)
    state_uses(draft, signing, [record])
    return own_record(record.parts, sign_draft(draft.body(), roots))


def state_uses(
    draft: TrustDraft, signing: Mapping[str, Sequence[SigningKey]], versions: Sequence[TrustRecord]
) -> list[str]:
    """Lets the keys of each role sign all types that their role signs by now, beside what they sign already.

    A key that ends or is revoked stays as it is. So does one that was narrowed: which lacks a type that it,
    or another key of its role, was given in one of the versions. Only its owner knows why.

    Args:
        draft: The next version; changed.
        signing: The signing keys of each role.
        versions: Versions that stand, by which a key that was narrowed is told.

    Returns:
        Names of the keys that were narrowed and lack a type of their role.
    """
    narrowed: list[str] = []
    for role, keys in signing.items():
        types = set(types_signed_by(role))
        given = {
            token
            for key in keys
            for record in versions
            if key.keyid in record.keys
            for token in record.keys[key.keyid].use
        }
        for keyid in (key.keyid for key in keys if not draft.is_over(key.keyid)):
            use = set(draft.use_of(keyid))
            if not given <= use:
                narrowed += [] if types <= use else [keyid]
            elif not types <= use:
                draft.set_use(keyid, sorted(use | types))
    return narrowed


def note_member(key: NoteKey) -> str:
    """Returns the member of a trust document that publishes a note key."""
    return next(member for _, kind, member in NOTE_ROLES.values() if kind == key.kind)


def own_record(*versions: v1.Envelope | Parts | bytes) -> TrustRecord:
    """Returns the record of one's own trust document, checked as everyone else will check it.

    Args:
        versions: Versions of it without a gap, at least one; the last is returned.

    Raises:
        TrustError: One of them does not verify.
    """
    return own_records(*versions)[-1]


def own_records(*versions: v1.Envelope | Parts | bytes) -> list[TrustRecord]:
    """Returns the records of all versions; otherwise as `own_record`."""
    directory = TrustDirectory()
    return [directory.restore(version) for version in versions]
