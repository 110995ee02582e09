"""Memory modules as the firmware lists them in its SMBIOS tables (DMTF DSP0134, structures 16 and 17).

Only root may read them, and only bare metal has true ones: hypervisors make theirs up ("Multi-bit ECC").
"""

from __future__ import annotations

from dataclasses import dataclass

from crex.describe.machine import Machine

FOLDER = "/sys/firmware/dmi/entries"

# DSP0134, table "Memory Device: Type".
_TYPES = {
    0x13: "ddr2",
    0x18: "ddr3",
    0x1A: "ddr4",
    0x1B: "lpddr",
    0x1C: "lpddr2",
    0x1D: "lpddr3",
    0x1E: "lpddr4",
    0x20: "hbm",
    0x21: "hbm2",
    0x22: "ddr5",
    0x23: "lpddr5",
    0x24: "hbm3",
}
# DSP0134, table "Memory Array: Error Correction Types": none; parity; single-bit ECC, multi-bit ECC, CRC.
_CORRECTS = {3: False, 4: False, 5: True, 6: True, 7: True}
_SYSTEM_MEMORY = 3
_UNKNOWN_SIZE, _SIZE_ELSEWHERE = 0xFFFF, 0x7FFF
_MOST_ENTRIES = 1024


@dataclass(frozen=True, slots=True)
class Modules:
    """What the tables say about memory.

    Attributes:
        installed_bytes: Sum over all modules; nothing if one does not state its size.
        type: Token of the modules' type, where all have the same.
        ecc: Whether the system memory corrects errors; nothing if it is not stated.
    """

    installed_bytes: int | None = None
    type: str | None = None
    ecc: bool | None = None


def read_modules(machine: Machine) -> Modules:
    """Reads the memory modules; an empty answer where the tables cannot be read."""
    sizes: list[int | None] = []
    types: set[str | None] = set()
    corrects: set[bool | None] = set()
    for entry in machine.entries(FOLDER)[:_MOST_ENTRIES]:
        data = machine.read(f"{FOLDER}/{entry}/raw").data
        if entry.startswith("17-") and len(data) >= 0x15 and data[0] == 17:
            size = _size(data)
            if size == 0:
                continue  # an empty slot
            sizes.append(size)
            types.add(_TYPES.get(data[0x12]))
        elif entry.startswith("16-") and len(data) >= 0x07 and data[0] == 16 and data[0x05] == _SYSTEM_MEMORY:
            corrects.add(_CORRECTS.get(data[0x06]))
    known = [size for size in sizes if size is not None]
    return Modules(
        installed_bytes=sum(known) if known and len(known) == len(sizes) else None,
        type=types.pop() if len(types) == 1 else None,
        ecc=corrects.pop() if len(corrects) == 1 else None,
    )


def _size(data: bytes) -> int | None:
    size = int.from_bytes(data[0x0C:0x0E], "little")
    if size == _UNKNOWN_SIZE:
        return None
    if size == _SIZE_ELSEWHERE:
        if len(data) < 0x20:
            return None
        return (int.from_bytes(data[0x1C:0x20], "little") & 0x7FFF_FFFF) << 20
    return (size & 0x7FFF) << 10 if size & 0x8000 else size << 20
