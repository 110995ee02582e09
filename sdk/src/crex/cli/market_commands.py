"""`crex publish`, `allot` and `offers`: what is for sale."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crex.cli.options import Commands, command, duration, group, moment, positive, request_id
from crex.cli.result import Result, table

if TYPE_CHECKING:
    from crex import v1
    from crex.cli.files import Paper
    from crex.cli.party import Customer, Party

# Documents are published after those that they cite.
_ORDER: Final = {
    "trust-document": 0,
    "status-list": 0,
    "site": 0,
    "network-link": 1,
    "compute-resource": 1,
    "price-series": 1,
    "price-plan": 2,
    "offer": 3,
    "attestation": 3,
}


def add(commands: Commands) -> None:
    """Adds the commands."""
    publish = command(commands, "publish", _publish, "publish documents; unsigned ones are signed first")
    publish.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a document, or a folder of them"
    )
    publish.add_argument("--type", metavar="TYPE", help="type of unsigned documents")

    allot = command(commands, "allot", _allot, "grant the broker units of a pool to sell")
    allot.add_argument("pool", metavar="POOL", help="name of the pool")
    allot.add_argument("--units", type=positive, required=True, help="how many")
    allot.add_argument("--from", dest="start", type=moment, metavar="TIME", help="from when (now)")
    allot.add_argument("--for", dest="length", type=duration, required=True, metavar="TIME", help="for 24h")
    allot.add_argument("--name", default=None, help="name of the allotment (that of the pool)")
    allot.add_argument("--revision", type=positive, default=1, help="above that of the one it replaces (1)")

    offers = group(commands, "offers", "offers on sale")
    listing = command(offers, "list", _list, "list what is on sale")
    listing.add_argument("--provider", metavar="AUTHORITY", help="of this provider only")
    draft = command(offers, "draft", _draft, "write a price plan and an offer for described cores")
    draft.add_argument("folder", type=Path, metavar="DIR", help="folder that `crex describe host -o` wrote")
    draft.add_argument("--price", required=True, metavar="DECIMAL", help="price of one unit for one hour")
    draft.add_argument("--currency", required=True, help="such as CNY")
    draft.add_argument("--time-zone", default="Etc/UTC", help="time zone of its billing months (Etc/UTC)")
    draft.add_argument("--interface", action="append", help="how it is used (AUTHORITY/exec)")
    draft.add_argument(
        "--for", dest="length", type=duration, default=timedelta(hours=24), metavar="TIME", help="valid (24h)"
    )
    draft.add_argument(
        "--max-duration", type=duration, default=timedelta(hours=24), metavar="TIME", help="of a lease (24h)"
    )
    draft.add_argument(
        "--correct-within",
        type=duration,
        metavar="TIME",
        help="after a period its usage may be corrected (not)",
    )
    draft.add_argument("--revision", type=positive, default=1, help="revision of both (1)")
    for name, run, about in (
        ("pause", _pause, "take an offer from sale until it is resumed"),
        ("resume", _resume, "put a paused offer back on sale"),
        ("withdraw", _withdraw, "take an offer back for good"),
    ):
        change = command(offers, name, run, about)
        change.add_argument("offer", metavar="OFFER", help="name of the offer")
        request_id(change)


def _publish(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.files import read_paper
    from crex.cli.party import new_request_id, open_customer
    from crex.errors import CrexError, named

    paths = [
        file for path in options.files for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])
    ]
    if not paths:
        raise CrexError("NOT_FOUND", "There is no document (*.json) in that folder. Name another.")
    papers = sorted((read_paper(path, options.type) for path in paths), key=_rank)
    values: list[dict[str, Any]] = []
    customer = open_customer(options)
    for paper in papers:
        with named(paper.path):
            if paper.doctype.token not in _ORDER:
                raise CrexError(
                    "TYPE",
                    f"A {paper.doctype.token} is not published; {', '.join(_ORDER)} are. An allotment is "
                    "granted with `crex allot`.",
                )
            envelope = paper.envelope or customer.identity.sign_body(paper.body, paper.doctype)
            response = customer.client.publish_document(
                v1.PublishDocumentRequest(request_id=new_request_id(options), envelope=envelope)
            )
        values.append(
            {
                "file": str(paper.path),
                "type": paper.doctype.token,
                "sha256": response.sha256,
                "warnings": list(response.warnings),
                "offer": response.offer.id or None,
            }
        )
    lines = []
    for one in values:
        lines.append(f"{one['file']}: {one['type']} published, SHA-256 {one['sha256']}")
        lines += [f"  note: {warning}" for warning in one["warnings"]]
    return Result(values, "\n".join(lines))


def _rank(paper: Paper) -> tuple[int, int, int]:
    from crex.documents import strict
    from crex.errors import named

    with named(paper.path):
        body = strict.loads(paper.body)
    header = body.get("header") if isinstance(body, dict) else None
    name = str(header.get("id", "")) if isinstance(header, dict) else ""
    is_pool = isinstance(body, dict) and body.get("kind") == "pool"
    return _ORDER.get(paper.doctype.token, 0), int(is_pool), len(name)


def _allot(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import new_request_id, now, open_customer
    from crex.documents.convert import to_json, to_timestamp
    from crex.names import Name

    customer = open_customer(options)
    start = options.start or now()
    name = options.name or "-".join(part for _, part in Name.parse(options.pool).segments)[:63].strip("-._")
    allotment = v1.Allotment(
        header=customer.header("allotment", name, revision=options.revision),
        pool=options.pool,
        broker=customer.broker,
        windows=[
            v1.AllotmentWindow(
                start=to_timestamp(start), end=to_timestamp(start + options.length), quantity=options.units
            )
        ],
    )
    envelope = customer.identity.sign_document(allotment)
    response = customer.client.grant_allotment(
        v1.GrantAllotmentRequest(request_id=new_request_id(options), envelope=envelope)
    )
    text = (
        f"{customer.broker} may sell {options.units} units of {options.pool} until "
        f"{start + options.length:%F %T} UTC."
    )
    return Result(to_json(response), text)


def _list(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import open_customer, state_text
    from crex.documents.convert import to_json

    records = list_offers(open_customer(options), options.provider or "")
    rows = [
        [one.id, str(one.revision), state_text(v1.OfferState, one.state), one.expire_time.ToJsonString()]
        for one in records
    ]
    lines = [table(["OFFER", "REVISION", "STATE", "UNTIL"], rows, empty="Nothing is on sale.")]
    # Only its provider is told of these (OFFER-VOID-2).
    lines += [f"{one.id} was taken from sale: {one.void_reason}" for one in records if one.void_reason]
    return Result([to_json(one) for one in records], "\n".join(lines))


def list_offers(customer: Customer, provider: str) -> list[v1.OfferRecord]:
    """Lists every offer that is on sale, and one's own that are void, page by page."""
    from crex import v1
    from crex.cli.party import pages

    request = v1.ListOffersRequest(provider=provider, page_size=1000)
    return [one for page in pages(customer.client.list_offers, request) for one in page.offers]


