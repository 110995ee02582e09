"""The importer `nvidia-smi`: logs with their slices, vGPUs, second sources, real and damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from crex.describe.importing import Imported
from crex.describe.nvidia_smi import IMPORTER
from crex.describe.sources import Source, open_sources
from crex.v1 import Accelerator, ComputeResource
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound, documents_of
from sdk.tests.describe.test_real_data import NVIDIA
from sdk.tests.describe.trees import nvidia_gpu, nvidia_slice, nvidia_xml

LIST = (
    "GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-0a)\n"
    "  MIG 1g.10gb     Device  0: (UUID: MIG-0)\n  MIG 1g.10gb     Device  1: (UUID: MIG-1)\n"
)
NO_PROFILE = "nothing says which profile it has; `nvidia-smi -L` does"


def read(*texts: str) -> Imported:
    """Imports texts, each a file, and checks the books."""
    imported = IMPORTER.read([Source(f"host-{at}.xml", text.encode()) for at, text in enumerate(texts)])
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    return imported


def body(imported: Imported, at: int = 0) -> ComputeResource:
    """Gives the body of a draft."""
    found = imported.drafts[at].body
    assert isinstance(found, ComputeResource)
    return found


def devices(imported: Imported) -> list[Accelerator]:
    """Gives the devices of the first draft."""
    return list(body(imported).node.accelerators)


def whys(imported: Imported) -> str:
    """Gives every reason and remark."""
    return " | ".join([*(one.why for one in imported.left_out), *(one.why for one in imported.findings)])


def sliced() -> str:
    """Writes a log of one GPU that is cut into two MIG devices."""
    return nvidia_xml(nvidia_gpu("0000:00:0a.0", mig=nvidia_slice(0) + nvidia_slice(1)))


def test_equal_gpus_are_told_once() -> None:
    """Two equal GPUs are one element of two; the driver is software."""
    imported = read(nvidia_xml(nvidia_gpu("0000:00:0a.0"), nvidia_gpu("0000:00:0b.0")))
    (device,) = devices(imported)
    assert (device.vendor, device.count) == ("nvidia", 2)
    assert (imported.rows, len(imported.drafts[0].rows)) == (2, 2)
    assert [one.name for one in body(imported).software] == ["nvidia-driver"]


def test_slices_are_documents_of_their_own() -> None:
    """MIG devices are partitions of the node, counted by profile, and never GPUs (trap 7)."""
    imported = read(sliced(), LIST)
    assert [one.count for one in devices(imported)] == [1]
    partition = imported.drafts[1]
    assert (body(imported, 1).kind, body(imported, 1).partition.profile) == ("partition-class", "1g.10gb")
    assert (partition.count, partition.part_of) == (2, imported.drafts[0].name)
    made = [one.document.header.id.rsplit("/", 2)[-2:] for one in documents_of(imported).made]
    assert ["partition-class", "mig-1g-10gb"] in made


def test_slices_without_their_profiles_are_left_out() -> None:
    """Without the list of profiles a slice is left out, and the device stays."""
    imported = read(sliced())
    assert len(imported.drafts) == 1
    assert [one.why for one in imported.left_out] == [NO_PROFILE] * 2


def test_lists_are_joined_with_logs_by_the_gpus_that_both_name() -> None:
    """Profiles go to the GPU of the list's UUID, whatever its place; a list of other GPUs is left out."""
    other = nvidia_xml(nvidia_gpu("0000:00:0f.0", mig=nvidia_slice(0)))
    imported = read(sliced(), other, LIST)
    assert [draft.count for draft in imported.drafts] == [1, 2, 1]
    assert [draft.part_of for draft in imported.drafts] == ["", "host-0", ""]
    assert [one.why for one in imported.left_out] == [NO_PROFILE]
    assert [one.why for one in read(other, LIST).left_out] == [
        NO_PROFILE,
        "it names no GPU of a log, and only a log (`nvidia-smi -q -x`) describes one",
    ]


def test_lists_that_differ_name_no_profile() -> None:
    """Two lists that give one slice two profiles give it none."""
    imported = read(sliced(), LIST, LIST.replace("1g.10gb     Device  1", "1g.20gb     Device  1"))
    assert [draft.count for draft in imported.drafts] == [1, 1]
    assert NO_PROFILE in whys(imported)
    assert "and another; none is stated" in whys(imported)


