"""Drafts of what a provider writes: one price for a unit's hour, and the offer that cites it."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path
from typing import Final

from google.protobuf.duration_pb2 import Duration

from crex import v1
from crex.cli.files import read_paper
from crex.cli.party import Party, now
from crex.documents import convert
from crex.documents.convert import to_timestamp
from crex.documents.reader import check, read
from crex.rating.tzdata import period_at
from crex.trust.envelope import digest

_ACCEPTANCE: Final = timedelta(seconds=30)


def draft_offer(party: Party, folder: Path, options: argparse.Namespace) -> tuple[v1.PricePlan, v1.Offer]:
    """Makes a price plan and an offer for the unit and the pool that are described in a folder.

    Raises:
        CrexError: A file is missing or not valid, or price, currency or time zone is none.
    """
    unit, pool = _resource(folder / "unit.json"), _resource(folder / "pool.json")
    at, revision = now(), options.revision
    name = party.authority.replace(".", "-")[:40] + "-" + pool.header.id.rsplit("/", 1)[-1]
    plan = v1.PricePlan(
        header=party.header("price-plan", name, revision=revision),
        currency=options.currency,
        time_zone=options.time_zone,
        effective_start=to_timestamp(at),
        components=[
            v1.PriceComponent(
                id="unit-hour",
                sku_id="UNIT-H",
                dimension="compute-unit",
                unit="unit",
                kind=v1.ComponentKind.COMPONENT_KIND_TIME,
                per_quantity="3600",
                model=v1.TierModel.TIER_MODEL_UNIT,
                tiers=[v1.PriceTier(unit_price=options.price)],
                granularity=v1.Granularity(step="1", minimum="60"),
            )
        ],
    )
    offer = v1.Offer(
        header=party.header("offer", name, revision=revision, valid_until=at + options.length),
        resource=pin_of(unit),
        price_plan=pin_of(plan),
        pool=pool.header.id,
        min_quantity=1,
        terms=v1.OfferTerms(
            mode="on-demand",
            max_duration=_duration(options.max_duration),
            acceptance_period=_duration(_ACCEPTANCE),
            cancellation="free-before-start",
            correction_horizon=None if options.correct_within is None else _duration(options.correct_within),
        ),
        interfaces=options.interface or [f"{party.authority}/exec"],
    )
    period_at(plan.time_zone, at, 1)
    for document in (plan, offer):
        check(convert.to_json(document), type(document))
    return plan, offer


def _resource(path: Path) -> v1.ComputeResource:
    paper = read_paper(path)
    return convert.to_message(read(paper.body, v1.ComputeResource), v1.ComputeResource)


def pin_of(document: v1.ComputeResource | v1.PricePlan) -> v1.Pin:
    """Returns the pin of a document that is not signed yet: its digest is that of the bytes to be signed."""
    header = document.header
    return v1.Pin(id=header.id, revision=header.revision, sha256=digest(convert.dump(document)))


def _duration(length: timedelta) -> Duration:
    value = Duration()
    value.FromTimedelta(length)
    return value
