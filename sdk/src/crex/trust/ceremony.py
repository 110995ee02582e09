"""Signing a trust document by several persons: parts are signed apart, put together, and checked as a whole.

    part = sign_draft(body, [key])              each person, where the key is
    missing = standing(record, combine(parts))  what is still to be signed
    record = complete(versions, parts, now=now) both thresholds, as every verifier will count them

Every part covers the same bytes, so the order in which persons sign does not matter, and nobody's signature
serves for another text. Version N+1 needs the threshold of N and that of N+1 (TRUST-UPDATE-1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from crex import v1
from crex.documents.times import format_time
from crex.documents.types import DocumentType
from crex.trust import steps
from crex.trust.checks import check_signatures, check_type, read_body
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import SIGNATURES_MAX, Parts, SignaturePart, read_parts
from crex.trust.trust_record import USE_TRUST, KeyEntry, TrustRecord


@dataclass(frozen=True, slots=True)
class RootSet:
    """The root keys of one version, and which of them signed.

    Attributes:
        revision: The version.
        threshold: How many distinct keys must sign.
        signed: Names of the root keys that signed, sorted.
        open: Names of those that could still sign, sorted.
    """

    revision: int
    threshold: int
    signed: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether enough signed."""
        return len(self.signed) >= self.threshold

    def __str__(self) -> str:
        text = f"{len(self.signed)} of {self.threshold} signatures by root keys of revision {self.revision}"
        return text if self.holds else f"{text}; who can sign: {', '.join(self.open) or 'nobody is left'}"


def read_draft(body: bytes, signatures: Parts | None = None) -> TrustRecord:
    """Reads a trust document that is not signed, or not by enough keys; nothing about its signers is checked.

    Raises:
        TrustError: It is no trust document that readers would accept.
    """
    doctype = DocumentType.of(v1.TrustDocument)
    parts = signatures or Parts(doctype.payload_type, body, ())
    check_type(parts, doctype)
    return TrustRecord.build(read_body(body, doctype), parts)


def combine(envelopes: Iterable[v1.Envelope | bytes | Parts]) -> Parts:
    """Puts the signatures over one draft together.

    Args:
        envelopes: The parts, at least one; each with signatures over the same bytes.

    Raises:
        TrustError: SIGNATURE if a part covers other bytes, or a signature does not verify; KEY_UNKNOWN or
            KEY_USE if one is by a key that is none of its root keys; LIMIT if there are too many.
    """
    parts = [read_parts(envelope) for envelope in envelopes]
    first = parts[0]
    found: dict[str, SignaturePart] = {}
    for part in parts:
        if (part.payload_type, part.body) != (first.payload_type, first.body):
            raise steps.refusal(
                steps.SIGNATURE,
                "SIGNATURE",
                "The parts are signatures over different bytes, so they belong to different drafts. Have all "
                "sign the same file.",
            )
        check_signatures(part, USE_TRUST, read_draft(part.body, part))
        for signature in part.signatures:
            found.setdefault(signature.keyid, signature)
    if len(found) > SIGNATURES_MAX:
        raise steps.refusal(
            steps.LIMIT,
            "LIMIT",
            f"There are {len(found)} signatures; an envelope holds {SIGNATURES_MAX}. Leave some parts out; "
            "the thresholds need no more.",
        )
    return Parts(first.payload_type, first.body, tuple(found.values()))


def standing(record: TrustRecord | None, combined: Parts) -> list[RootSet]:
    """Tells how far the signing of a version is: for the version before, where there is one, and for itself.

    Distinct public keys count, not names (TRUST-THRESHOLD-1).
    """
    candidate = read_draft(combined.body, combined)
    signed = {keyid for keyid, _ in combined.signatures}
    return [_root_set(one, signed, candidate) for one in (record, candidate) if one is not None]


def complete(
    versions: Sequence[v1.Envelope | bytes | Parts],
    envelopes: Iterable[v1.Envelope | bytes | Parts],
    *,
    now: datetime,
) -> TrustRecord:
    """Puts the parts together and checks them as the next version.

    Args:
        versions: The versions that stand, ascending, without a gap; none for revision 1.
        envelopes: The parts.
        now: The time of completion.

    Raises:
        TrustError: ISSUER_MISMATCH if it is another authority's; THRESHOLD if signatures are missing, for
            whichever version; otherwise as `combine` and `TrustDirectory.pin`.
    """
    combined = combine(envelopes)
    directory = TrustDirectory()
    record = None
    for version in versions:
        record = directory.restore(version)
    candidate = read_draft(combined.body, combined)
    if record is not None and candidate.authority != record.authority:
        raise steps.refusal(
            steps.MISMATCH,
            "ISSUER_MISMATCH",
            f"This is the trust document of {candidate.authority}, and this is the identity of "
            f"{record.authority}. Use the other identity with --as.",
            issuer=candidate.authority,
            expected=record.authority,
        )
    lacking = [one for one in standing(record, combined) if not one.holds]
    if lacking and (record is None or candidate.revision == record.revision + 1):
        raise steps.refusal(
            steps.THRESHOLD,
            "THRESHOLD",
            f"It is not signed by enough root keys yet: {'; '.join(map(str, lacking))}. Have it signed with "
            "`crex trust sign`, and complete it then.",
        )
    return directory.pin(combined.to_message(), now=now)


