"""Whatever documents say: every file is one that its target accepts, and nothing is silent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crex.describe.report import Finding
from crex.documents import convert
from crex.export.exporters import EXPORTERS
from crex.export.exporting import place
from crex.v1 import ComputeResource, NodeClass, PciId, Site
from sdk.tests.documents import strategies
from sdk.tests.export.described import content, write
from sdk.tests.export.targets import CHECKS

# A document that fails is small enough to be read as it was drawn.
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
# What exporters look for, so that it is met often.
WORDS: dict[str, list[str]] = {
    "accelerator_class": ["gpu", "npu"],
    "allocation": ["dedicated-core", "dedicated-thread", "shared", "heavily-shared"],
    "basis": ["nominal", "estimated"],
    "form_factor": ["sxm", "pcie"],
    "isa": ["x86-64", "aarch64"],
    "locality": ["node-local", "network"],
    "medium": ["nvme-ssd", "hdd"],
    "role": ["host", "guest"],
    "sparsity": ["dense", "2-4"],
    "technology": ["amd-sev-snp", "infiniband"],
    "unit": ["matrix", "vector"],
    "vendor": ["nvidia", "amd", "intel"],
}


@st.composite
def described(draw: st.DrawFn) -> tuple[ComputeResource, Site]:
    """Draws a class of nodes, and the site at which it stands."""
    site = convert.to_message(draw(strategies.documents(Site)), Site)
    if site.country and draw(st.booleans()):
        site.subdivision = f"{site.country}-X"
    node = convert.to_message(draw(strategies.documents(NodeClass)), NodeClass)
    for accelerator in node.accelerators:
        accelerator.count = draw(st.sampled_from([1, 2, 127, 128, 129, 2**31, 2**63 - 1]))
        if draw(st.booleans()):
            accelerator.partition_profiles.add(name="1g.10gb")
    if node.memory.capacity_bytes and draw(st.booleans()):
        node.memory.usable_bytes = draw(st.integers(0, node.memory.capacity_bytes))
    _use_words(draw, node)
    resource = ComputeResource(kind="node-class", site_id=site.header.id, node=node)
    resource.header.CopyFrom(site.header)
    resource.header.id = draw(strategies.ids.filter(lambda name: name != site.header.id))
    if draw(st.booleans()):
        resource.closed_lists.append("node.accelerators")
    return resource, site


def _use_words(draw: st.DrawFn, message: Message) -> None:
    """Replaces tokens by those that mean something, about every second time."""
    for field, value in message.ListFields():
        if isinstance(message, PciId):
            message.CopyFrom(draw(st.sampled_from([message, PciId(vendor="10de", device="2330")])))
        elif field.name in WORDS and isinstance(value, str):
            if draw(st.booleans()):
                setattr(message, field.name, draw(st.sampled_from(WORDS[field.name])))
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for one in [value] if isinstance(value, Message) else value:
                _use_words(draw, one)


@dataclass(frozen=True)
class Leaf:
    """A member that is set.

    Attributes:
        message: The message that has it.
        name: Its name.
        path: Its path as findings give it.
        places: Where findings say that it stands: in the document, or in an element of a list of the node.
    """

    message: Message
    name: str
    path: str
    places: frozenset[str]

    def reported(self, findings: Iterable[Finding]) -> bool:
        """Tells whether a finding is about it, or about what it is a part of."""
        return any(
            f"{self.path}.".startswith(f"{one.what}.") and one.where in self.places for one in findings
        )

    def change(self) -> None:
        """Says something else; a list, nothing."""
        value = getattr(self.message, self.name)
        if isinstance(value, bool):
            setattr(self.message, self.name, not value)
        elif isinstance(value, int):
            setattr(self.message, self.name, value - 1 if value > 1 else value + 1)
        elif isinstance(value, str):
            last = "1" if value.endswith("0") else "0"
            setattr(self.message, self.name, f"{value[:-1]}{last}" if value else "0")
        else:
            self.message.ClearField(self.name)


def _leaves(document: ComputeResource | Site) -> list[Leaf]:
    return list(_within(document, "", frozenset({place(document)})))


def _within(message: Message, above: str, places: frozenset[str]) -> Iterator[Leaf]:
    for field, value in message.ListFields():
        path = f"{above}{field.json_name}"
        if path in ("header", "kind", "siteId"):
            continue
        if isinstance(value, Message):
            yield from _within(value, f"{path}.", places)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for index, one in enumerate(value):
                element = {f"{where} {field.json_name}[{index}]" for where in places if "[" not in where}
                yield from _within(one, f"{path}.", places | element)
        else:
            yield Leaf(message, field.name, path, places)


@pytest.mark.slow
@given(drawn=described())
@SETTINGS
def test_every_file_is_within_the_limits_of_its_target(drawn: tuple[ComputeResource, Site]) -> None:
    """Random documents make files that the target accepts, the same ones each time (EXPORT-LIMIT-1)."""
    for name, check in CHECKS.items():
        exported = write(EXPORTERS.load(name), *drawn)
        for data in exported.files.values():
            check(content(data))
        assert exported == write(EXPORTERS.load(name), *drawn)


@pytest.mark.slow
@given(drawn=described())
@SETTINGS
def test_nothing_is_silent(drawn: tuple[ComputeResource, Site]) -> None:
    """Whoever says something else makes other files, or it is reported what is not said (EXPORT-SAY-1)."""
    for name in CHECKS:
        exporter = EXPORTERS.load(name)
        before = write(exporter, *drawn)
        if not before.files:
            continue
        leaves = [leaf for document in drawn for leaf in _leaves(document)]
        for index, leaf in enumerate(leaves):
            if leaf.reported(before.findings):
                continue
            other = deepcopy(drawn)
            [leaf for document in other for leaf in _leaves(document)][index].change()
            assert write(exporter, *other) != before, f"{name}: {leaf.path} is not written, and not reported"


@pytest.mark.slow
@given(drawn=described())
@SETTINGS
def test_devices_are_counted_exactly(drawn: tuple[ComputeResource, Site]) -> None:
    """Neither slices nor inventories have more or fewer devices than the document."""
    resource, _ = drawn
    stated = sum(one.count for one in resource.node.accelerators)
    for data in write(EXPORTERS.load("kubernetes"), *drawn).files.values():
        value: Any = content(data)
        assert sum(len(one["spec"]["devices"]) for one in value["items"]) == stated
    for data in write(EXPORTERS.load("openstack"), *drawn).files.values():
        for child in content(data)["children"]:
            (amount,) = child["inventories"].values()
            index = int(child["name"].removeprefix("accelerator-"))
            assert amount["total"] == resource.node.accelerators[index].count
