"""`crex search`: offers that meet a demand, in order, and why the others do not."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from crex.cli.options import Commands, command, duration, moment, positive
from crex.cli.policy_commands import add_policy
from crex.cli.result import Result, table

if TYPE_CHECKING:
    from crex import v1

# SearchOffersRequest.max_candidates
_MOST_CANDIDATES: Final = 1000
_RATE: Final = re.compile(r"([A-Z]{3})=([0-9]{1,18}(?:\.[0-9]{1,12})?)")
_USE: Final = re.compile(r"([^=:]+)=([0-9]{1,18}(?:\.[0-9]{1,12})?):([^=:]+)")


def add(commands: Commands) -> None:
    """Adds the command."""
    search = command(
        commands, "search", _search, "find offers that meet a requirement, and why others do not"
    )
    search.add_argument("text", metavar="REQUIREMENT", help="such as 'cpu.schedulable_cpus >= 1'")
    search.add_argument(
        "--or",
        dest="alternatives",
        action="append",
        metavar="REQUIREMENT",
        help="what will do instead; several are tried in order",
    )
    search.add_argument(
        "--prefer",
        action="append",
        metavar="PREFERENCE",
        help="such as 'minimize price from 0 to 100 weight 3'; orders, never excludes",
    )
    search.add_argument(
        "--for",
        dest="length",
        type=duration,
        default=timedelta(hours=1),
        metavar="TIME",
        help="how long (1h)",
    )
    search.add_argument("--from", dest="start", type=moment, metavar="TIME", help="from then on")
    search.add_argument(
        "--until",
        dest="latest",
        type=moment,
        metavar="TIME",
        help="any time between --from (now) and then",
    )
    search.add_argument("--count", type=positive, default=1, help="units (1)")
    search.add_argument(
        "--use",
        type=use,
        action="append",
        metavar="DIMENSION=QUANTITY:UNIT",
        help="what will be used beside, such as egress=5000000000:byte",
    )
    search.add_argument("--currency", help="prices in this currency")
    search.add_argument(
        "--rate",
        type=rate,
        action="append",
        metavar="CURRENCY=RATE",
        help="convert prices, such as USD=7.1 where the currency is CNY",
    )
    add_properties(search)
    add_policy(search)
    search.add_argument(
        "--max", dest="most", type=candidates, default=20, help="candidates shown, at most 1000 (20)"
    )
    search.add_argument("--explain", action="store_true", help="say why every other offer does not match")


def add_properties(parser: argparse.ArgumentParser) -> None:
    """Adds `--property`."""
    parser.add_argument(
        "--property",
        dest="properties",
        type=stated,
        action="append",
        metavar="NAME=VALUE[,VALUE]",
        help="what you state of yourself, for offers that ask, such as end-use=research",
    )


def candidates(text: str) -> int:
    """Reads how many candidates a search gives; the contract bounds it."""
    value = positive(text)
    if value > _MOST_CANDIDATES:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {_MOST_CANDIDATES}")
    return value


def stated(text: str) -> v1.DemandProperty:
    """Reads what a consumer states of itself: `end-use=research,teaching`."""
    from crex import v1
    from crex.names import is_token

    name, _, values = text.partition("=")
    if not is_token(name) or not all(values.split(",")):
        raise argparse.ArgumentTypeError(f"{text!r} is no property; write it like end-use=research")
    return v1.DemandProperty(name=name, values=values.split(","))


def rate(text: str) -> v1.ExchangeRate:
    """Reads a rate of exchange: `USD=7.1`."""
    from fractions import Fraction

    from crex import v1
    from crex.decimals import format_rational

    match = _RATE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no rate; write it like USD=7.1")
    num, den = format_rational(Fraction(match[2]))
    return v1.ExchangeRate(currency=match[1], rate=v1.Rational(num=num, den=den))


def use(text: str) -> v1.DemandQuantity:
    """Reads a further quantity: `egress=5000000000:byte`."""
    from fractions import Fraction

    from crex import v1
    from crex.decimals import format_decimal
    from crex.names import is_token

    match = _USE.fullmatch(text)
    if match is None or not (is_token(match[1]) and is_token(match[3])):
        raise argparse.ArgumentTypeError(f"{text!r} is no quantity; write it like egress=5000000000:byte")
    return v1.DemandQuantity(dimension=match[1], quantity=format_decimal(Fraction(match[2])), unit=match[3])


def _search(options: argparse.Namespace) -> Result:
    from crex import v1
    from crex.cli.party import open_customer
    from crex.demand.rendering import render
    from crex.documents.convert import to_json

    demand = _demand(options)
    if options.policy is not None:
        from crex.cli.policy_evidence import read_policy

        demand.policy.CopyFrom(read_policy(options.policy))
    response = open_customer(options).client.search_offers(
        v1.SearchOffersRequest(demand=demand, max_candidates=options.most, explain=options.explain)
    )
    heads, rows = _rows(demand, response.candidates)
    text = table(heads, rows, empty="No offer matches.")
    if options.explain:
        text += "\n\n" + "\n".join(render(response.explanation))
    elif not rows:
        text += " --explain says why."
    return Result(to_json(response), text)


def _demand(options: argparse.Namespace) -> v1.Demand:
    from crex import v1
    from crex.cli.party import now
    from crex.demand import parse, parse_preference
    from crex.documents.convert import to_timestamp

    demand = v1.Demand(
        requirement=parse(options.text),
        alternatives=[parse(text) for text in options.alternatives or ()],
        preferences=[parse_preference(text) for text in options.prefer or ()],
        count=options.count,
        quantities=options.use,
        currency=options.currency,
        fx=options.rate,
        properties=options.properties,
    )
    if options.latest is not None:
        demand.window.earliest.CopyFrom(to_timestamp(options.start or now()))
        demand.window.latest.CopyFrom(to_timestamp(options.latest))
        demand.window.duration.FromTimedelta(options.length)
    elif options.start is not None:
        end = options.start + options.length
        demand.interval.CopyFrom(v1.Interval(start=to_timestamp(options.start), end=to_timestamp(end)))
    else:
        demand.duration.FromTimedelta(options.length)
    return demand


def _rows(demand: v1.Demand, candidates: Iterable[v1.Candidate]) -> tuple[list[str], list[list[str]]]:
    """Gives the table of candidates: columns only for what the demand asked."""
    heads = ["OFFER", "PRICE", "CAN BE HELD"]
    extra = {
        "ALTERNATIVE": bool(demand.alternatives),
        "SCORE": bool(demand.preferences),
        "START": demand.HasField("window"),
    }
    rows = []
    for one in candidates:
        cells = {
            "ALTERNATIVE": str(one.alternative),
            "SCORE": str(one.score),
            "START": one.start.ToJsonString(),
        }
        shown = [cells[name] for name, wanted in extra.items() if wanted]
        rows.append([one.offer_id, _price(one), "yes" if one.holdable else "no", *shown])
    return [*heads, *(name for name, wanted in extra.items() if wanted)], rows


def _price(candidate: v1.Candidate) -> str:
    if candidate.HasField("price"):
        return f"{candidate.price.amount} {candidate.price.currency}"
    return f"unknown: {candidate.price_unknown_reason}"
