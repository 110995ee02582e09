"""The usage importers of this package. Naming them costs no import, so `crex --help` stays instant."""

from __future__ import annotations

from typing import Final

# Name, module of the object `USAGE_IMPORTER`, and what it reads.
BUILT_IN: Final[dict[str, tuple[str, str]]] = {
    "apel": ("crex.metering.importing.apel", "APEL messages and OGF usage records of jobs (text or XML)"),
    "k8s-metrics": ("crex.metering.importing.k8s_metrics", "samples of metrics.k8s.io (JSON or YAML)"),
    "llm-trace": ("crex.metering.importing.llm_trace", "requests to language models with their tokens (CSV)"),
    "prometheus": ("crex.metering.importing.prometheus", "scrapes of containers' counters (Prometheus text)"),
    "slurm": ("crex.metering.importing.slurm", "jobs as `sacct --json` or `sacct -P` states them"),
}
