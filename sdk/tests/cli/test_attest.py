"""`crex attest`: drafts, signatures, measurements and what an attestation says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crex.trust.hardware_evidence import binding
from sdk.tests.cli.conftest import Shell

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "schemas/examples/valid"
SITE = "crex://p.example.cn/site/zhongwei-1"
MLPS = ("--scheme", "mlps", "--level", "3", "--from", "2026-01-01", "--to", "2099-12-31")
KEY = "8QmWcRk5yTz0LhVbXn2JdFsGpAe7UoIxKvNqZrEwDt4"


@pytest.fixture
def parties(crex: Shell) -> Shell:
    """A provider, an assessor, and a body that accredits."""
    for name in ("p.example.cn", "assessor.example.cn", "root.example.cn"):
        assert crex("init", name, "--role", "provider") == 0
    return crex


def trust_of(crex: Shell, tmp_path: Path, authority: str) -> str:
    """Writes the trust document of a party; gives the file."""
    path = tmp_path / f"{authority}.trust.json"
    assert crex("--as", authority, "-o", str(path), "trust", "export") == 0
    return str(path)


def test_a_compliance_attestation_is_drafted_and_signed(parties: Shell, tmp_path: Path) -> None:
    """Without `--sign` the file holds a document, with it an envelope; both end with the certificate."""
    plain, signed = tmp_path / "plain.json", tmp_path / "signed.json"
    command = ("--as", "assessor.example.cn", "attest", "compliance", "--about", SITE, *MLPS)
    assert parties("-o", str(plain), *command, "--certificate", "42") == 0
    assert "unsigned" in parties.out
    body = json.loads(plain.read_text("utf-8"))
    assert body["compliance"]["level"] == 3
    assert body["header"]["validUntil"] == "2100-01-01T00:00:00Z"
    assert parties("validate", str(plain)) == 0
    assert parties("-o", str(signed), *command, "--sign") == 0
    assert "payloadType" in json.loads(signed.read_text("utf-8"))


def test_by_whose_word_it_holds_is_told(parties: Shell, tmp_path: Path) -> None:
    """`crex attest show` tells three kinds of word apart, and verifies (COMPLY-ACCREDITED-1)."""
    own, other, root = tmp_path / "own.json", tmp_path / "other.json", tmp_path / "root.json"
    assert (
        parties(
            "--as", "p.example.cn", "-o", str(own), "attest", "compliance", "--about", SITE, *MLPS, "--sign"
        )
        == 0
    )
    accredit = ("attest", "accreditation", "--about", "assessor.example.cn", "--scheme", "mlps", "--sign")
    assert parties("--as", "root.example.cn", "-o", str(root), *accredit) == 0
    command = ("attest", "compliance", "--about", SITE, *MLPS, "--certificate", "42", "--sign")
    cited = ("--accreditation", str(root))
    assert parties("--as", "assessor.example.cn", "-o", str(other), *command, *cited) == 0

    shown = parties.json("--as", "p.example.cn", "attest", "show", str(own))
    assert (shown["standing"], shown["verified"]) == ("self-declared", True)
    trust = [
        item
        for name in ("assessor.example.cn", "root.example.cn")
        for item in ("--trust", trust_of(parties, tmp_path, name))
    ]
    shown = parties.json("attest", "show", str(other), *trust)
    assert (shown["standing"], shown["verified"]) == ("third party", True)
    assert "was not given" in shown["why"]
    shown = parties.json("attest", "show", str(other), *cited, *trust)
    assert (shown["standing"], shown["accreditedBy"]) == ("accredited", ["root.example.cn"])
    assert parties("attest", "show", str(other), *cited, *trust) == 0
    assert "Multi-Level Protection Scheme" in parties.out
    assert "level 3" in parties.out


def test_what_does_not_verify_is_shown_as_that(parties: Shell, tmp_path: Path) -> None:
    """An attestation by somebody who is not trusted is shown, said to be unverified, and ends with 1."""
    path = tmp_path / "a.json"
    command = ("attest", "compliance", "--about", SITE, *MLPS, "--certificate", "1", "--sign")
    assert parties("--as", "assessor.example.cn", "-o", str(path), *command) == 0
    trust = ("--trust", trust_of(parties, tmp_path, "root.example.cn"))
    assert parties("attest", "show", str(path), *trust) == 1
    assert "NOT VERIFIED" in parties.out
    assert "(ISSUER)" in parties.out


def test_an_unsigned_accreditation_counts_for_nothing(parties: Shell, tmp_path: Path) -> None:
    """Who gives an accreditation without a signature is told so."""
    draft = tmp_path / "draft.json"
    accredit = ("attest", "accreditation", "--about", "assessor.example.cn", "--scheme", "mlps")
    assert parties("--as", "root.example.cn", "-o", str(draft), *accredit) == 0
    example = str(EXAMPLES / "attestation.compliance.json")
    assert parties("--as", "root.example.cn", "attest", "show", example, "--accreditation", str(draft)) == 1
    assert "It is not signed" in parties.err
    assert str(draft) in parties.err


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("attestation.*.json")), ids=lambda path: path.stem)
def test_every_example_is_shown(crex: Shell, path: Path) -> None:
    """What each predicate says is shown to people, with whom it is about and by whom."""
    assert crex("attest", "show", str(path)) == 0
    value = json.loads(path.read_text("utf-8"))
    assert f"says      {value['predicateType']}" in crex.out
    assert value["header"]["issuer"] in crex.out
    assert value["subjects"][0]["id"] in crex.out


def test_capacity_is_drafted(parties: Shell) -> None:
    """A count is drafted from options, and shown where no file was named."""
    value = parties.json(
        "--as", "assessor.example.cn", "attest", "capacity", "--about", f"{SITE}@3", "--quantity", "8",
        "--usable", "7", "--unit", f"{SITE}/node-class/a", "--method", "inspection",
        "--from", "2026-02-01T00:00:00Z", "--to", "2026-02-01T06:00:00Z",
    )  # fmt: skip
    assert value["document"]["capacity"]["usable"] == "7"
    assert value["document"]["subjects"] == [{"id": SITE, "revision": "3"}]


def test_a_count_that_cannot_be_is_refused(parties: Shell) -> None:
    """A draft that breaks a rule is refused with the rule (CAPACITY-COUNT-1)."""
    code = parties(
        "--as", "p.example.cn", "attest", "capacity", "--about", SITE, "--quantity", "8", "--usable", "9",
        "--unit", f"{SITE}/node-class/a", "--method", "inventory",
        "--from", "2026-02-01T00:00:00Z", "--to", "2026-02-01T06:00:00Z",
    )  # fmt: skip
    assert code == 1
    assert "[CAPACITY-COUNT-1]" in parties.err


def test_a_report_is_drafted_with_the_digest_of_its_file(parties: Shell, tmp_path: Path) -> None:
    """The report itself stays where it is; its digest is attested."""
    report = tmp_path / "report.json"
    report.write_bytes(b"{}")
    value = parties.json(
        "--as", "p.example.cn", "attest", "report", "--about", "p.example.cn", "--profile", "broker",
        "--suite", "s 1", "--implementation", "i 2", "--passed", "3", "--failed", "0", "--skipped", "1",
        "--report", str(report),
    )  # fmt: skip
    found = value["document"]["conformanceReport"]
    assert found["reportSha256"] == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert value["document"]["subjects"] == [{"id": "crex://p.example.cn/trust/main"}]


def test_hardware_evidence_from_challenge_to_attestation(parties: Shell, tmp_path: Path) -> None:
    """A challenge tells what is to be quoted; a result that repeats it can be attested (EVIDENCE-BIND-1)."""
    challenge = parties.json("attest", "challenge", "--key", KEY)
    assert challenge["quote"] == binding(bytes.fromhex(challenge["challenge"]), KEY).hex()
    quote, ear = tmp_path / "quote", tmp_path / "ear.json"
    quote.write_bytes(b"opaque")
    claims: dict[str, Any] = {
        "eat_profile": "tag:ietf.org,2026:rats/ear#04",
        "iat": 1772352010,
        "ear_verifier_id": {"developer": "d", "build": "b"},
        "eat_nonce": challenge["eatNonce"],
        "submods": {"a": {"ear_status": "affirming"}},
    }
    ear.write_text(json.dumps(claims) + "\n", "utf-8")
    command = (
        "--as", "assessor.example.cn", "attest", "hardware", "--about", SITE, "--technology", "amd-sev-snp",
        "--quote", str(quote), "--ear", str(ear), "--nonce", challenge["challenge"], "--key", KEY,
        "--quoted-at", "now",
    )  # fmt: skip
    value = parties.json(*command)
    assert value["document"]["hardwareEvidence"]["quote"] == "b3BhcXVl"
    place = tmp_path / "evidence.json"
    assert parties("-o", str(place), *command) == 0
    assert parties("attest", "show", str(place)) == 0
    assert "judged by: b of d" in parties.out
    assert "$.submods.a: affirming" in parties.out
    assert challenge["challenge"] in parties.out
    wrong = [text if text != challenge["challenge"] else "no digits" for text in command]
    assert parties(*wrong) == 1
    assert "crex attest challenge" in parties.err
    ear.write_text("{}", "utf-8")
    assert parties(*command) == 1
    assert "[EVIDENCE-EAR-2]" in parties.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("attest", "challenge", "--key", "short"), "--key"),
        (("attest", "benchmark", "--sign"), "--resource FILE or --about NAME"),
        (("attest", "benchmark", "--resource", "missing.json"), "missing.json"),
    ],
)
def test_mistakes_are_explained(crex: Shell, arguments: tuple[str, ...], says: str) -> None:
    """A wrong key, a measurement about nothing, a missing file: each is refused in words."""
    assert crex(*arguments) == 1
    assert says in crex.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--only", "memory,sound"), ("--seconds", "0"), ("--seconds", "3601"), ("--seconds", "1.5"),
        ("--disk-mib", "0"), ("--matrix-size", "x"), ("--memory-mib", "99999999"),
    ],
)  # fmt: skip
def test_sizes_have_bounds(crex: Shell, arguments: tuple[str, ...]) -> None:
    """What cannot be measured with is wrong usage."""
    assert crex("attest", "benchmark", *arguments) == 2
    assert arguments[0] in crex.err


@pytest.mark.parametrize("day", ["2026-02-30", "2026-2-3", "20260203", "soon", "2026-01-01T00:00:00Z"])
def test_days_exist(crex: Shell, day: str) -> None:
    """A day that the calendar does not have is wrong usage."""
    command = (
        "attest",
        "compliance",
        "--about",
        SITE,
        "--scheme",
        "mlps",
        "--from",
        day,
        "--to",
        "2026-12-31",
    )
    assert crex(*command) == 2


def test_a_private_predicate_from_a_file(parties: Shell, tmp_path: Path) -> None:
    """A draft of a private type becomes an attestation with a header of the identity."""
    path = tmp_path / "draft.json"
    draft = {"subjects": [{"id": SITE}], "predicateType": "p.example.cn/noise", "other": {"dB": "61"}}
    path.write_text(json.dumps(draft), "utf-8")
    value = parties.json("--as", "p.example.cn", "attest", "draft", str(path), "--for", "30d")
    assert value["document"]["header"]["issuer"] == "p.example.cn"
    assert "validUntil" in value["document"]["header"]
    path.write_text('{"subjects":[]}', "utf-8")
    assert parties("--as", "p.example.cn", "attest", "draft", str(path)) == 1
    assert str(path) in parties.err


@pytest.mark.slow
def test_this_host_is_measured_against_its_description(parties: Shell, tmp_path: Path) -> None:
    """A figure that is declared too high is reported with both, and signed (BENCH-DECLARED-1)."""
    value = json.loads((EXAMPLES / "compute-resource.gpu-node.json").read_text("utf-8"))
    value["header"] |= {"id": f"{SITE}/node-class/a", "issuer": "p.example.cn"}
    for name in ("closedLists", "benchmarks", "energy"):
        value.pop(name, None)
    value["site"] = SITE
    value["node"] = {"memory": {"capacityBytes": "1", "bandwidthBytesPerS": "900000000000000"}}
    resource, place = tmp_path / "node.json", tmp_path / "bench.json"
    resource.write_text(json.dumps(value), "utf-8")
    command = (
        "attest",
        "benchmark",
        "--resource",
        str(resource),
        "--only",
        "memory",
        "--seconds",
        "1",
        "--memory-mib",
        "1",
    )
    assert parties("--as", "p.example.cn", "-o", str(place), *command, "--sign") == 0
    assert "CONTRADICTED: at least 1/2 of what is nominal" in parties.out
    assert "900000 gb-per-s" in parties.out
    shown = parties.json("--as", "p.example.cn", "attest", "show", str(place))
    copy = shown["attestation"]["benchmark"]["results"][0]
    assert copy["contradicts"] is True
    assert copy["declaredAt"] == "$.node.memory.bandwidthBytesPerS"
    assert shown["attestation"]["subjects"][0]["id"] == f"{SITE}/node-class/a"
    assert shown["verified"] is True


@pytest.mark.slow
def test_a_host_is_measured_for_its_own_sake(crex: Shell) -> None:
    """Without a subject the figures are shown, and nobody needs an identity."""
    shown = crex.json("attest", "benchmark", "--only", "network", "--seconds", "1")
    assert {one["metric"] for one in shown["predicate"]["results"]} == {
        "loopback-throughput", "loopback-round-trip",
    }  # fmt: skip
