"""Memory bandwidth: copy and triad over all allowed CPUs, on arrays that no cache holds.

Counted as STREAM counts: the bytes that the program reads and writes. Copy is the C library's memmove, triad
(a = b + 3·c) numpy's in pieces that stay in a core's own cache, so that main memory is what limits both.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import mmap
from fractions import Fraction
from typing import Any, Final

from crex.attest.crew import Crew, CrewError
from crex.attest.figures import Figure, Gap, Measured
from crex.attest.host import Host
from crex.attest.jobs import Job, Prepared
from crex.decimals import fixed_point

_PAGE: Final = 4096
_LEAST_ARRAY: Final = 128 << 20
# STREAM asks for arrays of at least four times the last-level caches.
_CACHES: Final = 4
_ARRAYS: Final = 3
# Numbers of a piece of the triad: three pieces of 128 KiB.
_PIECE: Final = 16_384
_GIGA: Final = 10**9
_METHOD: Final = "copy: memmove of the C library; triad: numpy in pieces of 128 KiB; a process for each CPU"


def measure(host: Host, seconds: float, *, array_bytes: int | None = None) -> Measured:
    """Measures copy and triad.

    Args:
        host: The host.
        seconds: How long to measure, without the time to prepare.
        array_bytes: Size of each array, over all processes together. Unset: as large as is needed.
    """
    size = array_bytes or array_size(host)
    share = max(size // len(host.cpus) // _PAGE, 1) * _PAGE
    figures: list[Figure] = []
    gaps: list[Gap] = []
    for kind, about in (("memory-copy", "memory, copy"), ("memory-triad", "memory, triad")):
        if kind == "memory-triad" and importlib.util.find_spec("numpy") is None:
            gaps.append(Gap(about, "numpy is not installed"))
            continue
        jobs = [{"kind": kind, "bytes": share, "cpus": [cpu]} for cpu in host.cpus]
        try:
            with Crew(jobs, environment={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}) as crew:
                samples = crew.samples(seconds / 2)
        except CrewError as error:
            gaps.append(Gap(about, str(error)))
            continue
        rates = tuple(sample.rate / _GIGA for sample in samples)
        figures.append(Figure(kind, "gb-per-s", rates, about=about))
    conditions = (("memory-array", _told(share * len(host.cpus), host)), ("memory-method", _METHOD))
    return Measured(tuple(figures), conditions, tuple(gaps))


def array_size(host: Host) -> int:
    """Gives the size of one array in bytes: four times all last-level caches, if memory allows."""
    wanted = max(_CACHES * (host.last_level_cache_bytes or 0), _LEAST_ARRAY)
    return min(wanted, max(host.memory_available_bytes // (2 * _ARRAYS), _PAGE))


def _told(size: int, host: Host) -> str:
    text = f"{size >> 20} MiB each"
    cache = host.last_level_cache_bytes
    if not cache:
        return f"{text}; the last-level caches are not known, so they may hold a part"
    times = Fraction(size, cache)
    enough = "" if times >= _CACHES else ", less than 4: caches may hold a part"
    return f"{text}, {fixed_point(round(times * 10), 1)} times the last-level caches{enough}"


def prepare(job: Job) -> Prepared:
    """Prepares copy or triad in a process that measures; the amount is bytes read and written."""
    size: int = job["bytes"]
    buffers = [_memory(size) for _ in range(2 if job["kind"] == "memory-copy" else _ARRAYS)]
    if job["kind"] == "memory-triad":
        return _triad(buffers, size)

    def copy() -> int:
        ctypes.memmove(_address(buffers[0]), _address(buffers[1]), size)
        return 2 * size

    return Prepared(copy)


def _triad(buffers: list[mmap.mmap], size: int) -> Prepared:
    import numpy as np

    a, b, c = (np.frombuffer(buffer, dtype=np.float64) for buffer in buffers)
    b[:], c[:] = 1.0, 2.0
    pieces = [
        (a[at : at + _PIECE], b[at : at + _PIECE], c[at : at + _PIECE]) for at in range(0, len(a), _PIECE)
    ]

    def triad() -> int:
        for one, two, three in pieces:
            np.multiply(three, 3.0, out=one)
            np.add(one, two, out=one)
        return _ARRAYS * size

    triad()
    if a[0] != 7.0 or a[-1] != 7.0:
        raise ArithmeticError("1 + 3 x 2 is not 7 here; nothing that this machine computes can be trusted")
    return Prepared(triad)


def _memory(size: int) -> mmap.mmap:
    """Takes memory of its own and writes to every page: pages of zeros that nobody wrote are all the same."""
    memory = mmap.mmap(-1, size)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # without huge pages the figure is what such a kernel gives
            memory.madvise(mmap.MADV_HUGEPAGE)
    ctypes.memset(_address(memory), 1, size)
    return memory


def _address(memory: mmap.mmap) -> int:
    first: Any = ctypes.c_char.from_buffer(memory)
    return ctypes.addressof(first)
