"""ADR 0007 reserves names, and the contract declares none of them."""

from __future__ import annotations

import json
import re
from collections import defaultdict

import pytest

from tools.contract import enums, load_contract, messages
from tools.tests.contracts import PACKAGE, ROOT

ADR = ROOT / "proto" / "spec" / "adr" / "0007-names-reserved-for-later-editions.md"
# Kinds of which no list in this repository tells whether they are declared.
UNLISTED = {"detail", "address"}


def reserved() -> dict[str, set[str]]:
    """Gives the names of the table by their kind."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in ADR.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 5 and cells[1] != "kind" and not cells[1].startswith("-"):
            names = re.findall(r"`([^`]+)`", cells[3])
            assert names, f"a row without a name: {line}"
            found[cells[1]].update(names)
    return found


def declared() -> dict[str, set[str]]:
    """Gives what the contract, its tables and its pages declare, by the same kinds."""
    contract = load_contract(ROOT / "proto", PACKAGE)
    found: dict[str, set[str]] = defaultdict(set)
    for file in contract.files:
        for name, _, message in messages(file):
            found["message"].add(name)
            for field in message.field:
                found["field"] |= {field.name, f"{name}.{field.name}"}
        for name, _, enum in enums(file):
            found["enum"].add(name)
            found["enum value"].update(value.name for value in enum.value)
        for service in file.service:
            found["service"].add(service.name)
            found["method"].update(f"{service.name}.{method.name}" for method in service.method)
    found["reason"] = {name.removeprefix("ERROR_REASON_") for name in found["enum value"]}
    for machine in json.loads((ROOT / "proto" / PACKAGE / "states.json").read_text("utf-8"))["machines"]:
        found["machine"].add(machine["object"])
        found["event"].update(f"{machine['object']}.{row['event']}" for row in machine["transitions"])
    tokens = (ROOT / "proto" / "spec" / "tokens.md").read_text("utf-8")
    rows = (line.split("|")[1] for line in tokens.splitlines() if line.startswith("| `"))
    found["token"] = {token for row in rows for token in re.findall(r"`([^`]+)`", row)}
    return found


def exists(package: str) -> bool:
    """Tells whether a folder of the repository, or a Python package of the broker, is there."""
    module = ROOT / "reference_broker" / "src" / package.replace(".", "/")
    return any(path.exists() for path in (ROOT / package, module, module.with_suffix(".py")))


@pytest.mark.parametrize("kind", sorted(reserved().keys() - UNLISTED - {"package"}))
def test_no_reserved_name_is_declared(kind: str) -> None:
    """Whoever declares a reserved name takes it out of the table."""
    known = declared()[kind]
    assert known, f"nothing is known of the kind {kind}"
    assert sorted(reserved()[kind] & known) == []


def test_no_reserved_package_exists() -> None:
    """Folders and packages that are reserved are not there yet."""
    assert exists("proto/crex/v1")
    assert exists("crex_broker.storage.sqlite")
    assert [package for package in reserved()["package"] if exists(package)] == []


def test_reserved_methods_are_of_services() -> None:
    """A reserved method names a service that the contract or the table has."""
    services = declared()["service"] | reserved()["service"]
    assert [name for name in reserved()["method"] if name.partition(".")[0] not in services] == []


def test_reserved_fields_are_of_messages() -> None:
    """A reserved field names a message that the contract or the table has, or none."""
    known = declared()["message"] | reserved()["message"]
    owned = (name for name in reserved()["field"] if "." in name)
    assert [name for name in owned if name.partition(".")[0] not in known] == []
