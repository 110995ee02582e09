"""Energy of NVIDIA GPUs, by the counter of their driver (NVML), where `nvidia-ml-py` is installed.

The driver counts millijoules since it was loaded, on GPUs from Volta on. A device is told by its UUID: its
number may be another's after the next start.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from crex.agent.meters.source import Count, UnreadableError


def load() -> ModuleType:
    """Loads the library.

    Raises:
        UnreadableError: It is not installed.
    """
    try:
        return import_module("pynvml")
    except ImportError as error:
        why = "nvidia-ml-py is not installed; `pip install nvidia-ml-py` reads the energy of GPUs"
        raise UnreadableError(why) from error


class Nvml:
    """Energy of GPUs, in millijoules."""

    dimension, unit, scale = "energy", "j", 1000
    method = "NVML: nvmlDeviceGetTotalEnergyConsumption"

    def __init__(self, library: Any = None, uuids: frozenset[str] | None = None) -> None:
        """Reads the devices of these UUIDs, or all.

        Args:
            library: What has the functions of NVML; the installed one unless given.
            uuids: The devices.

        Raises:
            UnreadableError: There is no library.
        """
        self._library = library if library is not None else load()
        self._uuids = uuids

    def counts(self) -> Sequence[Count]:
        """Reads every device; one that does not count makes all of it worthless."""
        library = self._library
        try:
            library.nvmlInit()
        except library.NVMLError as error:
            raise UnreadableError(f"NVML: {error}; there is no driver of NVIDIA") from error
        try:
            found = list(self._devices())
        except library.NVMLError as error:
            raise UnreadableError(f"NVML: {error}; a GPU older than Volta counts no energy") from error
        finally:
            library.nvmlShutdown()
        if not found or (self._uuids is not None and len(found) < len(self._uuids)):
            raise UnreadableError(f"NVML: {len(found)} of the devices that are metered are there")
        return found

    def _devices(self) -> Sequence[Count]:
        library, found = self._library, []
        for index in range(library.nvmlDeviceGetCount()):
            device = library.nvmlDeviceGetHandleByIndex(index)
            uuid = library.nvmlDeviceGetUUID(device)
            uuid = uuid.decode("ascii", "replace") if isinstance(uuid, bytes) else str(uuid)
            if self._uuids is None or uuid in self._uuids:
                # The driver begins at zero when it is loaded.
                value = int(library.nvmlDeviceGetTotalEnergyConsumption(device))
                found.append(Count(name=uuid, value=value))
        return found
