"""Systems of TOP500 and Green500 lists: tables as CSV or TSV, and the XML that TOP500 offers.

A list states a whole system and what it reached, not what its nodes are: a row becomes a cluster without
members, with its results. When a result was run is not stated; it carries the day on which its edition was
published, from the XML itself or from the registry of suites.

Columns changed over the years. `Rmax [TFlop/s]` is in 10^12 operations per second, `Rmax` and the XML's
`r-max` in 10^9; power is in kW (https://www.top500.org/project/top500_description/).

Not read, on purpose: `Rpeak`, which nobody measured; numbers of cores, which add up those of sockets and of
accelerators; country and site, which are the provider's to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final

from crex import registry
from crex.decimals import format_decimal
from crex.describe.importing import Draft, Import, Imported
from crex.describe.report import Report
from crex.describe.sources import Source, parse_xml, read_table
from crex.describe.values import clean, provenance, token
from crex.documents.convert import to_timestamp
from crex.v1 import Benchmark, Cluster, ComputeResource, ExternalId, Fabric, Software

_SUITE: Final = "top500"
_NAMESPACE: Final = "{http://www.top500.org/xml/top500/1.0}"
_FILE: Final = re.compile(r"(?:top500|green500)[a-z_]*_((?:19|20)[0-9]{2})(06|11)", re.IGNORECASE)
_DATE: Final = re.compile(r"((?:19|20)[0-9]{2})[/-]([0-9]{2})[/-]([0-9]{2})")
_NUMBER: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,12})?|[0-9]{1,3}(?:,[0-9]{3}){1,4}(?:\.[0-9]{1,12})?")
# How far two statements of an efficiency may be apart, in thousandths: lists round to five digits and fewer.
_CLOSE: Final = 10

# Columns by what they state, in lower case; how many of the unit that is kept one of theirs is.
_RMAX: Final = {
    "rmax [tflop/s]": Fraction(1000),
    "rmax (tflop/s)": Fraction(1000),
    "rmax [pflop/s]": Fraction(10**6),
    "rmax (pflop/s)": Fraction(10**6),
    "rmax [gflop/s]": Fraction(1),
    "rmax": Fraction(1),
    "r-max": Fraction(1),
}
_RPEAK: Final = {name.replace("max", "peak"): factor for name, factor in _RMAX.items()}
_HPCG: Final = {"hpcg [tflop/s]": Fraction(1000), "hpcg (tflop/s)": Fraction(1000)}
_POWER: Final = {"power (kw)": Fraction(1000), "power": Fraction(1000)}
_EFFICIENCY: Final = {
    "energy efficiency [gflops/watts]": Fraction(1),
    "energy efficiency (gflops/watts)": Fraction(1),
    "power efficiency [gflops/watts]": Fraction(1),
    "power effeciency [gflops/watts]": Fraction(1),
    "mflops/watt": Fraction(1, 1000),
}
# Interconnects by how lists name them: the product first, since the lists of 2016 count Omni-Path to the
# family Infiniband, and others Slingshot to Gigabit Ethernet. The family `10G`, until June 2018, is Ethernet.
_PRODUCTS: Final = {"slingshot": "slingshot", "tofu": "tofu", "intel omni-path": "omni-path"}
_FAMILIES: Final = {
    "infiniband": "infiniband",
    "gigabit ethernet": "ethernet",
    "ethernet": "ethernet",
    "10g": "ethernet",
    "omnipath": "omni-path",
    "omni-path": "omni-path",
}


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition of a list.

    Attributes:
        version: Its year and month.
        published: When it was published.
    """

    version: str
    published: datetime


