"""`crex log monitor` and `crex log witness`: once, or again and again until somebody ends it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.log_audit import records_from
from crex.cli.log_commands import done
from crex.cli.log_papers import collect
from crex.cli.log_source import STATE_FOLDER, LogAt, keep, keeping, open_log
from crex.cli.result import OK, REFUSED, Result

if TYPE_CHECKING:
    # Lines for people, values for programs, and whether something was found.
    Look = Callable[[], tuple[list[str], list[Any], bool]]

_WITNESS_STATE: Final = "witness.json"


def monitor(options: argparse.Namespace) -> Result:
    """Follows a log."""
    from urllib.parse import quote

    from crex.cli.party import now
    from crex.errors import CrexError
    from crex.transparency.monitor import Monitor, Watch

    at = open_log(options)
    if at.folder is None:
        raise CrexError("SCHEMA", "A monitor must remember where it was. Say where with --state DIR.")
    held = collect(options.documents, at)
    watch = Watch(held.papers, held.promises, frozenset(options.watched))
    state = at.folder / f"{quote(at.origin, safe='')}.monitor.json"
    follower = Monitor(state, at.origin, at.keys, watch, at.witnesses)
    records = (lambda start, end: records_from(at, start, end)) if options.watched else None

    def look() -> tuple[list[str], list[Any], bool]:
        events = follower.look(at.source, now=now(), records=records)
        values = [{"event": event.kind, **event.value, "message": event.message} for event in events]
        lines = [event.message for event in events]
        proofs = [keep(at, event.finding) for event in events if event.finding is not None]
        lines += [f"What proves it is kept in {proof}." for proof in proofs]
        return lines, values, bool(proofs)

    for note in held.notes:
        print(f"crex: {note}", file=sys.stderr)
    return _again(options, look, stop=False)


def witness(options: argparse.Namespace) -> Result:
    """Co-signs a log: reads its checkpoint and the proof of growth, signs, and hands the signature in."""
    from crex.cli.party import now, open_party
    from crex.errors import CrexError
    from crex.transparency.witness import Witness

    party = open_party(options)
    key = party.identity.witness
    if key is None:
        raise CrexError(
            "IDENTITY",
            f"{party.authority} has no key of a witness. Make one with `crex init NAME --role witness`.",
            source=str(party.folder),
        )
    at = open_log(options)
    state: Path = (options.state or party.folder / STATE_FOLDER) / _WITNESS_STATE
    if options.new:
        Witness.begin(key, state)
    with Witness(key, state) as one:

        def look() -> tuple[list[str], list[Any], bool]:
            from crex.documents.times import format_time

            with keeping(at):
                signed = one.cosign(at.source, at.keys, origin=at.origin, now=now())
            note = _hand_in(at, str(signed.note))
            grown = f"from {signed.before} to " if signed.before not in (None, signed.view.size) else ""
            where = "handed in" if at.customer is not None else "not handed in: tiles are read only"
            what = f"{at.origin}, {grown}{signed.view.size} leaves"
            line = f"{format_time(signed.at)} {key.name} co-signed {what}: {where}"
            value = {"log": at.origin, "size": str(signed.view.size), "at": format_time(signed.at)}
            return [line], [{"event": "cosigned", **value, "checkpoint": note}], False

        return _again(options, look, stop=True)


def _hand_in(at: LogAt, note: str) -> str:
    if at.customer is None:
        return note
    import secrets

    from crex import v1

    request = v1.AddCosignatureRequest(request_id=secrets.token_urlsafe(16), checkpoint=note)
    return at.customer.client.add_cosignature(request).checkpoint


def _again(options: argparse.Namespace, look: Look, *, stop: bool) -> Result:
    """Looks once, or until somebody ends it; who cannot be reached is tried again.

    Args:
        options: `--once`, or `--every`.
        look: One look.
        stop: Whether a refusal ends it; otherwise it is told, and the next look comes.
    """
    if options.once:
        lines, values, found = look()
        return done(values, lines or ["Nothing is new."], REFUSED if found else OK)
    code = OK
    try:
        while True:
            began = time.monotonic()
            code = max(code, _look(options, look, stop=stop))
            time.sleep(max(0.0, options.every.total_seconds() - (time.monotonic() - began)))
    except KeyboardInterrupt:
        return done([], [], code)


def _look(options: argparse.Namespace, look: Look, *, stop: bool) -> int:
    from crex.cli.terminal import harmless
    from crex.errors import CrexError, RemoteError

    try:
        lines, values, found = look()
    except CrexError as error:
        unreachable = isinstance(error, RemoteError) and error.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
        if stop and not unreachable:
            raise
        print(f"crex: {harmless(str(error))}", file=sys.stderr, flush=True)
        return OK if unreachable else REFUSED
    told: Iterable[str] = [json.dumps(one, ensure_ascii=False) for one in values] if options.json else lines
    for line in told:
        print(harmless(line), flush=True)
    return REFUSED if found else OK
