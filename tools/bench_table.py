"""Writes the figures of `make bench` as a table: `python -m tools.bench_table build/bench.json`.

Only ratios of medians of one run count; what both sides came to stands beside them for who wants to know.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

# A figure that compares: `ratio`, `ratio_wire`, `over_echo`, `jsonschema_over_rs`.
_RATIO = re.compile(r"ratio(?:_.+)?|(?:.+_)?over_.+")
_APART = ("goal", "compared")


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table and keeps it beside the figures, as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_table", description=__doc__)
    parser.add_argument("figures", type=Path, help="what pytest-benchmark wrote")
    options = parser.parse_args(arguments)
    text = page(json.loads(options.figures.read_text("utf-8")))
    options.figures.with_suffix(".md").write_text(text, "utf-8")
    print(text, end="")
    return 0


def page(figures: Mapping[str, Any]) -> str:
    """Gives the machine's facts and the table, as Markdown."""
    rows = sorted((name(benchmark), *parts(benchmark["extra_info"])) for benchmark in figures["benchmarks"])
    lines = [machine(figures["machine_info"], figures.get("datetime", "")), ""]
    lines += ["| work | ratio | goal | both sides |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def machine(info: Mapping[str, Any], when: str) -> str:
    """Says on what the figures were measured."""
    cpu = info.get("cpu", {})
    model = cpu.get("brand_raw") or cpu.get("arch") or info.get("machine", "")
    python = f"{info.get('python_implementation', '')} {info.get('python_version', '')}".strip()
    system = f"{info.get('system', '')} {info.get('release', '')}".strip()
    return f"{model}, {cpu.get('count', '?')} CPUs, {system}, {python}, {when[:10]}."


def name(benchmark: Mapping[str, Any]) -> str:
    """Names a benchmark as people read it: `hold in the store, 16` for test_hold_in_the_store[16]."""
    text = str(benchmark["name"]).removeprefix("test_")
    base, _, parameter = text.partition("[")
    parameter = parameter.removesuffix("]")
    return base.replace("_", " ") + (f", {parameter}" if parameter else "")


def parts(info: Mapping[str, Any]) -> tuple[str, str, str]:
    """Divides what a benchmark noted into ratios, goal and the rest."""
    ratios = [f"{key.replace('_', ' ')} {value}" for key, value in info.items() if _RATIO.fullmatch(key)]
    rest = [f"{key} {value}" for key, value in _flat(info) if not _RATIO.fullmatch(key) and key not in _APART]
    return "<br>".join(ratios), str(info.get("goal", "")), ", ".join(rest)


def _flat(info: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in info.items():
        if isinstance(value, dict):
            yield from ((f"{inner} {key}", one) for inner, one in value.items())
        else:
            yield key.replace("_", " ") if not _RATIO.fullmatch(key) and key not in _APART else key, value


if __name__ == "__main__":
    raise SystemExit(main())
