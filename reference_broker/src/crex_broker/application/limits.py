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
