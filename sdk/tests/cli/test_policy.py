"""`crex policy`: policies in files, and offers in files judged by them without a network."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from crex import v1
from crex.cli.policy_evidence import _Fetched
from crex.documents.convert import to_duration
from crex.documents.times import SystemClock
from crex.trust.envelope import digest, from_json, to_json
from crex.trust.identity_files import load_identity
from crex.trust.status_book import StatusListBuilder
from crex.trust.trust_draft import TrustDraft, sign_draft
from sdk.tests.cli.conftest import Shell
from sdk.tests.trust.samples import NOW

if TYPE_CHECKING:
    from crex.cli.party import Customer

PROVIDER, ASSESSOR, ROOT = "p.example.cn", "assessor.example.cn", "root.example.cn"
SITE, NODE, OFFER = (f"crex://{PROVIDER}/{path}" for path in ("site/a", "resource/n", "offer/o"))
CERTIFIED = {
    "predicateType": "compliance",
    "where": [{"path": "scheme", "equals": "mlps"}, {"path": "level", "gte": "3"}],
    "issuersAccreditedBy": ROOT,
}
MLPS = ("--scheme", "mlps", "--level", "3", "--from", "2026-01-01", "--to", "2099-12-31")


def written(path: Path, value: Any) -> str:
    """Writes JSON; gives the file."""
    path.write_text(json.dumps(value), "utf-8")
    return str(path)


@pytest.fixture
def market(crex: Shell, tmp_path: Path) -> Shell:
    """A provider with a signed offer in a folder, an assessor and a root, and their trust documents."""
    for name in (PROVIDER, ASSESSOR, ROOT):
        assert crex("init", name, "--role", "provider") == 0
        assert crex("--as", name, "-o", str(tmp_path / f"{name}.trust"), "trust", "export") == 0
    folder = tmp_path / "signed"
    folder.mkdir()
    now = SystemClock().now()
    identity = load_identity(crex.home / PROVIDER)

    def header(id_: str, **more: Any) -> v1.Header:
        made = v1.Header(id=id_, revision=1, issuer=PROVIDER)
        made.issued_at.FromDatetime(now)
        if more:
            made.valid_until.FromSeconds(int(now.timestamp()) + 80_000)
        return made

    def sign(name: str, document: Any) -> bytes:
        envelope = identity.sign_document(document)
        (folder / f"{name}.json").write_bytes(to_json(envelope))
        return envelope.payload

    sign("site", v1.Site(header=header(SITE), country="CN"))
    resource = sign(
        "node", v1.ComputeResource(header=header(NODE), kind="node-class", site_id=SITE, node=v1.NodeClass())
    )
    plan = v1.Pin(id=f"crex://{PROVIDER}/plan/x", revision=1, sha256="0" * 64)
    offer = v1.Offer(
        header=header(OFFER, ends=True),
        resource=v1.Pin(id=NODE, revision=1, sha256=digest(resource)),
        price_plan=plan,
        terms=v1.OfferTerms(mode="on-demand", min_duration=to_duration(now - now)),
    )
    sign("offer", offer)
    (folder / "notes.json").write_text("{}", "utf-8")
    return crex


def check(
    shell: Shell, tmp_path: Path, policy: Any, *others: str, pins: tuple[str, ...] = (PROVIDER,)
) -> int:
    """Judges the offer by a policy and files."""
    given = [argument for other in ("signed", *others) for argument in ("--with", str(tmp_path / other))]
    trusted = [argument for pin in pins for argument in ("--trust", str(tmp_path / f"{pin}.trust"))]
    file = written(tmp_path / "policy.json", policy)
    return shell("policy", "check", str(tmp_path / "signed/offer.json"), "--policy", file, *given, *trusted)


def attested(shell: Shell, tmp_path: Path, issuer: str, name: str, *words: str) -> str:
    """Writes an attestation; gives its file's name."""
    assert shell("--as", issuer, "-o", str(tmp_path / name), "attest", *words, "--sign") == 0
    return name


