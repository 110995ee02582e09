"""Accepting an invoice: only after recomputing it, only this one, only by its buyer."""

import pytest

from crex.errors import CrexError, RatingError
from crex.invoice import Basis, Sale, build_acceptance, check_acceptance, verify
from crex.v1 import InvoiceAcceptance
from sdk.tests.invoice.samples import CONSUMER, NOW, PROVIDER, Usage, World, draft, header, signed_invoice


def test_an_acceptance(world: World, usage: Usage, sale: Sale) -> None:
    """The buyer signs the digest that it computed, and the broker finds it right (ACCEPT-DIGEST-1)."""
    made = draft(sale, usage.batches)
    invoice = signed_invoice(world, made.message)
    report = verify(invoice, made.lines, Basis.of(sale, usage.batches))
    message = build_acceptance(invoice, report, header=header(CONSUMER, "invoice-acceptance/a1", NOW))
    assert message.rating_digest == made.rating.digest
    check_acceptance(world.signed(message, NOW), invoice)


def test_a_wrong_invoice_is_not_accepted(world: World, usage: Usage, sale: Sale) -> None:
    """What was not recomputed to the last digit cannot be accepted."""
    made = draft(sale, usage.batches)
    made.message.total.amount = "1.00"
    invoice = signed_invoice(world, made.message)
    report = verify(invoice, made.lines, Basis.of(sale, usage.batches))
    with pytest.raises(RatingError):
        build_acceptance(invoice, report, header=header(CONSUMER, "invoice-acceptance/a1", NOW))


@pytest.mark.parametrize(
    ("issuer", "member", "reason", "requirement"),
    [
        (CONSUMER, "sha256", "SUBJECT", "ACCEPT-INVOICE-1"),
        (PROVIDER, "", "NOT_A_PARTY", "ACCEPT-INVOICE-1"),
        (CONSUMER, "rating_digest", "RATING_DIFFERS", "ACCEPT-DIGEST-1"),
    ],
)
def test_acceptances_of_something_else(
    world: World, usage: Usage, sale: Sale, issuer: str, member: str, reason: str, requirement: str
) -> None:
    """An acceptance of another invoice, by another party or of another digest is refused."""
    invoice = signed_invoice(world, draft(sale, usage.batches).message)
    message = InvoiceAcceptance(
        header=header(CONSUMER, "invoice-acceptance/a1", NOW),
        invoice=invoice.pin,
        rating_digest=invoice.message.rating_digest,
    )
    if member == "sha256":
        message.invoice.sha256 = "0" * 64
    elif member:
        message.rating_digest = "0" * 64
    acceptance = world.signed(message, NOW)
    if issuer != CONSUMER:
        acceptance.issuer = issuer  # a provider's key may not sign one, so this stands in for such a key
    with pytest.raises(CrexError, match=requirement) as refused:
        check_acceptance(acceptance, invoice)
    assert refused.value.reason == reason
