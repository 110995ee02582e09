"""The command line as a party uses it, and one whole sale made with nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crex import v1
from crex.cli.main import main
from crex.trust.envelope import digest
from crex.trust.identity_files import load_identity, save_identity
from reference_broker.tests.wire import BROKER, Operation, WireParty, request_id

PROVIDER, CONSUMER, OTHER = "provider.example", "consumer.example", "other.example"
ARBITER = "arbiter.example"
PUBLISHER = "publisher.example"
_SEALED = v1.UsageState.USAGE_STATE_SEALED


@dataclass(frozen=True)
class CommandLine:
    """`crex` as one party.

    Attributes:
        home: Folder of identities.
        authority: The party.
        target: Address of the broker.
    """

    home: Path
    authority: str
    target: str

    def __call__(self, *arguments: str, code: int = 0) -> Any:
        """Runs a command and gives its JSON answer; fails where its exit code is another."""
        answer = self.home / "answer.json"
        answer.unlink(missing_ok=True)
        took = main([*self._options(), "--json", "-o", str(answer), *arguments])
        assert took == code, (arguments, took)
        return json.loads(answer.read_text("utf-8")) if answer.exists() else None

    def plain(self, *arguments: str) -> int:
        """Runs a command without `--json`; gives its exit code."""
        return main([*self._options(), *arguments])

    @contextmanager
    def background(self, *arguments: str) -> Iterator[None]:
        """Runs a command as a process of its own until the block is left."""
        log = self.home / f"{self.authority}.log"
        with log.open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "crex.cli.main", *self._options(), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={**os.environ, "GRPC_VERBOSITY": "NONE"},
            )
        try:
            yield
            assert process.poll() is None, log.read_text("utf-8")[-2000:]
        finally:
            process.terminate()
            process.wait(20)

    def _options(self) -> list[str]:
        return ["--home", str(self.home), "--as", self.authority, "--broker", self.target]


@dataclass(frozen=True)
class Sale:
    """A sale that was delivered, used, billed and accepted.

    Attributes:
        operation: The broker, which serves.
        provider, consumer, other: The parties; the last has no part in the sale.
        offer, pool, order, lease, invoice: Names of what was sold.
    """

    operation: Operation
    provider: CommandLine
    consumer: CommandLine
    other: CommandLine
    offer: str
    pool: str
    order: str
    lease: str
    invoice: str

    @property
    def operator(self) -> CommandLine:
        """The broker's operator, who acts by the broker's own identity."""
        return replace(self.provider, authority=BROKER)

    @property
    def publisher(self) -> CommandLine:
        """The publisher of prices, where there is one."""
        return replace(self.provider, authority=PUBLISHER)

    @property
    def arbiter(self) -> CommandLine:
        """The arbiter, where there is one."""
        return replace(self.provider, authority=ARBITER)

    def party(self, line: CommandLine) -> WireParty:
        """One of the parties, as the other tests know it."""
        return _party(line, self.operation)


@dataclass(frozen=True)
class Spot:
    """Prices that move with time.

    Attributes:
        price: Makes a drafted plan, as JSON, one by the series.
        revisions: The revisions that the publisher publishes before anything is sold.
    """

    price: Callable[[dict[str, Any]], None]
    revisions: Callable[[WireParty], Sequence[v1.PriceSeries]]


def found(
    folder: Path, *, arbiter: bool = False, publisher: bool = False
) -> tuple[Operation, dict[str, CommandLine]]:
    """Makes a broker and three parties, enrols and pins everyone with everyone; nothing runs yet.

    Args:
        folder: Where everything is kept.
        arbiter: Whether there is an arbiter too, and the operator has a command line.
        publisher: Whether there is a publisher of prices too.
    """
    (folder / "broker").mkdir()
    operation = Operation.prepare(folder / "broker")
    home, target = folder / "home", f"127.0.0.1:{operation.port}"
    roles = {PROVIDER: ["provider"], CONSUMER: ["consumer"], OTHER: ["provider", "consumer"]}
    if arbiter:
        roles[ARBITER] = ["arbiter"]
    if publisher:
        roles[PUBLISHER] = ["publisher"]
    lines = {name: CommandLine(home, name, target) for name in roles}
    papers = {BROKER: operation.folder / "identity" / "trust" / "1.json"}
    for name, wanted in roles.items():
        flags = [part for role in wanted for part in ("--role", role)]
        made = main(["--home", str(home), "--json", "-o", str(folder / "made.json"), "init", name, *flags])
        assert made == 0
        papers[name] = Path(json.loads((folder / "made.json").read_text("utf-8"))["trustDocument"])
        enrol = ["-m", "crex_broker.main", "enrol", "--config", str(operation.configuration)]
        subprocess.run(
            [sys.executable, *enrol, str(papers[name]), *flags], check=True, stdout=subprocess.DEVNULL
        )
    if arbiter:
        save_identity(operation.identity, home / BROKER)
        lines[BROKER] = CommandLine(home, BROKER, target)
    for name, line in lines.items():
        for other, paper in papers.items():
            if other != name:
                line("trust", "pin", str(paper), "--authority", other)
    return operation, lines


@contextmanager
def sell(
    folder: Path,
    *,
    correctable: bool = False,
    spot: Spot | None = None,
    summed: Callable[[dict[str, Any]], None] | None = None,
) -> Iterator[Sale]:
    """Makes one whole sale by the command line; the broker serves until the block is left.

    Args:
        folder: Where everything is kept.
        correctable: Whether the offer lets usage be corrected, and there is an arbiter for disputes.
        spot: By which series the plan prices units, and what its publisher publishes; nothing: fixed prices.
        summed: Makes a drafted plan one that is billed over an account, which the agent does not do: the sale
            then ends with sealed usage and names no invoice.
    """
    operation, lines = found(folder, arbiter=correctable, publisher=spot is not None)
    provider, consumer = lines[PROVIDER], lines[CONSUMER]
    operation.start()
    try:
        goods = folder / "goods"
        policy = ["--site", "north", "--country", "NO", "--allocation", "dedicated-thread"]
        policy += ["--resource", "machine"]
        assert provider.plain("-o", str(goods), "describe", "host", *policy) == 0
        terms = ["--correct-within", "30d"] if correctable else []
        draft = provider("offers", "draft", str(goods), "--price", "3600", "--currency", "EUR", *terms)
        if correctable:
            _revise_plan(goods, _exactly)
        if spot is not None:
            _publish_series(lines[PUBLISHER], operation, spot)
            _revise_plan(goods, spot.price)
        if summed is not None:
            _revise_plan(goods, summed)
        provider("validate", *map(str, goods.glob("*.json")))
        provider("publish", str(goods))
        provider("allot", draft["pool"], "--units", "1", "--for", "23h")
        with provider.background("agent", "run", "--meter", "1s"):
            search = consumer("search", "cpu.schedulable_cpus >= 1", "--for", "10min", "--explain")
            (candidate,) = search["candidates"]
            hold = consumer("hold", candidate["offerId"], "--for", "10min")
            order, lease = hold["order"]["name"], hold["order"]["lines"][0]["lease"]
            consumer("order", "commit", order, "--spend-limit", "36000 EUR", "--wait", "60s")
            consumer("lease", "show", lease, "--wait", "60s")
            ran = consumer("access", "run", lease, "--", "python", "-c", "print(6 * 7)")
            assert ran["stdout"] == "42\n"
            time.sleep(1.2)  # one reading of the meters more, so that the bill needs no estimate
            consumer("lease", "terminate", lease, "--reason", "done", "--wait", "60s")
            if summed is None:
                (invoice,) = consumer("invoice", "list", "--lease", lease, "--wait", "60s")
            else:
                invoice = {"id": ""}
                _await_seal(consumer, operation, lease)
        yield Sale(
            operation, provider, consumer, lines[OTHER], candidate["offerId"], draft["pool"], order, lease,
            invoice["id"],
        )  # fmt: skip
    finally:
        operation.close()


def _await_seal(line: CommandLine, operation: Operation, lease: str) -> None:
    request, until = v1.ListUsageRequest(lease=lease), time.monotonic() + 60
    with _party(line, operation).client() as client:
        while [each.state for each in client.list_usage(request).periods] != [_SEALED]:
            assert time.monotonic() < until, "the usage was not sealed in time"
            time.sleep(0.2)


def _party(line: CommandLine, operation: Operation) -> WireParty:
    return WireParty(load_identity(line.home / line.authority), operation.identity, line.target)


def _publish_series(line: CommandLine, operation: Operation, spot: Spot) -> None:
    party = _party(line, operation)
    with party.client() as client:
        for document in spot.revisions(party):
            request = v1.PublishDocumentRequest(
                request_id=request_id(), envelope=party.identity.sign_document(document)
            )
            client.publish_document(request)


def _exactly(plan: dict[str, Any]) -> None:
    """Drops the least time that is billed from a drafted plan, so that every second counts."""
    del plan["components"][0]["granularity"]


def _revise_plan(goods: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes a drafted plan, and has the offer pin it so."""
    plan, offer = (
        json.loads((goods / f"{name}.json").read_text("utf-8")) for name in ("price-plan", "offer")
    )
    change(plan)
    body = json.dumps(plan, separators=(",", ":")).encode()
    offer["pricePlan"]["sha256"] = digest(body)
    (goods / "price-plan.json").write_bytes(body)
    (goods / "offer.json").write_text(json.dumps(offer), "utf-8")
