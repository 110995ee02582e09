"""What issuers are held to: their streams and period closes, by copies that others have."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from crex import v1
from crex.accounts.close import leaf
from crex.documents import convert
from crex.documents.convert import to_timestamp
from crex.errors import TrustError
from crex.transparency.closes import check_closes
from crex.transparency.findings import Kind
from crex.transparency.papers import Paper, Promise, read_signed
from crex.transparency.streams import check_streams
from crex.trust.envelope import Parts, digest
from crex.trust.merkle import root
from sdk.tests.transparency.lying_log import NOW, PROVIDER, Operator

STREAM = f"crex://{PROVIDER}/stream/sites"


def stream(operator: Operator, *numbers: int) -> list[Paper]:
    """Documents of a stream, each with the digest of the one before."""
    papers: list[Paper] = []
    for number in numbers:
        before = next((paper for paper in papers if paper.sequence == number - 1), None)
        prev = before.sha256 if before is not None else None if number == 1 else "0" * 64
        papers.append(operator.site(f"s{number}", stream=STREAM, sequence=number, prev=prev))
    return papers


def kinds(papers: Sequence[Paper]) -> list[Kind]:
    """What is wrong in the streams of these."""
    return [finding.kind for finding in check_streams(papers)]


def test_a_whole_stream(operator: Operator) -> None:
    """A stream without a gap passes, in any order, with copies, beside documents of none."""
    papers = stream(operator, 1, 2, 3)
    assert kinds([*reversed(papers), papers[1], operator.site()]) == []


@pytest.mark.parametrize(("numbers", "missing"), [((1, 3), "2"), ((2,), "1"), ((1, 5, 9), "2 to 4, 6 to 8")])
def test_a_gap_in_ones_own_hand(operator: Operator, numbers: tuple[int, ...], missing: str) -> None:
    """A number that is missing is named (AUDIT-STREAM-1)."""
    (finding,) = check_streams(stream(operator, *numbers))
    assert finding.kind is Kind.GAP
    assert finding.evidence["missing"] == missing


def test_two_documents_with_one_number(operator: Operator) -> None:
    """Two documents under one number are proof against their issuer (AUDIT-STREAM-1)."""
    papers = stream(operator, 1, 2)
    other = operator.site("else", stream=STREAM, sequence=2, prev=papers[0].sha256)
    (finding,) = check_streams([*papers, other])
    assert finding.kind is Kind.DOUBLE
    assert finding.evidence == {"document 1": papers[1].file_form, "document 2": other.file_form}


def test_a_document_that_follows_another_one(operator: Operator) -> None:
    """A document whose `prev` is not the one before was given another past (AUDIT-STREAM-1)."""
    papers = stream(operator, 1, 2)
    other = operator.site("s3", stream=STREAM, sequence=3, prev="1" * 64)
    assert kinds([*papers, other]) == [Kind.CHAIN]


def test_a_stream_of_somebody_else(operator: Operator) -> None:
    """Nobody numbers in another's name (AUDIT-STREAM-1)."""
    papers = [replace(paper, stream="crex://other.example/stream/a") for paper in stream(operator, 1)]
    assert kinds(papers) == [Kind.CHAIN]


def test_many_gaps_are_counted(operator: Operator) -> None:
    """A message about a stream full of holes stays short."""
    (finding,) = [one for one in check_streams(stream(operator, *range(2, 40, 2))) if one.kind is Kind.GAP]
    assert "11 more ranges" in finding.message


def invoice(name: str, *, minutes: int = 0, provisional: bool = False) -> Paper:
    """An invoice as the close sees it; what else it holds is none of its business."""
    parties = {"seller": PROVIDER, "buyer": "c.example.org", "account": "a", "provisional": provisional}
    return bill("invoice", name, minutes=minutes, **parties)


