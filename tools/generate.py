"""Entry point of the generator: `python -m tools.generate`.

proto/crex/v1/*.proto → sdk/src/crex/v1 (Python modules, typed stubs).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools import package_init, protoc
from tools.contract import Contract, load_contract
from tools.files import write_tree

REPOSITORY = Path(__file__).resolve().parent.parent
PROTO_ROOT = REPOSITORY / "proto"
IMPORT_ROOT = REPOSITORY / "sdk" / "src"
PACKAGE = "crex/v1"


def generate_python(contract: Contract) -> list[str]:
    """Writes the Python modules of the contract; gives what changed."""
    files = [file.name for file in contract.files]
    services = [file.name for file in contract.files if file.service]
    modules = {**protoc.python_modules(PROTO_ROOT, files, services), **package_init.init_modules(contract)}
    return write_tree(IMPORT_ROOT, modules, f"{PACKAGE}/*.py*")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the generator; gives the exit code: 0 done, 1 refused."""
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.parse_args(arguments)
    sys.path.insert(0, str(IMPORT_ROOT))
    try:
        changed = generate_python(load_contract(PROTO_ROOT, PACKAGE))
    except protoc.GenerateError as error:
        print(f"generate: {error}", file=sys.stderr)
        return 1
    print(f"generate: {len(changed)} files changed")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
