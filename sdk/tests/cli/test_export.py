"""`crex export NAME`: files for other systems and a report, and exporters of other packages."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sdk.tests.cli.conftest import Shell

HEADER = {"revision": "3", "issuer": "p.example.cn", "issuedAt": "2026-03-01T08:00:00Z"}
SITE = {"header": {"id": "crex://p.example.cn/site/s", **HEADER}, "country": "CN", "subdivision": "CN-NX"}
NODE: dict[str, Any] = {
    "header": {"id": "crex://p.example.cn/site/s/node-class/n", **HEADER},
    "kind": "node-class",
    "siteId": "crex://p.example.cn/site/s",
    "node": {
        "accelerators": [
            {"acceleratorClass": "gpu", "vendor": "nvidia", "product": "NVIDIA H100 80GB HBM3", "count": "2"}
        ]
    },
}


@pytest.fixture
def documents(tmp_path: Path) -> list[str]:
    """A site and a class of nodes, unsigned."""
    return [_write(tmp_path / "site.json", SITE), _write(tmp_path / "node.json", NODE)]


def _write(path: Path, value: dict[str, Any]) -> str:
    path.write_text(json.dumps(value), "utf-8")
    return str(path)


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of another vendor, installed: a module, and the entry points that name its exporters."""
    folder = tmp_path / "installed"
    info = folder / "acme_crex-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-crex\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(
        "[crex.exporters]\n"
        "acme = acme_crex_out:Exporter\n"
        "akash = acme_crex_out:Exporter\n"
        "broken = acme_crex_out:Missing\n"
        "climbing = acme_crex_out:Climbing\n"
        "none = acme_crex_out:Nothing\n",
        "utf-8",
    )
    (folder / "acme_crex_out.py").write_text(
        """
from crex.export.exporting import Export
from crex.export.gathering import gather


class Nothing:
    name = "none"


class Exporter:
    name, about, file = "acme", "machines for Acme", "acme.txt"

    def write(self, documents):
        books = Export()
        for one in gather(documents, books):
            books.tell(self.file, str(len(one.node.accelerators)).encode(), one.sources)
        return books.done()


class Climbing(Exporter):
    file = "../acme.txt"
""",
        "utf-8",
    )
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "acme_crex_out", raising=False)


def test_a_report_without_writing(crex: Shell, documents: list[str], tmp_path: Path) -> None:
    """Without -o nothing is written, and every remark is told."""
    before = sorted(tmp_path.rglob("*"))
    assert crex("export", "kubernetes", *documents) == 0
    assert crex.out.startswith("2 documents: 1 file, 0 left out, 1 remark.\n")
    assert "nodes: how many there are is not stated" in crex.out
    assert "With -o DIR the files are written there" in crex.out
    assert sorted(tmp_path.rglob("*")) == before


def test_files_are_written(crex: Shell, documents: list[str], tmp_path: Path) -> None:
    """With -o the files lie in a folder, with the whole report; --json has their content as well."""
    folder = tmp_path / "out"
    answer = crex.json("-o", str(folder), "export", "kubernetes", *documents)
    (file,) = answer["files"]
    assert sorted(path.name for path in folder.iterdir()) == sorted((file["name"], "report.txt"))
    assert (folder / file["name"]).read_text("utf-8") == file["content"]
    (slice_,) = json.loads(file["content"])["items"]
    assert [one["name"] for one in slice_["spec"]["devices"]] == ["gpu-0", "gpu-1"]
    assert "nodes: how many there are" in (folder / "report.txt").read_text("utf-8")


def test_signed_documents_are_read(crex: Shell, documents: list[str], tmp_path: Path) -> None:
    """An envelope is exported like the document that is in it."""
    crex("init", "p.example.cn", "--role", "provider")
    signed = tmp_path / "signed.json"
    assert crex("-o", str(signed), "sign", documents[1]) == 0
    assert crex("export", "kubernetes", documents[0], str(signed)) == 0


