"""`crex trust`: one's own trust document: published, renewed, and signed by several persons."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from crex.cli.options import Commands, command, moment, reason, trust_valid_for
from crex.cli.result import Result

if TYPE_CHECKING:
    from crex.cli.own_trust_files import Own
    from crex.trust.own_trust import Settled
    from crex.trust.trust_draft import TrustDraft
    from crex.trust.trust_record import TrustRecord


def add(trust: Commands) -> None:
    """Adds the commands to those of `crex trust`."""
    command(trust, "export", _export, "write this identity's own trust document, to hand to others")
    publish = command(trust, "publish", _publish, "lay every revision out for a web server; -o FOLDER")
    publish.add_argument("names", nargs="*", metavar="AUTHORITY", help="another that is pinned, as a mirror")
    renew = command(
        trust, "renew", _renew, "make the next revision of the own trust document, and certificates"
    )
    draft = command(trust, "draft", _draft, "write the next revision unsigned, to be signed apart; -o FILE")
    for parser in (renew, draft):
        _add_changes(parser)
    sign = command(trust, "sign", _sign, "add the signatures of root keys to a draft; -o FILE")
    sign.add_argument("draft", type=Path, metavar="DRAFT", help="the draft, or one with other signatures")
    sign.add_argument(
        "--key", action="append", default=[], type=Path, metavar="FILE",
        help="a root key; unset: those of this identity",
    )  # fmt: skip
    complete = command(
        trust, "complete", _complete, "put the signatures together and make the revision count"
    )
    complete.add_argument("parts", nargs="+", type=Path, metavar="FILE", help="the draft with signatures")
    reason(complete)
    command(trust, "drop", _drop, "drop the draft that waits for signatures, with all that it would change")


def _add_changes(parser: argparse.ArgumentParser) -> None:
    trust_valid_for(parser, "it")
    parser.add_argument(
        "--delegate", metavar="AUTHORITY", help="let another sign in this one's name; with --type and --until"
    )
    parser.add_argument("--type", action="append", default=[], metavar="TYPE", help="a type it may sign")
    parser.add_argument("--until", type=moment, metavar="TIME", help="end of its right")
    parser.add_argument("--max-depth", type=int, metavar="N", help="how often it may pass the right on (0)")
    parser.add_argument(
        "--end-delegation", action="append", default=[], metavar="AUTHORITY", help="take the right back"
    )
    parser.add_argument(
        "--status-list", action="append", default=[], metavar="NAME", help="name a status list"
    )
    reason(parser)


def _export(options: argparse.Namespace) -> Result:
    import json

    from crex.cli.party import open_party
    from crex.trust.envelope import to_json

    text = to_json(open_party(options).identity.trust_document).decode()
    return Result(json.loads(text), text)


def _publish(options: argparse.Namespace) -> Result:
    from crex.cli.files import write_file
    from crex.cli.party import open_party
    from crex.errors import CrexError
    from crex.resolve.well_known import trust_path
    from crex.trust.envelope import read_parts, to_json

    folder: Path | None = options.output
    if folder is None:
        raise CrexError("SCHEMA", "Say with -o which folder the web server serves.")
    if len(options.names) > 1:
        raise CrexError("SUBJECT", "Paths do not name the authority: lay each out in a folder of its own.")
    party = open_party(options)
    name = options.names[0] if options.names else party.authority
    records = party.trust.versions(name)
    if not records:
        raise CrexError("ISSUER", f"{name} is not trusted here. Pin its trust document first.")
    written: list[str] = []
    # Every revision before the latest: whoever sees the latest finds those between.
    for path, record in [*((trust_path(one.revision), one) for one in records), (trust_path(), records[-1])]:
        target = folder / path.lstrip("/")
        if (
            path != trust_path()
            and target.exists()
            and read_parts(target.read_bytes()).body != record.parts.body
        ):
            raise CrexError(
                "TRUST_ROLLBACK",
                f"Another revision {record.revision} is served there already. Revisions never change: find "
                "out "
                "where that one came from.",
                source=str(target),
            )
        write_file(target, to_json(record.parts.to_message()))
        written.append(str(target))
    options.output = None
    text = (
        f"Wrote {len(records)} revisions of {name} below {folder}. Serve that folder at the root of "
        f"https://{name}/. Fingerprint of the latest: {records[-1].digest}"
    )
    return Result({"files": written, "sha256": records[-1].digest}, text)


def _renew(options: argparse.Namespace) -> Result:
    from crex.cli.own_trust_files import Own, settled
    from crex.cli.party import now

    own = Own.open(options)
    at = now()
    draft = own.draft(at, at + options.valid_for)
    notes = _apply(options, own, draft)
    found = own.settle(draft, now=at, reason=options.reason)
    if found.record is not None:
        own.reload().issue_certificates(now=at)
    return settled(own, found, at, *notes, reason=options.reason)


def _draft(options: argparse.Namespace) -> Result:
    from crex.cli.files import write_file
    from crex.cli.own_trust_files import Own, replaced_by
    from crex.cli.party import now
    from crex.errors import CrexError
    from crex.trust import ceremony, own_trust
    from crex.trust.envelope import digest

    target: Path | None = options.output
    if target is None:
        raise CrexError("SCHEMA", "Say with -o which file to write.")
    own = Own.open(options)
    at = now()
    draft = own.draft(at, at + options.valid_for)
    notes = _apply(options, own, draft)
    record = ceremony.read_draft(draft.body())
    record.check_successor_of(own.identity.trust)
    own_trust.hand_out(own.folder, own.identity, draft)
    write_file(target, draft.body())
    options.output = None
    replaced = digest(draft.continues) if draft.continues is not None else ""
    changes = ceremony.changes(own.identity.trust, record)
    lines = [
        f"Wrote the draft of revision {record.revision} of {record.authority} to {target}.",
        *(f"  {line}" for line in changes),
        *replaced_by(replaced),
        *notes,
        *_needs(own.identity.trust, record),
    ]
    return Result(
        {
            "file": str(target),
            "revision": record.revision,
            "sha256": record.digest,
            "changes": changes,
            "replaced": replaced or None,
        },
        "\n".join(lines),
    )


def _needs(before: TrustRecord, after: TrustRecord) -> list[str]:
    return [
        f"  to be signed by {one.threshold} of the root keys of revision {one.revision}: "
        f"{', '.join(sorted(one.roots))}"
        for one in (before, after)
    ]


def _apply(options: argparse.Namespace, own: Own, draft: TrustDraft) -> list[str]:
    """Makes the changes that are asked for; returns what there is to say about them."""
    from crex.cli.effect import refuse_useless
    from crex.errors import CrexError
    from crex.names import parse_authority

    if options.delegate is None:
        refuse_useless(
            options, ("--type", "--until", "--max-depth"),
            "they say what another may sign in this one's name. Name it with --delegate AUTHORITY, or leave "
            "them out: the keys of each role sign all types of their role by themselves.",
        )  # fmt: skip
    else:
        if not options.type or options.until is None:
            raise CrexError(
                "SCHEMA", "Say which types it may sign (--type, may be repeated) and how long (--until)."
            )
        draft.delegate(
            parse_authority(options.delegate),
            options.type,
            max_depth=options.max_depth or 0,
            expires_at=options.until,
        )
    for name in options.end_delegation:
        if name == options.delegate:
            raise CrexError(
                "SCHEMA",
                f"--delegate and --end-delegation both name {name}. Leave one out: what --delegate gives "
                "takes the place of what it had before.",
            )
        draft.end_delegation(name)
    for name in options.status_list:
        draft.add_status_list(name)
    return own.state_uses(draft)


def _sign(options: argparse.Namespace) -> Result:
    from crex.cli.files import read_bytes, write_file
    from crex.cli.own_trust_files import Own
    from crex.cli.party import passphrase
    from crex.errors import CrexError, named
    from crex.trust import ceremony
    from crex.trust.envelope import to_json
    from crex.trust.key_files import read_signing_key
    from crex.trust.own_trust import read_part
    from crex.trust.trust_draft import sign_draft
    from crex.trust.trust_record import USE_TRUST

    target: Path | None = options.output
    if target is None:
        raise CrexError("SCHEMA", "Say with -o which file to write the signatures to.")
    with named(options.draft):
        body, parts = read_part(read_bytes(options.draft))
        record = ceremony.read_draft(body, parts)
    before = None
    if options.key:
        secret = passphrase()
        keys = [read_signing_key(path, secret) for path in options.key]
    else:
        own = Own.open(options)
        before = own.identity.trust if own.identity.authority == record.authority else None
        keys = own.root_keys()
    able = [key for key in keys if key.keyid in record.keys and USE_TRUST in record.keys[key.keyid].use]
    if not able:
        raise CrexError(
            "KEY_USE",
            f"None of the {len(keys)} keys here is a root key of {record.authority}, revision "
            f"{record.revision}. Name the right one with --key.",
            source=str(options.draft),
        )
    combined = ceremony.combine([sign_draft(body, able), *([] if parts is None else [parts])])
    write_file(target, to_json(combined.to_message()))
    options.output = None
    changes = ceremony.changes(before, record)
    lines = [
        (
            f"Signed revision {record.revision} of {record.authority}, fingerprint {record.digest}, as "
            f"{', '.join(key.keyid for key in able)}: {target}"
        ),
        *(f"  {line}" for line in changes),
        *(f"  {one}" for one in ceremony.standing(before, combined)),
    ]
    return Result(
        {"file": str(target), "sha256": record.digest, "signedBy": [key.keyid for key in able]},
        "\n".join(lines),
    )


def _complete(options: argparse.Namespace) -> Result:
    from crex.cli.files import read_bytes
    from crex.cli.own_trust_files import Own, settled
    from crex.cli.party import now
    from crex.errors import TrustError, named
    from crex.trust.own_trust import install, read_part

    own, at = Own.open(options), now()
    parts = []
    for path in options.parts:
        with named(path):
            found = read_part(read_bytes(path))[1]
            if found is None:
                raise TrustError(
                    "THRESHOLD", "This draft bears no signature. Sign it with `crex trust sign`."
                )
        parts.append(found)
    done: Settled = install(own.folder, own.identity, parts, now=at, reason=options.reason)
    return settled(own, done, at)


def _drop(options: argparse.Namespace) -> Result:
    from crex.cli.own_trust_files import Own
    from crex.errors import CrexError
    from crex.trust import ceremony, own_trust

    own = Own.open(options)
    name, revision = own.identity.authority, own.identity.trust.revision + 1
    dropped = own_trust.drop(own.folder, own.identity)
    if dropped is None:
        raise CrexError(
            "NOT_FOUND",
            f"No draft of revision {revision} of {name} waits here, so nothing was dropped.",
            source=str(own.folder / "drafts"),
        )
    changes = ceremony.changes(own.identity.trust, dropped)
    lines = [
        f"Dropped the draft of revision {revision} of {name}, fingerprint {dropped.digest} with its changes:",
        *(f"  {line}" for line in changes),
        "Signatures over it are void. Keys that were made for it stay below `keys`, and nothing uses them.",
    ]
    value = {"revision": revision, "sha256": dropped.digest, "changes": changes}
    return Result(value, "\n".join(lines))
