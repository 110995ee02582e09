"""The folder of an identity while its keys and its trust document change."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography import x509

from crex.cli.party import folder_of, passphrase
from crex.cli.result import Result
from crex.cli.trust_text import facts
from crex.trust import authoring, ceremony, key_folder, own_trust
from crex.trust.identity import Identity
from crex.trust.identity_files import load_credential, load_identity, save_credential
from crex.trust.key_files import Passphrase
from crex.trust.keys import SigningKey
from crex.trust.own_trust import Settled
from crex.trust.trust_draft import TrustDraft


@dataclass(frozen=True, slots=True)
class Own:
    """An identity in its folder.

    Attributes:
        folder: The folder.
        identity: Its state when it was read.
        secret: Where the passphrase of its keys comes from.
    """

    folder: Path
    identity: Identity
    secret: Passphrase

    @classmethod
    def open(cls, options: argparse.Namespace) -> Own:
        """Reads the identity that a command acts as; whom it trusts does not matter here."""
        folder, secret = folder_of(options), passphrase()
        return cls(folder, load_identity(folder, secret), secret)

    def reload(self) -> Own:
        """Reads it again after a change."""
        return replace(self, identity=load_identity(self.folder, self.secret))

    def draft(self, now: datetime, valid_until: datetime) -> TrustDraft:
        """Begins the next revision, or goes on with the draft that waits for signatures."""
        body = own_trust.waiting(self.folder, self.identity.trust)
        if body is None:
            return TrustDraft.after(self.identity.trust, now=now, valid_until=valid_until)
        draft = TrustDraft.read(body)
        draft.set_times(now=now, valid_until=valid_until)
        return draft

    def state_uses(self, draft: TrustDraft) -> list[str]:
        """Lets the keys of each role sign all types that their role signs; says which it left narrow."""
        kept = own_trust.versions(self.folder, self.identity.authority)
        records = authoring.own_records(*(data for _, data in kept))
        return [
            f"Key {keyid} stays as narrow as you made it: it may not sign all that its role signs. "
            "For a key that may, run `crex key rotate`."
            for keyid in authoring.state_uses(draft, self.identity.role_keys, records)
        ]

    def root_keys(self) -> list[SigningKey]:
        """Gives the root keys in the folder, also those that no revision lists yet."""
        return key_folder.read_unlisted(self.folder / "keys", key_folder.ROOT, self.secret)

    def settle(self, draft: TrustDraft, *, now: datetime, reason: str = "") -> Settled:
        """Signs a draft with the root keys that are here, and makes it count where they are enough."""
        return own_trust.settle(self.folder, self.identity, draft, self.root_keys(), now=now, reason=reason)

    def issue_certificates(self, *, now: datetime) -> list[str]:
        """Issues new certificates to all programs of the identity; none where the TLS root is elsewhere."""
        if self.identity.tls_root is None:
            return []
        programs = sorted(path.stem for path in (self.folder / "tls").glob("*.pem"))
        for program in programs:
            hosts = _hosts(load_credential(self.folder, program, self.secret).chain_pem)
            tls = self.identity.issue_certificate(program, now=now, hosts=hosts)
            save_credential(tls, self.folder, program, self.secret)
        return programs


def settled(own: Own, found: Settled, now: datetime, *notes: str, reason: str = "") -> Result:
    """Tells what became of a draft; a reason is kept in the journal once it counts."""
    name = own.identity.authority
    if found.record is None:
        body, _ = own_trust.read_part(found.path.read_bytes())
        draft = ceremony.read_draft(body)
        changes = ceremony.changes(own.identity.trust, draft)
        lines = [
            f"Revision {draft.revision} of {name} waits for signatures: {found.path}",
            *(f"  {one}" for one in found.missing),
            *(f"  {line}" for line in changes),
            *replaced_by(found.replaced),
            *notes,
            "Hand the file to those who can sign (`crex trust sign FILE -o SIGNED`).",
            "Then run `crex trust complete` with all signed files. Until then nothing has changed.",
        ]
        if reason:
            lines.append("No draft keeps its reason: give it again with `crex trust complete --reason`.")
        value = {
            "draft": str(found.path),
            "revision": draft.revision,
            "missing": list(found.missing),
            "changes": changes,
            "replaced": found.replaced or None,
        }
        return Result(value, "\n".join(lines))
    changes = ceremony.changes(own.identity.trust, found.record)
    waited = f"The draft that waited here, fingerprint {found.replaced}, is part of it; nobody need sign it."
    lines = [
        f"Revision {found.record.revision} of {name} counts from now on: {found.path}",
        *(f"  {line}" for line in changes),
        *([waited] if found.replaced else []),
        *notes,
        "Publish it with `crex trust publish -o FOLDER`, or hand it to brokers and parties.",
    ]
    value = {
        **facts(found.record, now),
        "file": str(found.path),
        "changes": changes,
        "replaced": found.replaced or None,
    }
    return Result(value, "\n".join(lines))


def replaced_by(fingerprint: str) -> list[str]:
    """Says what became of the draft that waited before, where there was one, and of signatures over it."""
    text = (
        f"It takes the place of the draft that waited here, fingerprint {fingerprint}, and says what that "
        "said as well. Signatures over that are void: have everyone sign this one. To drop all of it, run "
        "`crex trust drop`."
    )
    return [text] if fingerprint else []


def _hosts(chain_pem: bytes) -> list[str]:
    leaf = x509.load_pem_x509_certificates(chain_pem)[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    dns = names.get_values_for_type(x509.DNSName)
    return [*dns, *map(str, names.get_values_for_type(x509.IPAddress))]
