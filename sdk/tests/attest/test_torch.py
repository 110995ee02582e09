"""What PyTorch computes where it is installed; a small module of its name stands in for it here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crex.attest import matrix
from crex.attest.figures import Measured
from sdk.tests.attest.hosts import here

STAND_IN = """
import types
import numpy as np

__version__ = "9.9"
float64, float32, float16, bfloat16, int8 = np.float64, np.float32, np.float16, np.float32, np.int8


class Tensor:
    def __init__(self, value):
        self.value = value

    def to(self, dtype):
        return Tensor(self.value.astype(dtype))


def randn(shape, device, dtype):
    return Tensor(np.ones(shape, dtype))


def randint(low, high, shape, dtype, device):
    return Tensor(np.ones(shape, dtype))


def matmul(a, b):
    return a.value @ b.value


def _name(index):
    return "Stand-in 80GB"


cuda = types.SimpleNamespace(synchronize=lambda: None, get_device_name=_name)
backends = types.SimpleNamespace(cuda=types.SimpleNamespace(matmul=types.SimpleNamespace(allow_tf32=None)))
"""
INT_MM = "\n\ndef _int_mm(a, b):\n    return a.value.astype(np.int32) @ b.value\n"
NO_DEVICE = '\n\ndef _name(index):\n    raise RuntimeError("no device")\n\n\ncuda.get_device_name = _name\n'


def measure(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch, *, device: bool) -> Measured:
    """Measures matrices where a module called torch is installed."""
    (folder / "torch.py").write_text(text, "utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return matrix.measure(replace(here(), accelerators=device), 0.1, size=16, device_size=32)


@pytest.mark.slow
def test_formats_of_cpus_and_of_a_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device's figures have a name of their own, and the conditions name device and library."""
    measured = measure(tmp_path, STAND_IN + INT_MM, monkeypatch, device=True)
    keys = {figure.key for figure in measured.figures}
    assert keys >= {("dense-matrix", each) for each in ("fp64", "fp32", "bf16", "fp16", "int8")}
    assert keys >= {
        ("dense-matrix-device", each) for each in ("fp64", "fp32", "tf32", "fp16", "bf16", "int8")
    }
    conditions = dict(measured.conditions)
    assert conditions["matrix-device"] == "Stand-in 80GB"
    assert conditions["device-library"] == conditions["torch-library"] == "PyTorch 9.9"
    assert conditions["matrix-size"] == "16 x 16; 32 x 32 on an accelerator"
    assert measured.gaps == ()


@pytest.mark.slow
def test_what_a_build_cannot_do_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A format that the library lacks, and a device that it does not find, are told of with reasons."""
    measured = measure(tmp_path, STAND_IN + NO_DEVICE, monkeypatch, device=True)
    gaps = [str(gap) for gap in measured.gaps]
    assert any("int8" in gap and "_int_mm" in gap for gap in gaps)
    assert sum("no device" in gap for gap in gaps) == 6
    assert "matrix-device" not in dict(measured.conditions)
