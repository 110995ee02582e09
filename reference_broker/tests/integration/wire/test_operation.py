"""A broker's operator: what can be wrong at the start, and how a broker ends."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from crex import v1
from crex.errors import RemoteError
from crex_broker.main import main
from reference_broker.tests.documents import Goods
from reference_broker.tests.wire import Operation, WireParty, free_port, publish, request_id


@pytest.fixture
def operation(tmp_path: Path) -> Iterator[Operation]:
    """A broker that is prepared and does not run."""
    prepared = Operation.prepare(tmp_path)
    yield prepared
    prepared.close()


def refused(operation: Operation, capsys: pytest.CaptureFixture[str], command: str = "serve") -> str:
    """What the operator is told by a broker that does not start: exit code 1, one message, no traceback."""
    assert main([command, "--config", str(operation.configuration)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("crex-broker: ")
    assert "Traceback" not in said
    return said


def edit(operation: Operation, old: str, new: str) -> None:
    """Changes the configuration."""
    text = operation.configuration.read_text("utf-8")
    assert old in text
    operation.configuration.write_text(text.replace(old, new), "utf-8")


def test_a_port_in_use_is_named(operation: Operation, capsys: pytest.CaptureFixture[str]) -> None:
    """A broker whose port another program uses says so, and leaves no store open."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", operation.port))
        taken.listen()
        assert f"127.0.0.1:{operation.port}" in refused(operation, capsys)
    operation.start()
    assert operation.terminate() == 0


def test_a_port_in_use_is_told_in_one_line(tmp_path: Path, operation: Operation) -> None:
    """The operator reads one line that names what to change, and nothing of the library's own beside it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", operation.port))
        taken.listen()
        serve = ["serve", "--config", str(operation.configuration)]
        dev = ["dev", "--home", str(tmp_path / "dev"), "--port", str(operation.port)]
        for arguments, way_out in ((serve, "`listen`"), (dev, "`--port`")):
            done = subprocess.run(
                [sys.executable, "-m", "crex_broker.main", *arguments],
                capture_output=True,
                text=True,
                check=False,
                env={name: value for name, value in os.environ.items() if name != "GRPC_VERBOSITY"},
            )
            assert (done.returncode, done.stdout) == (1, "")
            (line,) = done.stderr.splitlines()
            assert way_out in line
            assert f"127.0.0.1:{operation.port}" in line


def test_a_store_that_cannot_be_written_is_named(
    operation: Operation, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store in a place where nothing can be written is refused by its path."""
    edit(operation, '"broker.sqlite"', '"/proc/broker.sqlite"')
    assert "/proc/broker.sqlite" in refused(operation, capsys)
    edit(operation, '"/proc/broker.sqlite"', '"identity"')
    assert str(operation.folder / "identity") in refused(operation, capsys)


