"""Every lie of a log is caught, by name, by whoever is there to catch it; its honest twin passes.

One case is one lie and one reader. Every reader has seen the log at 300 leaves and looks at 700: what it
looks at is the honest log, which must pass, and then the lie, which must not.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from crex import v1
from crex.errors import TrustError
from crex.transparency.audit import Evidence
from crex.transparency.auditor import audit_log
from crex.transparency.client import LogClient
from crex.transparency.findings import Kind, finding_of
from crex.transparency.monitor import Monitor, Watch
from crex.transparency.papers import Paper, Promise, Shown
from crex.transparency.source import BrokerSource, LogSource, TileSource, records_between
from crex.transparency.store import MemoryTiles
from crex.transparency.views import check_witness_times, check_witnesses, compare_views, read_view
from crex.transparency.witness import Witness
from crex.trust.cosignature import cosign
from crex.trust.log_proof import leaf_data
from crex.trust.signed_note import KIND_COSIGNATURE, NoteKey, NoteSignature, SignedNote
from sdk.tests.transparency.lying_log import (
    LOG_KEY,
    NOW,
    ORIGIN,
    WITNESS_KEY,
    Calls,
    Log,
    Operator,
    some_leaves,
    with_leaf,
)

SEEN, GROWN = 300, 700
LEAVES = some_leaves(GROWN)
OTHER = some_leaves(1, first=10_000)[0]
# The honest log, before and now.
BEFORE = Log(LEAVES[:SEEN])
HONEST = Log(LEAVES, cosigners=((WITNESS_KEY, NOW),))
KEYS = [LOG_KEY.verifier]
PROMISED = 650
SALT = b"\x33" * 32
LATER = NOW + timedelta(seconds=90)


@dataclass(frozen=True)
class Scene:
    """A reader of its own for each look.

    Attributes:
        folder: Where it keeps what it remembers.
        operator: Who signs receipts and documents.
    """

    folder: Path
    operator: Operator

    def promise(self) -> Promise:
        """The receipt for a leaf that the honest log has."""
        return self.operator.receipt(PROMISED, LEAVES[PROMISED])


Reader = Callable[[Scene, LogSource], Sequence[Kind]]


def kinds_of(act: Callable[[], object]) -> list[Kind]:
    """What an act is refused for."""
    try:
        act()
    except TrustError as error:
        finding = finding_of(error)
        if finding is None:
            raise
        return [finding.kind]
    return []


def client(scene: Scene, source: LogSource) -> list[Kind]:
    """A client that keeps its last checkpoint."""
    reader = LogClient(scene.folder / "client", ORIGIN, KEYS)
    if reader.last() is None:
        reader.advance(BEFORE)
    kept = reader.file.read_bytes()
    found = kinds_of(lambda: reader.advance(source))
    assert not found or reader.file.read_bytes() == kept  # what is refused changes nothing
    return found


def witness(scene: Scene, source: LogSource) -> list[Kind]:
    """A witness that signed before; what it refuses, it has not signed."""
    state = scene.folder / "witness.json"
    key = NoteKey.from_seed("v.example.org/witness", b"\x04" * 32, KIND_COSIGNATURE)
    if not state.exists():
        Witness.begin(key, state)
        with Witness(key, state) as first:
            first.cosign(BEFORE, KEYS, origin=ORIGIN, now=NOW)
    kept = state.read_bytes()
    with Witness(key, state) as second:
        found = kinds_of(lambda: second.cosign(source, KEYS, origin=ORIGIN, now=LATER))
    assert not found or state.read_bytes() == kept
    return found


def auditor(scene: Scene, source: LogSource) -> list[Kind]:
    """An auditor with the old checkpoint and a receipt."""
    return audited(source, Evidence(views=[BEFORE.view()], promises=[scene.promise()]))


def audited(source: LogSource, evidence: Evidence) -> list[Kind]:
    """What an audit with this evidence finds."""
    found: list[Kind] = []

    def act() -> None:
        view = read_view(source, KEYS, origin=ORIGIN)
        found.extend(finding.kind for finding in audit_log(view, source, evidence, now=LATER).findings)

    return kinds_of(act) or found


def monitor(scene: Scene, source: LogSource) -> list[Kind]:
    """A monitor that read the log before, and watches a receipt."""
    watch = Watch(promises=[scene.promise()])
    reader = Monitor(scene.folder / "monitor.json", ORIGIN, KEYS, watch, [WITNESS_KEY.verifier])
    if not (scene.folder / "monitor.json").exists():
        reader.look(replace(BEFORE, cosigners=((WITNESS_KEY, NOW),)), now=NOW)
    return [event.finding.kind for event in reader.look(source, now=LATER) if event.finding is not None]


def quorum(scene: Scene, source: LogSource) -> list[Kind]:
    """A reader without memory that relies on a witness."""
    del scene

    def act() -> None:
        view = read_view(source, KEYS, origin=ORIGIN)
        check_witnesses(view, [WITNESS_KEY.verifier], now=LATER, quorum=1, fresh_within=timedelta(minutes=10))

    return kinds_of(act)


def comparison(scene: Scene, source: LogSource) -> list[Kind]:
    """Two readers who compare what they were shown: one the honest log, one this."""
    del scene

    def act() -> None:
        mine, theirs = HONEST.view(), read_view(source, KEYS, origin=ORIGIN)
        compare_views(mine, theirs, [HONEST, source])
        for finding in check_witness_times(mine, theirs, [WITNESS_KEY.verifier]):
            raise finding.error()

    return kinds_of(act)


# The lies. Trees that begin otherwise than what was seen, or are otherwise behind it:
REWRITTEN = with_leaf(LEAVES, 100, OTHER)
EXCHANGED = with_leaf(LEAVES, PROMISED, OTHER)
SWAPPED = with_leaf(with_leaf(LEAVES, PROMISED, LEAVES[PROMISED - 1]), PROMISED - 1, LEAVES[PROMISED])
LEFT_OUT = (*LEAVES[:PROMISED], *LEAVES[PROMISED + 1 :])
FOREIGN = NoteKey.from_seed(ORIGIN, b"\x66" * 32)


def shorter(*, by: int = 1) -> BrokerSource:
    """A broker that gives fewer leaves than its checkpoint states."""
    return BrokerSource(Calls(HONEST, short=by), "the broker")


class Flooding(Calls):
    """A broker that gives one leaf more than it was asked for, without end."""

    def list_entries(self, request: v1.ListEntriesRequest, /) -> v1.ListEntriesResponse:
        """Too many."""
        return v1.ListEntriesResponse(leaves=some_leaves(request.count + 1), size=GROWN)


def flooding() -> BrokerSource:
    """A broker whose pages hold more than was asked for."""
    return BrokerSource(Flooding(HONEST), "the broker")


def damaged(path: str, content: Callable[[bytes], bytes | None]) -> TileSource:
    """Honest tiles of which one file is not what it should be."""
    files = dict(HONEST.tiles().files)
    changed = content(files[path])
    if changed is None:
        del files[path]
    else:
        files[path] = changed
    return TileSource(MemoryTiles(files))


def flipped(data: bytes) -> bytes:
    """The content with one bit flipped in the middle of a leaf or hash."""
    at = len(data) // 2 + 7
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def replayed() -> Log:
    """A log under whose checkpoint the co-signature of another one stands."""
    note = SignedNote.parse(BEFORE.checkpoint())
    return replace(HONEST, cosigners=(), lines=(cosign(note, WITNESS_KEY, now=NOW),))


class Garbage(Log):
    """A log whose checkpoint is none."""

    def checkpoint(self) -> str:
        """Something else."""
        return "<html>It works!</html>\n"


CASES: list[tuple[str, LogSource, Reader, Kind]] = [
    ("an old leaf is altered, and all signed anew", Log(REWRITTEN), client, Kind.INCONSISTENT),
    ("an old leaf is altered, and all signed anew", Log(REWRITTEN), witness, Kind.INCONSISTENT),
    ("an old leaf is altered, and all signed anew", Log(REWRITTEN), auditor, Kind.INCONSISTENT),
    ("an old leaf is altered, and all signed anew", Log(REWRITTEN), monitor, Kind.INCONSISTENT),
    ("an old leaf is altered, and all signed anew", Log(REWRITTEN), comparison, Kind.FORK),
    ("a leaf is shown altered", replace(HONEST, shown=EXCHANGED), auditor, Kind.ALTERED),
    ("a leaf is shown altered", replace(HONEST, shown=EXCHANGED), monitor, Kind.ALTERED),
    ("leaves are shown in another order", replace(HONEST, shown=SWAPPED), auditor, Kind.ALTERED),
    ("leaves are shown in another order", replace(HONEST, shown=SWAPPED), monitor, Kind.ALTERED),
    ("a promised leaf is exchanged", Log(EXCHANGED), auditor, Kind.DROPPED),
    ("a promised leaf is exchanged", Log(EXCHANGED), monitor, Kind.DROPPED),
    ("a promised leaf is left out", Log(LEFT_OUT), auditor, Kind.DROPPED),
    ("a promised leaf is left out", Log(LEFT_OUT), monitor, Kind.DROPPED),
    ("promised leaves change places", Log(SWAPPED), auditor, Kind.MOVED),
    ("promised leaves change places", Log(SWAPPED), monitor, Kind.DROPPED),
    ("the log goes back", Log(LEAVES[: SEEN - 1]), client, Kind.ROLLBACK),
    ("the log goes back", Log(LEAVES[: SEEN - 1]), witness, Kind.ROLLBACK),
    ("the log goes back", Log(LEAVES[: SEEN - 1]), auditor, Kind.ROLLBACK),
    ("the log goes back", Log(LEAVES[: SEEN - 1]), monitor, Kind.ROLLBACK),
    ("the log goes back to nothing", Log(()), client, Kind.ROLLBACK),
    ("another root at the same size", Log(REWRITTEN[:SEEN]), client, Kind.FORK),
    ("another root at the same size", Log(REWRITTEN[:SEEN]), witness, Kind.FORK),
    ("another root at the same size", Log(REWRITTEN[:SEEN]), auditor, Kind.FORK),
    ("another root at the same size", Log(REWRITTEN[:SEEN]), monitor, Kind.FORK),
    ("each reader sees another tree", Log(EXCHANGED), comparison, Kind.FORK),
    ("each reader sees another tree", Log(EXCHANGED[:-7]), comparison, Kind.SPLIT_VIEW),
    ("a promised leaf is withheld", Log(LEAVES[:PROMISED]), auditor, Kind.WITHHELD),
    ("a promised leaf is withheld", Log(LEAVES[:PROMISED]), monitor, Kind.WITHHELD),
    ("the proof of growth is of another tree", replace(HONEST, leaves_=REWRITTEN, signed=LEAVES), client,
     Kind.INCONSISTENT),
    ("the proof of growth is of another tree", replace(HONEST, leaves_=REWRITTEN, signed=LEAVES), witness,
     Kind.INCONSISTENT),
    ("the checkpoint is of another log", replace(HONEST, key=NoteKey.generate("b.example.net/other"),
                                                 origin="b.example.net/other"), client, Kind.ORIGIN),
    ("the checkpoint is of another log", replace(HONEST, origin="b.example.net/other"), witness, Kind.ORIGIN),
    ("a foreign key signed", replace(HONEST, key=FOREIGN), client, Kind.UNSIGNED),
    ("a foreign key signed", replace(HONEST, key=FOREIGN), witness, Kind.UNSIGNED),
    ("a foreign key signed", replace(HONEST, key=FOREIGN), auditor, Kind.UNSIGNED),
    ("a foreign key signed", replace(HONEST, key=FOREIGN), monitor, Kind.UNSIGNED),
    ("the log's own line is forged",
     replace(HONEST, lines=(NoteSignature(ORIGIN, LOG_KEY.verifier.key_hash, b"\0" * 64),)), client,
     Kind.UNSIGNED),
    ("no checkpoint at all", Garbage(LEAVES), client, Kind.MALFORMED),
    ("no checkpoint at all", Garbage(LEAVES), witness, Kind.MALFORMED),
    ("an old checkpoint", replace(HONEST, cosigners=((WITNESS_KEY, NOW - timedelta(hours=1)),)), quorum,
     Kind.STALE),
    ("a co-signature of another checkpoint", replayed(), quorum, Kind.COSIGNATURE),
    ("a co-signature from the future",
     replace(HONEST, cosigners=((WITNESS_KEY, LATER + timedelta(seconds=61)),)), quorum, Kind.FUTURE),
    ("a witness dates back", replace(HONEST, cosigners=((WITNESS_KEY, NOW - timedelta(seconds=1)),)), monitor,
     Kind.BACKDATED),
    ("a witness dates back a second time",
     replace(HONEST, cosigners=((WITNESS_KEY, LATER), (WITNESS_KEY, NOW - timedelta(days=1)))), monitor,
     Kind.BACKDATED),
    ("a witness signs a smaller one later", Log(LEAVES[:-7], cosigners=((WITNESS_KEY, LATER),)), comparison,
     Kind.BACKDATED),
    ("fewer leaves than stated", shorter(), auditor, Kind.CUT_OFF),
    ("fewer leaves than stated", shorter(by=GROWN), monitor, Kind.CUT_OFF),
    ("more leaves than asked for", flooding(), auditor, Kind.CUT_OFF),
    ("more leaves than asked for", flooding(), monitor, Kind.CUT_OFF),
    ("pages of leaves that are empty", shorter(by=GROWN), auditor, Kind.CUT_OFF),
    ("a bundle is longer", damaged("tile/entries/001", lambda data: data + data[:34]), auditor, Kind.TILE),
    ("a tile is longer", damaged("tile/0/001", lambda data: data + data[:32]), client, Kind.TILE),
    ("a bundle is cut off", damaged("tile/entries/001", lambda data: data[:-1]), auditor, Kind.TILE),
    ("a bundle is missing", damaged("tile/entries/002.p/188", lambda _: None), auditor, Kind.TILE),
    ("a bundle is altered", damaged("tile/entries/001", flipped), auditor, Kind.ALTERED),
    ("a bundle states another length", damaged("tile/entries/001", lambda data: b"\0!" + data[2:]), auditor,
     Kind.TILE),
    ("a tile is altered", damaged("tile/0/001", flipped), auditor, Kind.TILE),
    ("a tile above is altered", damaged("tile/1/000.p/2", flipped), auditor, Kind.TILE),
    ("a tile is cut off", damaged("tile/0/002.p/188", lambda data: data[:32]), auditor, Kind.TILE),
    ("a tile is cut off", damaged("tile/0/002.p/188", lambda data: data[:32]), client, Kind.TILE),
    ("a tile is missing", damaged("tile/0/001", lambda _: None), witness, Kind.TILE),
    ("a tile is altered", damaged("tile/0/001", flipped), client, Kind.INCONSISTENT),
]  # fmt: skip


def twin_of(source: LogSource) -> LogSource:
    """The honest log, read the same way."""
    if isinstance(source, TileSource):
        return TileSource(HONEST.tiles())
    return BrokerSource(Calls(HONEST), "the broker") if isinstance(source, BrokerSource) else HONEST


@pytest.mark.parametrize(
    ("lie", "source", "reader", "expected"),
    CASES,
    ids=[f"{lie}, seen by {reader.__name__} as {kind}" for lie, _, reader, kind in CASES],
)
def test_each_lie_is_caught(
    lie: str, source: LogSource, reader: Reader, expected: Kind, tmp_path: Path, operator: Operator
) -> None:
    """The honest log passes, and the lie is caught and named.

    LOG-CHECKPOINT-1, LOG-CONSISTENT-1, LOG-TILE-1, LOG-COSIGNATURE-1, LOG-COSIGNATURE-2, AUDIT-ROOT-1,
    AUDIT-PAST-1, AUDIT-RECEIPT-1, AUDIT-MERGE-1, AUDIT-VIEWS-1, AUDIT-FRESH-1, WITNESS-GROWTH-1,
    WITNESS-TIME-1, MONITOR-ROOT-1.
    """
    del lie
    assert reader(Scene(tmp_path / "twin", operator), twin_of(source)) == []
    assert expected in reader(Scene(tmp_path / "lie", operator), source)


PAPER_AT = 400


def logged(operator: Operator, paper: Paper, *, salt: bytes | None = None) -> Log:
    """A log in which a document stands."""
    del operator
    return Log(with_leaf(LEAVES, PAPER_AT, leaf_data(paper.record_bytes, salt)))


@pytest.mark.parametrize("salt", [None, SALT], ids=["public", "private"])
def test_a_receipt_that_promises_something_else(operator: Operator, salt: bytes | None) -> None:
    """A receipt whose leaf does not follow from the document is found, however well it is kept.

    RECEIPT-LEAF-1.
    """
    paper = operator.site()
    kept = operator.receipt_of(paper, PAPER_AT, salt)
    log = logged(operator, paper, salt=salt)
    assert audited(log, Evidence(promises=[kept], papers=[paper])) == []
    other = operator.receipt(PAPER_AT, OTHER, paper=paper, salt=salt)
    lie = Log(with_leaf(LEAVES, PAPER_AT, OTHER))
    assert audited(lie, Evidence(promises=[other], papers=[paper])) == [Kind.PROMISE]


def test_a_step_that_is_promised_otherwise(operator: Operator) -> None:
    """The leaf of a step follows from the bytes that the receipt carries."""
    step = b'{"order":"crex://b.example.net/order/o1"}'
    leaf = leaf_data(step, SALT)
    good = operator.receipt(PAPER_AT, leaf, step=step, salt=SALT)
    assert audited(Log(with_leaf(LEAVES, PAPER_AT, leaf)), Evidence(promises=[good])) == []
    bad = operator.receipt(PAPER_AT, LEAVES[PAPER_AT], step=step, salt=SALT)
    assert audited(HONEST, Evidence(promises=[bad])) == [Kind.PROMISE]


def test_a_promise_for_too_late(operator: Operator) -> None:
    """A receipt that promises more than 60 s from its issue is found (RECEIPT-MERGE-1)."""
    leaf = LEAVES[PROMISED]
    assert audited(HONEST, Evidence(promises=[operator.receipt(PROMISED, leaf)])) == []
    late = operator.receipt(PROMISED, leaf, promised=timedelta(seconds=61))
    assert audited(HONEST, Evidence(promises=[late])) == [Kind.TERM]


def test_a_promise_whose_time_has_not_come(operator: Operator) -> None:
    """What is not merged before its time is pending, and no finding (AUDIT-MERGE-1)."""
    promise = operator.receipt(GROWN, OTHER, issued=LATER)
    audit = audit_log(HONEST.view(), HONEST, Evidence(promises=[promise]), now=LATER)
    assert (audit.findings, audit.pending, audit.kept) == ([], 1, 0)


def test_receipts_of_others_are_no_word_of_this_log(operator: Operator) -> None:
    """A receipt of another log is set aside, not held against this one."""
    promise = operator.receipt(PROMISED, OTHER, log="b.example.net/other")
    audit = audit_log(HONEST.view(), HONEST, Evidence(promises=[promise]), now=LATER)
    assert (audit.findings, audit.foreign) == ([], [promise.paper])


def test_a_published_document_that_was_never_logged(operator: Operator) -> None:
    """What a broker shows to everyone and did not log is found (RECEIPT-LOG-1)."""
    paper = operator.site()
    assert audited(logged(operator, paper), Evidence(published=[paper])) == []
    assert audited(HONEST, Evidence(published=[paper])) == [Kind.NOT_LOGGED]


def shown(
    paper: Paper, leaf: bytes, salt: bytes | None = None, *, sealed: bool = False
) -> v1.SupervisedRecord:
    """A record as a supervisor is shown it."""
    record = v1.SupervisedRecord(index=PAPER_AT, leaf=leaf, type=paper.type, issuer=paper.issuer)
    if not sealed:
        record.envelope.CopyFrom(paper.parts.to_message())
        record.salt = salt or b""
    return record


def record_of(paper: Paper, leaf: bytes, salt: bytes | None = None, *, sealed: bool = False) -> Shown:
    """What is kept of it."""
    return Shown.of(shown(paper, leaf, salt, sealed=sealed))


def test_a_supervisor_is_shown_something_else(operator: Operator) -> None:
    """A record that does not come to its leaf, or whose leaf stands elsewhere, is found (AUDIT-RECORD-1)."""
    paper, other = operator.site("a"), operator.site("b")
    leaf = leaf_data(paper.record_bytes, SALT)
    log = logged(operator, paper, salt=SALT)
    assert audited(log, Evidence(records=[record_of(paper, leaf, SALT)])) == []
    assert audited(log, Evidence(records=[record_of(other, leaf, SALT)])) == [Kind.RECORD]
    theirs = leaf_data(other.record_bytes, SALT)
    assert audited(log, Evidence(records=[record_of(other, theirs, SALT)])) == [Kind.RECORD]
    assert audited(log, Evidence(records=[record_of(paper, leaf, SALT[:31])])) == [Kind.RECORD]
    assert audited(log, Evidence(records=[record_of(paper, leaf, sealed=True)])) == []


def only(record: v1.SupervisedRecord) -> Callable[[int, int], list[v1.SupervisedRecord]]:
    """A broker that shows one record, whatever is asked for."""
    return lambda _start, _end: [record]


Page = Callable[[int], v1.ListRecordsResponse]
STOPS = 5


def page(*indexes: int, then: int | None) -> v1.ListRecordsResponse:
    """Records of some positions, and where to go on."""
    return v1.ListRecordsResponse(records=[v1.SupervisedRecord(index=index) for index in indexes], next=then)


def positions(answer: Page, start: int = 0) -> list[int]:
    """What a supervisor takes of a broker that answers so, up to a checkpoint."""
    return [
        record.index
        for record in records_between(lambda request: answer(request.start), "the broker", start, STOPS)
    ]


@pytest.mark.parametrize(
    ("honest", "taken"),
    [
        (lambda start: page(start, then=start + 1 if start < STOPS - 1 else None), [0, 1, 2, 3, 4]),
        (lambda start: page(then=start + 1), []),
        (lambda start: page(1, 3, then=9), [1, 3]),
        (lambda start: page(3, STOPS, STOPS + 1, then=STOPS + 2), [3]),
        (lambda start: page(then=None), []),
    ],
    ids=["one at a time", "parts without any", "gaps", "grown meanwhile", "none"],
)
def test_pages_of_records_end_at_the_checkpoint(honest: Page, taken: list[int]) -> None:
    """Pages that only rise are followed, empty ones too, and end at the checkpoint (AUDIT-RECORD-1)."""
    assert positions(honest) == taken


@pytest.mark.parametrize(
    "lie",
    [
        lambda start: page(start, then=start),
        lambda start: page(then=start),
        lambda start: page(then=0),
        lambda start: page(start, start + 1, then=start + 1),
        lambda start: page(start + 1, start, then=start + 2),
        lambda start: page(start, start, then=start + 1),
        lambda start: page(start - 1, then=start + 1),
        lambda start: page(*range(start, start + 1001), then=None),
    ],
    ids=["stands still", "nothing, and still", "back to the start", "back by one", "falling", "twice",
         "before what was asked", "more than asked"],
)  # fmt: skip
def test_pages_of_records_that_lead_astray(lie: Page) -> None:
    """A broker that goes back, stands still or shows more than asked for is found out (AUDIT-RECORD-1)."""
    assert kinds_of(lambda: positions(lie, 1)) == [Kind.RECORD]


@pytest.mark.parametrize("lie", [lambda start: page(then=start), lambda start: page(start, then=start)])
def test_a_monitor_is_not_kept_by_pages(lie: Page, tmp_path: Path) -> None:
    """A monitor names a broker whose pages stand still, and its position stays (AUDIT-RECORD-1)."""

    def records(answer: Page) -> Callable[[int, int], Iterator[v1.SupervisedRecord]]:
        return lambda start, end: records_between(
            lambda request: answer(request.start), "the broker", start, end
        )

    reader = Monitor(tmp_path / "monitor.json", ORIGIN, KEYS, Watch())
    caught = reader.look(HONEST, now=NOW, records=records(lie))
    assert [event.finding and event.finding.kind for event in caught] == [Kind.RECORD]
    seen = reader.look(HONEST, now=NOW, records=records(lambda start: page(then=start + 1)))
    assert [event.kind for event in seen] == ["grown"]


def test_a_monitor_of_records(operator: Operator, tmp_path: Path) -> None:
    """A supervisor's monitor tells of the records of a party, and of a record that is not the logged one."""
    paper = operator.site()
    leaf = leaf_data(paper.record_bytes, None)
    watch = Watch(authorities=frozenset({paper.issuer}))
    for folder, record, expected in (
        ("twin", shown(paper, leaf), ["grown", "record"]),
        ("lie", shown(operator.site("b"), leaf), ["grown", "record", "finding"]),
        ("later", v1.SupervisedRecord(index=GROWN, issuer=paper.issuer), ["grown"]),
    ):
        reader = Monitor(tmp_path / folder / "monitor.json", ORIGIN, KEYS, watch)
        events = reader.look(logged(operator, paper), now=NOW, records=only(record))
        assert [event.kind for event in events] == expected