@dataclass(frozen=True, slots=True)
class Top500:
    """The importer of lists."""

    name: str = "top500"
    about: str = "systems of a TOP500 list (CSV, TSV or XML)"
    commands: Sequence[Sequence[str]] = ()

    def read(self, sources: Sequence[Source]) -> Imported:
        """Reads lists; a row is a system."""
        books = Import()
        told: set[tuple[str, str]] = set()
        for source in sources:
            if source.problem or not source.text.strip():
                books.leave_out(books.row(source.name), source.problem or "it is empty")
            elif source.data.startswith(b"PK"):
                books.leave_out(books.row(source.name), "it is an Excel workbook; save its table as CSV")
            elif source.text.lstrip().startswith("<"):
                _xml(source, books, told)
            else:
                _table(source, books, told)
        return books.done()


def _xml(source: Source, books: Import, told: set[tuple[str, str]]) -> None:
    root, problem = parse_xml(source)
    if root is None or root.tag != f"{_NAMESPACE}list":
        books.leave_out(books.row(source.name), problem or "it is no list of TOP500")
        return
    edition = _by_date(root.get("date") or "")
    for at, site in enumerate(root.findall(f"{_NAMESPACE}site"), start=1):
        row = books.row(f"{source.name}: site {at}")
        cells = {one.tag.removeprefix(_NAMESPACE): (one.text or "").strip() for one in site}
        _system(cells, row, edition, "TOP500 XML", books, told)


def _table(source: Source, books: Import, told: set[tuple[str, str]]) -> None:
    rows = read_table(source)
    _, head = next(rows, (0, []))
    names = [" ".join(cell.lower().split()) for cell in head]
    if "rank" not in names or not set(names) & set(_RMAX):
        books.leave_out(books.row(source.name), "its first line has no columns Rank and Rmax: it is no list")
        return
    edition = _by_name(source.name)
    whole = source.text.endswith("\n")
    lines = list(rows)
    for at, (number, cells) in enumerate(lines):
        row = books.row(f"{source.name}: line {number}")
        if len(cells) != len(names):
            books.leave_out(row, f"it has {len(cells)} cells, and the first line has {len(names)}")
            continue
        stated = dict(zip(names, cells, strict=True))
        twice = [name for name, cell in zip(names, cells, strict=True) if stated[name] != cell]
        for name in twice:
            books.report.contradict(name or "?", row, "several columns have this name, and differ")
            stated[name] = ""
        if at == len(lines) - 1 and not whole:
            # Without a line break at its end the last cell may have been cut.
            stated[names[-1]] = ""
        _system(stated, row, edition, "TOP500 table", books, told)


def _system(
    cells: Mapping[str, str],
    row: str,
    edition: Edition | None,
    origin: str,
    books: Import,
    told: set[tuple[str, str]],
) -> None:
    if edition is None:
        books.leave_out(row, "nothing says which edition of the list this is, or when that was published")
        return
    number = _first(cells, "system id", "system-id")
    if number and (number, edition.version) in told:
        books.leave_out(row, f"system {number} of edition {edition.version} is told already")
        return
    results = list(_results(cells, edition, row, books.report))
    if not results:
        books.leave_out(row, "it states no result that can be believed")
        return
    told.add((number, edition.version))
    computer = clean(_first(cells, "computer")) or ""
    shown = clean(_first(cells, "name", "system-name")) or computer
    fabric = _fabric(cells, row, origin, books.report)
    body = ComputeResource(
        kind="cluster",
        cluster=Cluster(fabric=fabric),
        display_names={"en": shown} if shown else {},
        benchmarks=results,
    )
    if number and number.isascii() and number.isdigit() and number[0] != "0":
        body.external_ids.append(ExternalId(scheme="top500-system", value=number, issuer="TOP500"))
    if _first(cells, "os family").lower() == "linux":
        body.software.append(Software(name="linux"))
    name = token(shown[:60]) or token(computer[:60]) or f"system-{number or edition.version}"
    books.add(Draft(name=name, body=body, rows=(row,)))


