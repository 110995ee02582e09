"""Commands as messages: everything that a provider must know to carry one out."""

from __future__ import annotations

from crex import v1
from crex_broker.application.lease_messages import lease_message
from crex_broker.application.offer_documents import offer_of
from crex_broker.application.ports.agents import CommandView
from crex_broker.application.times import timestamp


def command_message(view: CommandView) -> v1.ConnectResponse:
    """Gives a command as the contract writes it; the same command always says the same (AGENT-COMMAND-2)."""
    command = v1.Command(id=view.id, command_epoch=view.epoch, deadline=timestamp(view.deadline_ms))
    hold_receipt = v1.Envelope.FromString(view.hold_receipt.envelope)
    order_document = v1.Envelope.FromString(view.order_document.envelope)
    if view.lease is None:
        confirm = v1.ConfirmAction(
            order=view.order.name, hold_receipt=hold_receipt, order_document=order_document
        )
        command.confirm.CopyFrom(confirm)
    elif view.kind == "provision":
        provision = v1.ProvisionAction(
            lease=lease_message(view.lease),
            order_document=order_document,
            hold_receipt=hold_receipt,
            terms=None if view.offer is None else offer_of(view.offer.envelope).terms,
        )
        command.provision.CopyFrom(provision)
    else:
        release = v1.ReleaseAction(lease=lease_message(view.lease), order_document=order_document)
        command.release.CopyFrom(release)
    return v1.ConnectResponse(command=command)
