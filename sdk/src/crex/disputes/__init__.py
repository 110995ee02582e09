"""Disputes: lines of an invoice that a consumer objects to, from the objection to its end (disputes.md)."""
