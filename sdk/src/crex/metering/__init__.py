"""Metering: usage records, the signed batches of them, and the meters that make them (metering.md)."""

from crex.metering.batch import BatchDraft, build_batch, verify_batch
from crex.metering.chain import Chain
from crex.metering.corrections import SealedPeriod
from crex.metering.errors import UsageError
from crex.metering.meter import CountingMeter, HoldingMeter, Meter, MeterInfo, MeterState
from crex.metering.proof import Proven, RecordProof, prove, verify_proof
from crex.metering.record import Record, build_record, parse_record
from crex.metering.selection import Numbers, distinct, latest, missing
from crex.metering.span import Span

__all__ = [
    "BatchDraft",
    "Chain",
    "CountingMeter",
    "HoldingMeter",
    "Meter",
    "MeterInfo",
    "MeterState",
    "Numbers",
    "Proven",
    "Record",
    "RecordProof",
    "SealedPeriod",
    "Span",
    "UsageError",
    "build_batch",
    "build_record",
    "distinct",
    "latest",
    "missing",
    "parse_record",
    "prove",
    "verify_batch",
    "verify_proof",
]
