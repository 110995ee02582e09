"""What the agent signs about orders and leases: confirmations, access grants, release receipts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from crex import v1
from crex.agent.hooks import Access
from crex.agent.sold import Committed
from crex.documents import convert
from crex.documents.times import to_ms
from crex.trust.identity import Identity
from crex.trust.seal import access_info, seal

_NAME_LENGTH = 24


class Statements:
    """Signs statements of one provider; a statement made again has the same name."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    @staticmethod
    def name(about: str) -> str:
        """Gives the name of what is said about something, always the same."""
        return hashlib.sha256(about.encode()).hexdigest()[:_NAME_LENGTH]

    def header(self, kind: str, about: str, now: datetime) -> v1.Header:
        """Gives the header of a document of a kind about something; the name follows from both."""
        authority = self._identity.authority
        header = v1.Header(id=f"crex://{authority}/{kind}/{self.name(about)}", revision=1, issuer=authority)
        header.issued_at.FromMilliseconds(to_ms(now))
        return header

    def acceptance(self, committed: Committed, now: datetime) -> v1.Envelope:
        """Signs that an order will be delivered."""
        return self._confirmation(committed, now, reason="")

    def rejection(self, committed: Committed, reason: str, now: datetime) -> v1.Envelope:
        """Signs that an order will not be delivered, and why."""
        return self._confirmation(committed, now, reason=reason or "The provider does not deliver this.")

    def access_grant(self, lease: str, committed: Committed, access: Access, now: datetime) -> v1.Envelope:
        """Seals access to the order's access key and signs it, epoch 1."""
        order = committed.order
        credential = v1.AccessCredential(
            endpoint=access.endpoint,
            secret=access.secret,
            tls_roots=access.tls_roots,
            parameters=dict(access.parameters),
        )
        sealed = seal(order.message.access_key, access_info(lease, 1), convert.dump(credential))
        grant = v1.AccessGrant(
            header=self.header("access-grant", lease, now),
            order=order.pin,
            lease=lease,
            access_epoch=1,
            interface=order.message.interface,
            enc=sealed.enc,
            ciphertext=sealed.ciphertext,
        )
        return self._identity.sign_document(grant)

    def release_receipt(
        self,
        lease: str,
        order: v1.Pin,
        ended_at: datetime,
        readings: Iterable[v1.MeterReading],
        now: datetime,
    ) -> v1.Envelope:
        """Signs that a lease has ended and its units are free."""
        receipt = v1.ReleaseReceipt(
            header=self.header("release-receipt", lease, now),
            order=order,
            lease=lease,
            final_readings=sorted(readings, key=lambda reading: reading.meter_id),
        )
        receipt.ended_at.FromMilliseconds(to_ms(ended_at))
        return self._identity.sign_document(receipt)

    def _confirmation(self, committed: Committed, now: datetime, *, reason: str) -> v1.Envelope:
        accepted = not reason
        hold = committed.hold.message
        outcomes = v1.ConfirmationOutcome
        confirmation = v1.OrderConfirmation(
            header=self.header("order-confirmation", hold.order, now),
            order=committed.order.pin,
            outcome=outcomes.CONFIRMATION_OUTCOME_ACCEPTED
            if accepted
            else outcomes.CONFIRMATION_OUTCOME_REJECTED,
            leases=[item.lease for item in hold.items] if accepted else [],
        )
        if reason:
            confirmation.reason = reason[:512]
        return self._identity.sign_document(confirmation)
