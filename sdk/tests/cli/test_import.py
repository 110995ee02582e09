"""`crex describe NAME`: documents and a report from files, and importers that other packages bring."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from sdk.tests.cli.conftest import Shell

NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "gpu-1", "labels": {"kubernetes.io/arch": "amd64"}},
    "status": {
        "capacity": {"cpu": "64", "memory": "528000000Ki"},
        "allocatable": {"cpu": "63", "memory": "520000000Ki"},
        "nodeInfo": {"architecture": "amd64"},
    },
}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """What kubectl says of a node and a pod."""
    path = tmp_path / "cluster.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [NODE, POD]}), "utf-8")
    return path


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of another vendor, installed: a module, and the entry point that names its importer."""
    folder = tmp_path / "installed"
    info = folder / "acme_crex-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-crex\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(
        "[crex.importers]\n"
        "acme = acme_crex:Importer\n"
        "broken = acme_crex:Missing\n"
        "slurm = acme_crex:Importer\n",
        "utf-8",
    )
    (folder / "acme_crex.py").write_text(
        """
from crex.describe.importing import Draft, Import
from crex.v1 import ComputeResource, Memory, NodeClass


class Importer:
    name, about, commands = "acme", "machines of Acme", ()

    def read(self, sources):
        book = Import()
        for source in sources:
            row = book.row(source.name)
            node = NodeClass(memory=Memory(capacity_bytes=int(source.text)))
            book.add(Draft(name="acme", body=ComputeResource(kind="node-class", node=node), rows=(row,)))
        return book.done()
""",
        "utf-8",
    )
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "acme_crex", raising=False)


def test_a_report_without_writing(crex: Shell, cluster: Path) -> None:
    """Without -o nothing is written and nobody need exist; every row is told."""
    assert crex("describe", "k8s", str(cluster)) == 0
    assert crex.out.startswith("2 rows: 1 described in 2 documents, 1 left out")
    assert "a Pod of v1 does not say what a node has" in crex.out
    assert "With -o DIR the documents are written there." in crex.out


def test_documents_are_written_and_valid(crex: Shell, cluster: Path, tmp_path: Path) -> None:
    """With -o the documents lie in a folder, each accepted by `crex validate`, with the report."""
    crex("init", "p.example.cn", "--role", "provider")
    folder = tmp_path / "out"
    options = ("--site", "zhongwei-1", "--country", "CN", "--allocation", "shared")
    assert crex("-o", str(folder), "describe", "k8s", str(cluster), *options) == 0
    files = sorted(folder.glob("*.json"))
    assert {path.name for path in files} >= {"site-zhongwei-1.json", "node-class-gpu-1.json"}
    assert crex("validate", *map(str, files)) == 0
    document = json.loads((folder / "node-class-gpu-1.json").read_bytes())
    assert document["node"]["cpu"]["allocation"] == "shared"
    assert document["header"]["id"] == "crex://p.example.cn/site/zhongwei-1/node-class/gpu-1"
    assert "a Pod of v1" in (folder / "report.txt").read_text("utf-8")


def test_a_site_that_was_written_before_is_not_written_again(
    crex: Shell, cluster: Path, tmp_path: Path
) -> None:
    """The site of `crex init` may be published; only who says its country again gets its document again."""
    options = ("--site", "a", "--country", "CN", "--allocation", "dedicated-core", "--resource", "vm-7")
    assert crex("init", "p.example.cn", "--role", "provider", *options) == 0
    folder = tmp_path / "out"
    assert crex("-o", str(folder), "describe", "k8s", str(cluster)) == 0
    assert "node-class-gpu-1.json" in {path.name for path in folder.iterdir()}
    assert not (folder / "site-a.json").exists()
    assert crex("-o", str(folder), "describe", "k8s", str(cluster), "--country", "CN") == 0
    assert (folder / "site-a.json").exists()