def test_a_copy_that_no_record_shows(operator: Operator) -> None:
    """A document that a counterparty has, and the records do not, was kept out of the log (RECEIPT-LOG-1)."""
    paper, copy = operator.site("a"), operator.site("b")
    leaf = leaf_data(paper.record_bytes, SALT)
    log, records = logged(operator, paper, salt=SALT), [record_of(paper, leaf, SALT)]
    assert audited(log, Evidence(records=records, papers=[paper])) == []
    assert audited(log, Evidence(records=records, papers=[paper, copy])) == [Kind.NOT_LOGGED]
    assert audited(log, Evidence(papers=[copy])) == []  # without the records nobody can tell


def test_a_forged_line_is_no_word_of_a_witness(tmp_path: Path) -> None:
    """Times count only by lines that verify, and by checkpoints of different sizes (WITNESS-TIME-1)."""
    early = (WITNESS_KEY, NOW - timedelta(hours=1))
    stolen = cosign(SignedNote.parse(BEFORE.checkpoint()), WITNESS_KEY, now=early[1])
    witnesses = [LOG_KEY.verifier, WITNESS_KEY.verifier]
    before = replace(BEFORE, cosigners=((WITNESS_KEY, NOW),)).view()
    for other in (replace(HONEST, lines=(stolen,)), replace(HONEST, cosigners=()), BEFORE):
        assert check_witness_times(before, other.view(), witnesses) == []
    assert check_witness_times(HONEST.view(), replace(HONEST, cosigners=(early,)).view(), witnesses) == []
    late = replace(HONEST, cosigners=(early,))
    (finding,) = check_witness_times(late.view(), before, witnesses)
    assert finding.evidence == {
        "before": str(before.note),
        "after": late.checkpoint(),
        "witness": "w.example.org/witness",
    }
    # The log itself only grew, so a monitor goes on after it has told of the witness, and tells of it once.
    reader = Monitor(tmp_path / "monitor.json", ORIGIN, KEYS, Watch(), witnesses)
    looks = [replace(BEFORE, cosigners=((WITNESS_KEY, NOW),)), late, late]
    kinds = [[event.kind for event in reader.look(log, now=NOW)] for log in looks]
    assert kinds == [["grown"], ["grown", "finding"], []]


def test_every_finding_names_its_rule_and_its_proof() -> None:
    """A refusal carries the finding, the rule and both checkpoints, so that others can check it."""
    with pytest.raises(TrustError) as caught:
        compare_views(HONEST.view(), Log(EXCHANGED).view(), [])
    finding = finding_of(caught.value)
    assert finding is not None
    assert finding.requirement == "LOG-CONSISTENT-1"
    assert finding.evidence["before"] == HONEST.checkpoint()
    assert finding.evidence["after"] == Log(EXCHANGED).checkpoint()
    assert "[LOG-CONSISTENT-1]" in str(finding)
