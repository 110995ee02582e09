"""What every batch of usage goes through, whether it continues a period or corrects one."""

from __future__ import annotations

from collections.abc import Sequence

from crex import v1
from crex.errors import CrexError
from crex.metering.span import Span
from crex.trust import merkle
from crex.trust.verified import Verified
from crex_broker.application.caller import Caller
from crex_broker.application.opening import new_document
from crex_broker.application.ports.leases import lease_not_found
from crex_broker.application.ports.usage import NewBatch, UsageStore, UsageView
from crex_broker.application.usage_judgement import Judged


async def view_for(store: UsageStore, caller: Caller, opened: Verified[v1.UsageBatch]) -> UsageView:
    """Gives what must be known to judge a batch.

    Raises:
        CrexError: NOT_FOUND: the lease is not the caller's.
    """
    message = opened.message
    view = await store.view(
        caller.authority,
        message.lease,
        batch_sha256=opened.digest,
        previous_sha256=message.previous.sha256,
    )
    if view is None:
        raise lease_not_found(message.lease)
    return view


def check_same_records(opened: Verified[v1.UsageBatch], bodies: Sequence[bytes]) -> None:
    """Requires that a batch that is here already came with the records that it came with then.

    Raises:
        CrexError: CONFLICT (BILLING-DUPLICATE-2).
    """
    if merkle.root(bodies).hex() != opened.message.records_root:
        raise CrexError(
            "CONFLICT",
            f"{opened.id} is here already, with other records: those sent now have another root. Send "
            "exactly the records that were sealed (BILLING-DUPLICATE-2).",
            details={"requirement": "BILLING-DUPLICATE-2"},
        )


def new_batch(
    opened: Verified[v1.UsageBatch],
    bodies: Sequence[bytes],
    view: UsageView,
    judged: Judged | None,
    event: str,
    *,
    grace_ms: int = 0,
    until_ms: int | None = None,
    invoice_version: int = 0,
) -> NewBatch:
    """Gives a batch for the store.

    Args:
        opened: The batch.
        bodies: Exact bytes of its records.
        view: What it was judged by.
        judged: What it comes to; nothing where it is here already.
        event: append, seal or amend.
        grace_ms: As in `NewBatch`.
        until_ms: As in `NewBatch`.
        invoice_version: As in `NewBatch`.
    """
    lease, period = view.sale.lease, Span.of(opened.message.period)
    head = view.head if judged is None else judged.head
    assert head is not None  # noqa: S101 - a lease that has a batch has a chain
    span = None if judged is None else judged.span
    return NewBatch(
        document=new_document(opened, provider=lease.provider, consumer=lease.consumer),
        records=tuple(bodies),
        lease=lease.name,
        lease_version=lease.version,
        head_sha256="" if view.head is None else view.head.last_sha256,
        head=head,
        event=event,
        start_ms=period.start_ms,
        end_ms=period.end_ms,
        first_ms=None if span is None else span.start_ms,
        last_ms=None if span is None else span.end_ms,
        grace_ms=grace_ms,
        until_ms=until_ms,
        invoice_version=invoice_version,
    )
