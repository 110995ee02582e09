"""The limits that this broker sets, stated by GetServerInfo where others must know them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits and defaults of one broker; validated by the configuration that makes it.

    Attributes:
        max_document_bytes: Greatest body of a document.
        max_page_size: Greatest number of elements of a page; default_page_size where none is asked for.
        default_page_size: Elements of a page where the request says 0.
        default_hold_ms: Time to live of a hold that states none.
        max_hold_ms: Longest time to live of a hold.
        max_live_holds: Most live holds of one consumer.
        max_usage_records: Most records of one AppendUsage.
        min_offer_ms: Shortest validity of an offer, `valid_until` − `issued_at`.
        max_offer_ms: Longest validity of an offer.
        acceptance_ms: Time in which a provider answers an order whose offer states none.
        late_start_ms: How far the start of a hold may lie in the past when it arrives.
        max_candidates: Candidates of a search; default_candidates where none is asked for.
        default_candidates: Candidates of a search where the request says 0.
        reconcile_ms: Time after the confirm deadline until an unanswered order is ABANDONED.
        provision_ms: Time that a provider has to deliver a lease.
        usage_grace_ms: Time after a period in which usage may still come, where the offer states none.
        invoice_acceptance_ms: Time in which a consumer answers an invoice whose offer states none.
        heartbeat_s: Seconds between signs of life asked of an agent; more than 15 count as 15; after three
            without one a stream is dead.
        inventory_s: Seconds between inventories asked of an agent; more than 300 count as 300.
        resend_ms: Time after which a command that was sent and not answered is sent again.
        drain_retry_ms: Time after which an agent is asked to come back when the broker ends its work.
    """

    max_document_bytes: int = 1_048_576
    max_page_size: int = 1_000
    default_page_size: int = 100
    default_hold_ms: int = 60_000
    max_hold_ms: int = 900_000
    max_live_holds: int = 1_000
    max_usage_records: int = 10_000
    min_offer_ms: int = 15 * 60_000
    max_offer_ms: int = 24 * 3_600_000
    acceptance_ms: int = 60_000
    late_start_ms: int = 60_000
    max_candidates: int = 1_000
    default_candidates: int = 50
    reconcile_ms: int = 24 * 3_600_000
    provision_ms: int = 600_000
    usage_grace_ms: int = 24 * 3_600_000
    invoice_acceptance_ms: int = 14 * 24 * 3_600_000
    heartbeat_s: int = 10
    inventory_s: int = 300
    resend_ms: int = 30_000
    drain_retry_ms: int = 1_000
