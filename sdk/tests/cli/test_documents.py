"""Documents in files: validated, signed, verified and shown."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from crex.documents.times import SystemClock, format_time
from sdk.tests.cli.conftest import Shell

SITE: dict[str, Any] = {
    "header": {
        "id": "crex://p.example.cn/site/zhongwei-1",
        "revision": "1",
        "issuer": "p.example.cn",
        "issuedAt": "2026-11-01T12:00:00Z",
    },
    "country": "CN",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An unsigned document."""
    path = tmp_path / "site.json"
    path.write_text(json.dumps(SITE), "utf-8")
    return path


@pytest.fixture
def signed(crex: Shell, site: Path, tmp_path: Path) -> Path:
    """The document, signed now by its provider."""
    crex("init", "p.example.cn", "--role", "provider")
    body = {**SITE, "header": {**SITE["header"], "issuedAt": format_time(SystemClock().now())}}
    site.write_text(json.dumps(body), "utf-8")
    place = tmp_path / "signed.json"
    assert crex("-o", str(place), "sign", str(site)) == 0
    return place


def test_a_valid_document_is_called_so(crex: Shell, site: Path) -> None:
    """`crex validate` says what the document is, and ends with 0."""
    assert crex("validate", str(site)) == 0
    assert crex.out == f"{site}: a valid site\n"
    assert crex.json("validate", str(site)) == [{"file": str(site), "valid": True, "type": "site"}]


def test_a_member_that_readers_ignore_is_told(crex: Shell, site: Path) -> None:
    """An unknown member of a descriptive document is a note with what may be meant (DOC-UNKNOWN-1)."""
    document = json.loads(site.read_text("utf-8"))
    document["countrry"] = "CN"
    site.write_text(json.dumps(document), "utf-8")
    assert crex("validate", str(site)) == 0
    valid, note = crex.out.splitlines()
    assert valid == f"{site}: a valid site"
    assert note == '  note: $.countrry: Site has no such member. Did you mean "country"? [DOC-UNKNOWN-1]'
    assert crex.json("validate", str(site))[0]["warnings"] == [note.removeprefix("  note: ")]


def test_every_fault_is_told_with_place_requirement_and_fix(crex: Shell, site: Path) -> None:
    """An invalid document ends with 1, and each fault names file, JSON path, requirement and fix."""
    site.write_text(json.dumps({**SITE, "country": "China"}), "utf-8")
    assert crex("validate", str(site)) == 1
    assert str(site) in crex.out
    assert "$.country" in crex.out
    assert "SCALAR-COUNTRY-1" in crex.out
    (told,) = crex.json("validate", str(site))
    assert told["valid"] is False
    assert all(violation["path"].startswith("$") for violation in told["violations"])


@pytest.mark.parametrize(
    ("fault", "requirement"),
    [
        ({"tiers": [{"unitPrice": "2", "upTo": "10"}]}, "PRICE-TIER-2"),
        ({"tiers": [{"unitPrice": "2", "upTo": "10"}, {"unitPrice": "1"}]}, "PRICE-TIER-1"),
        ({"unit": "untis"}, "PRICE-UNIT-1"),
        ({"restrictions": {"localStart": "08:00", "localEnd": "08:00"}}, "PRICE-WINDOW-1"),
    ],
)
def test_a_price_plan_that_cannot_be_rated_is_neither_valid_nor_signed(
    crex: Shell, tmp_path: Path, fault: dict[str, Any], requirement: str
) -> None:
    """What no broker would publish and nobody could bill by is told before it is signed."""
    component: dict[str, Any] = {
        "id": "unit-hour",
        "dimension": "compute-unit",
        "unit": "unit",
        "kind": "COMPONENT_KIND_TIME",
        "perQuantity": "3600",
        "model": "TIER_MODEL_UNIT",
        "tiers": [{"unitPrice": "2"}],
    }
    # Issued now: nobody signs what was issued before its key began.
    issued_at = format_time(SystemClock().now())
    plan = {
        "header": {
            **SITE["header"],
            "id": "crex://p.example.cn/price-plan/hourly",
            "issuedAt": issued_at,
        },
        "currency": "CNY",
        "timeZone": "Asia/Shanghai",
        "effectiveStart": "2026-11-01T12:00:00Z",
        "components": [component],
    }
    path, place = tmp_path / "plan.json", tmp_path / "signed.json"
    crex("init", "p.example.cn", "--role", "provider")
    path.write_text(json.dumps(plan), "utf-8")
    assert crex("validate", "--type", "price-plan", str(path)) == 0
    assert crex("-o", str(place), "sign", "--type", "price-plan", str(path)) == 0
    place.unlink()
    component |= fault
    path.write_text(json.dumps(plan), "utf-8")
    assert crex("validate", "--type", "price-plan", str(path)) == 1
    assert requirement in crex.out
    assert crex("-o", str(place), "sign", "--type", "price-plan", str(path)) == 1
    assert requirement in crex.err
    assert not place.exists()


