"""`crex log` over tiles in a folder: what it says, what it keeps, and its exit codes."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from crex import v1
from crex.cli.log_audit import records_from
from crex.cli.log_source import LogAt
from crex.cli.party import now
from crex.documents import convert
from crex.documents.convert import to_timestamp
from crex.errors import TrustError
from crex.trust.envelope import to_json
from crex.trust.identity import Identity
from crex.trust.identity_files import load_identity
from crex.trust.log_proof import leaf_data
from crex.trust.signed_note import NoteKey
from sdk.tests.cli.conftest import Shell
from sdk.tests.transparency.lying_log import NOW, Log, some_leaves, with_leaf

BROKER, PROVIDER, WITNESS = "b.example.net", "p.example.cn", "w.example.org"
AT, SALT = 5, b"\x07" * 32


class Scene:
    """A broker with a log in which one private document of a provider stands.

    Attributes:
        crex: The command line.
        folder: Where everything lies.
        log: The log.
        trust: The options that trust everybody.
    """

    def __init__(self, crex: Shell, folder: Path) -> None:
        self.crex = crex
        self.folder = folder
        self.broker = self._init(BROKER, "broker")
        self.provider = self._init(PROVIDER, "provider")
        self.witness = self._init(WITNESS, "witness")
        self.trust = [
            option
            for name in (BROKER, PROVIDER, WITNESS)
            for option in ("--trust", str(crex.home / name / "trust" / "1.json"))
        ]
        self.envelope = self.provider.sign_document(
            v1.Site(header=self._header(PROVIDER, "site/a"), country="CN")
        )
        self.site = self.write("site.json", to_json(self.envelope))
        record = _pae(self.envelope)
        leaf = leaf_data(record, SALT)
        assert self.broker.log is not None
        self.log = Log(
            with_leaf(some_leaves(300), AT, leaf), key=self.broker.log, origin=self.broker.log.name
        )
        self.receipt = self.write("receipt.json", to_json(self._receipt(leaf)))
        self.publish(self.log)

    def _init(self, name: str, role: str) -> Identity:
        assert self.crex("init", name, "--role", role) == 0
        return load_identity(self.crex.home / name)

    def _header(self, issuer: str, path: str) -> v1.Header:
        return v1.Header(
            id=f"crex://{issuer}/{path}", revision=1, issuer=issuer, issued_at=to_timestamp(now())
        )

    def _receipt(self, leaf: bytes) -> v1.Envelope:
        from crex.trust.envelope import record_id

        header = self._header(BROKER, "receipt/5")
        receipt = v1.Receipt(
            header=header,
            log=f"{BROKER}/log",
            document_sha256=record_id(self.envelope),
            salt=SALT,
            leaf=leaf,
            index=AT,
            merge_by=header.issued_at,
        )
        return self.broker.sign_document(receipt)

    def write(self, name: str, data: bytes) -> str:
        """A file."""
        path = self.folder / name
        path.write_bytes(data)
        return str(path)

    def publish(self, log: Log) -> str:
        """The folder of the log's tiles."""
        log.folder(self.folder / "tiles")
        return str(self.folder / "tiles")

    def __call__(self, command: str, *arguments: str, tiles: str = "") -> int:
        """Runs `crex log` on the tiles, trusting everybody."""
        place = tiles or str(self.folder / "tiles")
        return self.crex("log", command, *arguments, "--tiles", place, *self.trust)


def _pae(envelope: v1.Envelope) -> bytes:
    from crex.trust.envelope import pae

    return pae(envelope.payload_type, envelope.payload)


@pytest.fixture
def scene(crex: Shell, tmp_path: Path) -> Scene:
    """The scene."""
    return Scene(crex, tmp_path)