def test_a_store_that_is_none_is_named(operation: Operation, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is no database is refused, and stays as it is."""
    operation.database.write_bytes(b"not a database" * 100)
    assert str(operation.database) in refused(operation, capsys)
    assert operation.database.read_bytes() == b"not a database" * 100


def test_a_missing_identity_is_named(operation: Operation, capsys: pytest.CaptureFixture[str]) -> None:
    """A broker without an identity does not start, and is told how to make one."""
    edit(operation, '"identity"', '"nobody"')
    said = refused(operation, capsys)
    assert "crex-broker init" in said or "crex init" in said
    assert "IDENTITY" in said


def test_an_open_key_file_is_refused(operation: Operation, capsys: pytest.CaptureFixture[str]) -> None:
    """A private key that others can read is refused by its path."""
    key = operation.folder / "identity" / "keys" / "broker.pem"
    key.chmod(0o644)
    assert str(key) in refused(operation, capsys)


def test_every_mistake_of_the_configuration_is_told_at_once(
    operation: Operation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong and unknown keys are all named, each with what to write."""
    operation.configuration.write_text(
        'identity = 7\ndatabase = ""\nlisten = "nowhere"\nlog_level = "loud"\ndrain_s = -1\ncolour = "red"\n'
        "[limits]\nmax_page_size = 0\nmax_speed = 1\n",
        "utf-8",
    )
    said = refused(operation, capsys)
    for key in ("identity", "database", "listen", "log_level", "drain_s", "colour", "limits.max_page_size",
                "limits.max_speed"):  # fmt: skip
        assert f"$.{key}" in said
    operation.configuration.write_text("identity = ", "utf-8")
    assert "not TOML" in refused(operation, capsys)


def test_every_mistake_in_the_section_of_the_log_is_told(
    operation: Operation, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is none, witnesses that are no authorities, keys that nobody knows."""
    whole = operation.configuration.read_text("utf-8")
    operation.configuration.write_text(
        f'{whole}[log]\nfolder = 7\nwitnesses = ["w.example", "no authority", 7]\ncolour = "red"\n', "utf-8"
    )
    said = refused(operation, capsys)
    for key in ("log.folder", "log.witnesses[1]", "log.witnesses[2]", "log.colour"):
        assert f"$.{key}" in said
    assert "witnesses[0]" not in said
    for wrong in ("log = 7\n", '[log]\nwitnesses = "w.example"\n'):
        operation.configuration.write_text(whole + wrong, "utf-8")
        assert "$.log" in refused(operation, capsys)


def test_a_database_behind_its_log_is_not_served(
    operation: Operation, capsys: pytest.CaptureFixture[str]
) -> None:
    """LOG-HISTORY-1: a backup that lacks entries is refused with what to do; the newest one is served."""
    provider = operation.party("provider.example", ["provider"])
    backup, newest = operation.folder / "backup", operation.folder / "newest"
    back_up(operation.database, backup)
    operation.start()
    publish(provider, 10)
    assert operation.terminate() == 0
    back_up(operation.database, newest)
    restore(backup, operation.database)
    said = refused(operation, capsys)
    assert "restored from an older backup" in said
    assert "(CHECKPOINT)" in said
    restore(newest, operation.database)
    operation.start()
    assert operation.terminate() == 0


def back_up(database: Path, copy: Path) -> None:
    """Backs a database up as an operator does."""
    with closing(sqlite3.connect(database)) as one, closing(sqlite3.connect(copy)) as other:
        one.backup(other)


def restore(copy: Path, database: Path) -> None:
    """Puts a backup in the place of a database."""
    for leftover in ("-wal", "-shm"):
        database.with_name(database.name + leftover).unlink(missing_ok=True)
    shutil.copy(copy, database)


def test_a_missing_configuration_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A configuration that is not there is named."""
    assert main(["serve", "--config", str(tmp_path / "none.toml")]) == 1
    assert "none.toml" in capsys.readouterr().err


def test_a_development_identity_is_refused_in_earnest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`crex-broker init` and `serve` refuse an authority that ends in .invalid."""
    assert main(["init", "broker.dev.invalid", "--folder", str(tmp_path / "identity")]) == 1
    assert ".invalid" in capsys.readouterr().err
    assert not (tmp_path / "identity").exists()


def test_init_enrol_migrate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An operator makes an identity and a store, and lets a party in, with three commands."""
    identity = tmp_path / "identity"
    assert main(["init", "broker.example", "--folder", str(identity), "--host", "127.0.0.1"]) == 0
    assert main(["init", "broker.example", "--folder", str(identity)]) == 1
    config = tmp_path / "broker.toml"
    config.write_text('identity = "identity"\ndatabase = "broker.sqlite"\n', "utf-8")
    assert main(["migrate", "--config", str(config)]) == 0
    operation = Operation.prepare(_made(tmp_path / "other"))
    operation.party("provider.example", ["provider"])
    paper = operation.folder / "provider.example.json"
    assert main(["enrol", "--config", str(config), str(paper), "--role", "provider"]) == 0
    assert "Enrolled provider.example as provider" in capsys.readouterr().out
    assert main(["enrol", "--config", str(config), str(paper), "--role", "emperor"]) == 1
    assert "emperor" in capsys.readouterr().err
    assert main(["enrol", "--config", str(config), str(config), "--role", "provider"]) == 1
    assert "ENVELOPE" in capsys.readouterr().err


def test_a_trust_document_that_does_not_hold_is_named(
    tmp_path: Path, operation: Operation, capsys: pytest.CaptureFixture[str]
) -> None:
    """`enrol` names the file that it refuses, whichever rule it breaks; and no file where a role is wrong."""
    operation.party("provider.example", ["provider"])
    good = (operation.folder / "provider.example.json").read_bytes()
    enrol = ["enrol", "--config", str(operation.configuration), "--role"]
    broken = tmp_path / "broken.json"
    for data, reason in (
        (b"", "ENVELOPE"),
        (good.replace(b"trust-document", b"offer"), "TYPE"),
        (good.replace(b'"sig": "', b'"sig": "A').replace(b'"sig":"', b'"sig":"A'), "BASE64"),
    ):
        broken.write_bytes(data)
        assert main([*enrol, "provider", str(broken)]) == 1
        told = capsys.readouterr().err
        assert f"{broken}: " in told
        assert f"({reason})" in told
    broken.write_bytes(good)
    assert main([*enrol, "emperor", str(broken)]) == 1
    assert str(broken) not in capsys.readouterr().err


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def hold(party: WireParty, goods: Goods) -> v1.CreateHoldRequest:
    """A request to hold one unit for an hour."""
    start = party.at(hours=1)
    return party.hold_request(goods, start=start, end=start + timedelta(hours=1))


def test_requests_are_remembered_across_a_restart(operation: Operation) -> None:
    """IDEMPOTENCY-REPLAY-1: the first answer comes again, bytes and all, from a broker that was restarted."""
    provider = operation.party("provider.example", ["provider"])
    consumer = operation.party("consumer.example", ["consumer"])
    operation.start()
    request = hold(consumer, publish(provider, 8))
    with consumer.client() as client:
        first = client.create_hold(request)
        commit = consumer.commit_request(first)
        committed = client.commit_order(commit)
    assert operation.terminate() == 0
    operation.start()
    with consumer.client() as client:
        again = client.create_hold(request)
        assert again.replayed
        assert again.hold_receipt == first.hold_receipt
        assert again.order == first.order
        repeated = client.commit_order(commit)
        assert repeated.replayed
        assert repeated.order == committed.order
        request.items[0].quantity = 2
        with pytest.raises(RemoteError) as reused:
            client.create_hold(request)
        assert (reused.value.reason, reused.value.code) == ("REQUEST_ID_REUSED", "ALREADY_EXISTS")
        other = v1.CommitOrderRequest(request_id=request_id(), order=commit.order, envelope=commit.envelope)
        with pytest.raises(RemoteError) as replayed:
            client.commit_order(other)
        assert replayed.value.reason == "REPLAY"


def test_a_broker_told_to_end_drains(operation: Operation) -> None:
    """RPC-DRAIN-1: at SIGTERM an agent's stream is told to come back, and the process ends with code 0."""
    provider = operation.party("provider.example", ["provider"])
    operation.start()

    async def watch() -> list[str]:
        async def requests() -> AsyncIterator[v1.ConnectRequest]:
            yield v1.ConnectRequest(seq=1, hello=v1.AgentHello(instance="one"))
            await asyncio.Event().wait()

        said: list[str] = []
        async with provider.async_client() as client:
            try:
                async for response in client.connect_agent(requests()):
                    said.append(response.WhichOneof("message") or "")
                    if said == ["welcome"]:
                        os.kill(operation.pid, signal.SIGTERM)
            except RemoteError as error:
                said.append(error.code)
        return said

    said = asyncio.run(watch())
    assert said[:2] == ["welcome", "drain"]
    assert operation.ended() == 0


def test_a_full_disk_refuses_and_corrupts_nothing(operation: Operation) -> None:
    """A store that cannot grow refuses mutations with STORAGE_FULL; reads go on; room makes it well again."""
    provider = operation.party("provider.example", ["provider"])
    consumer = operation.party("consumer.example", ["consumer"])
    operation.start()
    goods = publish(provider, 100)
    with consumer.client() as client:
        kept = client.create_hold(hold(consumer, goods))
        # No file of the process may grow: what a full disk does to it.
        before = resource.prlimit(operation.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(operation.pid, resource.RLIMIT_FSIZE, (4096, before[1]))
        with pytest.raises(RemoteError) as full:
            client.create_hold(hold(consumer, goods))
        assert (full.value.reason, full.value.code) == ("STORAGE_FULL", "RESOURCE_EXHAUSTED")
        read = client.get_order(v1.GetOrderRequest(order=kept.order.name))
        assert read.hold_receipt == kept.hold_receipt
        resource.prlimit(operation.pid, resource.RLIMIT_FSIZE, before)
        more = client.create_hold(hold(consumer, goods))
        assert more.order.name != kept.order.name


def test_dev_tells_what_it_made_and_ends(tmp_path: Path) -> None:
    """`crex-broker dev` writes dev.json when it answers, refuses a folder in use, and ends at SIGINT."""
    home = tmp_path / "dev"
    command = [
        sys.executable,
        "-m",
        "crex_broker.main",
        "dev",
        "--home",
        str(home),
        "--port",
        str(free_port()),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        until = time.monotonic() + 30
        while not (home / "dev.json").exists() and time.monotonic() < until and process.poll() is None:
            time.sleep(0.02)
        facts = json.loads((home / "dev.json").read_text("utf-8"))
        assert (home / "log" / "checkpoint").read_bytes().startswith(b"broker.dev.invalid/log\n")
        second = subprocess.run(command, capture_output=True, text=True, check=False)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[0]
    assert process.returncode == 0
    assert facts["target"] in said
    assert "Traceback" not in said
    assert set(facts["parties"]) == {"provider.dev.invalid", "consumer.dev.invalid", "catalogue.dev.invalid"}
    for party in facts["parties"].values():
        for key in Path(party["folder"]).glob("keys/*.pem"):
            assert key.stat().st_mode & 0o077 == 0
    assert not list(home.glob("**/keys/broker.pem"))
    assert second.returncode == 1
    assert "not empty" in second.stderr


def test_the_log_is_one_object_a_line(operation: Operation) -> None:
    """Each call is a JSON line with method, party, outcome and identifier, and nothing of what was sent."""
    consumer = operation.party("consumer.example", ["consumer"])
    operation.start()
    with consumer.client() as client:
        client.get_server_info(v1.GetServerInfoRequest())
        with pytest.raises(RemoteError) as refused:
            client.get_order(v1.GetOrderRequest(order="crex://broker.example/order/secret-name"))
    assert operation.terminate() == 0
    text = operation.log.read_text("utf-8")
    calls = [line for line in map(json.loads, text.splitlines()) if line["event"] == "call"]
    served, denied = calls
    assert (served["method"], served["code"]) == ("/crex.v1.DiscoveryService/GetServerInfo", "OK")
    assert (denied["authority"], denied["reason"]) == ("consumer.example", "NOT_FOUND")
    assert denied["request_id"] == refused.value.details["request_id"]
    assert "secret-name" not in text
    assert "PRIVATE KEY" not in text


def test_a_second_signal_ends_a_broker_at_once(operation: Operation) -> None:
    """A broker that is given long to drain ends at the second SIGTERM."""
    edit(operation, "listen", "drain_s = 600\nlisten")
    provider = operation.party("provider.example", ["provider"])
    operation.start()

    async def hold_on() -> None:
        async def requests() -> AsyncIterator[v1.ConnectRequest]:
            yield v1.ConnectRequest(seq=1, hello=v1.AgentHello(instance="one"))
            await asyncio.Event().wait()

        async with provider.async_client() as client:
            stream = client.connect_agent(requests())
            await anext(stream)
            os.kill(operation.pid, signal.SIGTERM)
            assert (await anext(stream)).WhichOneof("message") == "drain"
            os.kill(operation.pid, signal.SIGTERM)
            assert await asyncio.to_thread(operation.ended) in (0, -signal.SIGTERM)

    asyncio.run(hold_on())
