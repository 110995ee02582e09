"""What a provider signs: verified, and held to what the broker knows of its subject (AGENT-RESULT-1)."""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf.message import Message

from crex import v1
from crex.documents import strict
from crex.errors import CrexError
from crex.trust.verified import Verified
from crex.trust.verify import open_envelope
from crex_broker.application.context import Context
from crex_broker.application.opening import new_document
from crex_broker.application.ports.agents import CommandView, Delivery, LeaseView, Release
from crex_broker.application.ports.documents import NewDocument, StoredDocument
from crex_broker.application.times import ms_of

T = TypeVar("T", bound=Message)


class AgentDocuments:
    """Opens what the agent of one provider sends."""

    def __init__(self, context: Context, provider: str) -> None:
        self._context = context
        self._provider = provider

    def confirmation(self, envelope: v1.Envelope, command: CommandView) -> tuple[bool, str, NewDocument]:
        """Opens the answer to an order.

        Returns:
            Whether it is accepted, why not, and the document.

        Raises:
            CrexError: The reasons of verification, SUBJECT, TERMS (AGENT-CONFIRM-1).
        """
        opened = self._open(envelope, v1.OrderConfirmation, command.order_document)
        message = opened.message
        accepted = message.outcome == v1.ConfirmationOutcome.CONFIRMATION_OUTCOME_ACCEPTED
        expected = {line.lease for line in command.order.lines} if accepted else set()
        if set(message.leases) != expected:
            raise CrexError(
                "TERMS",
                f"{opened.id} {'accepts' if accepted else 'rejects'} {command.order.name} and names "
                f"{len(message.leases)} leases, but not exactly {', '.join(sorted(expected)) or 'none'}. "
                "Name the leases of the hold where you accept, and none where you reject (AGENT-CONFIRM-1).",
                details={"order": command.order.name, "requirement": "AGENT-CONFIRM-1"},
            )
        return accepted, message.reason, self._keep(opened, command.order.consumer)

    def delivery(self, grant: v1.Envelope, activated_ms: int, view: LeaseView) -> Delivery:
        """Opens an access grant.

        Raises:
            CrexError: The reasons of verification, SUBJECT, TERMS (ACCESS-LEASE-1).
        """
        opened = self._open(grant, v1.AccessGrant, view.order_document)
        message = opened.message
        _check_lease(opened, message.lease, view.lease.name)
        wanted = _body(view.order_document)["interface"]
        if message.interface != wanted:
            raise CrexError(
                "TERMS",
                f"{opened.id} grants access through {message.interface}; the order for {view.lease.name} "
                f"chose {wanted}. Deliver through that (ACCESS-LEASE-1).",
                details={"lease": view.lease.name, "requirement": "ACCESS-LEASE-1"},
            )
        return Delivery(self._keep(opened, view.lease.consumer), message.access_epoch, activated_ms)

    def release(self, receipt: v1.Envelope, view: LeaseView) -> Release:
        """Opens a release receipt.

        Raises:
            CrexError: The reasons of verification, SUBJECT, TERMS (RELEASE-LEASE-1).
        """
        opened = self._open(receipt, v1.ReleaseReceipt, view.order_document)
        _check_lease(opened, opened.message.lease, view.lease.name)
        return Release(self._keep(opened, view.lease.consumer), ms_of(opened.message.ended_at, "$.endedAt"))

    def _open(self, envelope: v1.Envelope, document: type[T], order: StoredDocument) -> Verified[T]:
        opened = open_envelope(
            envelope,
            document,
            self._context.trust,
            now=self._context.clock.now(),
            expected_issuer=self._provider,
        )
        pin: v1.Pin = opened.message.order  # type: ignore[attr-defined]  # all three documents have it
        if (pin.id, pin.revision, pin.sha256) != (order.id, order.revision, order.sha256):
            raise CrexError(
                "SUBJECT",
                f"{opened.id} pins order {pin.id}@{pin.revision} with digest {pin.sha256}; expected is "
                f"{order.id}@{order.revision} with digest {order.sha256}. Pin the order document of the "
                "command.",
                details={"expected": order.sha256, "found": pin.sha256},
            )
        return opened

    def _keep(self, opened: Verified[Any], consumer: str) -> NewDocument:
        return new_document(opened, provider=self._provider, consumer=consumer)


def _check_lease(opened: Verified[Any], stated: str, expected: str) -> None:
    if stated != expected:
        raise CrexError(
            "TERMS",
            f"{opened.id} is about lease {stated}, and what is asked for is {expected}. Sign for the lease "
            "of the command.",
            details={"lease": expected},
        )


def _body(document: StoredDocument) -> Any:
    """Gives the body of a kept document, which was verified when it came."""
    return strict.loads(v1.Envelope.FromString(document.envelope).payload)
