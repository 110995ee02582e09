"""The documents that sell a host's cores: its site, the node, one unit of it, and the pool of those units.

They come unsigned, from what the machine says (`host.describe`) and what its provider decided (`policy`).
Only site, country, allocation and the memory of a unit are policy; everything else in them was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from crex.describe.host import HostDescription
from crex.describe.policy import Profile
from crex.describe.values import provenance
from crex.errors import CrexError, Violation
from crex.names import Name, parse_authority
from crex.v1 import ComputeResource, Cpu, Header, Memory, NodeClass, Partition, Pool, Site

_POLICY = "policy of the provider"


@dataclass(frozen=True, slots=True)
class SaleDocuments:
    """The unsigned documents, and the CPUs behind each unit.

    Attributes:
        site: Where the host stands.
        node: The whole host, kind `node-class`; it is described, not sold.
        unit: What a buyer of one unit gets, kind `partition-class`.
        pool: How many such units there are, kind `pool`.
        unit_cpus: CPUs of each unit, for confining work to it; as many as the pool has units.
    """

    site: Site
    node: ComputeResource
    unit: ComputeResource
    pool: ComputeResource
    unit_cpus: tuple[frozenset[int], ...]

    def __iter__(self) -> Iterator[Site | ComputeResource]:
        """Gives the documents in the order in which to publish them: each after those it names."""
        return iter((self.site, self.node, self.unit, self.pool))


def documents_for_sale(
    description: HostDescription, profile: Profile, *, authority: str, issued_at: datetime, revision: int = 1
) -> SaleDocuments:
    """Makes the documents that sell this host's cores, one unit each.

    Args:
        description: The host.
        profile: The provider's policy for it.
        authority: The provider.
        issued_at: Time of issue, aware.
        revision: Revision of all four documents, from 1.

    Returns:
        The documents, unsigned.

    Raises:
        InvalidName: The authority is none.
        CrexError: `TERMS`: the host has not what the policy promises; nothing to sell is among that.
    """
    if not description.node.HasField("cpu"):
        raise _refused(
            "$.cpu", "nothing is known of its processors", "see the report of `crex describe host`"
        )
    site_name = Name.parse(f"crex://{parse_authority(authority)}/site/{profile.site}")
    node_name = site_name.child("node-class", profile.resource)
    kind = "core" if profile.allocation == "dedicated-core" else "cpu"
    unit_name = node_name.child("partition-class", kind)
    unit_cpus = _units(description, profile)

    def header(name: Name) -> Header:
        issued = Timestamp()
        issued.FromDatetime(issued_at.replace(microsecond=issued_at.microsecond // 1000 * 1000))
        return Header(id=str(name), revision=revision, issuer=authority, issued_at=issued)

    def resource(name: Name, kind: str) -> ComputeResource:
        return ComputeResource(header=header(name), kind=kind, site_id=str(site_name))

    site = Site(header=header(site_name), country=profile.country, subdivision=profile.subdivision)
    node = resource(node_name, "node-class")
    node.node.CopyFrom(description.node)
    node.software.extend(description.software)
    node.closed_lists.extend(f"node.{path}" for path in description.closed_lists)
    unit = resource(unit_name, "partition-class")
    unit.partition.CopyFrom(
        Partition(
            of_resource=str(node_name), profile=kind, contents=_contents(description, profile, unit_cpus)
        )
    )
    unit.software.extend(description.software)
    # A unit is CPUs and what the policy adds; that it has no accelerator is decided, whatever the node has.
    unit.closed_lists.append("partition.contents.accelerators")
    if "cpu.enabledFeatures" in description.closed_lists:
        unit.closed_lists.append("partition.contents.cpu.enabledFeatures")
    pool = resource(node_name.child("pool", kind), "pool")
    pool.pool.CopyFrom(Pool(unit=str(unit_name), total_units=len(unit_cpus)))
    return SaleDocuments(site, node, unit, pool, unit_cpus)


def _units(description: HostDescription, profile: Profile) -> tuple[frozenset[int], ...]:
    """Cuts the CPUs on which work can be scheduled into units of one size, without those kept back.

    A dedicated core is all the threads that share it; of every other allocation one unit is one CPU.
    """
    schedule = description.schedule
    if profile.allocation == "dedicated-core":
        cores = schedule.topology.whole_cores(schedule.cpus)
        if not cores:
            raise _refused(
                "$.allocation", "nothing says which CPUs share a core", "choose dedicated-thread or shared"
            )
        if len({len(core) for core in cores}) > 1:
            raise _refused(
                "$.allocation",
                "its cores differ in their number of threads",
                "choose dedicated-thread or shared",
            )
        units = [frozenset(core) for core in cores]
    else:
        units = [frozenset({cpu}) for cpu in sorted(schedule.cpus)]
    size = len(units[0])
    kept = -(-profile.reserved_cpus // size)
    # Under a quota of CPU time fewer CPUs' worth of work can run than there are CPUs.
    granted = schedule.count if schedule.cpu_time is None or schedule.cpu_time >= 1 else 0
    units = units[kept : max(kept, granted // size)]
    if not units:
        raise _refused(
            "$.reservedCpus",
            f"of {schedule.count} CPUs {profile.reserved_cpus} are kept back: no unit is left",
            "keep back fewer, or widen the affinity or quota of this process",
        )
    return tuple(units)


def _contents(
    description: HostDescription, profile: Profile, unit_cpus: tuple[frozenset[int], ...]
) -> NodeClass:
    node = description.node
    cpu = Cpu()
    cpu.CopyFrom(node.cpu)
    for name in ("sockets", "physical_cores", "threads_per_core"):
        cpu.ClearField(name)
    size = len(unit_cpus[0])
    cpu.schedulable_cpus, cpu.allocation = size, profile.allocation
    if profile.allocation == "dedicated-core" and node.cpu.HasField("threads_per_core"):
        cpu.physical_cores, cpu.threads_per_core = 1, size
    method = f"schedulable_cpus, allocation: {_POLICY}; {node.cpu.provenance.method}"
    cpu.provenance.CopyFrom(provenance(method, node.cpu.provenance.basis))
    contents = NodeClass(cpu=cpu)
    if node.HasField("virtualization"):
        contents.virtualization.CopyFrom(node.virtualization)
    contents.tee.extend(one for one in node.tee if one.role == "guest")
    if profile.memory_per_unit_bytes is not None:
        contents.memory.CopyFrom(_memory(description, profile.memory_per_unit_bytes, len(unit_cpus)))
    return contents


def _memory(description: HostDescription, share: int, units: int) -> Memory:
    node = description.node
    usable = node.memory.usable_bytes
    if share * units > usable:
        raise _refused(
            "$.memoryPerUnit",
            f"{units} units of {share} bytes need {share * units} bytes, of {usable} that can be used",
            f"promise at most {usable // units} bytes a unit",
        )
    return Memory(
        capacity_bytes=share,
        usable_bytes=share,
        type=node.memory.type if node.memory.HasField("type") else None,
        ecc=node.memory.ecc if node.memory.HasField("ecc") else None,
        provenance=provenance(_POLICY),
    )


def _refused(path: str, message: str, fix: str) -> CrexError:
    violation = Violation(path, message, fix=fix)
    return CrexError("TERMS", "This host cannot be sold as its policy says", violations=[violation])
