"""The steps that a dispute takes after it was opened: each a signed document, judged by all before it."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

from google.protobuf.message import Message

from crex import v1
from crex.disputes.case import Case
from crex.errors import CrexError
from crex.trust.verified import Verified
from crex_broker.application.caller import Caller
from crex_broker.application.context import Context
from crex_broker.application.idempotency import answered, mutation_of
from crex_broker.application.opened_invoices import OpenedInvoice, withheld
from crex_broker.application.opening import new_document, open_own
from crex_broker.application.ports.disputes import (
    Disputed,
    DisputeSnapshot,
    DisputeStep,
    dispute_not_found,
)
from crex_broker.application.ports.invoices import InvoicePapers
from crex_broker.application.ports.requests import Remembered
from crex_broker.application.rejudging import judged_anew
from crex_broker.application.roles import ARBITER
from crex_broker.domain.etags import etag_of
from crex_broker.domain.states import Actor, step

T = TypeVar("T", bound=Message)


class DisputeSteps:
    """Takes one step of a dispute (BILLING-DISPUTE-1)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def take(
        self,
        caller: Caller,
        request: Any,
        envelope: v1.Envelope,
        document: type[T],
        *,
        method: str,
        event: str,
        actor: Actor,
    ) -> Remembered[Disputed]:
        """Opens a document, judges it and keeps it.

        Args:
            caller: Who calls.
            request: The request.
            envelope: The document as it came.
            document: Message class of the type expected here.
            method: Name of the method, such as `AnswerDispute`.
            event: Event of the dispute's table.
            actor: Who takes the step.

        Raises:
            CrexError: The reasons of verification, NOT_FOUND, NOT_A_PARTY, SUBJECT, TERMS, CONFLICT, and
                those of `DisputeStore.advance`.
        """
        store = self._context.store
        mutation = mutation_of(caller, f"BillingService.{method}", request)

        async def attempt() -> Remembered[Disputed]:
            opened: Verified[Any] = open_own(self._context, caller, envelope, document)
            pin = opened.message.dispute
            dispute = await store.disputes.by_digest(caller.authority, pin.sha256)
            papers = None
            if dispute is not None:
                papers = await store.invoices.papers(caller.authority, dispute.invoice)
            if dispute is None or papers is None:
                raise dispute_not_found(pin.id)
            _check_step(opened, event)
            judged = await asyncio.to_thread(self._judge, opened, dispute, papers, event, actor)
            return await store.disputes.advance(mutation, judged)

        return await answered(store.requests, mutation, Disputed, lambda: judged_anew(attempt))

    def _judge(
        self,
        opened: Verified[Any],
        dispute: DisputeSnapshot,
        papers: InvoicePapers,
        event: str,
        actor: Actor,
    ) -> DisputeStep:
        etag = etag_of(dispute.version)
        step("dispute", dispute.state, event, actor, last_event=dispute.last.event, etag=etag)
        invoice = OpenedInvoice.of(self._context, papers)
        invoice.check_later(opened)
        cases = list(invoice.cases)
        at = next(index for index, case in enumerate(cases) if case.dispute.digest == dispute.sha256)
        try:
            after = cases[at] = _taken(cases[at], opened, invoice)
        except CrexError as error:
            if error.reason != "ILLEGAL_TRANSITION":
                raise
            # By its papers, which may be newer than the state that was read: told as the table tells it.
            raise CrexError(error.reason, error.message, details={**error.details, "etag": etag}) from error
        self._check_arbiter(after)
        settled = after.settled_by
        return DisputeStep(
            document=new_document(opened, provider=dispute.seller, consumer=dispute.buyer),
            dispute=dispute.id,
            dispute_version=dispute.version,
            invoice_version=papers.invoice.version,
            event=event,
            actor=actor.value,
            arbiter=after.arbiter,
            settled=None if settled is None else (settled.id, settled.revision, settled.sha256),
            withheld=withheld(invoice.standing, cases).amount,
            granted=settled is not None and any(amount.minor > 0 for amount in after.granted.values()),
        )

    def _check_arbiter(self, case: Case) -> None:
        """Refuses an answer that makes somebody arbiter who could never rule here (BILLING-DISPUTE-6)."""
        arbiter = case.arbiter
        if (
            case.open
            and arbiter != self._context.authority
            and ARBITER not in self._context.roles.of(arbiter)
        ):
            raise CrexError(
                "TERMS",
                f"Dispute and answer name {arbiter} as arbiter, which is not enrolled here as one: nobody "
                "could rule. Have the broker's operator enrol it, or name another (BILLING-DISPUTE-6).",
                details={"arbiter": arbiter, "requirement": "BILLING-DISPUTE-6"},
            )


def _taken(case: Case, opened: Verified[Any], invoice: OpenedInvoice) -> Case:
    """Gives a dispute after one more document, as disputes.md judges it."""
    if isinstance(opened.message, v1.DisputeAnswer):
        return case.answered(opened, invoice.billed.notes)
    if isinstance(opened.message, v1.DisputeReply):
        return case.replied(opened)
    return case.ruled(opened)


def _check_step(opened: Verified[Any], event: str) -> None:
    message = opened.message
    if isinstance(message, v1.DisputeReply) and message.step != event:
        raise CrexError(
            "TERMS",
            f"{opened.id} is of step {message.step!r}, and this method takes {event!r}. Send it to the "
            "method of its step (BILLING-DISPUTE-3).",
            details={"requirement": "BILLING-DISPUTE-3"},
        )