def test_a_checkpoint_is_remembered(scene: Scene) -> None:
    """What was seen is kept, growth is accepted, and going back is refused with exit code 1."""
    state = ["--state", str(scene.folder / "state")]
    assert scene("checkpoint", *state) == 0
    assert f"{BROKER}/log: 300 leaves" in scene.crex.out
    assert "seen for the first time" in scene.crex.out
    scene.publish(replace(scene.log, leaves_=(*scene.log.leaves_, *some_leaves(50, 900))))
    assert scene("checkpoint", *state) == 0
    assert "it grew from 300, which was seen before" in scene.crex.out
    assert scene("checkpoint", *state) == 0
    assert "it is the one that was seen before" in scene.crex.out
    scene.publish(scene.log)
    assert scene("checkpoint", *state) == 1
    assert "leaves were taken away, or this is an old copy" in scene.crex.err
    (kept,) = (scene.folder / "state" / "evidence").iterdir()
    proof = json.loads(kept.read_text())
    assert str(kept) in scene.crex.err
    assert (proof["finding"], proof["evidence"]["after"]) == ("rollback", scene.log.checkpoint())
    error = scene.crex.json("log", "checkpoint", *state, "--tiles", str(scene.folder / "tiles"), *scene.trust)
    assert error["details"]["finding"] == "rollback"


def test_the_checkpoint_itself_is_written_to_a_file(scene: Scene) -> None:
    """With -o the answer is the signed note, byte for byte."""
    path = scene.folder / "first.note"
    assert scene("checkpoint", "-o", str(path)) == 0
    assert path.read_text() == scene.log.checkpoint()


def test_without_a_memory_it_says_so(scene: Scene) -> None:
    """A reader that keeps nothing is told what it misses."""
    assert scene("checkpoint") == 0
    assert "nothing is remembered; give --state DIR" in scene.crex.out


def test_a_document_is_verified_step_by_step(scene: Scene) -> None:
    """Document, receipt, leaf, proof and checkpoint each have their line; what is kept verifies offline."""
    kept = scene.folder / "kept"
    assert scene("verify", scene.site, "--receipt", scene.receipt, "--save", str(kept)) == 0
    for line in (
        f"signed by {PROVIDER}",
        "position 5, private, with a salt; the leaf follows from it",
        f"proven to stand at position 5 of {BROKER}/log, size 300",
        "co-signed by no witness that is trusted here",
    ):
        assert line in scene.crex.out
    proof = str(kept / "5.proof.json")
    assert scene.crex("log", "verify", scene.site, "--proof", proof, *scene.trust) == 0
    assert f"proven to stand at position 5 of {BROKER}/log" in scene.crex.out
    assert scene.crex("log", "verify", scene.site, "--proof", proof, "--quorum", "1", *scene.trust) == 1
    assert "(QUORUM)" in scene.crex.err
    assert convert.dump(v1.LogProof(index=5))  # the file is a LogProof in strict form
    assert json.loads((kept / "5.proof.json").read_text())["salt"]


def test_a_document_without_receipt_cannot_be_looked_for_in_tiles(scene: Scene) -> None:
    """Tiles hold no receipts, and the error says where there are some."""
    assert scene("verify", scene.site) == 1
    assert "Tiles hold no receipts. Give that of crex://p.example.cn/site/a@1" in scene.crex.out


def test_a_log_in_which_it_does_not_stand(scene: Scene) -> None:
    """A promised leaf that is not there is refused, file by file."""
    scene.publish(replace(scene.log, leaves_=some_leaves(300)))
    assert scene("verify", scene.site, "--receipt", scene.receipt) == 1
    assert "(INCLUSION)" in scene.crex.out
    scene.publish(replace(scene.log, leaves_=some_leaves(5)))
    assert scene("verify", scene.site, "--receipt", scene.receipt) == 1
    assert "the broker broke its word (AUDIT-MERGE-1)" in scene.crex.out


def test_an_audit_of_an_honest_log(scene: Scene) -> None:
    """An honest log is audited against what is in hand, and nothing is found."""
    note = scene.write("old.note", replace(scene.log, leaves_=scene.log.leaves_[:100]).checkpoint().encode())
    scene.write("notes.json", b"{}")
    assert scene("audit", "--documents", str(scene.folder), "--state", str(scene.folder / "state")) == 0
    assert "its 300 leaves come to the root that it signed" in scene.crex.out
    assert "1 earlier checkpoint of it: the same beginning" in scene.crex.out
    assert "receipts: 1 kept" in scene.crex.out
    assert "notes.json is not used" in scene.crex.out
    assert "Nothing was found." in scene.crex.out
    assert note
    assert scene("audit", "--state", str(scene.folder / "state")) == 0
    assert "1 earlier checkpoint" in scene.crex.out  # the one that was accepted by the audit before


