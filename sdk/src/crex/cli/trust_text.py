"""What a trust document says, for people and for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crex.documents.times import format_time
from crex.trust.ceremony import times, tls_fingerprint
from crex.trust.trust_record import KeyEntry, TrustRecord


def describe(record: TrustRecord, now: datetime) -> str:
    """Describes a version: every key with its algorithm, family, use, times and state, and all the rest."""
    over = " (over)" if now >= record.valid_until else ""
    lines = [
        (
            f"{record.authority}, revision {record.revision}, issued {format_time(record.issued_at)}, valid "
            "until "
            f"{format_time(record.valid_until)}{over}"
        ),
        f"  fingerprint {record.digest}",
        f"  {record.threshold} of {len(record.roots)} root keys must sign the next revision",
    ]
    for key in record.keys.values():
        lines += _key_lines(record, key, now)
    for root in record.tls_roots:
        ended = ", ended" if now >= root.not_valid_after_utc else ""
        lines.append(f"  TLS root {tls_fingerprint(root)}, until {root.not_valid_after_utc:%F}{ended}")
    lines += [f"  log {key.vkey}" for key in record.logs]
    lines += [f"  witness {key.vkey}" for key in record.witnesses]
    lines += [f"  status list {name}" for name in record.status_lists]
    for one in record.delegations:
        ended = ", ended" if now >= one.expires_at else ""
        deeper = f"may pass it on {one.max_depth} times" if one.max_depth else "may not pass it on"
        lines.append(
            f"  {one.to} may sign {', '.join(sorted(one.types))} in its name until "
            f"{format_time(one.expires_at)}{ended}; it {deeper}"
        )
    return "\n".join(lines)


def facts(record: TrustRecord, now: datetime) -> dict[str, Any]:
    """Says the same for programs."""
    return {
        "authority": record.authority,
        "revision": record.revision,
        "sha256": record.digest,
        "issuedAt": format_time(record.issued_at),
        "validUntil": record.valid_until.isoformat(),
        "threshold": record.threshold,
        "roots": sorted(record.roots),
        "keys": [key_facts(record, key, now) for key in record.keys.values()],
        "tlsRoots": [
            {"sha256": tls_fingerprint(root), "notAfter": format_time(root.not_valid_after_utc)}
            for root in record.tls_roots
        ],
        "logs": [key.vkey for key in record.logs],
        "witnesses": [key.vkey for key in record.witnesses],
        "statusLists": list(record.status_lists),
        "delegations": [
            {
                "to": one.to,
                "types": sorted(one.types),
                "maxDepth": one.max_depth,
                "expiresAt": format_time(one.expires_at),
            }
            for one in record.delegations
        ],
    }


def key_facts(record: TrustRecord, key: KeyEntry, now: datetime) -> dict[str, Any]:
    """Says what a key is, for programs."""
    return {
        "keyid": key.keyid,
        "alg": key.alg,
        "family": family(key),
        "use": sorted(key.use),
        "root": key.keyid in record.roots,
        "state": state(key, now),
        "notBefore": format_time(key.not_before),
        "notAfter": format_time(key.not_after) if key.not_after else None,
        "revokedAt": format_time(key.revoked_at) if key.revoked_at else None,
    }


def state(key: KeyEntry, now: datetime) -> str:
    """Names the state of a key at a time: revoked, ended, waiting or in-use."""
    if key.revoked_at is not None and now >= key.revoked_at:
        return "revoked"
    if key.not_after is not None and now >= key.not_after:
        return "ended"
    return "waiting" if now < key.not_before else "in-use"


def family(key: KeyEntry) -> str | None:
    """Names the family of a key's algorithm; nothing for one that seals, or that this program lacks."""
    found = key.public.family if key.public is not None else None
    return None if found is None else str(found)


def _key_lines(record: TrustRecord, key: KeyEntry, now: datetime) -> list[str]:
    kind = f"{key.alg}, {family(key)}" if family(key) else key.alg
    mark = "root key, " if key.keyid in record.roots else ""
    return [
        f"  {key.keyid}  {mark}{kind}, {state(key, now)}, {times(key)}",
        f"      {', '.join(sorted(key.use))}",
    ]
