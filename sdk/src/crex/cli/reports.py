"""Reports of imports and exports: what became of every row or document, the same on screen and in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crex.describe.importing import LeftOut
    from crex.describe.report import Finding

# Name of the file that has all of it, and how many entries of a section are shown on screen.
REPORT: Final = "report.txt"
SHOWN: Final = 20


def places(where: Sequence[str]) -> str:
    """Names the first of several places, and says how many there are."""
    if not where:
        return "as you said"
    return where[0] if len(where) == 1 else f"{where[0]} and {len(where) - 1} more"


def section(title: str, entries: Sequence[str], most: int | None) -> list[str]:
    """Gives the lines of a section; none where there is nothing to say.

    Args:
        title: What the entries are.
        entries: A line each.
        most: How many are shown; None: all.
    """
    if not entries:
        return []
    shown = entries[:most]
    lines = ["", f"{title}:", *(f"  {entry}" for entry in shown)]
    if len(shown) < len(entries):
        lines.append(
            f"  … and {len(entries) - len(shown)} more; --json has all, and so has the report that -o writes"
        )
    return lines


def by_reason(left_out: Sequence[LeftOut]) -> list[str]:
    """Tells once what is said of several rows."""
    reasons: dict[str, list[str]] = {}
    for one in left_out:
        reasons.setdefault(one.why, []).append(one.where)
    return [f"{places(where)}: {why}" for why, where in reasons.items()]


def by_text(findings: Sequence[Finding]) -> list[str]:
    """Tells once what is remarked at several places."""
    said: dict[tuple[str, str], list[str]] = {}
    for one in findings:
        said.setdefault((one.what, one.why), []).append(one.where)
    return [f"{what}: {why} ({places(where)})" for (what, why), where in said.items()]


def as_json(left_out: Sequence[LeftOut], findings: Sequence[Finding]) -> dict[str, Any]:
    """Gives all of it as members of a JSON object."""
    return {
        "leftOut": [{"where": one.where, "why": one.why} for one in left_out],
        "report": [
            {"kind": one.kind.value, "what": one.what, "where": one.where, "why": one.why} for one in findings
        ],
    }
