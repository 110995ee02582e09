"""`crex log verify`: from the document over its receipt and leaf to the checkpoint and its witnesses."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crex.cli.log_commands import done, followed
from crex.cli.log_papers import collect
from crex.cli.log_source import LogAt, open_log
from crex.cli.result import OK, REFUSED, Result

if TYPE_CHECKING:
    from crex import v1
    from crex.transparency.papers import Paper, Promise
    from crex.transparency.views import View
    from crex.trust.log_proof import LogFact


class _Record(NamedTuple):
    """What a receipt is for.

    Attributes:
        place: File or place that it came from.
        name: What it is, for people.
        told: Who signed it, or what happened.
        data: The exact bytes that are logged.
    """

    place: str
    name: str
    told: str
    data: bytes


def verify(options: argparse.Namespace) -> Result:
    """Verifies each file, and each step of an order.

    Raises:
        CrexError: The log cannot be read, or has gone back; nothing is verified then.
    """
    from crex.cli.effect import refuse_useless
    from crex.errors import CrexError, named

    if not options.files and not options.order:
        raise CrexError("SCHEMA", "Name a signed document or a receipt, or an order with --order.")
    if options.proof is not None:
        useless = ("--order", "--receipt", "--save", "--tiles", "--log", "--key", "--state")
        refuse_useless(options, useless, "with --proof no log is asked. Leave them out, or --proof.")
        return _offline(options)
    at = open_log(options)
    _, view = followed(at)
    given = {one.document: one for one in collect(options.receipt, at).promises if one.document}
    values: list[dict[str, Any]] = []
    lines = [f"{at.origin} at size {view.size}, read from {at.source.place}"]
    for path in options.files:
        try:
            with named(path):
                value, said = _file(path, given, at, view, options)
        except CrexError as error:
            value, said = _refused(str(path), error)
        values.append(value)
        lines += said
    for promise, record in _of_order(options.order, at) if options.order else ():
        try:
            value, said = _promise(promise, record, at, view, options)
        except CrexError as error:
            value, said = _refused(str(promise.paper), error)
        values.append(value)
        lines += said
    return done(values, lines, OK if all(one["logged"] for one in values) else REFUSED)


def _file(
    path: Path, given: dict[str, Promise], at: LogAt, view: View, options: argparse.Namespace
) -> tuple[dict[str, Any], list[str]]:
    from crex.cli.files import read_bytes
    from crex.cli.party import now
    from crex.errors import TrustError
    from crex.transparency.papers import Promise, read_signed

    paper = read_signed(read_bytes(path), at.trust, now=now(), source=str(path))
    if paper.type == "receipt":
        promise = Promise.of(paper)
        if not promise.step:
            raise TrustError(
                "LEAF",
                "The receipt is for a document, and nothing follows without it. Verify the document, and "
                "give this with --receipt.",
            )
        return _promise(promise, _step(promise), at, view, options)
    kept = given.get(paper.record)
    return _promise(kept if kept is not None else _fetch(paper, at), _document(paper), at, view, options)


def _promise(
    promise: Promise, what: _Record, at: LogAt, view: View, options: argparse.Namespace
) -> tuple[dict[str, Any], list[str]]:
    """Goes from a receipt to the checkpoint; each step in a line."""
    from crex.documents.times import format_time
    from crex.errors import CrexError, TrustError

    record = what.data
    if not record:
        raise CrexError(
            "REFERENCE_MISSING",
            f"Receipt {promise.paper} is for {what.name}, which is not here: without it only a leaf is seen. "
            "Verify it by its file.",
        )
    lines = [f"{what.place}: {what.name}", f"  {what.told}"]
    if (promise.log, promise.paper.issuer) != (at.origin, at.origin.partition("/")[0]):
        raise TrustError(
            "LEAF",
            f"The receipt is of {promise.log}, by {promise.paper.issuer}, and {at.origin} is read. Name its "
            "log with --log.",
        )
    if not promise.covers(record):
        raise TrustError(
            "LEAF",
            f"The leaf of receipt {promise.paper} does not follow from the record and its salt: the broker "
            "promised to log something else. Keep both as evidence (RECEIPT-LEAF-1).",
        )
    kind = "private, with a salt" if promise.salt is not None else "public"
    lines.append(f"  receipt {promise.paper.id}: position {promise.index}, {kind}; the leaf follows from it")
    if promise.index >= view.size:
        return _unmerged(promise, view, lines)
    proof = _prove(promise, at, view)
    fact = _check(record, proof, at, options)
    lines += _proven(fact)
    if options.save is not None:
        lines += _save(options.save, promise, proof)
    value = {
        "file": what.place,
        "record": what.name,
        "logged": True,
        "log": fact.log,
        "index": str(fact.index),
        "size": str(fact.size),
        "witnesses": sorted(fact.witnesses),
        "logTime": format_time(fact.log_time) if fact.log_time is not None else None,
    }
    return value, lines


def _prove(promise: Promise, at: LogAt, view: View) -> v1.LogProof:
    """Gets the proof: from a broker by the checkpoint that witnesses back best, else by the latest."""
    from crex import v1

    if at.customer is not None:
        proof = at.customer.client.get_inclusion_proof(v1.GetInclusionProofRequest(index=promise.index)).proof
    else:
        hashes = at.source.inclusion(promise.index, view.size)
        proof = v1.LogProof(index=promise.index, hashes=hashes, checkpoint=str(view.note))
    if promise.salt is not None:
        proof.salt = promise.salt
    return proof


def _check(record: bytes, proof: v1.LogProof, at: LogAt, options: argparse.Namespace) -> LogFact:
    from crex import v1
    from crex.cli.party import now
    from crex.trust.log_proof import check_record

    return check_record(record, proof, _Trust(at), v1.PolicyLog(quorum=options.quorum), now=now())


class _Trust:
    """The pinned trust documents, and the keys of the log that were given instead of one."""

    def __init__(self, at: LogAt) -> None:
        self._at = at

    def current(self, authority: str) -> Any:
        """The keys of an authority."""
        if authority == self._at.origin.partition("/")[0]:
            return _Keys(self._at)
        return self._at.trust.current(authority)


class _Keys:
    """The keys of the log that is read."""

    def __init__(self, at: LogAt) -> None:
        self.logs = at.keys
        self.witnesses = ()


def _offline(options: argparse.Namespace) -> Result:
    """Verifies one document by a proof in a file; nobody is asked."""
    from crex import v1
    from crex.cli.document_commands import trusted
    from crex.cli.files import read_bytes
    from crex.cli.party import now
    from crex.documents import convert, reader
    from crex.errors import CrexError, named
    from crex.transparency.papers import Promise, read_signed
    from crex.trust.log_proof import check_record

    if len(options.files) != 1:
        raise CrexError("SCHEMA", "A proof is of one document: name one file with --proof.")
    moment = now()
    trust = trusted(options, moment)
    path = options.files[0]
    with named(path):
        paper = read_signed(read_bytes(path), trust, now=moment, source=str(path))
    with named(options.proof):
        proof = convert.to_message(reader.read(read_bytes(options.proof), v1.LogProof), v1.LogProof)
    record = Promise.of(paper).step if paper.type == "receipt" else paper.record_bytes
    fact = check_record(record, proof, trust, v1.PolicyLog(quorum=options.quorum), now=moment)
    lines = [f"{path}: {paper}, {paper.kind} of {paper.issuer}", *_proven(fact)]
    value = {"file": str(path), "logged": True, "log": fact.log, "index": str(fact.index)}
    return done([value], lines)


def _fetch(paper: Paper, at: LogAt) -> Promise:
    from crex import v1
    from crex.errors import CrexError

    if at.customer is None:
        raise CrexError(
            "REFERENCE_MISSING",
            f"Tiles hold no receipts. Give that of {paper} with --receipt FILE, or ask its broker.",
        )
    request = v1.GetReceiptRequest(document_sha256=paper.record)
    return _opened(at, at.customer.client.get_receipt(request).receipts)[0]


def _of_order(order: str, at: LogAt) -> list[tuple[Promise, _Record]]:
    """Gives the receipts of an order, of its steps and of its documents, each with its record."""
    from crex import v1
    from crex.errors import CrexError

    if at.customer is None:
        raise CrexError("REFERENCE_MISSING", "Tiles hold no receipts. Ask the broker for those of an order.")
    client = at.customer.client
    promises = _opened(at, client.get_receipt(v1.GetReceiptRequest(order=order)).receipts)
    response = client.get_order(v1.GetOrderRequest(order=order))
    envelopes = (response.hold_receipt, response.order_document, response.order_confirmation)
    documents = dict(_unfiled(one, at) for one in envelopes if one.payload)
    return [
        (
            one,
            _step(one)
            if one.step
            else documents.get(one.document, _Record(at.source.place, one.what, "", b"")),
        )
        for one in promises
    ]


def _unfiled(envelope: v1.Envelope, at: LogAt) -> tuple[str, _Record]:
    """Gives a document of an order by its record identifier; its signer need not be trusted here."""
    from crex.cli.party import now
    from crex.errors import TrustError
    from crex.transparency.papers import read_signed
    from crex.trust.envelope import pae, record_id

    place = at.source.place
    try:
        record = _document(read_signed(envelope, at.trust, now=now(), source=place))
    except TrustError as error:
        if error.reason != "ISSUER":
            raise
        told = "its signer's trust document is not pinned here: who signed it is not verified"
        record = _Record(place, envelope.payload_type, told, pae(envelope.payload_type, envelope.payload))
    return record_id(envelope), record


def _document(paper: Paper) -> _Record:
    return _Record(paper.source, f"{paper}, {paper.kind}", f"signed by {paper.issuer}", paper.record_bytes)


def _opened(at: LogAt, envelopes: Any) -> list[Promise]:
    from crex.cli.party import now
    from crex.errors import CrexError
    from crex.transparency.papers import Promise, read_signed

    found = [Promise.of(read_signed(one, at.trust, now=now(), source=at.source.place)) for one in envelopes]
    if not found:
        raise CrexError("NOT_FOUND", "The broker gave no receipt. Ask it again, or its operator why.")
    return found


def _step(promise: Promise) -> _Record:
    """A step for people: what happened to which order."""
    from crex.documents import strict
    from crex.errors import CrexError

    try:
        body = strict.loads(promise.step)
        told = f"{body['event']} of {body['order']} at {body['time']}, by {body['actor']}"
    except (CrexError, KeyError, TypeError):
        told = "in a form that this edition does not know"
    return _Record(promise.paper.source, f"a step of an order, by {promise.paper}", told, promise.step)


def _proven(fact: LogFact) -> list[str]:
    from crex.documents.times import format_time

    lines = [f"  proven to stand at position {fact.index} of {fact.log}, size {fact.size}"]
    who = ", ".join(sorted(fact.witnesses)) or "no witness that is trusted here"
    lines.append(f"  the checkpoint is signed by the log, and co-signed by {who}")
    if fact.log_time is not None:
        lines.append(f"  log time {format_time(fact.log_time)}: by then the quorum had seen it")
    return lines


def _unmerged(promise: Promise, view: View, lines: list[str]) -> tuple[dict[str, Any], list[str]]:
    from crex.cli.party import now
    from crex.documents.times import format_time

    due = format_time(promise.merge_by)
    value: dict[str, Any] = {"file": promise.paper.source, "logged": False, "mergeBy": due}
    if now() <= promise.merge_by:
        return value, [*lines, f"  not covered yet at size {view.size}; promised by {due}: look again then"]
    told = (
        f"  REFUSED: promised by {due} and not covered at size {view.size}. Receipt and checkpoint prove "
        "that the broker broke its word (AUDIT-MERGE-1)"
    )
    return value, [*lines, told]


def _refused(place: str, error: Any) -> tuple[dict[str, Any], list[str]]:
    value = {"file": place, "logged": False, "reason": error.reason, "message": error.message}
    return value, [f"{place}: REFUSED", f"  {error.message} ({error.reason})"]


def _save(folder: Path, promise: Promise, proof: v1.LogProof) -> list[str]:
    """Keeps receipt and proof, so that the document can be verified without a network."""
    from crex.cli.files import write_file
    from crex.documents import convert

    name = promise.paper.id.rpartition("/")[2]
    receipt, kept = folder / f"{name}.receipt.json", folder / f"{name}.proof.json"
    write_file(receipt, promise.paper.file_form.encode())
    write_file(kept, convert.dump(proof))
    return [f"  kept in {receipt} and {kept}"]
