"""Which importers there are: those of this package, and those that other packages bring.

Those of this package are listed, not discovered: naming them costs no import, so `crex --help` stays instant.
A vendor's own importer is an entry point of the group `crex.importers` in a package of its own; its name is
what follows `crex describe`. A name that is taken stays with whoever has it here.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from crex.describe.importing import Importer
from crex.errors import CrexError

GROUP: Final = "crex.importers"

# Name, module of the object `IMPORTER`, and what it reads.
BUILT_IN: Final[dict[str, tuple[str, str]]] = {
    "hwloc": ("crex.describe.hwloc", "machines as lstopo writes them (hwloc XML)"),
    "k8s": ("crex.describe.k8s", "Kubernetes Nodes, ResourceSlices and node features (JSON or YAML)"),
    "mlperf": ("crex.describe.mlperf", "MLPerf system descriptions and result summaries"),
    "nvidia-smi": ("crex.describe.nvidia_smi", "GPUs as `nvidia-smi -q -x` writes them"),
    "openstack": ("crex.describe.openstack", "OpenStack flavors (JSON)"),
    "prices": ("crex.describe.prices", "price lists of public clouds (JSON, CSV), and a CSV of our own"),
    "redfish": ("crex.describe.redfish", "systems of a Redfish tree or mockup"),
    "rocm-smi": ("crex.describe.rocm_smi", "GPUs as `rocm-smi --json` writes them"),
    "slurm": ("crex.describe.slurm", "nodes as scontrol, slurmrestd or sinfo state them"),
    "top500": ("crex.describe.top500", "systems of a TOP500 list (CSV, TSV or XML)"),
}


def load(name: str) -> Importer:
    """Gives the importer of a name.

    Raises:
        CrexError: NOT_FOUND: nobody has it; TYPE: what a package brings under it is no importer.
    """
    if name in BUILT_IN:
        return _importer(import_module(BUILT_IN[name][0]).IMPORTER, name)
    for entry in _foreign():
        if entry.name == name:
            try:
                return _importer(entry.load(), name)
            except (ImportError, AttributeError) as error:
                message = f"The importer {name} ({entry.value}) cannot be loaded: {error}. Mend that package."
                raise CrexError("TYPE", message) from error
    known = ", ".join(sorted({*BUILT_IN, *(entry.name for entry in _foreign())}))
    raise CrexError("NOT_FOUND", f"There is no importer {name}; there are {known}.")


def foreign() -> Iterator[tuple[str, str]]:
    """Gives name and origin of every importer that another package brings."""
    for entry in _foreign():
        if entry.name not in BUILT_IN:
            yield entry.name, entry.dist.name if entry.dist is not None else entry.value


def _foreign() -> tuple[EntryPoint, ...]:
    return tuple(sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)))


def _importer(found: object, name: str) -> Importer:
    made = found() if isinstance(found, type) else found
    if not isinstance(made, Importer):
        raise CrexError(
            "TYPE", f"What is named as importer {name} is none: it lacks name, about, commands or read."
        )
    return made