def changes(before: TrustRecord | None, after: TrustRecord) -> list[str]:
    """Says what a version changes, for the persons who are to sign it; one line for each change.

    Without a version before, it says all that the version states.
    """
    lines: list[str] = []
    known = {} if before is None else before.keys
    for keyid, key in after.keys.items():
        lines += _key_changes(known.get(keyid), key) if before is not None else [_stated(key)]
    if before is None:
        lines.append(f"{after.threshold} of {len(after.roots)} root keys must sign")
    else:
        lines += [f"root key {keyid} added" for keyid in sorted(after.roots - before.roots)]
        lines += [f"root key {keyid} taken out" for keyid in sorted(before.roots - after.roots)]
        if before.threshold != after.threshold:
            lines.append(
                f"{after.threshold} of {len(after.roots)} root keys must sign, "
                f"before {before.threshold} of {len(before.roots)}"
            )
    for what, old, new in _lists(before, after):
        added = "" if before is None else " added"
        lines += [f"{what} {text}{added}" for text in new if text not in old]
        lines += [f"{what} {text} taken out" for text in old if text not in new]
    lines.append(f"valid until {format_time(after.valid_until)}")
    return lines


def times(key: KeyEntry) -> str:
    """Says from when to when a key counts."""
    text = f"from {format_time(key.not_before)}"
    if key.not_after is not None:
        text += f" until {format_time(key.not_after)}"
    if key.revoked_at is not None:
        text += f", revoked as of {format_time(key.revoked_at)}"
    return text


def tls_fingerprint(root: x509.Certificate) -> str:
    """Gives what people compare a TLS root by: SHA-256 of its certificate."""
    return root.fingerprint(SHA256()).hex()


def _root_set(record: TrustRecord, signed: set[str], candidate: TrustRecord) -> RootSet:
    distinct: dict[bytes, str] = {}
    for keyid in sorted(record.roots & signed):
        public = record.keys[keyid].public
        if public is not None:
            distinct.setdefault(public.raw, keyid)
    able = {keyid for keyid in record.roots - signed if keyid in candidate.keys}
    return RootSet(record.revision, record.threshold, tuple(sorted(distinct.values())), tuple(sorted(able)))


def _stated(key: KeyEntry) -> str:
    """Says all of a key: who signs for it must see what it may sign."""
    return f"key {key.keyid} ({key.alg}) for {', '.join(sorted(key.use))}, {times(key)}"


def _key_changes(before: KeyEntry | None, after: KeyEntry) -> list[str]:
    named = f"key {after.keyid} ({after.alg})"
    if before is None:
        return [f"new {_stated(after)}"]
    lines: list[str] = []
    if before.use != after.use:
        added, removed = sorted(after.use - before.use), sorted(before.use - after.use)
        text = "; ".join(
            f"{word} {', '.join(tokens)}"
            for word, tokens in (("also", added), ("no more", removed))
            if tokens
        )
        lines.append(f"key {after.keyid} may sign {text}")
    if before.not_after != after.not_after:
        until = format_time(after.not_after) if after.not_after else "no time any more"
        lines.append(f"{named} ends at {until}")
    if before.not_before != after.not_before:
        lines.append(f"{named} begins at {format_time(after.not_before)} instead")
    if before.revoked_at != after.revoked_at and after.revoked_at is not None:
        lines.append(f"{named} revoked as of {format_time(after.revoked_at)}")
    return lines


def _lists(before: TrustRecord | None, after: TrustRecord) -> list[tuple[str, list[str], list[str]]]:
    def texts(record: TrustRecord | None) -> list[list[str]]:
        if record is None:
            return [[], [], [], [], []]
        return [
            [tls_fingerprint(root) for root in record.tls_roots],
            [key.vkey for key in record.logs],
            [key.vkey for key in record.witnesses],
            list(record.status_lists),
            [
                f"to {one.to} ({', '.join(sorted(one.types))}; depth {one.max_depth}; until "
                f"{format_time(one.expires_at)})"
                for one in record.delegations
            ],
        ]

    names = ("TLS root", "log", "witness", "status list", "delegation")
    return list(zip(names, texts(before), texts(after), strict=True))
