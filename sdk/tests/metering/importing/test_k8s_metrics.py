"""The importer `k8s-metrics`: samples of metrics.k8s.io, of which none counts twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crex.metering.importing.k8s_metrics import USAGE_IMPORTER
from crex.metering.importing.numbering import number
from sdk.tests.metering.importing.usages import WANTED, check_damaged, read, said, why

VERSION = "metrics.k8s.io/v1beta1"


def pod(at: str = "08:00:30", window: str = "15.061s", cpu: str = "4715007n", **more: Any) -> dict[str, Any]:
    """A sample of a pod with one container."""
    return {
        "metadata": {"name": "web-0", "namespace": "shop"},
        "timestamp": f"2026-03-05T{at}Z",
        "window": window,
        "containers": [{"name": "app", "usage": {"cpu": cpu, "memory": "37532Ki"}}],
        **more,
    }


def listed(*items: dict[str, Any], kind: str = "PodMetrics") -> str:
    """What `kubectl get --raw /apis/metrics.k8s.io/v1beta1/pods` prints."""
    return json.dumps({"kind": f"{kind}List", "apiVersion": VERSION, "metadata": {}, "items": items})


def test_a_sample_of_a_pod() -> None:
    """Average × window is what was used, exactly; memory × window is an estimate (USAGE-IMPORT-3)."""
    imported = read(USAGE_IMPORTER, listed(pod()), zone=None)
    cpu, memory = imported.drafts
    assert cpu.quantity * 10**12 == 4715007 * 15061
    assert memory.quantity * 1000 == 37532 * 15061
    assert said(imported)[0][2] == "2026-03-05T08:00:14.939Z/2026-03-05T08:00:30Z"
    assert [use.estimated for use in imported.drafts] == [False, True]
    assert dict(cpu.labels) == {"namespace": "shop", "pod": "web-0", "container": "app"}
    records = number(imported.drafts, WANTED).records
    assert [(record.meter_id, record.quantity) for record in records] == [
        ("cpu-time", cpu.quantity),
        ("memory-time", memory.quantity),
    ]


def test_a_sample_of_a_node() -> None:
    """One object by itself, as YAML, with plain numbers."""
    text = f"""
apiVersion: {VERSION}
kind: NodeMetrics
metadata: {{name: n1}}
timestamp: "2026-03-05T08:00:00Z"
window: 1m0s
usage: {{cpu: 250m, memory: 1Gi}}
"""
    imported = read(USAGE_IMPORTER, text)
    span = "2026-03-05T07:59:00Z/2026-03-05T08:00:00Z"
    assert said(imported) == [("cpu-time", "15 s", span), ("memory-time", f"{1024 * 1024 * 60} kib-s", span)]


def test_windows_that_overlap_count_once() -> None:
    """USAGE-IMPORT-1: what lies in two windows of one container is used once; another's is its own."""
    other = pod("08:00:35", containers=[{"name": "side", "usage": {"cpu": "1", "memory": "1Ki"}}])
    imported = read(
        USAGE_IMPORTER, listed(pod(), pod("08:00:40"), other), listed(pod("08:00:46", "15s"), pod())
    )
    assert len(imported.drafts) == 3 * 2
    assert sorted(one.partition(" ")[0] for one in why(imported)) == ["it", "its"]
    assert any("overlaps" in one for one in why(imported))


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (pod(window="0s"), "no length of time"),
        (pod(window="15"), "no length of time"),
        (pod(timestamp="2026-03-05 8:00"), "no date and time"),
        (pod(metadata={}), "no name"),
        (pod(containers=[]), "no containers"),
        (pod(containers=[{"usage": {"cpu": "1"}}]), "no name"),
        (pod(containers=[{"name": "a", "usage": {"cpu": "-1", "memory": "x"}}]), "neither cpu nor memory"),
        (pod(kind="Pod"), "no sample"),
        (pod(apiVersion="v1"), "no sample"),
    ],
)
def test_samples_that_are_left_out(item: dict[str, Any], reason: str) -> None:
    """With the reason; the one beside it stands."""
    imported = read(USAGE_IMPORTER, listed(item, pod("09:00:00")))
    assert len(imported.drafts) == 2
    assert reason in why(imported)[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no object"),
        ("[]", "no object"),
        ("{", "not JSON"),
        ('{"kind": "PodList", "items": [5]}', "no object"),
    ],
)
def test_inputs_that_are_left_out(text: str, reason: str) -> None:
    """What is no list of samples."""
    imported = read(USAGE_IMPORTER, text)
    assert imported.drafts == ()
    assert reason in " ".join(why(imported)) or imported.rows == 0


def test_damage() -> None:
    """IMPORT-DAMAGE-1: cut or changed, there is a report and no invented figure."""
    check_damaged(USAGE_IMPORTER, [listed(pod(), pod("08:01:00"))], seed=4)