def test_a_slice_is_counted_once() -> None:
    """Two MIG devices of one number are one, and what a GPU without MIG lists is none."""
    twice = nvidia_xml(nvidia_gpu("0000:00:0a.0", mig=nvidia_slice(0) + nvidia_slice(0)))
    imported = read(twice, LIST)
    assert [draft.count for draft in imported.drafts] == [1, 1]
    assert "it has the number 0, as one before" in whys(imported)
    imported = read(sliced().replace("<current_mig>Enabled", "<current_mig>Disabled"), LIST)
    assert len(imported.drafts) == 1
    assert not devices(imported)[0].partition_profiles


def test_slices_that_differ_in_what_they_have() -> None:
    """A profile whose slices differ has a name and no figures."""
    log = sliced().replace("<total>9984 MiB", "<total>9856 MiB", 1)
    (profile,) = devices(read(log, LIST))[0].partition_profiles
    assert (profile.name, profile.isolation) == ("1g.10gb", "hardware")
    assert not profile.HasField("usable_memory_bytes")


def test_a_gpu_that_is_named_twice_is_one() -> None:
    """Within a log by address or UUID, between logs by UUID; what the second says otherwise is reported."""
    gpu = nvidia_gpu("0000:00:0a.0")
    imported = read(nvidia_xml(gpu, gpu))
    assert [one.count for one in devices(imported)] == [1]
    assert "which the log names before" in whys(imported)
    later = nvidia_xml(gpu.replace("551 MiB", "552 MiB"))
    imported = read(nvidia_xml(gpu), nvidia_xml(gpu), later)
    assert (len(imported.drafts), imported.drafts[0].count) == (1, 1)
    assert [one.why for one in imported.left_out] == [
        "it is GPU-0a, which host-0.xml: gpu 00000000:00:0A.0 tells"
    ] * 2
    assert [str(one.kind.value) for one in imported.findings] == ["contradiction"]


def test_equal_machines_are_one_document_with_their_number() -> None:
    """Logs of machines that are alike make one class, with their number where all have identifiers."""
    logs = [nvidia_xml(nvidia_gpu(f"0000:00:0{digit}.0")) for digit in "abc"]
    imported = read(*logs)
    (draft,) = imported.drafts
    assert (draft.count, len(draft.rows)) == (3, 3)
    (draft,) = read(logs[0].replace("GPU-0a", "N/A")).drafts
    assert draft.count is None


def test_a_member_that_is_there_twice_and_differs_is_not_believed() -> None:
    """Of two totals neither is the memory."""
    log = nvidia_xml(nvidia_gpu("0000:00:0a.0"))
    total = log[log.index("<total>") : log.index("</total>") + len("</total>")]
    (device,) = devices(read(log.replace(total, f"{total}<total>1 MiB</total>")))
    assert not device.HasField("memory")
    (device,) = devices(read(log.replace(total, total * 2)))
    assert device.HasField("memory")


def test_a_log_of_some_gpus_is_no_machine() -> None:
    """`nvidia-smi -i 0` lists one GPU of four: a machine with one is nowhere."""
    logs = [nvidia_xml(nvidia_gpu(f"0000:00:0{digit}.0"), attached=4) for digit in "abcd"]
    imported = read(*logs)
    assert not imported.drafts
    assert [one.why.partition(",")[0] for one in imported.left_out] == [
        "the log says 4 GPUs are attached and lists 1"
    ] * 4


def test_more_gpus_than_any_machine_has() -> None:
    """A list without end is cut, and every GPU beyond is left out by name."""
    many = [nvidia_gpu(f"{domain:04x}:00:00.0").replace("GPU-00", "N/A") for domain in range(1026)]
    imported = IMPORTER.read([Source("host.xml", nvidia_xml(*many).encode())])
    mutations.check_books(imported)
    assert [one.count for one in devices(imported)] == [1024]
    assert [one.why for one in imported.left_out] == ["no machine has more than 1024 GPUs"] * 2


@pytest.mark.parametrize(
    ("stated", "watts", "why"),
    [
        ("<default_power_limit>700.00 W</default_power_limit>", 700, ""),
        ("<default_power_limit>149.50 W</default_power_limit>", None, "149.50 W are not whole watts"),
        ("<default_power_limit>N/A</default_power_limit>", None, "it states no default"),
        (
            "<default_power_limit>700.00 W</default_power_limit><max_power_limit>350.00 W</max_power_limit>",
            None,
            "its default limit is 700.00 W, and its largest 350.00 W",
        ),
    ],
)
def test_the_power_limit_is_the_default_one(stated: str, watts: int | None, why: str) -> None:
    """It is stated in whole watts, and not where it would be beyond the largest that can be set."""
    log = nvidia_xml(nvidia_gpu("0000:00:0a.0"))
    imported = read(log.replace("<default_power_limit>700.00 W</default_power_limit>", stated))
    (device,) = devices(imported)
    assert (device.tdp_watts if device.HasField("tdp_watts") else None) == watts
    assert why in whys(imported)