def test_a_subdivision_without_its_country(crex: Shell, cluster: Path, tmp_path: Path) -> None:
    """What would go nowhere is refused."""
    crex("init", "p.example.cn", "--role", "provider")
    options = ("--site", "a", "--subdivision", "CN-NX")
    assert crex("-o", str(tmp_path / "out"), "describe", "k8s", str(cluster), *options) == 1
    assert "say --country, too" in crex.err


def test_the_site_is_never_guessed(crex: Shell, cluster: Path, tmp_path: Path) -> None:
    """Who writes documents says at which site the things are."""
    crex("init", "p.example.cn", "--role", "provider")
    assert crex("-o", str(tmp_path / "out"), "describe", "k8s", str(cluster)) == 1
    assert "Name it with --site" in crex.err
    assert not (tmp_path / "out").exists()


def test_prices_stand_at_no_site(crex: Shell, tmp_path: Path) -> None:
    """A list of prices makes plans without being asked where anything stands."""
    crex("init", "p.example.cn", "--role", "provider")
    prices = tmp_path / "prices.csv"
    prices.write_text(
        "plan,component,dimension,unit,kind,currency,price,per\ngpu,gpu,compute-unit,unit,time,CNY,17.50,1h\n"
    )
    folder = tmp_path / "out"
    assert crex("-o", str(folder), "describe", "prices", str(prices)) == 0, crex.err
    assert [path.name for path in folder.glob("*.json")] == ["price-plan-gpu.json"]


def test_a_site_that_is_no_name_is_refused(crex: Shell, cluster: Path, tmp_path: Path) -> None:
    """A site that no name can have stops everything, before anything is written."""
    crex("init", "p.example.cn", "--role", "provider")
    assert crex("-o", str(tmp_path / "out"), "describe", "k8s", str(cluster), "--site", "A b") == 1
    assert "NAME-FORM-1" in crex.err
    assert not (tmp_path / "out").exists()


def test_a_file_that_cannot_be_written_is_named(crex: Shell, cluster: Path, tmp_path: Path) -> None:
    """Where a document cannot be written, its place is told, and no part of it is left."""
    crex("init", "p.example.cn", "--role", "provider")
    folder = tmp_path / "out"
    (folder / "node-class-gpu-1.json").mkdir(parents=True)
    assert crex("-o", str(folder), "describe", "k8s", str(cluster), "--site", "a") == 1
    assert "node-class-gpu-1.json: The file cannot be written" in crex.err
    assert [path.name for path in folder.iterdir() if path.is_file()] == []


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'{"kind": ', b"[" * 5000, b"\x1f\x8b\x08broken"])
def test_a_file_that_says_nothing(content: bytes, crex: Shell, tmp_path: Path) -> None:
    """An input without anything in it ends in a report and exit code 1, never in a traceback."""
    path = tmp_path / "input.json"
    path.write_bytes(content)
    assert crex("describe", "k8s", str(path)) == 1
    assert "0 described" in crex.out


def test_a_file_that_is_not_there(crex: Shell, tmp_path: Path) -> None:
    """A missing file is told with its path."""
    assert crex("describe", "k8s", str(tmp_path / "missing.json")) == 1
    assert "missing.json" in crex.out


def test_a_site_alone_is_no_success(crex: Shell, tmp_path: Path) -> None:
    """The document of the site that was said does not hide that no row was described."""
    crex("init", "p.example.cn", "--role", "provider")
    path = tmp_path / "input.json"
    path.write_text(json.dumps(POD), "utf-8")
    options = ("--site", "a", "--country", "CN")
    assert crex("-o", str(tmp_path / "out"), "describe", "k8s", str(path), *options) == 1
    assert crex.out.startswith("1 row: 0 described in 1 document")


def test_two_imports_into_one_folder(crex: Shell, cluster: Path, tmp_path: Path) -> None:
    """What lay there before is told: what was replaced, and what `crex publish` would take besides."""
    crex("init", "p.example.cn", "--role", "provider")
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("node-class-gpu-1.json", "old.json"):
        (folder / name).write_text("{}", "utf-8")
    assert crex("-o", str(folder), "describe", "k8s", str(cluster), "--site", "a") == 0
    assert f"were replaced: {folder}/node-class-gpu-1.json." in crex.out
    assert f"with that folder as well: {folder}/old.json." in crex.out