def bill(kind: str, name: str, *, minutes: int = 0, **body: Any) -> Paper:
    """A document of an account."""
    header = {
        "id": f"crex://{PROVIDER}/{kind}/{name}",
        "issuedAt": f"2026-11-01T12:{minutes:02d}:00Z",
    }
    parts = Parts(kind, name.encode(), ())
    return Paper(
        name,
        kind,
        header["id"],
        1,
        PROVIDER,
        "",
        0,
        "",
        digest(parts.body),
        "",
        {"header": header, **body},
        parts,
    )


def close(*papers: Paper, total: int | None = None) -> Paper:
    """The close of these invoices and notes, as the seller signs it."""
    message = v1.PeriodClose(
        header=v1.Header(id=f"crex://{PROVIDER}/period-close/c", revision=1, issuer=PROVIDER),
        counterparty="c.example.org",
        account="a",
        period=v1.Interval(start=to_timestamp(NOW), end=to_timestamp(NOW + timedelta(hours=1))),
        invoice_count=sum(paper.type == "invoice" for paper in papers) if total is None else total,
        credit_note_count=sum(paper.type == "credit-note" for paper in papers),
        debit_note_count=0,
        documents_root=root([leaf(paper.pin) for paper in papers]).hex(),
    )
    message.header.issued_at.CopyFrom(to_timestamp(NOW + timedelta(hours=2)))
    body = convert.to_json(message)
    parts = Parts("period-close", b"close", ())
    return Paper("close", "period-close", message.header.id, 1, PROVIDER, "", 0, "", "", "", body, parts)


ONE, TWO = invoice("one"), invoice("two", minutes=1)
NOTE = bill("credit-note", "note", minutes=2, correction={"invoice": {"id": ONE.id}})


@pytest.fixture(autouse=True)
def unsigned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The papers here are not signed, so there is no envelope to show."""
    monkeypatch.setattr(Paper, "file_form", property(lambda self: self.id))


def test_a_close_of_all_copies() -> None:
    """A close of exactly the invoices and notes that the buyer has passes (AUDIT-CLOSE-1)."""
    outside = invoice("later", minutes=59)
    provisional = invoice("guess", provisional=True)
    assert check_closes([close(ONE, TWO, NOTE, outside), TWO, NOTE, ONE, outside, ONE, provisional]) == []


def test_an_invoice_beside_the_close() -> None:
    """A copy that was never closed is named (AUDIT-CLOSE-1)."""
    (finding,) = check_closes([close(ONE, NOTE), ONE, TWO, NOTE])
    assert finding.kind is Kind.CLOSE
    assert TWO.id in finding.message
    assert finding.evidence["document"] == TWO.id


def test_a_close_of_more_than_there_is() -> None:
    """What was closed and is not here is asked for (AUDIT-CLOSE-1)."""
    (finding,) = check_closes([close(ONE, TWO), ONE])
    assert "1 of its documents are not here" in finding.message


def test_a_close_of_other_documents() -> None:
    """As many documents, and not the same ones, are found (AUDIT-CLOSE-1)."""
    (finding,) = check_closes([close(ONE, TWO), ONE, invoice("three", minutes=1)])
    assert "not the same documents" in finding.message


def test_an_account_without_close_is_not_judged() -> None:
    """Nothing is said of a period that nobody closed."""
    assert check_closes([ONE, TWO]) == []


def test_a_document_is_evidence_after_its_time(operator: Operator) -> None:
    """An expired document is as much evidence of who signed it, and an altered one is none."""
    paper = operator.site("short", valid_until=to_timestamp(NOW + timedelta(minutes=1)))
    later = NOW + timedelta(days=1)
    again = read_signed(paper.parts, operator.trust, now=later, source="file")
    assert (again.id, again.record) == (paper.id, paper.record)
    with pytest.raises(TrustError) as caught:
        read_signed(
            Parts(paper.parts.payload_type, paper.parts.body + b" ", paper.parts.signatures),
            operator.trust,
            now=later,
            source="file",
        )
    assert caught.value.reason == "SIGNATURE"


def test_only_a_receipt_is_a_promise(operator: Operator) -> None:
    """Another document is no receipt."""
    with pytest.raises(TrustError, match="not a receipt"):
        Promise.of(operator.site())
