"""The exporters of this package. Naming them costs no import, so `crex --help` stays instant."""

from __future__ import annotations

from typing import Final

# Name, module of the object `EXPORTER`, and what it writes.
BUILT_IN: Final[dict[str, tuple[str, str]]] = {
    "akash": ("crex.export.akash", "attributes of an Akash provider (YAML)"),
    "kubernetes": ("crex.export.kubernetes", "ResourceSlices of accelerators for Kubernetes (JSON)"),
    "openstack": ("crex.export.openstack", "inventories and traits for OpenStack Placement (JSON)"),
}