def test_one_bad_file_among_good_ones_is_told(crex: Shell, site: Path, tmp_path: Path) -> None:
    """Every file is judged, the bad one decides the exit code."""
    bad = tmp_path / "bad.json"
    bad.write_text('{"header": 1', "utf-8")
    assert crex("validate", str(site), str(bad)) == 1
    assert "a valid site" in crex.out
    assert f"{bad}: " in crex.out


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"header": {"id": "crex://p.example.cn/dream/x"}}',
        "\ufeff{}",
        '{"a":1,"a":2}',
    ],
)
def test_what_is_no_document_is_refused(crex: Shell, tmp_path: Path, text: str) -> None:
    """A file that is no document is refused with its name, by every command that takes one."""
    path = tmp_path / "paper.json"
    path.write_text(text, "utf-8")
    for command in ("validate", "inspect"):
        assert crex(command, str(path)) == 1
        assert str(path) in crex.out + crex.err


def test_a_signed_document_verifies_step_by_step(crex: Shell, signed: Path) -> None:
    """`crex verify` shows each numbered step, and what the document is."""
    assert crex("verify", str(signed)) == 0
    assert crex.out == f"{signed}: site crex://p.example.cn/site/zhongwei-1@1, verified\n"
    assert crex("verify", "--explain", str(signed)) == 0
    assert len(crex.out.splitlines()) == 24
    assert " 11 passed        the signature verifies over type and body" in crex.out
    (told,) = crex.json("verify", str(signed))
    assert (told["verified"], told["issuer"], told["type"]) == (True, "p.example.cn", "site")
    assert told["steps"][0]["requirement"] == "VERIFY-LIMIT-1"


def test_a_flipped_byte_is_refused_at_its_step(crex: Shell, signed: Path) -> None:
    """An altered document is refused by the step that found it, and what was not reached says so."""
    import base64

    envelope = json.loads(signed.read_text("utf-8"))
    body = base64.b64decode(envelope["payload"]).replace(b'"CN"', b'"CX"')
    envelope["payload"] = base64.b64encode(body).decode()
    signed.write_text(json.dumps(envelope), "utf-8")
    assert crex("verify", str(signed)) == 1
    assert "SIGNATURE" in crex.out
    assert "refused at step 11 of 23" in crex.out
    assert crex("verify", "--explain", str(signed)) == 1
    assert " 11 refused" in crex.out
    assert " 13 not reached" in crex.out


def test_a_document_is_judged_for_the_time_that_is_given(crex: Shell, signed: Path) -> None:
    """Before it was issued, a document does not verify."""
    assert crex("verify", "--at", "2020-01-01T00:00:00Z", str(signed)) == 1
    assert crex("verify", "--at", "now", str(signed)) == 0
    assert crex("verify", "--at", "yesterday", str(signed)) == 2


def test_who_has_no_identity_verifies_by_given_trust(crex: Shell, signed: Path, tmp_path: Path) -> None:
    """With `--trust` nothing is asked of a home: an auditor verifies what it was handed."""
    paper = tmp_path / "trust.json"
    crex("-o", str(paper), "trust", "export")
    crex.home = tmp_path / "nowhere"
    assert crex("verify", "--trust", str(paper), str(signed)) == 0
    assert crex("verify", str(signed)) == 1


def test_what_is_signed_stays_byte_for_byte(crex: Shell, signed: Path, site: Path) -> None:
    """Signing keeps the bytes of the file, so that its digest is that of the document."""
    assert base64.b64decode(json.loads(signed.read_text("utf-8"))["payload"]) == site.read_bytes()
    unsigned, signed_too = crex.json("inspect", str(site)), crex.json("inspect", str(signed))
    assert unsigned["pin"] == signed_too["pin"]
    assert unsigned["signedBy"] == []
    assert len(signed_too["signedBy"]) == 1