def test_a_policy_is_worded(crex: Shell, tmp_path: Path) -> None:
    """A valid policy is told in words; for programs with its digest."""
    file = written(tmp_path / "p.json", {"require": [CERTIFIED], "log": {"required": True, "quorum": 2}})
    assert crex("policy", "validate", file) == 0
    assert crex.out.splitlines() == [
        f"{file}: a valid policy",
        f"  needs MLPS ≥ 3 from a body accredited by {ROOT}",
        "  needs a proof of the log",
        "  needs co-signatures by witnesses of 2 authorities",
    ]
    assert crex("policy", "validate", file, "--json") == 0
    assert len(json.loads(crex.out)[0]["sha256"]) == 64


def test_a_policy_that_could_never_be_met(crex: Shell, tmp_path: Path) -> None:
    """Every file is judged; a bad one is told by place, rule and fix (POLICY-CHECK-1)."""
    good = written(tmp_path / "good.json", {})
    bad = written(tmp_path / "bad.json", {"require": [{"predicateType": "complience"}]})
    assert crex("policy", "validate", bad, good, str(tmp_path / "none.json")) == 1
    assert 'Did you mean "compliance"? [POLICY-PREDICATE-1]' in crex.out
    assert f"{good}: a valid policy" in crex.out
    assert "none.json" in crex.out
    assert crex("policy", "validate", bad, "--json") == 1
    (told,) = json.loads(crex.out)
    assert told["violations"][0]["path"] == "$.require[0].predicateType"


def test_a_policy_that_is_too_large(crex: Shell, tmp_path: Path) -> None:
    """A file that no policy can be is not read to its end, and the limit is told as it is."""
    file = tmp_path / "policy.json"
    file.write_bytes(b" " * 300_000)
    assert crex("policy", "validate", str(file)) == 1
    assert "larger than 256 KiB" in crex.out


def test_an_offer_in_files(market: Shell, tmp_path: Path) -> None:
    """Self-declared, certified, accredited: only the last meets the policy (POLICY-ACCREDITED-1)."""
    policy = {"require": [CERTIFIED]}
    own = attested(market, tmp_path, PROVIDER, "own.json", "compliance", "--about", PROVIDER, *MLPS)
    assert check(market, tmp_path, policy, own) == 1
    assert "found: self-declared (level 3, p.example.cn)" in market.out
    number = ("--certificate", "64050-26001")
    theirs = attested(market, tmp_path, ASSESSOR, "c.json", "compliance", "--about", SITE, *MLPS, *number)
    assert check(market, tmp_path, policy, theirs) == 1
    assert "does not verify (ISSUER)" in market.out
    assert check(market, tmp_path, policy, theirs, pins=(PROVIDER, ASSESSOR)) == 1
    assert "not accredited by root.example.cn for mlps" in market.out
    accredited = attested(
        market, tmp_path, ROOT, "a.json", "accreditation", "--about", ASSESSOR, "--scheme", "mlps"
    )
    everybody = (PROVIDER, ASSESSOR, ROOT)
    assert check(market, tmp_path, policy, theirs, accredited, own, pins=everybody) == 0
    assert f"{OFFER}@1 meets the policy." in market.out


def test_a_site_that_is_not_there_is_told(market: Shell, tmp_path: Path) -> None:
    """What cannot be had is noted, and what is attested of it does not count."""
    theirs = attested(market, tmp_path, ASSESSOR, "c.json", "compliance", "--about", SITE, *MLPS)
    (tmp_path / "signed/site.json").unlink()
    policy = {"require": [{"predicateType": "compliance"}]}
    assert check(market, tmp_path, policy, theirs, pins=(PROVIDER, ASSESSOR)) == 1
    assert f"note: {SITE}: it cannot be had (NOT_FOUND)" in market.out