def _pause(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import new_request_id, open_customer

    request = v1.PauseOfferRequest(request_id=new_request_id(options), offer_id=options.offer)
    return _changed(open_customer(options).client.pause_offer(request).offer)


def _resume(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import new_request_id, open_customer

    request = v1.ResumeOfferRequest(request_id=new_request_id(options), offer_id=options.offer)
    return _changed(open_customer(options).client.resume_offer(request).offer)


def _withdraw(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import new_request_id, open_customer

    request = v1.WithdrawOfferRequest(request_id=new_request_id(options), offer_id=options.offer)
    return _changed(open_customer(options).client.withdraw_offer(request).offer)


def _changed(record: v1.OfferRecord) -> Result:
    from crex import v1
    from crex.cli.party import state_text
    from crex.documents.convert import to_json

    return Result(to_json(record), f"{record.id} is {state_text(v1.OfferState, record.state)}.")


def _draft(options: argparse.Namespace) -> Result:
    from crex.cli.drafts import draft_offer
    from crex.cli.files import write_file
    from crex.cli.party import open_party
    from crex.documents import convert

    party: Party = open_party(options)
    plan, offer = draft_offer(party, options.folder, options)
    written = []
    for name, document in (("price-plan.json", plan), ("offer.json", offer)):
        path = options.folder / name
        write_file(path, convert.dump(document))
        written.append(str(path))
    pool = offer.pool
    text = (
        f"Wrote {' and '.join(written)}, unsigned.\n"
        f"Next: `crex publish {options.folder}`, then `crex allot {pool} --units N --for 24h`."
    )
    return Result({"files": written, "pool": pool, "offer": offer.header.id}, text)