def test_signing_is_refused_where_it_must_not_be(
    crex: Shell, signed: Path, site: Path, tmp_path: Path
) -> None:
    """A signed document is not signed again, none of another issuer is signed, and none is overwritten."""
    assert crex("-o", str(tmp_path / "twice.json"), "sign", str(signed)) == 1
    assert crex("-o", str(site), "sign", str(site)) == 1
    assert crex("sign", str(site)) == 1
    foreign = tmp_path / "foreign.json"
    foreign.write_text(site.read_text("utf-8").replace("p.example.cn", "q.example.cn"), "utf-8")
    assert crex("-o", str(tmp_path / "out.json"), "sign", str(foreign)) == 1
    assert "ISSUER_MISMATCH" in crex.err
    assert not (tmp_path / "out.json").exists()


def test_inspect_says_that_nothing_is_verified(crex: Shell, signed: Path) -> None:
    """`crex inspect` shows type, pin and body, and points to `crex verify`."""
    assert crex("inspect", str(signed)) == 0
    assert "not verified here" in crex.out
    assert "crex://p.example.cn/site/zhongwei-1" in crex.out


def _forged(signed: Path, payload: bytes) -> Path:
    """An envelope that holds something else."""
    envelope = json.loads(signed.read_text("utf-8"))
    envelope["payload"] = base64.b64encode(payload).decode()
    path = signed.with_name("forged.json")
    path.write_text(json.dumps(envelope), "utf-8")
    return path


@pytest.mark.parametrize("payload", [b"{}", b"[]", b'{"header": 5}', b"\xff", b"[" * 5000])
def test_what_is_no_document_is_not_laid_out(
    payload: bytes, crex: Shell, signed: Path, tmp_path: Path
) -> None:
    """An envelope without a document in it is refused with its file, and never served."""
    web = tmp_path / "web"
    forged = _forged(signed, payload)
    assert crex("-o", str(web), "well-known", str(signed), str(forged)) == 1
    assert str(forged) in crex.err
    assert not web.exists()
    assert crex("--broker", "127.0.0.1:1", "publish", str(forged)) in (1, 3)
    assert "defect" not in crex.err


def test_documents_of_two_authorities_are_not_laid_out_together(
    crex: Shell, signed: Path, tmp_path: Path
) -> None:
    """Paths do not name the authority: one document would silently replace the other."""
    body = {**SITE, "header": {**SITE["header"], "id": "crex://q.example.cn/site/zhongwei-1"}}
    body["header"]["issuer"] = "q.example.cn"
    other = _forged(signed, json.dumps(body).encode())
    assert crex("-o", str(tmp_path / "web"), "well-known", str(signed), str(other)) == 1
    assert "p.example.cn and q.example.cn" in crex.err
    assert crex("-o", str(tmp_path / "web"), "well-known", str(signed)) == 0
    assert crex.out.startswith("Wrote 3 files below")


def test_publishing_nothing_is_no_success(crex: Shell, tmp_path: Path) -> None:
    """A folder without a document is told, before anybody is asked."""
    assert crex("publish", str(tmp_path)) == 1
    assert "There is no document" in crex.err


def test_a_price_series_that_contradicts_itself_is_not_valid(crex: Shell, tmp_path: Path) -> None:
    """A series is held to its rules as a plan is (SERIES-POINT-1)."""
    series = {
        "header": {**SITE["header"], "id": "crex://p.example.cn/price-series/spot"},
        "currency": "CNY",
        "interval": {"start": "2026-11-01T00:00:00Z", "end": "2026-11-02T00:00:00Z"},
        "points": [{"start": "2026-11-01T00:00:00Z", "unitPrice": "1"}],
    }
    path = tmp_path / "series.json"
    path.write_text(json.dumps(series), "utf-8")
    assert crex("validate", "--type", "price-series", str(path)) == 0
    series["points"] = [{"start": "2026-11-01T01:00:00Z", "unitPrice": "1"}]
    path.write_text(json.dumps(series), "utf-8")
    assert crex("validate", "--type", "price-series", str(path)) == 1
    assert "SERIES-POINT-1" in crex.out
