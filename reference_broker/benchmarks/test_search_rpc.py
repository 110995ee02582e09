"""Searching 10,000 offers through the RPC, explained, against OpenStack Placement's allocation candidates.

Both are servers in processes of their own, asked by one caller in turn, and only the ratio of the medians
counts. Placement holds as many resource providers with the same machines: inventories of processors, memory
and devices, everything else as traits; it is asked for 50 candidates under the same eight conditions, on
SQLite, without authentication, over HTTP without TLS.

What the peer does less: it knows no documents, prices, order, terms, validity or reasons, and neither
authenticates nor encrypts. What it does more: it subtracts what is allocated already, which is nothing here.

Placement is run from an environment of its own, whose interpreter CREX_PLACEMENT names
(`pip install openstack-placement gunicorn`). Goal: at least 20 times as fast, explanation included.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import random
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlencode

import pytest
from google.protobuf.duration_pb2 import Duration
from pytest_benchmark.fixture import BenchmarkFixture

from crex import v1
from crex.demand import parse
from crex.names import Name
from reference_broker.benchmarks.synthetic_offers import Facts, offers
from reference_broker.tests import documents
from reference_broker.tests.exchange import pin
from reference_broker.tests.wire import Operation, WireParty, free_port, request_id

OFFERS, ROUNDS, CALLERS, FOUND = 10_000, 9, 32, 50
_PATIENCE_S = 60.0
_HEADERS = {"OpenStack-API-Version": "placement 1.39", "x-auth-token": "admin", "Accept": "application/json"}
_TEXT = (
    "cpu.isa = x86-64 and cpu.schedulable_cpus >= {cpus} and memory.capacity >= {memory}GiB and "
    "accelerators{{vendor = nvidia and memory.capacity >= 80GiB}} and site.country in [CN, SG, NO] and "
    "offer.mode = on-demand and offer.interfaces = ssh"
)


@pytest.fixture(scope="module")
def market() -> list[Facts]:
    """What the machines are."""
    return [facts for _, facts in offers(OFFERS, own_documents=False)]


@pytest.fixture(scope="module")
def consumer(tmp_path_factory: pytest.TempPathFactory, market: list[Facts]) -> Iterator[WireParty]:
    """A party of a broker at which all of them are offered."""
    operation = Operation.prepare(tmp_path_factory.mktemp("bench"))
    provider = operation.party("provider.example", ["provider"])
    consumer = operation.party("consumer.example", ["consumer"])
    operation.start()
    try:
        asyncio.run(publish_all(provider, market))
        yield consumer
    finally:
        operation.close()


async def publish_all(provider: WireParty, market: list[Facts]) -> None:
    """Publishes an offer for each machine; machines and prices that are alike share their documents."""
    name = provider.authority
    async with provider.async_client() as client:

        async def send(document: v1.Site | v1.ComputeResource | v1.PricePlan | v1.Offer) -> v1.Envelope:
            envelope = provider.identity.sign_document(document)
            await client.publish_document(
                v1.PublishDocumentRequest(request_id=request_id(), envelope=envelope)
            )
            return envelope

        pins: dict[object, v1.Pin] = {}
        for country in sorted({one.country for one in market}):
            site = documents.site(provider, name, country.lower())
            site.country = country
            await send(site)
        for number, machine in enumerate(sorted({(*one.machine, one.country) for one in market})):
            made = node(provider, f"n{number}", machine)
            pins[machine] = pin(await send(made), made.header.id)
        for cents in range(1, 101):
            plan = documents.price_plan(provider, name, f"p{cents}", str(cents))
            pins[cents] = pin(await send(plan), plan.header.id)
        draw, left = random.Random(3), iter(enumerate(market))

        async def caller() -> None:
            for number, facts in left:
                offer = documents.offer(
                    provider,
                    pins[(*facts.machine, facts.country)],
                    pins[draw.randrange(1, 101)],
                    authority=name,
                    name=f"o{number}",
                    terms=v1.OfferTerms(mode=facts.mode, acceptance_period=Duration(seconds=60)),
                )
                offer.interfaces[:] = ["ssh" if facts.ssh else "kubernetes"]
                await send(offer)

        await asyncio.gather(*(caller() for _ in range(CALLERS)))


def node(
    provider: WireParty, name: str, machine: tuple[str, int, int, str, int, int, str]
) -> v1.ComputeResource:
    """Describes a machine at a site of its country."""
    isa, cpus, memory, vendor, device_memory, devices, country = machine
    site = Name.parse(f"crex://{provider.authority}/site/{country.lower()}")
    source = v1.Provenance(basis="nominal", method="datasheet")
    device = v1.Accelerator(
        accelerator_class="gpu",
        vendor=vendor,
        product="Example",
        count=devices,
        memory=v1.DeviceMemory(capacity_bytes=device_memory),
        provenance=source,
    )
    return v1.ComputeResource(
        header=provider.header(provider.authority, "resource", name),
        kind="node-class",
        site_id=str(site),
        node=v1.NodeClass(
            cpu=v1.Cpu(isa=isa, schedulable_cpus=cpus, allocation="dedicated-core", provenance=source),
            memory=v1.Memory(capacity_bytes=memory, provenance=source),
            accelerators=[device],
        ),
        closed_lists=["node.accelerators"],
    )


@pytest.fixture(scope="module")
def placement(tmp_path_factory: pytest.TempPathFactory, market: list[Facts]) -> Iterator[int]:
    """The port of a Placement that holds all of them."""
    python = os.environ.get("CREX_PLACEMENT")
    if not python:
        pytest.skip("CREX_PLACEMENT names no interpreter of an environment with OpenStack Placement")
    folder = tmp_path_factory.mktemp("placement")
    database, port = folder / "placement.db", free_port()
    (folder / "placement.conf").write_text(
        f"[placement_database]\nconnection = sqlite:///{database}\nsync_on_startup = True\n"
        "[api]\nauth_strategy = noauth2\n",
        "utf-8",
    )
    command = [
        python,
        "-m",
        "gunicorn",
        "-w",
        "1",
        "-b",
        f"127.0.0.1:{port}",
        "placement.wsgi.api:application",
    ]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            command, env={**os.environ, "OS_PLACEMENT_CONFIG_DIR": str(folder)}, stdout=log, stderr=log
        )
        try:
            wait_for(port, folder / "log")
            fill(database, market)
            yield port
        finally:
            server.terminate()
            server.wait(_PATIENCE_S)


def wait_for(port: int, log: Path) -> None:
    """Waits until the server answers."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if ask(port, "/traits") is not None:
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text("utf-8", errors="replace")[-2000:])


