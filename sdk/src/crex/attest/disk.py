"""Disk: operations per second on 4 KiB at random places, and bytes per second in order, in a file of its own.

The file is opened so that the kernel's page cache is passed by (O_DIRECT); where a file system refuses, the
kernel is asked to forget the file before it is read, and the conditions say that a cache cannot be excluded.
Whatever writes ends with fsync, and its time counts.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import mmap
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from crex.attest.crew import Crew, CrewError
from crex.attest.figures import Figure, Gap, Measured
from crex.attest.host import Host
from crex.attest.jobs import Job, Prepared

BLOCK: Final = 4096
QUEUE: Final = 4
MOST_QUEUE: Final = 256
FILE_BYTES: Final = 512 << 20
_LEAST_FILE: Final = 1 << 20
_CHUNK: Final = 1 << 20
_FREE_SHARE: Final = 10
_SAMPLE_S: Final = 0.2
# Samples into which the time for all four figures falls apart at least.
_LEAST_PARTS: Final = 16
_MEGA: Final = 10**6
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs", "devtmpfs"})
# File systems of which it is known that O_DIRECT goes to the device; others take it and may do as they like.
_HONEST: Final = frozenset({"ext2", "ext3", "ext4", "xfs"})
_O_DIRECT: Final = getattr(os, "O_DIRECT", 0)


def measure(
    host: Host,
    seconds: float,
    *,
    folder: Path | None = None,
    file_bytes: int = FILE_BYTES,
    queue: int = QUEUE,
) -> Measured:
    """Measures in a temporary file, which is removed.

    Args:
        host: The host.
        seconds: How long to measure; a quarter of it at most to write the file.
        folder: Folder of the file. Unset: the one for temporary files.
        file_bytes: Size of the file; less where it takes too long to write, or a tenth of the free space
            is less.
        queue: Operations under way at the same time.
    """
    place = folder or Path(tempfile.gettempdir())
    kind = host.file_system(place)
    if kind in _IN_MEMORY:
        return Measured(gaps=(Gap("disk", f"{place} lies in memory ({kind}); name a folder on a disk"),))
    try:
        free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
        size = min(file_bytes, free // _FREE_SHARE) // _CHUNK * _CHUNK
        if size < _LEAST_FILE:
            return Measured(gaps=(Gap("disk", f"{place} has too little room: {free >> 20} MiB are free"),))
        with _file(place) as path:
            direct = _takes_direct(path)
            written = _fill(path, size, direct, seconds / 4)
            if written < _LEAST_FILE:
                return Measured(
                    gaps=(Gap("disk", f"less than 1 MiB could be written in {seconds / 4:.0f} s"),)
                )
            figures, gaps = _figures(host, path, written, direct, seconds * 3 / 4, queue)
    except OSError as error:
        return Measured(gaps=(Gap("disk", f"{place}: {error.strerror or error}"),))
    conditions = (
        ("disk-file", f"{written >> 20} MiB of random bytes"),
        ("disk-place", kind or "not known"),
        ("disk-cache", _cache(kind, direct)),
        ("disk-queue", f"{queue} operations of {BLOCK} bytes at a time"),
    )
    return Measured(tuple(figures), conditions, tuple(gaps))


def _cache(kind: str, direct: bool) -> str:
    """Tells what may have answered in place of the disk."""
    if not direct:
        return "the file system refuses O_DIRECT: the page cache cannot be excluded"
    if kind in _HONEST:
        return "page cache passed by (O_DIRECT); one of device or hypervisor cannot be excluded"
    return (
        f"O_DIRECT was asked for; whether {kind or 'this file system'} keeps a cache of its own is not known"
    )


def _figures(
    host: Host, path: Path, size: int, direct: bool, seconds: float, queue: int
) -> tuple[list[Figure], list[Gap]]:
    figures: list[Figure] = []
    gaps: list[Gap] = []
    processes = max(1, min(queue, len(host.cpus)))
    sample_s = min(_SAMPLE_S, seconds / _LEAST_PARTS)
    for metric, mode, block, about in (
        ("read-iops", "read", BLOCK, "disk, 4 KiB random reads"),
        ("write-iops", "write", BLOCK, "disk, 4 KiB random writes"),
        ("read-bandwidth", "read", _CHUNK, "disk, reads in order"),
        ("write-bandwidth", "write", _CHUNK, "disk, writes in order"),
    ):
        ordered = block == _CHUNK
        count = 1 if ordered else processes
        threads = [queue // count + (index < queue % count) for index in range(count)]
        job = {
            "kind": "disk",
            "path": str(path),
            "size": size,
            "direct": direct,
            "mode": mode,
            "block": block,
        }
        jobs = [{**job, "threads": each, "seconds": sample_s, "seed": at} for at, each in enumerate(threads)]
        try:
            with Crew(jobs) as crew:
                samples = crew.samples(seconds / 4)
        except CrewError as error:
            gaps.append(Gap(about, str(error)))
            continue
        rates = tuple(sample.rate * block / _MEGA if ordered else sample.rate for sample in samples)
        figures.append(Figure(metric, "mb-per-s" if ordered else "iops", rates, about=about))
    return figures, gaps


@contextlib.contextmanager
def _file(folder: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix="crex-disk-", dir=folder)
    os.close(handle)
    path = Path(name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _takes_direct(path: Path) -> bool:
    """Tells whether the file can be written past the page cache."""
    if not _O_DIRECT:
        return False
    try:
        handle = os.open(path, os.O_RDWR | _O_DIRECT)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.EOPNOTSUPP):
            return False
        raise
    try:
        with mmap.mmap(-1, BLOCK) as block:
            os.pwritev(handle, [block], 0)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.EOPNOTSUPP):
            return False
        raise
    finally:
        os.close(handle)
    return True


def _fill(path: Path, size: int, direct: bool, seconds: float) -> int:
    """Writes the file with bytes that nothing can compress; gives how many fitted into the time."""
    handle = os.open(path, os.O_RDWR | (_O_DIRECT if direct else 0))
    until = time.monotonic() + seconds
    written = 0
    try:
        with mmap.mmap(-1, _CHUNK) as chunk:
            while written < size and (written < _LEAST_FILE or time.monotonic() < until):
                chunk[:] = os.urandom(_CHUNK)
                written += os.pwritev(handle, [chunk], written)
        os.fsync(handle)
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)
    return written // _CHUNK * _CHUNK


def prepare(job: Job) -> Prepared:
    """Prepares reads or writes in a process that measures; the amount is operations."""
    handle = os.open(job["path"], os.O_RDWR | (_O_DIRECT if job["direct"] else 0))
    block, writes, threads = job["block"], job["mode"] == "write", job["threads"]
    blocks = job["size"] // block
    buffers = [mmap.mmap(-1, block) for _ in range(threads)]
    for buffer in buffers:
        buffer[:] = os.urandom(block)
    ordered, counter = block == _CHUNK, itertools.count()
    draws = [random.Random(job["seed"] * 1000 + index) for index in range(threads)]  # noqa: S311 - places, no secret

    def place(index: int) -> int:
        number: int = (next(counter) if ordered else draws[index].randrange(blocks)) % blocks
        return number * int(block)

    def sample() -> int:
        if not job["direct"] and not writes and hasattr(os, "posix_fadvise"):
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        until = time.monotonic() + job["seconds"]
        done = [0] * threads

        def work(index: int) -> None:
            operate: Callable[[int, list[mmap.mmap], int], int] = os.pwritev if writes else os.preadv
            while time.monotonic() < until:
                if operate(handle, [buffers[index]], place(index)) != block:
                    raise OSError(errno.EIO, "a block was cut short")
                done[index] += 1

        _together(work, threads)
        if writes:
            os.fsync(handle)
        return sum(done)

    return Prepared(sample)


def _together(work: Callable[[int], None], threads: int) -> None:
    faults: list[BaseException] = []

    def guarded(index: int) -> None:
        try:
            work(index)
        except OSError as fault:
            faults.append(fault)

    running = [threading.Thread(target=guarded, args=(index,)) for index in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if faults:
        raise faults[0]