@pytest.mark.parametrize("name", [b"bad\xff.json", b"two\nlines\x1b[31m.json"])
def test_a_file_name_that_is_no_text(name: bytes, crex: Shell, cluster: Path, tmp_path: Path) -> None:
    """A name of any bytes is told on one line, and the documents are written."""
    crex("init", "p.example.cn", "--role", "provider")
    path = tmp_path / os.fsdecode(name)
    cluster.rename(path)
    folder = tmp_path / "out"
    assert crex("-o", str(folder), "describe", "k8s", str(path), "--site", "a") == 0
    report = (folder / "report.txt").read_text("utf-8")
    places = [line for line in report.splitlines() if line.startswith("  node-class-gpu-1")]
    assert len(places) == 2
    assert all("items[0]" in line and "\x1b" not in line for line in places)


@pytest.mark.parametrize(("option", "value"), [("--allocation", "dedicated"), ("--time-zone", "Mars/X")])
def test_words_that_nobody_knows_are_refused(
    option: str, value: str, crex: Shell, cluster: Path, tmp_path: Path
) -> None:
    """A slip of the pen in what the provider says stops the import before anything is written."""
    crex("init", "p.example.cn", "--role", "provider")
    options = ("--site", "a", option, value)
    assert crex("-o", str(tmp_path / "out"), "describe", "k8s", str(cluster), *options) == 1
    assert value in crex.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("option", "value"), [("--price", "1e3"), ("--currency", "ZZZ"), ("--time-zone", "Mars/X")]
)
def test_an_offer_that_nobody_would_take_is_not_drafted(
    option: str, value: str, crex: Shell, cluster: Path, tmp_path: Path
) -> None:
    """A price, a currency or a time zone that is none is told at once, and nothing is written."""
    crex("init", "p.example.cn", "--role", "provider")
    folder = tmp_path / "goods"
    assert crex("-o", str(folder), "describe", "k8s", str(cluster), "--site", "a") == 0
    (folder / "node-class-gpu-1.json").rename(folder / "unit.json")
    (folder / "node-class-gpu-1-pool-all.json").rename(folder / "pool.json")
    sound = {"--price": "3.6", "--currency": "CNY", "--time-zone": "Asia/Shanghai"}
    wrong = [word for pair in (sound | {option: value}).items() for word in pair]
    assert crex("offers", "draft", str(folder), *wrong) == 1
    assert value in crex.err
    assert not (folder / "offer.json").exists()
    assert crex("offers", "draft", str(folder), *(word for pair in sound.items() for word in pair)) == 0


@pytest.mark.usefixtures("foreign")
def test_an_importer_of_another_package(crex: Shell, tmp_path: Path) -> None:
    """A vendor's own importer is found by its entry point; ours keep their names."""
    path = tmp_path / "machine.acme"
    path.write_text("4096", "utf-8")
    assert crex("describe", "other", "acme", str(path)) == 0
    assert crex.out.startswith("1 row: 1 described in 1 document, 0 left out, 0 remarks.")
    path.write_text("much", "utf-8")
    assert crex("describe", "other", "acme", str(path)) == 1
    assert "The importer acme failed: ValueError" in crex.err
    listed = {one["name"]: one for one in crex.json("describe", "list")}
    assert listed["acme"] == {"name": "acme", "about": "machines of Acme", "package": "acme-crex"}
    assert listed["slurm"]["package"] == "crex"
    assert "cannot be loaded" in listed["broken"]["about"]


@pytest.mark.usefixtures("foreign")
def test_an_importer_that_cannot_be_loaded(crex: Shell) -> None:
    """A defect of that package is told as one, and an unknown name with those that there are."""
    assert crex("describe", "other", "broken", "x") == 1
    assert "The importer broken (acme_crex:Missing) cannot be loaded" in crex.err
    assert crex("describe", "other", "unicorn", "x") == 1
    assert "there are acme, broken, hwloc" in crex.err