def fill(database: Path, market: list[Facts]) -> None:
    """Writes a resource provider for each machine into the tables; through the API it takes minutes."""
    with sqlite3.connect(database) as tables:
        tables.execute("INSERT INTO resource_classes (id, name) VALUES (10000, 'CUSTOM_GPU')")
        traits: dict[str, int] = {}
        for number, facts in enumerate(market, start=1):
            tables.execute(
                "INSERT INTO resource_providers (id, uuid, name, generation, root_provider_id) "
                "VALUES (?,?,?,0,?)",
                (number, str(uuid.UUID(int=number)), f"machine-{number}", number),
            )
            stock = ((0, facts.cpus), (1, facts.memory >> 20), (10000, facts.devices))
            tables.executemany(
                "INSERT INTO inventories (resource_provider_id, resource_class_id, total, reserved, "
                "min_unit, max_unit, step_size, allocation_ratio) VALUES (?,?,?,0,1,?,1,1.0)",
                [(number, kind, total, total) for kind, total in stock],
            )
            for trait in traits_of(facts):
                if trait not in traits:
                    traits[trait] = 100_000 + len(traits)
                    tables.execute("INSERT INTO traits (id, name) VALUES (?,?)", (traits[trait], trait))
                tables.execute(
                    "INSERT INTO resource_provider_traits (trait_id, resource_provider_id) VALUES (?,?)",
                    (traits[trait], number),
                )


def traits_of(facts: Facts) -> Iterator[str]:
    """What Placement knows of a machine besides its inventory."""
    yield f"CUSTOM_{facts.isa.upper().replace('-', '_')}"
    yield f"CUSTOM_{facts.vendor.upper()}"
    yield f"CUSTOM_{facts.country}"
    yield f"CUSTOM_{facts.mode.upper().replace('-', '_')}"
    yield "CUSTOM_SSH" if facts.ssh else "CUSTOM_KUBERNETES"
    if facts.device_memory >= 80 << 30:
        yield "CUSTOM_80_GIB"


def ask(port: int, path: str) -> bytes | None:
    """Asks Placement; None for anything but an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", path, headers=_HEADERS)
        response = connection.getresponse()
        body = response.read()
        return body if response.status == 200 else None
    finally:
        connection.close()


def candidates(port: int, turn: int) -> bytes:
    """Asks Placement for candidates."""
    query = [
        ("resources", f"VCPU:{30 + turn % 3},MEMORY_MB:{(240 + turn) << 10},CUSTOM_GPU:1"),
        ("required", "CUSTOM_X86_64,CUSTOM_NVIDIA,CUSTOM_ON_DEMAND,CUSTOM_SSH,CUSTOM_80_GIB"),
        ("required", "in:CUSTOM_CN,CUSTOM_SG,CUSTOM_NO"),
        ("limit", str(FOUND)),
    ]
    body = ask(port, f"/allocation_candidates?{urlencode(query)}")
    assert body is not None
    assert body.count(b'"allocations"') == FOUND
    return body


def request(turn: int) -> v1.SearchOffersRequest:
    """The same for the broker, explained."""
    length = Duration()
    length.FromTimedelta(timedelta(hours=8))
    demand = v1.Demand(
        requirement=parse(_TEXT.format(cpus=30 + turn % 3, memory=240 + turn)),
        duration=length,
        count=1,
        currency="EUR",
    )
    return v1.SearchOffersRequest(demand=demand, max_candidates=FOUND, explain=True)


def test_search_through_the_rpc(benchmark: BenchmarkFixture, consumer: WireParty, placement: int) -> None:
    """An explained search of 10,000 offers, against 50 candidates of Placement."""
    ours: list[float] = []
    theirs: list[float] = []
    with consumer.client() as client:
        for turn in range(ROUNDS):
            for samples, call in (
                (ours, partial(client.search_offers, request(turn))),
                (theirs, partial(candidates, placement, turn)),
            ):
                begin = perf_counter()
                call()
                samples.append(perf_counter() - begin)
        answer = client.search_offers(request(0))
        assert len(answer.candidates) == FOUND
        assert answer.explanation.constraints
        benchmark.pedantic(partial(client.search_offers, request(1)), rounds=5)  # type: ignore[no-untyped-call]
    benchmark.extra_info |= {
        "offers": OFFERS,
        "placement_over_ours": round(median(theirs) / median(ours), 1),
        "goal": "≥ 20",
        "ours_ms": round(median(ours) * 1e3, 2),
        "placement_ms": round(median(theirs) * 1e3, 1),
    }
