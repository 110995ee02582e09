"""What is told where a package, or Java, is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crex.bulk.extras import require
from crex.bulk.job import require_engine
from crex.bulk.session import Limits
from crex.bulk.spark import SparkSession
from crex.errors import CrexError


@pytest.mark.parametrize(
    ("package", "engine", "extra"),
    [("pyarrow", "reference", "bulk"), ("duckdb", "duckdb", "bulk"), ("pyspark", "spark", "spark")],
)
def test_without_a_package(monkeypatch: pytest.MonkeyPatch, package: str, engine: str, extra: str) -> None:
    """An engine whose package is missing says with which command to install it."""
    for name in (package, f"{package}.sql"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(CrexError, match=rf"pip install 'crex-protocol\[{extra}\]'") as refused:
        require_engine(engine)
    assert refused.value.details["package"] == package


def test_with_them() -> None:
    """A module that is there is given."""
    assert require("pyarrow").__name__ == "pyarrow"


def test_without_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where Java is missing, a sentence says so."""
    pytest.importorskip("pyspark", reason="pip install 'crex-protocol[spark]'")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(CrexError, match="needs Java 17 or 21") as refused:
        SparkSession(Limits(), master="local[1]")
    assert refused.value.reason == "NOT_FOUND"
