"""`crex price`: one demand over several price plans, and what a plan says."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from crex.cli.options import Commands, command, duration, group, moment, positive
from crex.cli.result import OK, REFUSED, Result
from crex.cli.search_commands import rate

if TYPE_CHECKING:
    from fractions import Fraction

    from crex import v1
    from crex.comparison import Comparison, Demanded, Setting
    from crex.rating import Plan

_LAST_DAY: Final = 31
# No list and no zone says anything of other years.
_YEARS: Final = (1971, 9998)
_NARROW: Final = 40
_WIDE: Final = 80


def add(commands: Commands) -> None:
    """Adds the commands."""
    price = group(commands, "price", "compare price plans, and read them")
    _add_compare(price)
    show = command(price, "show", _show, "say in words what price plans say")
    _plans_of(show)


def _add_compare(price: Commands) -> None:
    compare = command(price, "compare", _compare, "what one demand costs under several price plans")
    _plans_of(compare)
    demand = compare.add_argument_group("the demand")
    demand.add_argument("--demand", type=Path, metavar="FILE", help="a demand in strict JSON")
    demand.add_argument("--count", type=_count, metavar="N", help="units (1, or none beside --quantity)")
    demand.add_argument("--for", dest="length", type=duration, metavar="TIME", help="how long (30d)")
    demand.add_argument(
        "--quantity",
        dest="quantities",
        type=_quantity,
        action="append",
        metavar="DIMENSION:UNIT=AMOUNT",
        help="what is held throughout, or used evenly in that time, such as egress:gibibyte=500",
    )
    demand.add_argument("--region", metavar="TOKEN", help="region of the lease, for plans that name one")
    demand.add_argument("--spot", action="store_true", help="capacity that may be taken back")
    when = compare.add_argument_group("when")
    when.add_argument(
        "--start",
        type=_start,
        metavar="DATE|TIME",
        help="a date is its midnight in each plan's zone (the first of next month)",
    )
    when.add_argument(
        "--anchor",
        type=_day,
        default=1,
        metavar="DAY",
        help="day of the month on which billing periods begin (1)",
    )
    shown = compare.add_argument_group("what is shown")
    shown.add_argument(
        "--hours", type=positive, metavar="H", help="length of the chart in hours (that of the demand)"
    )
    shown.add_argument("--points", type=_points, metavar="N", help="lengths of the chart (as many as fit)")
    shown.add_argument("--currency", metavar="CODE", help="convert costs into this currency")
    shown.add_argument(
        "--rate",
        dest="rates",
        type=rate,
        action="append",
        metavar="CODE=RATE",
        help="what one unit of another currency is worth in it, such as EUR=1.08",
    )
    shown.add_argument(
        "--series",
        type=Path,
        action="append",
        metavar="FILE",
        help="price series and rates of exchange that plans name",
    )
    shown.add_argument("--html", type=Path, metavar="FILE", help="write a page with the chart there, too")


def _plans_of(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "plans",
        nargs="+",
        type=Path,
        metavar="PLAN",
        help="a price plan, signed or not, a folder of them, or a price list that `describe prices` reads",
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="WORD",
        help="only plans whose name or SKU contains it; several are each looked for",
    )


def _count(text: str) -> int:
    return 0 if text == "0" else positive(text)


def _day(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 3 and 0 < int(text) <= _LAST_DAY):
        raise argparse.ArgumentTypeError(f"{text!r} is no day of a month, from 1 to {_LAST_DAY}")
    return int(text)


def _points(text: str) -> int:
    from crex.comparison.chart import LEAST, MOST

    value = positive(text)
    if not LEAST <= value <= MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from {LEAST} to {MOST}")
    return value


def _start(text: str) -> date | datetime:
    try:
        start = date.fromisoformat(text) if len(text) == len("2026-12-01") else moment(text)
        if not _YEARS[0] <= start.year <= _YEARS[1]:
            low, high = _YEARS
            raise argparse.ArgumentTypeError(f"{text!r} does not lie in the years {low} to {high}")
        return start
    except ValueError:
        fix = "write a date such as 2026-12-01, or a time in UTC such as 2026-12-01T08:00:00Z"
        raise argparse.ArgumentTypeError(f"{text!r} is no date; {fix}") from None


def _quantity(text: str) -> v1.DemandQuantity:
    from crex import v1
    from crex.decimals import is_decimal
    from crex.names import is_token

    use, _, amount = text.partition("=")
    dimension, _, unit = use.partition(":")
    if not (is_token(dimension) and is_token(unit) and is_decimal(amount)):
        raise argparse.ArgumentTypeError(f"{text!r} is no quantity; write it like egress:gibibyte=500")
    return v1.DemandQuantity(dimension=dimension, unit=unit, quantity=amount)


def _show(options: argparse.Namespace) -> Result:
    from crex.comparison.words import explain
    from crex.documents import convert

    plans = list(_read(options))
    text = "\n\n".join("\n".join(explain(plan)) for plan in plans)
    return Result([convert.to_json(plan) for plan in plans], text)


def _read(options: argparse.Namespace) -> Iterator[v1.PricePlan]:
    from crex.cli.plan_files import read_plans

    return read_plans(options.plans, options.only or (), _before(options))


def _compare(options: argparse.Namespace) -> Result:
    from crex.cli.plan_files import ready
    from crex.comparison import compare
    from crex.comparison.page import page
    from crex.comparison.report import lines, to_json
    from crex.comparison.table import lengths_up_to

    plans = [ready(plan) for plan in _read(options)]
    demanded = _demand(options)
    longest = options.hours * 3_600_000 if options.hours else demanded.length_ms
    lengths = lengths_up_to(longest, options.points or _fitting())
    rates, currency = _rates(options, [plan.billed_currency for plan in plans])
    with _Progress(len(plans) * len(lengths)) as progress:
        comparison = compare(
            plans,
            demanded,
            _settings(options),
            lengths,
            rates=rates,
            currency=currency,
            progress=progress,
        )
    text = "\n".join(lines(comparison))
    if options.html is not None:
        from crex.cli.files import write_file

        write_file(options.html, page(comparison).encode())
        text += f"\n\nWrote {options.html}."
    return Result(to_json(comparison), text, OK if _any(comparison) else REFUSED)


def _any(comparison: Comparison) -> bool:
    return any(not one.problem for one in comparison.plans)


def _demand(options: argparse.Namespace) -> Demanded:
    """Makes the demand of a file and of options; an option goes before the file."""
    from crex import v1
    from crex.comparison import Demanded
    from crex.documents import convert
    from crex.documents.reader import read

    demand = v1.Demand()
    if options.demand is not None:
        from crex.cli.files import read_bytes
        from crex.errors import named

        with named(options.demand):
            demand = convert.to_message(read(read_bytes(options.demand), v1.Demand), v1.Demand)
    quantities = options.quantities or list(demand.quantities)
    count = options.count
    if count is None and demand.HasField("count"):
        count = demand.count
    if count is None:
        count = 0 if quantities else 1
    stated: timedelta | None = options.length
    if stated is None and demand.HasField("duration"):
        stated = demand.duration.ToTimedelta()
    if stated is None and demand.HasField("interval"):
        stated = demand.interval.end.ToDatetime() - demand.interval.start.ToDatetime()
    length = (stated or timedelta(days=30)) // timedelta(milliseconds=1)
    return Demanded.of(count, quantities, length, region=options.region, interruptible=options.spot)


def _settings(options: argparse.Namespace) -> Callable[[Plan], Setting]:
    """Gives when the demand begins under a plan: an instant, or a date's midnight in the plan's zone."""
    from datetime import UTC, time

    from crex.cli.party import now
    from crex.cli.plan_files import read_series
    from crex.comparison import Setting
    from crex.documents.times import to_ms
    from crex.rating import zone_between

    start: date | datetime = options.start or _next_month(now().date())
    series = tuple(read_series(path) for path in options.series or ())

    def setting(plan: Plan) -> Setting:
        if isinstance(start, datetime):
            at = to_ms(start)
        else:
            noon = datetime.combine(start, time(12), UTC)
            zone = zone_between(plan.time_zone, noon - timedelta(days=2), noon + timedelta(days=2))
            at = zone.midnight(start)
        return Setting(start_ms=at, anchor_day=options.anchor, series=series)

    return setting


def _before(options: argparse.Namespace) -> datetime:
    """Gives an instant before the demand begins in any zone, and not after now."""
    from datetime import UTC, time

    from crex.cli.party import now

    start: date | datetime | None = getattr(options, "start", None)
    if start is None:
        return now()
    at = start if isinstance(start, datetime) else datetime.combine(start, time(), UTC)
    return min(now(), at - timedelta(days=2))


def _next_month(today: date) -> date:
    return date(today.year + today.month // 12, today.month % 12 + 1, 1)


def _rates(options: argparse.Namespace, currencies: Sequence[str]) -> tuple[dict[str, Fraction], str]:
    """Gives the rates of exchange, and the currency into which they convert.

    Raises:
        CrexError: SCHEMA: it cannot be told, or is none, or a rate is not above zero.
    """
    from crex.decimals import exponent, parse_rational
    from crex.errors import CrexError

    for option, code in (
        *(("--rate", one.currency) for one in options.rates or ()),
        *(("--currency", code) for code in (options.currency,) if code is not None),
    ):
        try:
            exponent(code)
        except CrexError as error:
            error.source = option
            raise
    rates = {one.currency: parse_rational(one.rate.num, one.rate.den) for one in options.rates or ()}
    if any(value <= 0 for value in rates.values()):
        raise CrexError("SCHEMA", "A rate of exchange is not above zero. Correct --rate.")
    into: str = options.currency or ""
    others = sorted(set(currencies) - set(rates))
    if rates and not into:
        if len(others) != 1:
            raise CrexError(
                "SCHEMA",
                "Rates convert into one currency, and which one is not clear. Name it with --currency.",
            )
        into = others[0]
    if into in rates:
        raise CrexError("SCHEMA", f"{into} is the currency that is converted into; leave out its --rate.")
    return rates, into


def _fitting() -> int:
    """Gives how many lengths of a chart fit into the terminal."""
    from shutil import get_terminal_size

    from crex.comparison.chart import columns

    width = get_terminal_size((_WIDE, 24)).columns if sys.stdout.isatty() else _WIDE
    return columns(max(width, _NARROW), labels=14)


class _Progress:
    """Shows on standard error how far a comparison is, where somebody looks at it."""

    def __init__(self, whole: int) -> None:
        self._whole = whole
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __call__(self, done: int) -> None:
        if sys.stderr.isatty():
            self._shown = True
            print(f"\rcomparing {done * 100 // self._whole} %", end="", file=sys.stderr, flush=True)

    def __exit__(self, *_: object) -> None:
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