def _results(cells: Mapping[str, str], edition: Edition, row: str, report: Report) -> Iterator[Benchmark]:
    rmax = _amount(cells, _RMAX, row, report)
    rpeak = _amount(cells, _RPEAK, row, report)
    if rmax is not None and rpeak is not None and rmax > rpeak:
        report.contradict("Rmax", row, f"it is {float(rmax):g} GFLOPS, more than Rpeak, {float(rpeak):g}")
        rmax = None
    if rmax:
        yield _result("rmax", "gflops", rmax, edition)
    hpcg = _amount(cells, _HPCG, row, report)
    if hpcg and (rmax is None or hpcg <= rmax):
        yield _result("hpcg-rate", "gflops", hpcg, edition)
    elif hpcg:
        report.contradict("HPCG", row, "it is more than Rmax")
    efficiency, power = _amount(cells, _EFFICIENCY, row, report), _amount(cells, _POWER, row, report)
    if not efficiency:
        return
    if not rmax or not power:
        report.leave_out(
            "energy efficiency", row, "without Rmax and power there is nothing to check it against"
        )
        return
    computed = rmax / power
    if abs(computed - efficiency) * 1000 > efficiency * _CLOSE:
        why = f"it is {float(efficiency):g} GFLOPS/W, and Rmax by power is {float(computed):g}: another run"
        report.contradict("energy efficiency", row, why)
        return
    yield _result("energy-efficiency", "gflops-per-w", efficiency, edition)


def _result(metric: str, unit: str, value: Fraction, edition: Edition) -> Benchmark:
    return Benchmark(
        suite=_SUITE,
        version=edition.version,
        metric=metric,
        unit=unit,
        value=format_decimal(value),
        higher_is_better=True,
        published_at=to_timestamp(edition.published),
    )


def _amount(
    cells: Mapping[str, str], columns: Mapping[str, Fraction], row: str, report: Report
) -> Fraction | None:
    """Gives a figure in the unit that is kept; none where no column states one, or two differ."""
    found: dict[str, Fraction] = {}
    for name, factor in columns.items():
        text = cells.get(name, "")
        if not text:
            continue
        if _NUMBER.fullmatch(text) is None:
            report.leave_out(name, row, f"{clean(text, 40)!r} is no number")
            return None
        found[name] = Fraction(text.replace(",", "")) * factor
    if len(set(found.values())) > 1:
        report.contradict(" and ".join(found), row, "they state different figures")
        return None
    return next(iter(found.values()), None)


def _fabric(cells: Mapping[str, str], row: str, origin: str, report: Report) -> Fabric | None:
    product, family = _first(cells, "interconnect").lower(), _first(cells, "interconnect family").lower()
    technology = next((known for name, known in _PRODUCTS.items() if product.startswith(name)), None)
    technology = technology or _FAMILIES.get(family)
    if technology is None:
        if family or product:
            report.leave_out(
                "cluster.fabric", row, f"{clean(family or product, 60)!r} is no known technology"
            )
        return None
    source = provenance(f"{origin}: Interconnect, Interconnect Family")
    return Fabric(technology=technology, scope="cluster", provenance=source)


def _first(cells: Mapping[str, str], *names: str) -> str:
    return next((cells[name] for name in names if cells.get(name)), "")


def _by_name(name: str) -> Edition | None:
    """Finds the edition that a file's name states, as TOP500 names its downloads."""
    match = _FILE.search(name)
    return _edition(f"{match[1]}-{match[2]}") if match else None


def _by_date(date: str) -> Edition | None:
    """Finds the edition that an XML's date states."""
    match = _DATE.fullmatch(date)
    if match is None:
        return None
    year, month, day = (int(part) for part in match.groups())
    try:
        published = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    return Edition(f"{year}-{'06' if month < 9 else '11'}", published)


def _edition(version: str) -> Edition | None:
    for one in registry.load("benchmark-suites")[_SUITE].members["editions"]:
        if one["version"] == version:
            return Edition(version, datetime.fromisoformat(one["published"]).replace(tzinfo=UTC))
    return None


IMPORTER: Final = Top500()
