"""Rates of dense matrix products by number format; one multiply-add counts as two operations.

On CPUs numpy computes fp64 and fp32 with its BLAS over all allowed CPUs. Where PyTorch is installed it
computes further formats, and those of an accelerator. What no library here computes by itself is not
measured: a product that is emulated says nothing about the hardware.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from typing import Any, Final

from crex.attest.crew import Crew, CrewError
from crex.attest.figures import Figure, Gap, Measured
from crex.attest.host import Host
from crex.attest.jobs import Job, Prepared

CPU_METRIC: Final = "dense-matrix"
DEVICE_METRIC: Final = "dense-matrix-device"
_NUMPY: Final = ("fp64", "fp32")
_TORCH_CPU: Final = ("bf16", "fp16", "int8")
_TORCH_DEVICE: Final = ("fp64", "fp32", "tf32", "fp16", "bf16", "int8")
# Rows and columns, by the most CPUs for which they are enough to keep all of them busy.
_SIZES: Final = ((4, 1024), (32, 2048))
_LARGEST: Final = 4096
_DEVICE_SIZE: Final = 8192
_SHORTEST_SAMPLE_NS: Final = 50_000_000
_MOST_REPEATS: Final = 10_000
_GIGA: Final = 10**9
_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


def measure(
    host: Host, seconds: float, *, size: int | None = None, device_size: int = _DEVICE_SIZE
) -> Measured:
    """Measures every format that a library here computes.

    Args:
        host: The host.
        seconds: How long to measure, without the time to prepare.
        size: Rows and columns of the matrices on CPUs. Unset: by the number of CPUs.
        device_size: Rows and columns of the matrices on an accelerator.
    """
    size = size or next((each for most, each in _SIZES if len(host.cpus) <= most), _LARGEST)
    jobs, gaps = _jobs(host, size, device_size)
    figures: list[Figure] = []
    conditions: dict[str, str] = {}
    environment = dict.fromkeys(_THREADS, str(len(host.cpus)))
    for about, job in jobs:
        try:
            with Crew([job], environment=environment) as crew:
                samples = crew.samples(seconds / len(jobs))
                facts = crew.facts[0]
        except CrewError as error:
            gaps.append(Gap(about, str(error)))
            continue
        rates = tuple(sample.rate / _GIGA for sample in samples)
        metric = DEVICE_METRIC if job["device"] != "cpu" else CPU_METRIC
        figures.append(Figure(metric, "gops", rates, job["format"], about))
        library = "device-library" if metric == DEVICE_METRIC else f"{job['library']}-library"
        conditions.setdefault(library, str(facts["library"])[:256])
        if metric == DEVICE_METRIC:
            conditions.setdefault("matrix-device", str(facts["device"])[:256])
    on_device = f"; {device_size} x {device_size} on an accelerator" if "matrix-device" in conditions else ""
    conditions["matrix-size"] = f"{size} x {size}{on_device}"
    return Measured(tuple(figures), tuple(conditions.items()), tuple(gaps))


def _jobs(host: Host, size: int, device_size: int) -> tuple[list[tuple[str, dict[str, Any]]], list[Gap]]:
    jobs: list[tuple[str, dict[str, Any]]] = []
    gaps: list[Gap] = []
    base = {"kind": "matrix", "cpus": list(host.cpus), "device": "cpu", "size": size}
    if importlib.util.find_spec("numpy") is None:
        gaps.append(Gap("dense matrices on CPUs", "numpy is not installed"))
    else:
        jobs += [(f"matrix product, {one}", {**base, "library": "numpy", "format": one}) for one in _NUMPY]
    if importlib.util.find_spec("torch") is None:
        gaps.append(Gap(f"dense matrices in {', '.join(_TORCH_CPU)}", "PyTorch is not installed"))
        if host.accelerators:
            gaps.append(Gap("dense matrices on accelerators", "PyTorch is not installed"))
        return jobs, gaps
    jobs += [(f"matrix product, {one}", {**base, "library": "torch", "format": one}) for one in _TORCH_CPU]
    if host.accelerators:
        device = {**base, "library": "torch", "device": "cuda:0", "size": device_size}
        jobs += [
            (f"matrix product, {one}, one accelerator", {**device, "format": one}) for one in _TORCH_DEVICE
        ]
    return jobs, gaps


def prepare(job: Job) -> Prepared:
    """Prepares a matrix product in a process that measures; the amount is operations."""
    multiply, facts = (_numpy if job["library"] == "numpy" else _torch)(job)
    multiply()  # once for libraries to settle, once to see how long it takes
    began = time.monotonic_ns()
    multiply()
    taken = max(time.monotonic_ns() - began, 1)
    repeats = min(max(_SHORTEST_SAMPLE_NS // taken, 1), _MOST_REPEATS)

    def sample() -> int:
        for _ in range(repeats):
            multiply()
        return 2 * int(job["size"]) ** 3 * repeats

    return Prepared(sample, facts)


def _numpy(job: Job) -> tuple[Callable[[], None], dict[str, str]]:
    import numpy as np

    size = job["size"]
    number: Any = {"fp64": np.float64, "fp32": np.float32}[job["format"]]
    draw = np.random.default_rng(1)
    a, b = (draw.random((size, size), dtype=number) for _ in range(2))
    out = np.empty((size, size), dtype=number)

    def multiply() -> None:
        np.matmul(a, b, out=out)

    multiply()
    if not np.allclose(out[0, 0], (a[0].astype(np.float64) * b[:, 0]).sum(), rtol=1e-3):
        raise ArithmeticError("the product is wrong; nothing that this library computes can be trusted")
    built: Any = np.show_config(mode="dicts")
    blas = built.get("Build Dependencies", {}).get("blas", {}) if isinstance(built, dict) else {}
    library = f"numpy {np.__version__}, {blas.get('name', 'BLAS')} {blas.get('version', '')}".strip()
    return multiply, {"library": library}


def _torch(job: Job) -> tuple[Callable[[], None], dict[str, str]]:
    torch: Any = importlib.import_module("torch")
    size, number, device = job["size"], job["format"], job["device"]
    on_device = device != "cpu"
    if on_device:
        torch.backends.cuda.matmul.allow_tf32 = number == "tf32"
    facts = {"library": f"PyTorch {torch.__version__}"}
    if on_device:
        facts["device"] = str(torch.cuda.get_device_name(0))
    if number == "int8":
        a, b = (torch.randint(-8, 8, (size, size), dtype=torch.int8, device=device) for _ in range(2))
        product = torch._int_mm
    else:
        dtype = {
            "fp64": torch.float64, "fp32": torch.float32, "tf32": torch.float32,
            "fp16": torch.float16, "bf16": torch.bfloat16,
        }[number]  # fmt: skip
        a, b = (torch.randn((size, size), device=device, dtype=torch.float32).to(dtype) for _ in range(2))
        product = torch.matmul

    def multiply() -> None:
        product(a, b)
        if on_device:
            torch.cuda.synchronize()

    return multiply, facts