@pytest.mark.parametrize("name", ["NVIDIA A40-48Q", "GRID A100-4-20C", "NVIDIA A100 MIG 1g.5gb"])
def test_the_name_of_a_slice_is_no_gpu(name: str) -> None:
    """Where the mode of virtualisation is not stated, the name of a vGPU type tells it (trap 7)."""
    log = nvidia_xml(nvidia_gpu("0000:00:0a.0", virtualization="N/A"))
    imported = read(log.replace("NVIDIA H100 80GB HBM3", name))
    assert not imported.drafts


def test_a_vgpu_is_no_gpu() -> None:
    """What a hypervisor hands out is a slice of its host's device."""
    imported = read(nvidia_xml(nvidia_gpu("0000:00:0a.0", virtualization="VGPU")))
    assert not imported.drafts
    assert "it is a vGPU" in whys(imported)


def test_memory_is_held_against_the_registry() -> None:
    """A size that no product with these identifiers has is not stated: MiB that are MB would be one."""
    log = nvidia_xml(nvidia_gpu("0000:00:0a.0"))
    assert devices(read(log))[0].memory.capacity_bytes == 81559 << 20
    imported = read(log.replace("81559 MiB", "40536 MiB"))
    assert not devices(imported)[0].HasField("memory")
    assert "no product with its identifiers has" in whys(imported)


def test_a_part_of_memory_that_is_larger_than_the_whole() -> None:
    """Then neither is stated."""
    imported = read(nvidia_xml(nvidia_gpu("0000:00:0a.0")).replace("551 MiB", "90000 MiB"))
    assert not devices(imported)[0].HasField("memory")
    assert "are reserved, of" in whys(imported)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No devices were found",
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
        "<nvidia_smi_log></nvidia_smi_log>",
        "<other/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><nvidia_smi_log><gpu/></nvidia_smi_log>',
        "<nvidia_smi_log><gpu>",
    ],
)
def test_what_is_no_log_is_left_out(text: str) -> None:
    """What the tool says instead of XML is a row with what it says."""
    imported = read(text)
    assert (imported.rows, len(imported.left_out)) == (1, 1)


@pytest.mark.parametrize("name", NVIDIA)
def test_real_logs_are_read(name: str, real_data: Path) -> None:
    """Every recorded log gives its device with what it states."""
    product, architecture, mebibytes, identifier, _ = NVIDIA[name]
    text = (real_data / "telegraf-testdata/nvidia_smi/testdata" / name).read_text()
    imported = read(text.replace("<attached_gpus>4<", "<attached_gpus>1<"))
    (device,) = devices(imported)
    assert (device.product, device.architecture or None) == (product, architecture)
    assert device.memory.capacity_bytes == mebibytes << 20
    assert (device.pci.device or None) == identifier
    assert len(imported.left_out) == (4 if name.startswith("a100") else 0)


def test_real_logs_of_one_gpu_count_it_once(real_data: Path) -> None:
    """One card was recorded twice, in two slots; one log lists one of four GPUs, and is left out."""
    imported = IMPORTER.read(open_sources([real_data / "telegraf-testdata/nvidia_smi/testdata"]))
    mutations.check_books(imported)
    assert (imported.rows, len(imported.drafts)) == (16, 10)
    assert {draft.name: draft.count for draft in imported.drafts if draft.count != 1} == {
        "gtx-1070-ti": None,  # it does not say how many are attached
    }
    places = [one.where for one in imported.left_out]
    assert [place.partition(".")[0] for place in places] == ["a100-sxm4-v12"] * 5 + ["rtx-3080-v13"]


def test_damaged_logs_end_in_a_report() -> None:
    """Cut anywhere they give no figure that the whole does not; changed anywhere they stay sound."""
    sources = [Source("host.xml", sliced().encode()), Source("list.txt", LIST.encode())]
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=7, pieces=400)


def test_damaged_real_logs_end_in_a_report(real_data: Path) -> None:
    """The same of recorded logs, each of a GPU of its own."""
    names = [name for name in NVIDIA if name != "rtx-3080-v13.xml"]
    sources = open_sources([real_data / "telegraf-testdata/nvidia_smi/testdata" / name for name in names])
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=8, pieces=15)
