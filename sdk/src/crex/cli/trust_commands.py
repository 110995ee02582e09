"""`crex trust`: whom this identity trusts, and its own trust document."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crex.cli import own_trust_commands
from crex.cli.options import Commands, command, group
from crex.cli.resolve_commands import add_fetcher, fetcher
from crex.cli.result import Result, table

if TYPE_CHECKING:
    from crex import v1
    from crex.cli.party import Party
    from crex.trust.trust_bundle import Bundle
    from crex.trust.trust_record import TrustRecord

_SHA256: Final = re.compile("[0-9a-f]{64}")
_BETWEEN: Final = re.compile(r"[\s:-]")


def add(commands: Commands) -> None:
    """Adds the commands."""
    trust = group(commands, "trust", "whom this identity trusts, and its own trust document")
    _add_others(trust)
    own_trust_commands.add(trust)


def _add_others(trust: Commands) -> None:
    pin = command(
        trust, "pin", _pin, "trust an authority by its trust document; with --broker, keep its address"
    )
    pin.add_argument(
        "file", type=Path, metavar="FILE", help="its trust document, or a bundle, from a source you trust"
    )
    pin.add_argument(
        "--authority",
        dest="expected",
        action="append",
        metavar="NAME",
        help="whose it must be; of a bundle: whom to trust by it",
    )
    pin.add_argument(
        "--fingerprint",
        type=_fingerprint,
        action="append",
        default=[],
        metavar="SHA256",
        help="what its authority told you; of a bundle: whom to trust by it",
    )
    show = command(trust, "show", _show, "list the authorities that are trusted, or show one")
    show.add_argument("name", nargs="?", metavar="AUTHORITY")
    show.add_argument("--version", type=int, metavar="N", help="that revision, not the latest")
    show.add_argument(
        "--bundle", type=Path, metavar="FILE", help="show what a bundle holds; nothing is pinned"
    )
    fetch = command(trust, "fetch", _fetch, "take the next revisions of a trust document from its authority")
    fetch.add_argument("name", metavar="AUTHORITY")
    fetch.add_argument(
        "--fingerprint",
        type=_fingerprint,
        metavar="SHA256",
        help="what its authority told you: trust it for the first time, if it is that",
    )
    fetch.add_argument(
        "--first", action="store_true", help="trust it for the first time by what its web server says"
    )
    add_fetcher(fetch)
    bundle = command(trust, "bundle", _bundle, "write what others need to verify offline; -o FILE")
    bundle.add_argument(
        "names", nargs="*", metavar="AUTHORITY", help="only these; unset: all that are pinned"
    )
    for flag, what in (("--status", "a status list"), ("--attestation", "an attestation")):
        bundle.add_argument(flag, action="append", default=[], type=Path, metavar="FILE", help=what)
    bundle.add_argument(
        "--proof",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a RecordProof, or another bundle",
    )
    bundle.add_argument("--policy", type=Path, metavar="FILE", help="the policy to judge by")


def _fingerprint(text: str) -> str:
    """Reads a fingerprint as people hand it on: in capitals or not, in groups between colons or spaces."""
    found = _BETWEEN.sub("", text).lower()
    if _SHA256.fullmatch(found) is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no fingerprint, which is a SHA-256: 64 hexadecimal digits, in capitals or not, and "
            "between them only colons, hyphens and spaces. Copy the whole of it"
        )
    return found


def _pin(options: argparse.Namespace) -> Result:
    from crex.cli.effect import refuse_useless
    from crex.cli.files import read_bytes
    from crex.cli.party import now, open_party, remember_broker, split_broker
    from crex.cli.trust_text import facts
    from crex.errors import CrexError, named
    from crex.trust.trust_bundle import BUNDLE_BYTES_MAX, is_bundle

    party, at = open_party(options), now()
    data = read_bytes(options.file, BUNDLE_BYTES_MAX, "No bundle is.")
    expected: list[str] = options.expected or []
    with named(options.file):
        if is_bundle(data):
            refuse_useless(
                options, ("--broker",),
                "a bundle is of several authorities. Pin the broker's own trust document with it.",
            )  # fmt: skip
            return _pin_bundle(options, party, data, at)
        if len(expected) > 1 or len(options.fingerprint) > 1:
            raise CrexError("SCHEMA", "One trust document has one authority and one fingerprint.")
        _check_fingerprint(data, options.fingerprint)
        record = party.trust.pin(data, now=at, authority=expected[0] if expected else None)
        void = _adopt(party.folder, record) if record.authority == party.authority else []
    text = f"{record.authority} is trusted, by revision {record.revision}, until {record.valid_until:%F}."
    if options.broker:
        authority, target = split_broker(options.broker)
        if authority not in ("", record.authority):
            raise CrexError(
                "ISSUER_MISMATCH",
                f"The trust document is that of {record.authority}, not of {authority}. It is pinned; its "
                "address is not kept. Correct --broker.",
                source=str(options.file),
            )
        remember_broker(party.folder, record.authority, target)
        text += f" It is the broker, at {target}."
    return Result(facts(record, at), "\n".join([text, *void]))


def _pin_bundle(options: argparse.Namespace, party: Party, data: bytes, at: datetime) -> Result:
    from crex.cli.trust_text import facts
    from crex.trust.trust_bundle import read_bundle

    bundle = read_bundle(data)
    taken = bundle.pin(
        party.trust, now=at, fingerprints=options.fingerprint, authorities=options.expected or []
    )
    left = [name for name in bundle.authorities if party.trust.current(name) is None]
    lines = [f"{one.authority} is trusted, by revision {one.revision}." for one in taken]
    lines += [
        f"{name} is not trusted here, and the bundle does not change that: name it with --fingerprint."
        for name in left
    ]
    return Result(
        {"taken": [facts(one, at) for one in taken], "untrusted": left},
        "\n".join(lines) or "Nothing in the bundle is newer than what is pinned.",
    )


def _check_fingerprint(data: bytes, fingerprints: list[str]) -> None:
    from crex.errors import TrustError
    from crex.trust.envelope import digest, read_parts

    for wanted in fingerprints:
        found = digest(read_parts(data).body)
        if wanted != found:
            raise TrustError(
                "SUBJECT",
                f"The fingerprint of this trust document is {found}, not {wanted}. It is not what its "
                "authority "
                "told you; do not trust it.",
            )


def _adopt(folder: Path, record: TrustRecord) -> list[str]:
    """Keeps a revision of the own trust document that was completed elsewhere; says what that voids."""
    from crex.trust import own_trust

    void = own_trust.adopt(folder, record)
    text = (
        f"The draft of revision {record.revision} that waited here says something else, and can count no "
        f"more: {void}. Make its changes again, and remove it."
    )
    return [text] if void is not None else []


def _show(options: argparse.Namespace) -> Result:
    from crex.cli.party import now, open_party
    from crex.cli.trust_text import describe, facts
    from crex.errors import CrexError

    if options.bundle is not None:
        return _show_bundle(options)
    party, at = open_party(options), now()
    if options.version is not None and not options.name:
        options.name = party.authority
    names = [options.name] if options.name else list(party.trust.authorities())
    records = []
    for name in names:
        record = party.trust.current(name)
        if record is not None and options.version is not None:
            record = party.trust.version(name, options.version)
            if record is None:
                known = ", ".join(str(one.revision) for one in party.trust.versions(name))
                raise CrexError(
                    "NOT_FOUND",
                    f"Revision {options.version} of {name} is not pinned here; pinned are {known}.",
                    source=str(party.folder / "pins" / name),
                )
        if record is None:
            raise CrexError(
                "ISSUER",
                f"{name} is not trusted here. Pin its trust document with `crex trust pin FILE`.",
                source=str(party.folder / "pins"),
            )
        records.append(record)
    if options.name:
        return Result(facts(records[0], at), describe(records[0], at))
    return Result([facts(one, at) for one in records], _rows(records))


def _rows(records: Iterable[TrustRecord], empty: str = "Nobody is trusted yet.") -> str:
    rows = [[one.authority, str(one.revision), f"{one.valid_until:%F}", _uses(one)] for one in records]
    return table(["AUTHORITY", "REVISION", "UNTIL", "SIGNS"], rows, empty=empty)


def _uses(record: TrustRecord) -> str:
    from crex.trust.trust_record import USE_TRUST

    return ", ".join(sorted({use for key in record.keys.values() for use in key.use} - {USE_TRUST}))


def _show_bundle(options: argparse.Namespace) -> Result:
    from crex.cli.effect import refuse_useless
    from crex.cli.party import now
    from crex.cli.trust_text import describe, facts

    if not options.name:
        refuse_useless(
            options, ("--version",), "a bundle is of several authorities. Say of which, by its name."
        )
    at = now()
    bundle = _read_bundle(options.bundle)
    if options.name:
        chain = bundle.chains.get(options.name, ())
        found = [one for one in chain if options.version in (None, one.revision)]
        if not found:
            from crex.errors import CrexError

            raise CrexError(
                "NOT_FOUND",
                f"The bundle holds no such trust document of {options.name}. It holds those of "
                f"{', '.join(bundle.authorities)}.",
                source=str(options.bundle),
            )
        return Result(facts(found[-1], at), describe(found[-1], at))
    latest = [bundle.chains[name][-1] for name in bundle.authorities]
    message = bundle.message
    counts = {
        "statusLists": len(message.status_lists),
        "attestations": len(message.attestations),
        "proofs": len(message.proofs),
        "checkpoints": len(message.checkpoints),
    }
    lines = [_rows(latest), *(f"fingerprint of {one.authority}: {one.digest}" for one in latest)]
    lines.append(
        f"{counts['statusLists']} status lists, {counts['attestations']} attestations, {counts['proofs']} "
        "proofs, "
        f"{counts['checkpoints']} checkpoints, {'a' if message.HasField('policy') else 'no'} policy. "
        "Nothing of "
        "it is verified or trusted by this."
    )
    return Result({"trustDocuments": [facts(one, at) for one in latest], **counts}, "\n".join(lines))


def _read_bundle(path: Path) -> Bundle:
    from crex.cli.files import read_bytes
    from crex.errors import named
    from crex.trust.trust_bundle import BUNDLE_BYTES_MAX, read_bundle

    with named(path):
        return read_bundle(read_bytes(path, BUNDLE_BYTES_MAX, "No bundle is."))


def _fetch(options: argparse.Namespace) -> Result:
    from crex.cli.party import now, open_party
    from crex.cli.trust_text import facts
    from crex.errors import CrexError, TrustError
    from crex.names import parse_authority
    from crex.resolve.trust_documents import follow, look

    authority = parse_authority(options.name)
    party, at, source = open_party(options), now(), fetcher(options)
    if party.trust.current(authority) is None:
        found = look(authority, source=source)
        wanted = options.fingerprint or ""
        if wanted and wanted != found.fingerprint:
            raise TrustError(
                "SUBJECT",
                f"The web server of {authority} serves a trust document with fingerprint "
                f"{found.fingerprint}, "
                f"not {wanted}. It is not what its authority told you; nothing is trusted.",
                source=found.url,
            )
        if not wanted and not options.first:
            raise CrexError(
                "ISSUER",
                f"{authority} is not trusted here, and its web server cannot vouch for it. It serves "
                "revision "
                f"{found.record.revision} with fingerprint {found.fingerprint}. Ask {authority} by another "
                "way "
                "whether that is right, then say --fingerprint; or --first, to trust the web server this "
                "once.",
                source=found.url,
            )
        record = party.trust.pin(found.envelope, now=at, authority=authority)
        text = (
            f"{authority} is trusted from now on, by revision {record.revision}, fingerprint {record.digest}."
            if wanted
            else f"{authority} is trusted from now on because its web server says so, by revision "
            f"{record.revision}. Compare its fingerprint by another way: {record.digest}"
        )
        return Result({"taken": [facts(record, at)]}, text)
    records = follow(authority, party.trust, now=at, source=source)
    pinned = {one.digest: one.revision for one in party.trust.versions(authority)}
    if options.fingerprint and options.fingerprint not in pinned:
        raise TrustError(
            "SUBJECT",
            f"{authority} was trusted here already, and none of its revisions that are pinned here has the "
            f"fingerprint {options.fingerprint}; the latest is {max(pinned.values())}, with fingerprint "
            f"{max(pinned, key=pinned.__getitem__)}. Ask {authority} by another way which is right: whoever "
            "you pinned may not be it.",
            source=str(party.folder / "pins" / authority),
        )
    own = records if authority == party.authority else ()
    void = [line for record in own for line in _adopt(party.folder, record)]
    current = party.trust.current(authority)
    revision = current.revision if current is not None else 0
    numbers = ", ".join(str(one.revision) for one in records)
    text = (
        f"Took revision {numbers} of {authority}."
        if records
        else f"Revision {revision} of {authority} is the latest."
    )
    return Result({"taken": [facts(one, at) for one in records]}, "\n".join([text, *void]))


def _bundle(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.files import read_bytes, write_file
    from crex.cli.party import open_party
    from crex.cli.policy_evidence import read_policy
    from crex.documents import convert, reader
    from crex.errors import CrexError, named
    from crex.trust.trust_bundle import BUNDLE_BYTES_MAX, is_bundle, read_bundle, write_bundle

    target: Path | None = options.output
    if target is None:
        raise CrexError("SCHEMA", "Say with -o which file to write.")
    party = open_party(options)
    names = options.names or list(party.trust.authorities())
    documents = [record.parts for name in names for record in party.trust.versions(name)]
    for name in names:
        if party.trust.current(name) is None:
            raise CrexError("ISSUER", f"{name} is not trusted here. Pin its trust document first.")
    proofs: dict[str, v1.LogProof] = {}
    for path in options.proof:
        with named(path):
            data = read_bytes(path, BUNDLE_BYTES_MAX, "No bundle is.")
            if is_bundle(data):
                proofs |= read_bundle(data).proofs
            else:
                one = convert.to_message(reader.read(data, v1.RecordProof), v1.RecordProof)
                proofs[one.record_sha256] = one.proof
    policy = None if options.policy is None else read_policy(options.policy)
    data = write_bundle(
        documents,
        status_lists=[_envelope(path, v1.StatusList) for path in options.status],
        attestations=[_envelope(path, v1.Attestation) for path in options.attestation],
        proofs=proofs,
        checkpoints=sorted({proof.checkpoint for proof in proofs.values()})[-64:],
        policy=policy,
    )
    write_file(target, data)
    options.output = None
    counts = f"{len(documents)} trust documents of {len(names)} authorities"
    return Result({"file": str(target), "authorities": names}, f"Wrote {target}: {counts}.")


def _envelope(path: Path, kind: type[v1.StatusList | v1.Attestation]) -> bytes:
    from crex.cli.files import read_bytes
    from crex.documents.types import DocumentType
    from crex.errors import named
    from crex.trust.checks import check_type
    from crex.trust.envelope import read_parts

    data = read_bytes(path)
    with named(path):
        check_type(read_parts(data), DocumentType.of(kind))
    return data
