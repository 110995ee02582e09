"""Offers for benchmarks: a market that looks like one, drawn from a seed, as a store gives it to the index.

A few hundred classes of machines at forty sites, each offer with a price of its own. `own_documents` gives
every offer its own resource and price plan, which is the most that an index can be asked to keep; otherwise
offers of one class share theirs, as they do where vendors publish a class once and sell it in many ways.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from crex import v1
from crex_broker.application.ports.documents import StoredDocument
from crex_broker.application.ports.offers import OfferSnapshot, StandingOffer

NOW_MS = 1_772_366_400_000  # 2026-03-01T12:00:00Z
COUNTRIES = ("CN", "SG", "NO", "DE", "US", "FR", "JP", "BR")
_DEVICES = (
    ("nvidia", "hopper", "sxm", 80),
    ("nvidia", "hopper", "sxm", 141),
    ("nvidia", "ampere", "sxm", 40),
    ("nvidia", "ampere", "pcie", 80),
    ("nvidia", "ada-lovelace", "pcie", 48),
    ("amd", "cdna3", "oam", 192),
    ("huawei", "ascend-910b", "oam", 64),
    ("intel", "gaudi3", "oam", 128),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What one offer states, as plain values: the columns of a peer that is no index of documents."""

    isa: str
    cpus: int
    memory: int
    vendor: str
    device_memory: int
    devices: int
    country: str
    mode: str
    ssh: bool
    micros: int

    @property
    def machine(self) -> tuple[str, int, int, str, int, int]:
        """What the machine is, beside where it stands and how it is sold."""
        return self.isa, self.cpus, self.memory, self.vendor, self.device_memory, self.devices


def offers(count: int, *, own_documents: bool, seed: int = 5) -> Iterator[tuple[StandingOffer, Facts]]:
    """Gives offers with what they state.

    Args:
        count: How many.
        own_documents: Whether each has a resource and a price plan of its own.
        seed: Start of the random numbers.
    """
    draw = random.Random(seed)
    sites = [_site(number) for number in range(40)]
    resource_of, plan_of = cache(_resource), cache(_plan)
    for number in range(count):
        facts = _facts(draw)
        provider = f"p{number % 997}.example"
        site = sites[COUNTRIES.index(facts.country) * 5 + number % 5]
        if own_documents:
            resource, plan = _resource(facts.machine, site, str(number)), _plan(facts.micros, str(number))
        else:
            resource, plan = (
                resource_of(facts.machine, site, "shared"),
                plan_of(facts.micros // 1000 * 1000, "shared"),
            )
        offer = _offer(number, provider, facts)
        expire_ms = NOW_MS + 86_400_000
        record = OfferSnapshot(offer.id, provider, "PUBLISHED", 1, 1, offer.sha256, None, 0, 0, expire_ms)
        yield StandingOffer(record, offer, resource, None, site, plan, None), facts


def _facts(draw: random.Random) -> Facts:
    vendor, _, _, gib = draw.choice(_DEVICES)
    return Facts(
        isa="x86-64" if draw.random() < 0.85 else "aarch64",
        cpus=draw.choice((8, 16, 32, 48, 64, 96, 128, 192)),
        memory=draw.choice((32, 64, 128, 256, 512, 1024, 2048)) << 30,
        vendor=vendor,
        device_memory=gib << 30,
        devices=draw.choice((1, 2, 4, 8)),
        country=draw.choice(COUNTRIES),
        mode="on-demand" if draw.random() < 0.7 else "spot",
        ssh=draw.random() < 0.8,
        micros=draw.randrange(10_000, 40_000_000),
    )


def _document(kind: str, name: str, body: str) -> StoredDocument:
    payload = body.encode()
    envelope = v1.Envelope(payload=payload).SerializeToString()
    return StoredDocument(kind, name, 1, hashlib.sha256(payload).hexdigest(), "p.example", envelope)


def _header(name: str) -> str:
    issuer = name.split("/")[2]
    return f'"header":{{"id":"{name}","revision":"1","issuer":"{issuer}","issuedAt":"2026-03-01T00:00:00Z"'


def _site(number: int) -> StoredDocument:
    name = f"crex://p.example/site/s{number}"
    body = f'{{{_header(name)}}},"country":"{COUNTRIES[number // 5]}"}}'
    return _document("site", name, body)


def _resource(machine: tuple[str, int, int, str, int, int], site: StoredDocument, own: str) -> StoredDocument:
    isa, cpus, memory, vendor, device_memory, devices = machine
    size = f"{cpus}-{devices}-{memory >> 30}-{vendor}-{device_memory >> 30}"
    name = f"{site.id}/node-class/n{own}-{size}-{isa}"
    kinds = ((one[1], one[2]) for one in _DEVICES if (one[0], one[3] << 30) == (vendor, device_memory))
    architecture, form = next(kinds)
    nominal = '"provenance":{"basis":"nominal","method":"datasheet"}'
    rate = f'"numberFormat":"bf16","unit":"matrix","sparsity":"dense","mopsPerS":"989000000",{nominal}'
    device = (
        f'{{"acceleratorClass":"gpu","vendor":"{vendor}","product":"Example","architecture":"{architecture}",'
        f'"formFactor":"{form}","count":"{devices}","memory":{{"capacityBytes":"{device_memory}"}},'
        f'"rates":[{{{rate}}}],{nominal}}}'
    )
    body = (
        f'{{{_header(name)}}},"kind":"node-class","siteId":"{site.id}","node":{{"cpu":{{"isa":"{isa}",'
        f'"schedulableCpus":"{cpus}","allocation":"dedicated-core",{nominal}}},'
        f'"memory":{{"capacityBytes":"{memory}",{nominal}}},"accelerators":[{device}]}},'
        '"closedLists":["node.accelerators"]}'
    )
    return _document("compute-resource", name, body)


def _plan(micros: int, own: str) -> StoredDocument:
    name = f"crex://p.example/price-plan/p{own}-{micros}"
    price = f"{micros // 10**6}.{micros % 10**6:06d}".rstrip("0").rstrip(".")
    body = (
        f'{{{_header(name)}}},"currency":"USD","timeZone":"Etc/UTC","effectiveStart":"2026-01-01T00:00:00Z",'
        '"components":[{"id":"unit","dimension":"compute-unit","unit":"unit","kind":"COMPONENT_KIND_TIME",'
        f'"perQuantity":"3600","model":"TIER_MODEL_UNIT","tiers":[{{"unitPrice":"{price}"}}]}}]}}'
    )
    return _document("price-plan", name, body)


def _offer(number: int, provider: str, facts: Facts) -> StoredDocument:
    name = f"crex://{provider}/offer/o{number}"
    interfaces = '["ssh"]' if facts.ssh else '["kubernetes"]'
    body = (
        f'{{{_header(name)},"validUntil":"2026-03-02T00:00:00Z"}},"terms":{{"mode":"{facts.mode}"}},'
        f'"interfaces":{interfaces}}}'
    )
    return _document("offer", name, body)