def test_a_revision_that_is_none_takes_no_place(market: Shell, tmp_path: Path) -> None:
    """A body that is not verified may state anything as its revision; the genuine document is found."""
    other = from_json((tmp_path / "signed/site.json").read_bytes())
    for at, revision in enumerate(("x", "1" * 5000, "", 1)):
        other.payload = json.dumps({"header": {"id": SITE, "revision": revision}}).encode()
        (tmp_path / f"signed/{at}.json").write_bytes(to_json(other))
    check(market, tmp_path, {"require": [{"predicateType": "compliance"}]})
    assert "does not meet the policy" in market.out
    assert "note:" not in market.out


def test_an_offer_that_does_not_verify_is_not_judged(market: Shell, tmp_path: Path) -> None:
    """The offer itself comes first: by an unknown key there is nothing to judge."""
    assert check(market, tmp_path, {}, pins=(ASSESSOR,)) == 1
    assert "ISSUER" in market.err


def test_a_status_list_in_files(market: Shell, tmp_path: Path) -> None:
    """What can be revoked counts only with a list that shows that it is not (POLICY-VALID-1)."""
    now = SystemClock().now()
    identity = load_identity(market.home / ASSESSOR)
    assert identity.root is not None
    book = StatusListBuilder(f"crex://{ASSESSOR}/status-list/a")
    draft = TrustDraft.after(identity.trust, now=now, valid_until=identity.trust.valid_until)
    draft.add_status_list(book.name)
    (tmp_path / "next.trust").write_bytes(to_json(sign_draft(draft.body(), [identity.root])))
    place = book.allot()
    until = identity.trust.valid_until
    document = v1.Attestation(
        header=v1.Header(id=f"crex://{ASSESSOR}/attestation/r", revision=1, issuer=ASSESSOR, status=place),
        subjects=[v1.Subject(id=SITE)],
        predicate_type="compliance",
        compliance=v1.CompliancePredicate(scheme="mlps", valid_from="2026-01-01", valid_to="2099-12-31"),
    )
    document.header.issued_at.FromDatetime(now)
    document.header.valid_until.FromDatetime(until)
    (tmp_path / "r.json").write_bytes(to_json(identity.sign_document(document)))
    policy = {"require": [{"predicateType": "compliance"}]}
    pins = (PROVIDER, ASSESSOR, "next")
    assert check(market, tmp_path, policy, "r.json", pins=pins) == 1
    assert "not shown not to be revoked (STATUS_STALE)" in market.out
    lists = tmp_path / "list.json"
    lists.write_bytes(to_json(identity.sign_document(book.build(now=now))))
    assert check(market, tmp_path, policy, "r.json", "list.json", pins=pins) == 0
    book.revoke(place.index)
    lists.write_bytes(to_json(identity.sign_document(book.build(now=now))))
    assert check(market, tmp_path, policy, "r.json", "list.json", pins=pins) == 1
    assert "revoked from the beginning" in market.out


def test_check_of_a_hold_needs_a_policy(crex: Shell) -> None:
    """`--check` without a policy is told before anything is asked of a broker."""
    assert crex("init", "c.example.org", "--role", "consumer") == 0
    code = crex("hold", OFFER, "--for", "1h", "--check", "--broker", "c.example.org@127.0.0.1:1")
    assert code == 1
    assert "--check judges by a policy" in crex.err


def test_pages_that_never_end_are_left() -> None:
    """A broker that leads from empty page to empty page does not keep its reader for ever."""
    asked: list[str] = []

    class Endless:
        """Always has one more page."""

        def list_attestations(self, request: v1.ListAttestationsRequest) -> v1.ListAttestationsResponse:
            """Gives nothing, and where to go on."""
            asked.append(request.page_token)
            return v1.ListAttestationsResponse(next_page_token=str(len(asked)))

    source = _Fetched(cast("Customer", SimpleNamespace(client=Endless())), NOW)
    assert source.about("crex://p.example.cn/site/a") == []
    assert len(asked) == 1000
