"""The importer `rocm-smi`: cards of every version of the tool, odd, real and damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crex.describe.importing import Imported
from crex.describe.rocm_smi import IMPORTER
from crex.describe.sources import Source, open_sources
from crex.v1 import Accelerator, ComputeResource
from sdk.tests.describe import mutations
from sdk.tests.describe.sound import check_sound, documents_of

GIB = 1 << 30
CARD = {
    "Device ID": "0x740f",
    "Card Series": "Instinct Example 64",
    "Card Vendor": "Advanced Micro Devices, Inc. [AMD/ATI]",
    "VRAM Total Memory (B)": str(64 * GIB),
    "VRAM Total Used Memory (B)": "1048576",
    "Max Graphics Package Power (W)": "300.0",
}


def read(*machines: object) -> Imported:
    """Imports machines, each from a file of its own, and checks the books."""
    sources = [Source(f"m{at}.json", json.dumps(one).encode()) for at, one in enumerate(machines)]
    imported = IMPORTER.read(sources)
    mutations.check_books(imported)
    for draft in imported.drafts:
        check_sound(draft)
    return imported


def card(**changes: Any) -> dict[str, Any]:
    """Gives a machine of one card, changed; nothing removes a member."""
    return {"card0": {name: value for name, value in {**CARD, **changes}.items() if value is not None}}


def devices(imported: Imported) -> list[Accelerator]:
    """Gives the devices of every draft."""
    found: list[Accelerator] = []
    for draft in imported.drafts:
        assert isinstance(draft.body, ComputeResource)
        found += draft.body.node.accelerators
    return found


def whys(imported: Imported) -> str:
    """Gives every reason and remark."""
    return " | ".join([*(one.why for one in imported.left_out), *(one.why for one in imported.findings)])


def unique(number: int, **changes: Any) -> dict[str, Any]:
    """Gives a card with an identifier of its own, and an address."""
    return {**CARD, "Unique ID": f"0x{number:x}", "PCI Bus": f"0000:{number % 256:02X}:00.0", **changes}


def test_equal_cards_are_told_once() -> None:
    """Four equal cards are one element of four; memory is of one device, in bytes (traps 2 and 6)."""
    machine = {f"card{number}": CARD for number in range(4)} | {"system": {"Driver version": "6.3.6"}}
    imported = read(machine)
    (device,) = devices(imported)
    assert (device.vendor, device.product, device.count) == ("amd", "Instinct Example 64", 4)
    assert (device.pci.vendor, device.pci.device) == ("1002", "740f")
    assert device.memory.capacity_bytes == 64 * GIB
    assert device.provenance.basis == "nominal"
    (draft,) = imported.drafts
    assert isinstance(draft.body, ComputeResource)
    assert [(one.name, one.version) for one in draft.body.software] == [("amdgpu-driver", "6.3.6")]
    assert (imported.rows, draft.rows[0]) == (4, "m0.json: $.card0")


def test_members_of_older_versions_say_the_same() -> None:
    """`GPU ID`, `Card series` and `Card vendor` are what they are called now."""
    older = card(**{"Device ID": None, "Card Series": None, "Card Vendor": None})
    older["card0"] |= {"GPU ID": "0x740f", "Card series": CARD["Card Series"], "Card vendor": "0x1002"}
    assert devices(read(older)) == devices(read(card()))


def test_a_package_limit_is_no_board_power() -> None:
    """The limit of the package is not stated as the power of the board, and the report says so."""
    imported = read(card())
    assert not devices(imported)[0].HasField("tdp_watts")
    assert "of the package, not of the board" in whys(imported)


@pytest.mark.parametrize("name", ["0x1002", "N/A", "", None])
def test_an_identifier_is_no_name_of_a_product(name: str | None) -> None:
    """Where the tool knows no name, the identifiers are shown."""
    assert devices(read(card(**{"Card Series": name})))[0].product == "PCI device 1002:740f"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Compute Partition": "CPX"}, "a piece of a device"),
        ({"Compute Partition": "dpx"}, "a piece of a device"),
        ({"Card Vendor": "N/A"}, "it states no vendor"),
        ({"Card Vendor": "Example Corp."}, "its vendor is 'Example Corp.', not AMD"),
        ({"Card Series": "N/A", "Device ID": "N/A"}, "neither a name of the product nor an identifier"),
    ],
)
def test_what_is_no_whole_known_device_is_left_out(changes: dict[str, Any], why: str) -> None:
    """A piece of a device is never counted as one (trap 7), nor is what nobody made."""
    imported = read(card(**changes))
    assert not imported.drafts
    assert why in whys(imported)


def test_a_whole_device_says_so() -> None:
    """The mode SPX is the whole device."""
    assert len(devices(read(card(**{"Compute Partition": "SPX"})))) == 1


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"VRAM Total Used Memory (B)": str(65 * GIB)}, "of 68719476736 in all"),
        ({"VIS_VRAM Total Memory (B)": str(65 * GIB)}, "of 68719476736 in all"),
        ({"VRAM Total Memory (B)": "64 GB"}, "not a whole number"),
        ({"VRAM Total Memory (B)": "0"}, "not a whole number"),
        ({"VRAM Total Memory (B)": None}, "it states no VRAM Total Memory (B)"),
    ],
)
def test_memory_that_cannot_be_is_not_stated(changes: dict[str, Any], why: str) -> None:
    """A part that is larger than the whole, another unit or nothing leaves the memory out, not the card."""
    imported = read(card(**changes))
    assert not devices(imported)[0].HasField("memory")
    assert why in whys(imported)


def test_two_identifiers_of_one_card_are_a_contradiction() -> None:
    """Where both members are there and differ, neither is stated."""
    imported = read(card(**{"GPU ID": "0x1234"}))
    assert not devices(imported)[0].HasField("pci")
    assert "0x1234" in whys(imported)


def test_memory_is_held_against_the_registry() -> None:
    """A size that no product with these identifiers has is not stated: 64 GB are no 64 GiB."""
    imported = read(card(**{"VRAM Total Memory (B)": str(128 * GIB), "VRAM Total Used Memory (B)": "0"}))
    assert not devices(imported)[0].HasField("memory")
    assert "no product with its identifiers has" in whys(imported)


def test_a_card_that_is_named_twice_is_one() -> None:
    """By its identifier between files, by its address within one; what the second says otherwise is told."""
    imported = read({"card0": unique(7), "card1": unique(8, **{"PCI Bus": "0000:07:00.0"})})
    assert [one.count for one in devices(imported)] == [1]
    assert "it lies at 0000:07:00.0, as m0.json: $.card0 does" in whys(imported)
    imported = read({"card0": unique(7)}, {"card0": unique(7)}, {"card0": unique(7, **{"Card Series": "X"})})
    assert [one.count for one in devices(imported)] == [1]
    assert [one.why for one in imported.left_out] == ["it is 0x7, which m0.json: $.card0 tells"] * 2
    assert "m0.json: $.card0 says otherwise of it" in whys(imported)


def test_cards_of_one_identifier_are_one_device() -> None:
    """Where the mode is not stated, cards of one identifier are one device (trap 7)."""
    pieces = {f"card{at}": unique(7, **{"PCI Bus": f"0000:07:00.{at}"}) for at in range(8)}
    assert [one.count for one in devices(read(pieces))] == [1]


def test_equal_machines_are_one_document_with_their_number() -> None:
    """They are counted where every card says which it is, and every card of the machine is there."""
    two = [{"card0": unique(2 * at + 1), "card1": unique(2 * at + 2)} for at in range(3)]
    (draft,) = read(*two).drafts
    assert (draft.name, draft.count, len(draft.rows)) == ("m0", 3, 6)
    for machine in (
        {"card0": CARD, "card1": CARD},
        {"card1": unique(31), "card2": unique(32)},
        {"card0": unique(31), "card1": unique(32, **{"Unique ID": "N/A"})},
        {"card0": unique(31), "card1": unique(32), "card2": "N/A"},
    ):
        (draft,) = read(*two, machine).drafts
        assert (draft.count, len(draft.rows)) == (None, 8)


def test_machines_that_differ_have_names_of_their_own() -> None:
    """They are named after their files, and numbered where two are of one name."""
    sources = [
        Source("m.json", json.dumps({"card0": unique(at, **{"Card Series": f"X{at}"})}).encode())
        for at in (1, 2)
    ]
    assert [draft.name for draft in IMPORTER.read(sources).drafts] == ["m", "m-2"]


def test_more_cards_than_any_machine_has() -> None:
    """A list without end is cut, and every card beyond is left out by name."""
    imported = read({f"card{at}": CARD for at in range(1602)})
    assert [one.count for one in devices(imported)] == [1600]
    assert [one.why for one in imported.left_out] == ["no machine has more than 1600 cards"] * 2


def test_more_kinds_than_a_document_holds() -> None:
    """The first ones are stated, and the report tells that there are more."""
    imported = read({f"card{at}": {**CARD, "Card Series": f"X{at}"} for at in range(70)})
    assert len(devices(imported)) == 64
    assert "there are 70 kinds; a document holds 64" in whys(imported)


@pytest.mark.parametrize(
    "machine",
    [[], "text", 7, None, {}, {"system": {}}, {"card": CARD}, {"card0": []}, {"card0": "N/A"}, {"card0": {}}],
)
def test_what_is_no_machine_is_left_out(machine: object) -> None:
    """Other values than an object of cards end in a report."""
    imported = read(machine)
    assert not imported.drafts
    assert imported.rows == len(imported.left_out) == 1


@pytest.mark.parametrize("value", [None, True, 7, -1, 1.5, "N/A", [], {}, "9" * 30])
def test_odd_types_at_every_place_end_in_a_report(value: object) -> None:
    """Whatever stands in the place of a member, nothing is invented."""
    for name in CARD:
        assert {one.count for one in devices(read(card(**{name: value})))} <= {1}


def test_words_that_are_no_json(tmp_path: Path) -> None:
    """What the tool prints where it finds nothing is a row that is left out."""
    path = tmp_path / "out.txt"
    path.write_text("WARNING: No JSON data to report\n", "utf-8")
    imported = IMPORTER.read(open_sources([path]))
    assert (imported.rows, len(imported.left_out)) == (1, 1)


# Product, identifier of the device, its memory and the number of such devices.
REAL = {
    "mi100_rocm571.json": ("Arcturus GL-XL [Instinct MI100]", "738c", 34342961152, 6),
    "mi100_rocm602.json": ("Arcturus GL-XL [Instinct MI100]", "738c", 34342961152, 4),
    "rx6700xt_rocm430.json": ("PCI device 1002:73df", "73df", 12868124672, 1),
    "rx6700xt_rocm571.json": ("Navi 22 [Radeon RX 6700/6700 XT / 6800M]", "73df", 12868124672, 1),
    "rx6700xt_rocm602.json": ("Navi 22 [Radeon RX 6700/6700 XT / 6800M]", "73df", 12868124672, 1),
    "rx6700xt_rocm612.json": ("Navi 22 [Radeon RX 6700/6700 XT / 6800M]", "73df", 12868124672, 1),
    "vega-10-XT.json": ("PCI device 1002:6861", "6861", 17163091968, 1),
    "vega-20-WKS-GL-XE.json": ("Radeon Instinct MI50 32GB", "66a1", 34342961152, 1),
}


@pytest.mark.parametrize("name", REAL)
def test_real_cards_are_read(name: str, real_data: Path) -> None:
    """Every recorded card of every version is described by what its file states."""
    product, identifier, memory, count = REAL[name]
    imported = IMPORTER.read(open_sources([real_data / "telegraf-testdata/amd_rocm_smi/testdata" / name]))
    (device,) = devices(imported)
    assert (device.product, device.pci.device, device.count) == (product, identifier, count)
    assert device.memory.capacity_bytes == memory
    assert (imported.rows, len(imported.left_out)) == (count, 0)
    assert not documents_of(imported).left_out


def test_real_files_together(real_data: Path) -> None:
    """Eight files are seven kinds of machines; they are counted where the cards say which they are."""
    imported = IMPORTER.read(open_sources([real_data / "telegraf-testdata/amd_rocm_smi/testdata"]))
    mutations.check_books(imported)
    assert (imported.rows, len(imported.left_out)) == (16, 0)
    assert {draft.name: draft.count for draft in imported.drafts} == {
        "mi100-rocm571": None,
        "mi100-rocm602": 1,
        "rx6700xt-rocm430": None,  # it knows no name of the product
        "rx6700xt-rocm571": None,  # as rx6700xt_rocm602.json
        "rx6700xt-rocm612": None,  # it states the subsystem
        "vega-10-xt": 1,
        "vega-20-wks-gl-xe": 1,
    }


def test_damaged_inputs_end_in_a_report() -> None:
    """Cut anywhere it gives no figure that the whole does not; changed anywhere it stays sound."""
    machine = {"card0": unique(1), "card1": unique(2), "system": {"Driver version": "6.3.6"}}
    source = Source("m.json", json.dumps(machine).encode())
    mutations.check_damaged(IMPORTER, [source], check_sound, seed=1, pieces=400)


def test_damaged_real_inputs_end_in_a_report(real_data: Path) -> None:
    """The same of recorded files."""
    sources = open_sources([real_data / "telegraf-testdata/amd_rocm_smi/testdata" / name for name in REAL])
    mutations.check_damaged(IMPORTER, sources, check_sound, seed=2, pieces=60)
