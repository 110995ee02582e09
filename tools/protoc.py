"""Runs the protocol compiler: descriptor sets for reading, Python modules and typed stubs for importing.

The proto root equals the import root, so that no import is rewritten. The output depends on nothing but the
proto files and the versions of the compiler and its plug-ins: no paths, no dates.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path


class GenerateError(Exception):
    """Something the generator cannot do; the message says what, where and what to do next."""


def proto_files(root: Path, package: str) -> list[str]:
    """Lists the proto files of one package folder, sorted, relative to the proto root.

    Args:
        root: Folder that holds `crex/`.
        package: Folder below it, such as `crex/v1`.

    Raises:
        GenerateError: There is none.
    """
    files = sorted(path.relative_to(root).as_posix() for path in (root / package).glob("*.proto"))
    if not files:
        raise GenerateError(f"no .proto file under {package}/ of the proto root: nothing to generate from")
    return files


def include_paths(root: Path) -> list[str]:
    """Gives the import folders: the proto root, the well-known types, and `google/rpc`."""
    well_known = resources.files("grpc_tools").joinpath("_proto")
    google_rpc = resources.files("google.rpc")
    return [str(root), str(well_known), str(Path(str(google_rpc)).parent.parent)]


def run_protoc(root: Path, files: Sequence[str], outputs: Sequence[str]) -> None:
    """Runs `grpc_tools.protoc` in a process of its own.

    Args:
        root: Proto root.
        files: Proto files relative to the root.
        outputs: Output arguments such as `--python_out=DIR`.

    Raises:
        GenerateError: The compiler refused; the message carries what it printed.
    """
    command = [sys.executable, "-m", "grpc_tools.protoc"]
    command += [f"--proto_path={folder}" for folder in include_paths(root)]
    environment = dict(os.environ)
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    done = subprocess.run(
        [*command, *outputs, *files], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode != 0:
        raise GenerateError(f"the protocol compiler refused the contract:\n{done.stderr.strip()}")


def descriptor_set(root: Path, files: Sequence[str]) -> bytes:
    """Compiles proto files, and what they import, to a serialised descriptor set with comments."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "set.binpb"
        run_protoc(
            root, files, [f"--descriptor_set_out={target}", "--include_source_info", "--include_imports"]
        )
        return target.read_bytes()


def python_modules(root: Path, files: Sequence[str], services: Sequence[str]) -> Mapping[str, str]:
    """Compiles proto files to Python.

    Args:
        root: Proto root.
        files: Proto files relative to the root.
        services: Those of them that declare services; only they get gRPC stubs.

    Returns:
        Text of each generated file by its path relative to the import root.
    """
    with tempfile.TemporaryDirectory() as folder:
        run_protoc(root, files, [f"--python_out={folder}", f"--mypy_out=quiet:{folder}"])
        if services:
            run_protoc(root, services, [f"--grpc_python_out={folder}", f"--mypy_grpc_out=quiet:{folder}"])
        found = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in found}
