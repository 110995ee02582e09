"""What a buyer does with a broker: holds, commits, opens access, and reads usage.

Everything that comes from the broker is opened by its signature before it is used.
"""

from __future__ import annotations

from datetime import datetime

from crex import v1
from crex.cli.party import Customer, now, pages
from crex.documents import convert
from crex.documents.reader import read
from crex.errors import CrexError
from crex.invoice.usage import SealedBatch
from crex.trust.seal import access_info, open_sealed_to_any
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope


def find_offer(customer: Customer, offer_id: str, sha256: str | None) -> Verified[v1.Offer]:
    """Fetches and verifies an offer, by its digest or as it is on sale now.

    Raises:
        CrexError: NOT_FOUND: it is not on sale.
        TrustError: It does not verify.
    """
    from crex.cli.market_commands import list_offers
    from crex.names import Name

    if sha256 is None:
        provider = Name.parse(offer_id).authority
        found = [one for one in list_offers(customer, provider) if one.id == offer_id]
        if not found:
            raise CrexError(
                "NOT_FOUND",
                f"{offer_id} is not on sale at {customer.broker}. `crex offers list` shows what is.",
                source=customer.target,
            )
        sha256 = found[0].sha256
    envelope = customer.client.get_document(v1.GetDocumentRequest(sha256=sha256)).envelope
    offer = open_envelope(envelope, v1.Offer, customer.trust, now=now())
    if offer.id != offer_id or offer.digest != sha256:
        raise CrexError(
            "SUBJECT",
            f"The broker gave {offer.id} with SHA-256 {offer.digest} for {offer_id} with {sha256}. "
            "Do not buy.",
            source=customer.target,
        )
    return offer


def order_document(
    customer: Customer,
    hold: Verified[v1.HoldReceipt],
    *,
    nonce: str,
    spend_limit: v1.Money | None,
    interface: str,
    account: str | None,
) -> v1.OrderDocument:
    """Makes the order that commits a hold; access is to be sealed to this identity's access key.

    Raises:
        CrexError: IDENTITY: there is no access key.
    """
    message, access = hold.message, customer.identity.access
    if access is None:
        raise CrexError(
            "IDENTITY",
            "This identity has no access key, so nothing could be sealed to it. Buy with an identity that "
            "was made with the role consumer.",
            source=str(customer.folder),
        )
    order = v1.OrderDocument(
        header=customer.header("order"),
        hold_receipt=hold.pin,
        audience=message.provider,
        nonce=nonce,
        items=[
            v1.OrderItem(offer=item.offer, quantity=item.quantity, interval=message.interval)
            for item in message.items
        ],
        access_key=access.raw,
        interface=interface,
    )
    if spend_limit is not None:
        order.spend_limit.CopyFrom(spend_limit)
    if account is not None:
        order.account = account
    return order


def open_hold(
    customer: Customer, envelope: v1.Envelope, at: datetime | None = None
) -> Verified[v1.HoldReceipt]:
    """Opens a hold receipt of the broker; `at` is a time of the past for which it is judged."""
    return open_envelope(
        envelope, v1.HoldReceipt, customer.trust, now=at or now(), expected_issuer=customer.broker
    )


def open_access(customer: Customer, lease: v1.Lease) -> v1.AccessCredential:
    """Fetches the access grant of a lease, verifies it, and opens what is sealed in it.

    Raises:
        CrexError: It is not of this lease, not of its provider, or cannot be opened.
    """
    envelope = customer.client.get_access(v1.GetAccessRequest(lease=lease.name)).access_grant
    grant = open_envelope(
        envelope, v1.AccessGrant, customer.trust, now=now(), expected_issuer=lease.provider
    ).message
    keys = customer.identity.access_keys
    if not keys or grant.lease != lease.name:
        raise CrexError(
            "SUBJECT" if keys else "IDENTITY",
            "This identity has no access key, so it cannot open the access."
            if not keys
            else f"The access is for {grant.lease}, not for {lease.name}. Do not use it.",
            source=customer.target,
        )
    info = access_info(grant.lease, grant.access_epoch)
    # It was sealed to the key that the order named, which may have been rotated since.
    plain = open_sealed_to_any(keys, info, grant.enc, grant.ciphertext)
    return convert.to_message(read(plain, v1.AccessCredential), v1.AccessCredential)


def fetch_batches(customer: Customer, lease: str) -> tuple[list[v1.UsagePeriod], list[SealedBatch]]:
    """Fetches all usage of a lease; each batch verified, its records exact."""
    provider = customer.client.get_lease(v1.GetLeaseRequest(lease=lease)).lease.provider
    periods: list[v1.UsagePeriod] = []
    batches: list[SealedBatch] = []
    for page in pages(customer.client.list_usage, v1.ListUsageRequest(lease=lease)):
        periods += page.periods
        for item in page.batches:
            batch = open_envelope(
                item.batch, v1.UsageBatch, customer.trust, now=now(), expected_issuer=provider
            )
            batches.append(SealedBatch(batch, list(item.records)))
    return periods, batches
