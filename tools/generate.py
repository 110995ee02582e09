"""Entry point of the generator: `python -m tools.generate`.

- proto/crex/v1/*.proto → sdk/src/crex/v1 (messages, services, typed stubs), sdk/src/crex/client (one method
  per RPC), schemas/crex/v1 (JSON Schemas), proto/spec/fields (field tables)
- proto/crex/v1/states.json → crex.v1.state_tables, proto/spec/states.md
- schemas/registry → crex/registry/data, which the SDK carries
- every requirement in proto/spec → crex_conformance/requirements, which the suite carries
- every requirement in proto/spec, and whatever cites one → proto/spec/requirements.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools import (
    client_calls,
    field_tables,
    package_init,
    protoc,
    registries,
    requirements,
    schemas,
    state_machines,
)
from tools.contract import Contract, load_contract
from tools.files import write_tree

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = "crex/v1"
CARRIED = "conformance/src/crex_conformance/requirements"
REGISTRIES = "sdk/src/crex/registry/data"


def generate(repository: Path) -> list[str]:
    """Writes everything that is generated; gives what changed.

    Args:
        repository: Root of the tree to read and to write.

    Raises:
        GenerateError: The contract, its state tables or its specification contradict themselves.
    """
    contract = load_contract(repository / "proto", PACKAGE)
    machines = state_machines.load_machines(repository / "proto" / PACKAGE / "states.json", contract)
    changed = _python(repository, contract, machines)
    changed += write_tree(repository / REGISTRIES, registries.carried_files(repository), "*.json")
    # Last, because its list of rules names the files that cite them, generated ones with them.
    return changed + _specification(repository, contract, machines)


def _python(repository: Path, contract: Contract, machines: list[state_machines.Machine]) -> list[str]:
    import_root = repository / "sdk" / "src"
    files = [file.name for file in contract.files]
    services = [file.name for file in contract.files if file.service]
    modules = {
        **protoc.python_modules(repository / "proto", files, services),
        **package_init.init_modules(contract),
        f"{PACKAGE}/state_tables.py": state_machines.state_module(machines),
    }
    changed = write_tree(import_root, modules, f"{PACKAGE}/*.py*")
    return changed + write_tree(import_root, client_calls.call_modules(contract), "crex/client/*_calls.py")


def _specification(repository: Path, contract: Contract, machines: list[state_machines.Machine]) -> list[str]:
    spec = repository / "proto" / "spec"
    changed = write_tree(repository / "schemas", schemas.schema_files(), f"{PACKAGE}/*.schema.json")
    changed += write_tree(spec / "fields", field_tables.field_pages(contract), "*.md")
    by_hand = requirements.load_requirements(spec, leave_out=("states.md",))
    pages = {identifier: requirement.page for identifier, requirement in by_hand.items()}
    changed += write_tree(spec, {"states.md": state_machines.state_page(machines, pages)}, "states.md")
    stated = requirements.load_requirements(spec)
    data = {"requirements.json": requirements.data_file(stated)}
    changed += write_tree(repository / CARRIED, data, "*.json")
    index = {"requirements.md": requirements.index_page(repository, contract, stated)}
    return changed + write_tree(spec, index, "requirements.md")


def _list_unstated(repository: Path) -> int:
    stated = requirements.load_requirements(repository / "proto" / "spec")
    missing = requirements.unstated(repository, load_contract(repository / "proto", PACKAGE), stated)
    for entry in missing:
        print(f"no page of proto/spec states {entry}")
    return 1 if missing else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the generator; gives the exit code: 0 done, 1 refused."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument(
        "--unstated",
        action="store_true",
        help="write nothing; list requirements that are cited and stated nowhere",
    )
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(REPOSITORY / "sdk" / "src"))
    try:
        if options.unstated:
            return _list_unstated(REPOSITORY)
        changed = generate(REPOSITORY)
    except protoc.GenerateError as error:
        print(f"generate: {error}", file=sys.stderr)
        return 1
    print(f"generate: {len(changed)} files changed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