def test_an_audit_of_a_lying_log(scene: Scene) -> None:
    """Findings are told with their rule, kept as evidence, and make the exit code 1."""
    scene.publish(replace(scene.log, leaves_=some_leaves(300)))
    proof = scene.folder / "proof"
    assert scene("audit", "--receipts", scene.receipt, "--evidence", str(proof)) == 1
    assert "dropped: Receipt crex://b.example.net/receipt/5@1" in scene.crex.out
    assert "[AUDIT-RECEIPT-1]" in scene.crex.out
    assert (proof / "1-dropped-receipt.txt").read_text().rstrip() == Path(scene.receipt).read_text()
    answer = scene.crex.json(
        "log", "audit", "--receipts", scene.receipt, "--tiles", str(scene.folder / "tiles"), *scene.trust
    )
    assert [one["requirement"] for one in answer["findings"]] == ["AUDIT-RECEIPT-1"]
    assert answer["rebuilt"] is True


def test_a_published_document_that_is_not_logged(scene: Scene) -> None:
    """A document that everyone is shown must stand in the log as public."""
    assert scene("audit", "--published", scene.site) == 1
    assert "not-logged: crex://p.example.cn/site/a@1" in scene.crex.out


def test_a_key_instead_of_a_trust_document(scene: Scene) -> None:
    """Who was given the key reads the log without any trust document, and with another key nothing."""
    assert scene.broker.log is not None
    tiles = ["--tiles", str(scene.folder / "tiles")]
    assert scene.crex("log", "audit", *tiles, "--key", scene.broker.log.vkey) == 0
    other = NoteKey.generate(f"{BROKER}/log").vkey
    assert scene.crex("log", "audit", *tiles, "--key", other) == 1
    assert "unsigned:" in scene.crex.out
    assert scene.crex("log", "audit", *tiles, "--key", "nonsense") == 1
    assert "is not a verifier key" in scene.crex.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--log", "other.example"], "other.example is not trusted here"),
        (["--log", f"{BROKER}/other"], "lists no key of this log"),
        (["--log", PROVIDER], "lists no key of this log"),
    ],
)
def test_which_log_is_meant_and_by_which_key(scene: Scene, arguments: list[str], told: str) -> None:
    """A log without a key that is trusted here is not read."""
    assert scene("audit", *arguments) == 1
    assert told in scene.crex.err


@pytest.mark.parametrize(
    "place", ["https://", "https://x", "https://b.example.net/?q", "https://b.example.net/a/../b"]
)
def test_an_address_that_is_none(scene: Scene, place: str) -> None:
    """An address that cannot be that of a log is refused before anybody is called."""
    assert scene("audit", tiles=place) == 1
    assert "is no address of a log" in scene.crex.err


def test_two_readers_compare(scene: Scene) -> None:
    """Checkpoints of one tree are the same log; of two trees they are proof against it."""
    tiles = str(scene.folder / "tiles")
    old = scene.write("old.note", replace(scene.log, leaves_=scene.log.leaves_[:100]).checkpoint().encode())
    assert scene.crex("log", "compare", old, tiles, *scene.trust) == 0
    assert "both were shown one tree, at 100 and at 300 leaves" in scene.crex.out
    fork = scene.write("fork.note", replace(scene.log, leaves_=some_leaves(300)).checkpoint().encode())
    assert scene.crex("log", "compare", fork, tiles, *scene.trust) == 1
    assert "fork: b.example.net/log signed two different trees of 300 leaves" in scene.crex.out
    split = scene.write("split.note", replace(scene.log, leaves_=some_leaves(100)).checkpoint().encode())
    assert scene.crex("log", "compare", split, tiles, *scene.trust) == 1
    assert "split-view:" in scene.crex.out


