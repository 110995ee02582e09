"""The importer `llm-trace`: requests with their tokens, each an event."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crex.describe.sources import open_sources
from crex.metering import prove, verify_proof
from crex.metering.importing.llm_trace import USAGE_IMPORTER
from crex.metering.importing.numbering import number
from crex.trust.directory import TrustDirectory
from sdk.tests.metering.importing.usages import WANTED, check_damaged, read, said, why
from sdk.tests.metering.samples import NOW, Batches

TRACE = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
    "2026-03-05 08:00:00.1239600,4808,10\r\n"
    "2026-03-05 08:00:00.1239700,4808,10\r\n"
    "2026-03-05 09:00:00,7,0\r\n"
)


def test_requests() -> None:
    """Two requests that are alike are two, at the millisecond that was stated."""
    imported = read(USAGE_IMPORTER, TRACE)
    assert said(imported)[:2] == [
        ("input-token", "4808 token", "2026-03-05T08:00:00.123Z/2026-03-05T08:00:00.123Z"),
        ("output-token", "10 token", "2026-03-05T08:00:00.123Z/2026-03-05T08:00:00.123Z"),
    ]
    records = number(imported.drafts, WANTED).records
    assert [(record.meter_id, record.seq, str(record.quantity)) for record in records] == [
        ("input-token", 1, "4808"),
        ("input-token", 2, "4808"),
        ("input-token", 3, "7"),
        ("output-token", 1, "10"),
        ("output-token", 2, "10"),
        ("output-token", 3, "0"),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            TRACE.replace("4808,10\r\n2026-03-05 08:00:00.1239700", "-1,10\r\n2026-03-05 08:00:00.1239700"),
            "'-1'",
        ),
        (TRACE.replace("7,0", "7"), "2 cells"),
        (TRACE.replace("7,0", "7.5,0"), "no number of tokens"),
        (TRACE[:-2], "may be cut"),
        ("TIMESTAMP,ContextTokens\r\n", "does not name"),
        ("", "does not name"),
    ],
)
def test_rows_that_are_left_out(text: str, reason: str) -> None:
    """With the reason, and without the others being lost."""
    imported = read(USAGE_IMPORTER, text)
    assert reason in why(imported)[0]
    assert len(imported.left_out) == 1


def test_times_without_a_zone() -> None:
    """USAGE-IMPORT-2: the trace does not name its zone, so somebody must."""
    imported = read(USAGE_IMPORTER, TRACE, zone=None)
    assert (len(imported.drafts), len(imported.left_out)) == (0, 3)
    assert said(read(USAGE_IMPORTER, TRACE, zone=ZoneInfo("Asia/Shanghai")))[0][2].startswith(
        "2026-03-05T00:00:00.123Z"
    )


def test_what_was_imported_is_sealed_and_proven(batches: Batches) -> None:
    """Records of an import are those of a batch, and each is proven under its root (PROOF-ROOT-1)."""
    records = number(read(USAGE_IMPORTER, TRACE).drafts, WANTED).records
    draft = batches.draft(records)
    trust = TrustDirectory()
    trust.pin(batches.identity.trust_document, now=NOW)
    sealed = [(batches.sign(draft.message), draft.bodies)]
    for record in records:
        proof = prove(sealed, record.meter_id, record.seq)
        assert verify_proof(proof, trust, now=NOW).record == record


def test_damage() -> None:
    """IMPORT-DAMAGE-1: cut or changed, there is a report and no invented figure."""
    check_damaged(USAGE_IMPORTER, [TRACE], seed=1)


def test_a_published_trace(real_data: Path) -> None:
    """8,818 whole rows of Azure's trace and their tokens to the last one; the last line may be cut."""
    imported = USAGE_IMPORTER.read(
        open_sources([real_data / "azure-public/AzureLLMInferenceTrace_code.csv.gz"]), ZoneInfo("UTC")
    )
    assert (imported.rows, len(imported.drafts), len(imported.left_out)) == (8819, 2 * 8818, 1)
    records = number(imported.drafts, WANTED).records
    totals = {
        dimension: sum(record.quantity for record in records if record.dimension == dimension)
        for dimension in ("input-token", "output-token")
    }
    assert totals == {"input-token": 18059425, "output-token": 245723}
    assert {record.meter_id for record in records} == set(totals)
