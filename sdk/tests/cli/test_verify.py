"""`crex verify` by what the reader asks: bundles, policies, proofs, status, issuer and address."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crex import v1
from crex.documents import convert
from crex.trust.directory import TrustDirectory
from crex.trust.envelope import record_id, to_json
from crex.trust.identity import Identity
from crex.trust.trust_bundle import write_bundle
from sdk.tests.cli.conftest import Shell
from sdk.tests.trust.samples import CONSUMER, NOW, PROVIDER, header, order, sign_raw, site
from sdk.tests.trust.status_samples import LIST, signed_list, trusting
from sdk.tests.trust.step_samples import SmallLog, delegation, key_of, revision

AT = ("--at", "2026-11-01T12:00:00Z")
POLICY = {"require": [{"predicateType": "capacity", "issuers": [CONSUMER]}]}


@pytest.fixture(scope="module")
def provider() -> Identity:
    """A provider."""
    return Identity.create(PROVIDER, roles=["provider"], now=NOW)


@pytest.fixture(scope="module")
def consumer() -> Identity:
    """A consumer, who attests too."""
    return Identity.create(CONSUMER, roles=["consumer"], now=NOW)


class Folder:
    """Files of one test."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def envelope(self, name: str, envelope: v1.Envelope) -> str:
        """Writes an envelope."""
        return self.bytes(name, to_json(envelope))

    def bytes(self, name: str, data: bytes) -> str:
        """Writes a file."""
        place = self.path / name
        place.write_bytes(data)
        return str(place)

    def json(self, name: str, value: Any) -> str:
        """Writes a value."""
        return self.bytes(name, json.dumps(value).encode())


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder for files."""
    return Folder(tmp_path)


def capacity(issuer: str) -> dict[str, Any]:
    """An attestation about the provider."""
    return {
        "header": header(issuer, "attestation/a"),
        "subjects": [{"id": f"crex://{PROVIDER}/trust/main"}],
        "predicateType": "capacity",
        "capacity": {
            "quantity": "8",
            "unit": f"crex://{PROVIDER}/node-class/a",
            "observed": {"start": "2026-10-01T00:00:00Z", "end": "2026-10-02T00:00:00Z"},
            "method": "inspection",
        },
    }


def outcomes(told: dict[str, Any]) -> dict[int, str]:
    """What became of each step."""
    return {one["number"]: one["outcome"] for one in told["steps"]}


def test_a_bundle_is_all_it_takes(
    crex: Shell, folder: Folder, provider: Identity, consumer: Identity
) -> None:
    """VERIFY-POLICY-1: trust, status, proofs, attestations and policy of one file, without a network."""
    log, directory = SmallLog(), TrustDirectory()
    log.pin(directory)
    status = {"list": LIST, "index": "8"}
    document = sign_raw("site", site(status=status), key_of(provider))
    log.fill(3)
    place = log.append(document)
    others = [directory.current(name) for name in directory.authorities()]
    bundle = write_bundle(
        [trusting(provider), consumer.trust_document, *(one.parts for one in others if one is not None)],
        status_lists=[signed_list(provider, [7])],
        attestations=[sign_raw("attestation", capacity(CONSUMER), key_of(consumer))],
        proofs={record_id(document): log.proof(place, NOW)},
        policy=convert.to_message({**POLICY, "log": {"required": True, "quorum": 1}}, v1.TrustPolicy),
    )
    trust = folder.bytes("bundle.json", bundle)
    file = folder.envelope("site.json", document)
    (told,) = crex.json("verify", "--trust", trust, *AT, file)
    assert told["verified"] is True
    assert told["log"] == {
        "name": "l.example.net/log",
        "index": "3",
        "size": "4",
        "witnesses": ["w.example.org"],
        "logTime": "2026-11-01T12:00:00Z",
    }
    passed = [number for number, what in outcomes(told).items() if what == "passed"]
    assert passed == [*range(1, 15), 16, 17, 18, 21, 23]
    assert crex("verify", "--trust", trust, *AT, file) == 0
    assert crex.out.endswith("verified, in the log l.example.net/log\n")
    # The same without the log, and what is revoked.
    plain = folder.envelope("plain.json", sign_raw("site", site(), key_of(provider)))
    revoked = folder.envelope(
        "revoked.json", sign_raw("site", site(status={**status, "index": "7"}), key_of(provider))
    )
    first, second = crex.json("verify", "--trust", trust, *AT, plain, revoked)
    assert (first["reason"], second["reason"]) == ("POLICY", "REVOKED")


def test_a_policy_of_the_reader(crex: Shell, folder: Folder, provider: Identity, consumer: Identity) -> None:
    """VERIFY-POLICY-1: `--policy` judges by what `--attestation` names, and says what is missing."""
    trust = [
        "--trust",
        folder.envelope("p.json", provider.trust_document),
        "--trust",
        folder.envelope("c.json", consumer.trust_document),
    ]
    file = folder.envelope("site.json", sign_raw("site", site(), key_of(provider)))
    policy = folder.json("policy.json", POLICY)
    good = folder.envelope("a.json", sign_raw("attestation", capacity(CONSUMER), key_of(consumer)))
    own = folder.envelope("b.json", sign_raw("attestation", capacity(PROVIDER), key_of(provider)))
    assert crex("verify", *trust, "--policy", policy, "--attestation", good, *AT, file) == 0
    assert crex("verify", *trust, "--policy", policy, "--attestation", own, *AT, file) == 1
    assert "refused at step 23 of 23" in crex.out
    assert "POLICY" in crex.out
    assert CONSUMER in crex.out
    assert crex("verify", *trust, *AT, file) == 0
    broken = folder.json("broken.json", {"require": [{}]})
    assert crex("verify", *trust, "--policy", broken, *AT, file) == 1
    assert broken in crex.err


def test_a_proof_in_a_file(crex: Shell, folder: Folder, provider: Identity) -> None:
    """LOG-PROOF-1: `--proof` takes a proof of the one document, or one that names its record."""
    log, directory = SmallLog(), TrustDirectory()
    log.pin(directory)
    document = sign_raw("site", site(), key_of(provider))
    place = log.append(document)
    log.fill(2)
    trust = ["--trust", folder.envelope("p.json", provider.trust_document)]
    for name in directory.authorities():
        record = directory.current(name)
        assert record is not None
        trust += ["--trust", folder.envelope(f"{name}.json", record.parts.to_message())]
    file = folder.envelope("site.json", document)
    proof = folder.bytes("proof.json", convert.dump(log.proof(place, NOW)))
    named = v1.RecordProof(record_sha256=record_id(document), proof=log.proof(place, NOW))
    record_proof = folder.bytes("named.json", convert.dump(named))
    for given in (proof, record_proof):
        (told,) = crex.json("verify", *trust, "--proof", given, *AT, file)
        assert (told["verified"], outcomes(told)[21]) == (True, "passed")
    assert crex("verify", *trust, "--proof", proof, *AT, file, file) == 1
    assert "names no record" in crex.err
    wrong = folder.bytes("wrong.json", convert.dump(log.proof(place + 1, NOW)))
    (told,) = crex.json("verify", *trust, "--proof", wrong, *AT, file)
    assert (told["reason"], outcomes(told)[21]) == ("INCLUSION", "refused")


@pytest.mark.parametrize("bundled", [True, False], ids=["in a bundle", "in files"])
def test_an_attestation_that_stands_by_its_log_time(
    crex: Shell, folder: Folder, provider: Identity, consumer: Identity, *, bundled: bool
) -> None:
    """LOG-TIME-2: what attests by a key that has ended since counts by its proof, and not without."""
    log, directory = SmallLog(), TrustDirectory()
    log.pin(directory)
    attestation = sign_raw("attestation", capacity(CONSUMER), key_of(consumer))
    proof = log.proof(log.append(attestation), NOW)
    ended = revision(consumer, 1, key={"notAfter": "2026-11-01T13:00:00Z"})
    others = [
        record.parts.to_message() for name in directory.authorities() for record in directory.versions(name)
    ]
    policy = {**POLICY, "log": {"quorum": 1, "required": True}}
    document = sign_raw("site", site(), key_of(provider))
    proofs = {record_id(document): log.proof(log.append(document), NOW)}
    file = folder.envelope("site.json", document)
    for given, code in (({record_id(attestation): proof}, 0), ({}, 1)):
        if bundled:
            bundle = write_bundle(
                [provider.trust_document, ended, *others],
                attestations=[attestation],
                proofs={**proofs, **given},
                policy=convert.to_message(policy, v1.TrustPolicy),
            )
            words = ["--trust", folder.bytes("bundle.json", bundle)]
        else:
            words = ["--policy", folder.json("policy.json", policy)]
            words += ["--attestation", folder.envelope("a.json", attestation)]
            for at, one in enumerate([provider.trust_document, ended, *others]):
                words += ["--trust", folder.envelope(f"trust{at}.json", one)]
            for at, (record, each) in enumerate({**proofs, **given}.items()):
                named = v1.RecordProof(record_sha256=record, proof=each)
                words += ["--proof", folder.bytes(f"proof{at}.json", convert.dump(named))]
        assert crex("verify", *words, "--at", "2026-11-02T12:00:00Z", file) == code
    assert "KEY_TIME" in crex.out


def test_issuer_address_and_challenge(
    crex: Shell, folder: Folder, provider: Identity, consumer: Identity
) -> None:
    """VERIFY-ADDRESS-1: what is asked for must be so."""
    trust = ["--trust", folder.envelope("c.json", consumer.trust_document)]
    file = folder.envelope("order.json", sign_raw("order-document", order(), key_of(consumer)))
    asked = ["--issuer", CONSUMER, "--audience", PROVIDER, "--nonce", "request-0001"]
    (told,) = crex.json("verify", *trust, *asked, *AT, file)
    assert outcomes(told)[20] == "passed"
    for option, value, reason in (
        ("--issuer", PROVIDER, "ISSUER_MISMATCH"),
        ("--audience", CONSUMER, "AUDIENCE"),
        ("--nonce", "request-0002", "NONCE"),
        ("--challenge", "00" * 32, "EVIDENCE"),
    ):
        (told,) = crex.json("verify", *trust, option, value, *AT, file)
        assert told["reason"] == reason
    assert crex("verify", *trust, "--challenge", "xyz", *AT, file) == 2


def test_a_status_list_in_a_file(crex: Shell, folder: Folder, provider: Identity) -> None:
    """STATUS-CLOSED-1: with `--status-list` status is asked for, and fails closed."""
    trust = ["--trust", folder.envelope("p.json", trusting(provider))]
    other = {"list": f"crex://{PROVIDER}/status-list/b", "index": "0"}
    lists = ["--status-list", folder.envelope("list.json", signed_list(provider, [7]))]
    for status, reason in (
        ({"list": LIST, "index": "8"}, None),
        ({"list": LIST, "index": "7"}, "REVOKED"),
        (other, "STATUS_STALE"),
    ):
        file = folder.envelope("site.json", sign_raw("site", site(status=status), key_of(provider)))
        (told,) = crex.json("verify", *trust, *lists, *AT, file)
        assert told.get("reason") == reason
        (told,) = crex.json("verify", *trust, *AT, file)
        assert outcomes(told)[18] == "not asked for"


def test_who_signed_for_whom_is_told(
    crex: Shell, folder: Folder, provider: Identity, consumer: Identity
) -> None:
    """DELEGATION-CHAIN-1: the short answer names the signer where it is not the issuer."""
    operator = Identity.create("o.example.com", roles=["provider"], now=NOW)
    trust = [
        "--trust",
        folder.envelope("p.json", revision(provider, 1, delegations=[delegation("o.example.com")])),
        "--trust",
        folder.envelope("o.json", operator.trust_document),
    ]
    file = folder.envelope("site.json", sign_raw("site", site(), key_of(operator)))
    assert crex("verify", *trust, *AT, file) == 0
    assert f"verified, signed by o.example.com for {PROVIDER}" in crex.out
    assert crex("verify", "--explain", *trust, *AT, file) == 0
    assert (
        f" 15 passed        whoever signed for another was allowed to — {PROVIDER} → o.example.com"
        in crex.out
    )


def test_what_of_a_bundle_is_not_used_is_told(
    crex: Shell, folder: Folder, provider: Identity, consumer: Identity
) -> None:
    """OFFLINE-STATUS-1: a list that does not verify is left out, and its place in the bundle is named."""
    forged = signed_list(provider)
    forged.signatures[0].sig = bytes(64)
    data = write_bundle([trusting(provider)], status_lists=[forged])
    file = folder.envelope("site.json", sign_raw("site", site(), key_of(provider)))
    trust = folder.bytes("bundle.json", data)
    assert crex("verify", "--trust", trust, *AT, file) == 0
    assert f"note: $.statusLists[0] of {trust} is not used" in crex.out


def test_two_policies_are_a_question(crex: Shell, folder: Folder, provider: Identity) -> None:
    """VERIFY-POLICY-1: of two bundles with different policies none is chosen silently."""
    first = convert.to_message(POLICY, v1.TrustPolicy)
    second = v1.TrustPolicy(signature_families=["classical"])
    files = [
        folder.bytes(f"{at}.json", write_bundle([provider.trust_document], policy=policy))
        for at, policy in enumerate((first, second))
    ]
    file = folder.envelope("site.json", sign_raw("site", site(), key_of(provider)))
    assert crex("verify", "--trust", files[0], "--trust", files[1], *AT, file) == 1
    assert "--policy" in crex.err
    assert crex("verify", "--trust", files[1], *AT, file) == 0


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"trustDocuments":[]}', b'{"trustDocuments":"x"}'])
def test_what_gives_no_trust_is_refused(crex: Shell, folder: Folder, provider: Identity, data: bytes) -> None:
    """OFFLINE-TRUST-1: a file of `--trust` that is neither document nor bundle is named and refused."""
    file = folder.envelope("site.json", sign_raw("site", site(), key_of(provider)))
    trust = folder.bytes("trust.json", data)
    assert crex("verify", "--trust", trust, *AT, file) == 1
    assert trust in crex.err


def test_pinned_by_hand_and_by_bundle(crex: Shell, folder: Folder, provider: Identity) -> None:
    """OFFLINE-TRUST-1: a bundle carries forward what another file pinned, and never back."""
    documents = [revision(provider, 1), revision(provider, 2, issued_at=NOW)]
    file = folder.envelope("site.json", sign_raw("site", site(), key_of(provider)))
    older, newer = (folder.bytes(f"{count}.json", write_bundle(documents[:count])) for count in (1, 2))
    one = folder.envelope("one.json", documents[0])
    (told,) = crex.json("verify", "--trust", one, "--trust", newer, *AT, file)
    assert "revision 2" in told["steps"][4]["note"]
    (told,) = crex.json("verify", "--trust", newer, "--trust", older, *AT, file)
    assert "revision 2" in told["steps"][4]["note"]