def test_a_witness_that_dates_back(scene: Scene) -> None:
    """Who compares, and who monitors, is told of a witness whose times go back (WITNESS-TIME-1)."""
    key = scene.witness.witness
    assert key is not None
    small = replace(scene.log, leaves_=scene.log.leaves_[:100], cosigners=((key, NOW),))
    old = scene.write("old.note", small.checkpoint().encode())
    state = str(scene.folder / "state")
    for at, code in ((NOW, 0), (NOW - timedelta(seconds=1), 1)):
        small.folder(scene.folder / f"tiles{code}")
        tiles = str(scene.folder / f"tiles{code}")
        place = f"{state}{code}"
        assert scene("monitor", "--once", "--state", place, tiles=tiles) == 0
        replace(scene.log, cosigners=((key, at),)).folder(scene.folder / f"tiles{code}")
        assert scene.crex("log", "compare", old, tiles, *scene.trust) == code
        assert ("back-dated:" in scene.crex.out) is bool(code)
        assert scene("monitor", "--once", "--state", place, tiles=tiles) == code
        assert ("back-dated:" in scene.crex.out) is bool(code)
    assert len(list((scene.folder / "state1" / "evidence").iterdir())) == 1


def test_a_witness_needs_key_and_memory(scene: Scene) -> None:
    """A witness begins once, goes on, and refuses without key or memory."""
    assert scene("witness", "--once", "--as", PROVIDER) == 1
    assert "has no key of a witness" in scene.crex.err
    assert scene("witness", "--once", "--as", WITNESS) == 1
    assert "begin a new witness with --new" in scene.crex.err
    assert scene("witness", "--once", "--new", "--as", WITNESS) == 0
    assert f"{WITNESS}/witness co-signed {BROKER}/log, 300 leaves: not handed in" in scene.crex.out
    assert scene("witness", "--once", "--new", "--as", WITNESS) == 1
    assert "has a state already" in scene.crex.err
    scene.publish(replace(scene.log, leaves_=some_leaves(300)))
    assert scene("witness", "--once", "--as", WITNESS) == 1
    assert "signed two different trees" in scene.crex.err


def test_a_monitor_tells_once(scene: Scene) -> None:
    """A monitor tells what is new, keeps its place, and ends with 1 where something is wrong."""
    follow = ["--once", "--documents", scene.receipt, "--state", str(scene.folder / "state")]
    assert scene("monitor", *follow) == 0
    assert "grew from 0 to 300" in scene.crex.out
    assert "receipt/5@1 is kept: its leaf stands at position 5" in scene.crex.out
    scene.publish(replace(scene.log, leaves_=some_leaves(300)))
    assert scene("monitor", *follow) == 1
    assert "fork:" in scene.crex.out
    assert scene("monitor", "--once") == 1
    assert "Say where with --state DIR" in scene.crex.err


def test_what_can_be_asked_of_the_broker_only(scene: Scene) -> None:
    """Tiles hold neither receipts of orders nor records."""
    assert scene("verify", "--order", "crex://b.example.net/order/o") == 1
    assert "Ask the broker" in scene.crex.err
    assert scene("audit", "--records") == 1
    assert "Leave out --tiles, or --records" in scene.crex.err
    assert scene("verify") == 1
    assert "Name a signed document or a receipt" in scene.crex.err
    assert scene.crex("log", "verify", scene.site, scene.site, "--proof", "x", *scene.trust) == 1
    assert "name one file with --proof" in scene.crex.err


def test_a_broker_that_leads_in_a_circle_is_left() -> None:
    """A page that goes on where it began ends the reading, with a reason, instead of going on for ever."""

    class Circle:
        """Answers every page with the same position."""

        def list_records(self, request: v1.ListRecordsRequest) -> v1.ListRecordsResponse:
            """Gives one record and leads back."""
            return v1.ListRecordsResponse(
                records=[v1.SupervisedRecord(index=request.start)], next=request.start
            )

    at = SimpleNamespace(customer=SimpleNamespace(client=Circle()), source=SimpleNamespace(place="b.example"))
    with pytest.raises(TrustError, match="does not advance"):
        list(records_from(cast("LogAt", at), 0, 5))
