"""A witness that signs a checkpoint again, later: the log is fresh, and its proofs keep their log time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crex import v1
from crex.documents.times import SystemClock
from crex.errors import TrustError
from crex.transparency.source import BrokerSource, TileSource
from crex.transparency.store import TileFolder
from crex.transparency.views import View, check_witnesses, read_view
from crex.trust.cosignature import cosign, cosigned
from crex.trust.signed_note import NoteVerifier, SignedNote
from reference_broker.tests.wire import BROKER, Operation, WireParty, request_id

LOG = f"{BROKER}/log"
WITNESS = "w1.example"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@dataclass(frozen=True)
class Idle:
    """A broker at which nothing happens, and its witness.

    Attributes:
        operation: The broker.
        witness: The witness.
        now: When the test began, in whole seconds.
    """

    operation: Operation
    witness: WireParty
    now: datetime

    def sign(self, *ago: timedelta) -> SignedNote:
        """Hands in co-signatures that state such times; gives the checkpoint as it then stands."""
        key = self.witness.identity.witness
        assert key is not None
        with self.witness.client() as client:
            shown = SignedNote.parse(client.get_checkpoint(v1.GetCheckpointRequest()).checkpoint)
            own = SignedNote(shown.text, tuple(one for one in shown.signatures if one.name == LOG))
            note = own.with_signatures([cosign(own, key, now=self.now - one) for one in ago])
            request = v1.AddCosignatureRequest(request_id=request_id(), checkpoint=str(note))
            return SignedNote.parse(client.add_cosignature(request).checkpoint)

    def view(self) -> View:
        """What a reader is shown."""
        with self.witness.client() as client:
            return read_view(BrokerSource(client, BROKER), self.operation.identity.trust.logs, origin=LOG)

    @property
    def keys(self) -> tuple[NoteVerifier, ...]:
        """The keys of the witness."""
        return tuple(self.witness.identity.trust.witnesses)

    def lines(self, note: SignedNote) -> int:
        """How many lines of the witness stand in a note."""
        return sum(len(note.by(key)) for key in self.keys)


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Idle]:
    """A broker with a log that one witness co-signs."""
    operation = Operation.prepare(tmp_path, more=f'[log]\nfolder = "tlog"\nwitnesses = ["{WITNESS}"]\n')
    witness = operation.party(WITNESS, ["witness"])
    operation.start()
    try:
        yield Idle(operation, witness, SystemClock().now().replace(microsecond=0))
    finally:
        operation.close()


def test_a_log_in_which_nothing_happens_is_fresh_again_after_a_later_signature(idle: Idle) -> None:
    """LOG-WITNESS-3, AUDIT-FRESH-1: the later line tells freshness, also after a restart and in the file."""
    idle.sign(HOUR)
    with pytest.raises(TrustError, match="longer ago"):
        check_witnesses(idle.view(), idle.keys, now=idle.now, quorum=1, fresh_within=2 * MINUTE)
    idle.sign(MINUTE)
    check_witnesses(idle.view(), idle.keys, now=idle.now, quorum=1, fresh_within=2 * MINUTE)
    idle.operation.kill()
    idle.operation.start()
    check_witnesses(idle.view(), idle.keys, now=idle.now, quorum=1, fresh_within=2 * MINUTE)
    shown = SignedNote.parse(TileSource(TileFolder(idle.operation.folder / "tlog")).checkpoint())
    assert shown == idle.view().note


def test_a_later_signature_does_not_make_the_log_time_later(idle: Idle) -> None:
    """LOG-WITNESS-3, LOG-TIME-1: a proof that is asked for afterwards states the first line's time, too."""
    idle.sign(HOUR)
    idle.sign(MINUTE)
    with idle.witness.client() as client:
        proof = client.get_inclusion_proof(v1.GetInclusionProofRequest(index=0)).proof
    times = cosigned(SignedNote.parse(proof.checkpoint), idle.keys)
    assert list(times.values()) == [idle.now - HOUR]


def test_a_witness_has_two_lines_however_often_it_signs(idle: Idle) -> None:
    """LOG-WITNESS-3: of several that are handed in the latest counts, and an earlier one changes nothing."""
    assert idle.lines(idle.sign(HOUR)) == 1
    latest = idle.sign(3 * MINUTE, MINUTE, 2 * MINUTE)
    assert idle.lines(latest) == 2
    for ago in (30 * MINUTE, 2 * MINUTE, MINUTE, 2 * HOUR):
        assert idle.sign(ago) == latest
    assert idle.lines(idle.sign(timedelta())) == 2