def test_what_describes_nothing_is_left_out(crex: Shell, documents: list[str], tmp_path: Path) -> None:
    """A document of another type is left out with the reason, and nothing at all is exit code 1."""
    offer = {"header": {"id": "crex://p.example.cn/offer/o", **HEADER}}
    path = _write(tmp_path / "offer.json", offer)
    assert crex("export", "openstack", path) == 1
    assert crex.out.startswith("1 document: 0 files, 1 left out")
    assert "a document of type offer does not say what a resource or a site is" in crex.out


def test_what_has_ended_is_left_out(crex: Shell, documents: list[str], tmp_path: Path) -> None:
    """A document that has expired says nothing any more (EXPORT-EXPIRED-1)."""
    ended = {**NODE, "header": {**NODE["header"], "validUntil": "2026-03-02T08:00:00Z"}}
    assert crex("export", "kubernetes", documents[0], _write(tmp_path / "ended.json", ended)) == 1
    assert "it ended at 2026-03-02 08:00:00 UTC" in crex.out
    lasting = {**NODE, "header": {**NODE["header"], "validUntil": "9000-01-01T00:00:00Z"}}
    assert crex("export", "kubernetes", documents[0], _write(tmp_path / "lasting.json", lasting)) == 0


def test_a_document_that_is_not_valid(crex: Shell, documents: list[str], tmp_path: Path) -> None:
    """A document that no reader accepts is refused with its file, and nothing is written."""
    path = _write(tmp_path / "broken.json", {**NODE, "kind": "cluster"})
    assert crex("-o", str(tmp_path / "out"), "export", "kubernetes", documents[0], path) == 1
    assert "broken.json" in crex.err
    assert "DESC-KIND-1" in crex.err
    assert not (tmp_path / "out").exists()


def test_the_type_can_be_said(crex: Shell, documents: list[str], tmp_path: Path) -> None:
    """A name that does not tell the type of its document needs --type; the others keep theirs."""
    named = {**NODE, "header": {**NODE["header"], "id": "crex://p.example.cn/machine/m"}}
    path = _write(tmp_path / "machine.json", named)
    assert crex("export", "kubernetes", documents[0], path) == 1
    assert "--type" in crex.err
    assert crex("export", "kubernetes", documents[0], path, "--type", "compute-resource") == 0


@pytest.mark.usefixtures("foreign")
def test_an_exporter_of_another_package(crex: Shell, documents: list[str], tmp_path: Path) -> None:
    """A vendor's own exporter is found by its entry point; ours keep their names."""
    assert crex("-o", str(tmp_path / "out"), "export", "other", "acme", *documents) == 0
    assert (tmp_path / "out" / "acme.txt").read_text("utf-8") == "1"
    listed = {one["name"]: one for one in crex.json("export", "list")}
    assert listed["acme"] == {"name": "acme", "about": "machines for Acme", "package": "acme-crex"}
    assert listed["akash"]["package"] == "crex"
    assert "cannot be loaded" in listed["broken"]["about"]


@pytest.mark.usefixtures("foreign")
def test_an_exporter_that_cannot_be_used(crex: Shell, documents: list[str], tmp_path: Path) -> None:
    """A defect of that package is told as one, and an unknown name with those that there are."""
    assert crex("export", "other", "broken", *documents) == 1
    assert "The exporter broken (acme_crex_out:Missing) cannot be loaded" in crex.err
    assert crex("export", "other", "none", *documents) == 1
    assert "it lacks one of name, about and write" in crex.err
    assert crex("export", "other", "unicorn", *documents) == 1
    assert "there are acme, akash, broken" in crex.err
    assert crex("-o", str(tmp_path / "out"), "export", "other", "climbing", *documents) == 1
    assert "no name for one in a folder" in crex.err
    assert not (tmp_path / "acme.txt").exists()
