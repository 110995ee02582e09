"""A host that a test writes: files below a folder, as the kernel would show them."""

from __future__ import annotations

from pathlib import Path

from crex.describe.machine import Machine

BOOT = "/proc/sys/kernel/random/boot_id"


class Host:
    """A written host."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write(BOOT, "boot-1\n")

    @property
    def machine(self) -> Machine:
        """The host as sources read it."""
        return Machine(self.root)

    def write(self, path: str, text: str | int) -> None:
        """Writes a file."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{text}\n", "utf-8")

    def remove(self, path: str) -> None:
        """Takes a file away."""
        (self.root / path.lstrip("/")).unlink()

    def reboot(self) -> None:
        """Starts the host anew."""
        self.write(BOOT, "boot-2\n")

    def zone(self, zone: str, name: str, energy: int | None, most: int = 1000) -> None:
        """Writes a zone of RAPL; nothing for an energy that may not be read."""
        folder = f"/sys/class/powercap/{zone}"
        self.write(f"{folder}/name", name)
        self.write(f"{folder}/max_energy_range_uj", most)
        if energy is not None:
            self.write(f"{folder}/energy_uj", energy)

    def interfaces(self, path: str = "/proc/net/dev", **bytes_: tuple[int, int]) -> None:
        """Writes interfaces with the bytes that each received and sent."""
        lines = [
            f"{name:>6}: {received} 1 0 0 0 0 0 0 {sent} 2 0 0 0 0 0 0"
            for name, (received, sent) in bytes_.items()
        ]
        self.write(path, "\n".join(["Inter-|   Receive |  Transmit", " face |bytes |bytes", *lines]))
