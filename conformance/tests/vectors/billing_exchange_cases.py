"""Bills in another currency than the plan's prices, by a rate that is a rational."""

from __future__ import annotations

from typing import Any, Final

from conformance.tests.vectors.billing_cases import AT_TWO, MARCH, Case, Value, gpu, held, plan, use
from conformance.tests.vectors.billing_commitment_cases import hourly
from conformance.tests.vectors.billing_credit_cases import percent
from conformance.tests.vectors.billing_inputs import account, lease
from conformance.tests.vectors.billing_lines import Line
from conformance.tests.vectors.billing_series_cases import series
from conformance.tests.vectors.billing_spend_cases import FIFTY_HOURS, spend

RATES: Final = "crex://bank.example/price-series/eur-usd"
EXCHANGE: Final = {"currency": "USD", "series": RATES, "publisher": "bank.example"}
SPRING: Final = ("2026-02-01T00:00:00Z", "2026-06-01T00:00:00Z")


def rate(num: str, den: str) -> Value:
    """A rational."""
    return {"num": num, "den": den}


def rates(*points: tuple[str, Any], currency: str = "USD", **members: Any) -> Value:
    """A series of exchange rates from EUR."""
    value = series(*points, interval=SPRING, currency=currency, baseCurrency="EUR", **members)
    value["header"] = value["header"] | {"id": RATES, "issuer": "bank.example"}
    return value


TWELFTHS: Final = rates((SPRING[0], rate("13", "12")), (AT_TWO, rate("2", "1")))
AT: Final = ("exchange", "13/12")
DOLLARS: Final = Case(
    "bill-in-another-currency",
    ["RATE-EXCHANGE-1", "RATE-AMOUNT-1", "RATE-FACTOR-1"],
    "2.99 EUR x 13/12 = 3.23916...: 3.24 USD. The rate is a rational: as 1.0833 the exact amount differs, "
    "and so the digest. What it is from 10 March on changes nothing: the first instant of the period counts.",
    use(plan(gpu(), exchange=EXCHANGE), held(), series=[TWELFTHS]),
    [Line("gpu", 1, "3600", "3887/1200", "3.24", factors=[AT])],
    "3.24",
)
SERIES: Final = "series[0]"
CASES: Final[list[Case]] = [
    DOLLARS,
    DOLLARS.but(
        "rate-of-the-first-instant",
        "RATE-EXCHANGE-1",
        f"{SERIES}.points[1].start",
        MARCH[0],
        [Line("gpu", 1, "3600", "5.98", "5.98", factors=[("exchange", "2")])],
        "5.98",
        "The point of 1 March 00:00 holds at the first instant: 2.99 x 2 = 5.98.",
    ),
    DOLLARS.but(
        "rate-before-percentages",
        "RATE-FACTOR-1 RATE-PERCENT-1 RATE-EXCHANGE-1",
        "plan.credits",
        [percent("off", "10")],
        [Line("gpu", 1, "3600", "11661/4000", "2.92", factors=[AT, ("credit:off", "9/10")])],
        "2.92",
        "2.99 x 13/12 x 9/10 = 2.91525: 2.92, rounded once. Rounded after the exchange, 3.24 x 9/10 = "
        "2.916; the factors are stated in this order.",
    ),
    DOLLARS.but(
        "minimum-in-the-billed-currency",
        "RATE-MINIMUM-1 PRICE-MINIMUM-1 RATE-EXCHANGE-1",
        "plan.minimum",
        {"currency": "USD", "amount": "5.00"},
        [
            Line("gpu", 1, "3600", "3887/1200", "3.24", factors=[AT]),
            Line("minimum:period", 0, "1", "1.76", "1.76", adjustment="minimum"),
        ],
        "5.00",
        "3.24 USD is 1.76 short of 5.00 USD. The minimum is not converted.",
    ),
    DOLLARS.refused(
        "minimum-in-the-currency-of-prices",
        "PRICE-MINIMUM-1",
        "SCHEMA",
        "plan.minimum",
        {"currency": "EUR", "amount": "5.00"},
        "Bounds are in the billed currency, and this plan bills USD.",
    ),
    DOLLARS.refused(
        "rates-that-are-not-there",
        "RATE-EXCHANGE-1",
        "INCOMPLETE",
        "series",
        [],
        "Without a rate nothing can be billed in USD; 1 is no rate.",
    ),
    DOLLARS.refused(
        "rates-that-begin-too-late",
        "RATE-EXCHANGE-1",
        "INCOMPLETE",
        SERIES,
        rates((SPRING[0], rate("13", "12"))) | {"interval": {"start": SPRING[0], "end": MARCH[0]}},
        "The series ends as the period begins; its last rate is not the one that holds then.",
    ),
    DOLLARS.refused(
        "rates-from-another-currency",
        "RATE-EXCHANGE-1",
        "TERMS",
        f"{SERIES}.baseCurrency",
        "KWD",
        "It converts dinars, and prices are in EUR.",
    ),
    DOLLARS.refused(
        "rates-into-another-currency",
        "RATE-EXCHANGE-1",
        "TERMS",
        f"{SERIES}.currency",
        "JPY",
        "It converts into yen, and dollars are billed.",
    ),
    DOLLARS.refused(
        "price-in-a-series-of-rates",
        "SERIES-POINT-2",
        "SCHEMA",
        f"{SERIES}.points[1]",
        {"start": AT_TWO, "unitPrice": "2"},
        "A price is no rate.",
    ),
    DOLLARS.refused(
        "rate-of-zero",
        "SERIES-POINT-2",
        "SCHEMA",
        f"{SERIES}.points[1].rate",
        rate("0", "1"),
        "Everything would be free.",
    ),
    DOLLARS.refused(
        "rate-that-is-not-in-lowest-terms",
        "SCALAR-RATIONAL-1",
        "SCHEMA",
        f"{SERIES}.points[1].rate",
        rate("4", "2"),
        "One number has one spelling.",
    ),
    DOLLARS.refused(
        "exchange-into-the-same-currency",
        "PRICE-EXCHANGE-1",
        "SCHEMA",
        "plan.exchange.currency",
        "EUR",
        "A rate of EUR in EUR is 1, or a hidden price.",
    ),
    DOLLARS.refused(
        "exchange-into-gold",
        "PRICE-EXCHANGE-1",
        "SCHEMA",
        "plan.exchange.currency",
        "XAU",
        "Gold has no minor unit to round to.",
    ),
    DOLLARS.refused(
        "exchange-by-another-authority",
        "PRICE-EXCHANGE-1",
        "SCHEMA",
        "plan.exchange.publisher",
        "broker.example",
        "The series lies under bank.example: nobody else can sign it.",
    ),
    Case(
        "exchange-into-dinars",
        ["RATE-EXCHANGE-1", "RATE-ROUND-1"],
        "2.99 EUR x 1/3 = 0.99666...: 0.997 KWD, by the three digits of the billed currency.",
        use(
            plan(gpu(), exchange={**EXCHANGE, "currency": "KWD"}),
            held(),
            series=[rates((SPRING[0], rate("1", "3")), currency="KWD")],
        ),
        [Line("gpu", 1, "3600", "299/300", "0.997", factors=[("exchange", "1/3")])],
        "0.997",
    ),
    Case(
        "spend-before-exchange",
        ["RATE-COMMITMENT-4", "RATE-EXCHANGE-1", "RATE-FACTOR-1"],
        "The spend is 100 EUR at the plan's prices: 36000000/299 unit-seconds, x 9/10 x 13/12 = 97.50 USD; "
        "the rest, 49.5 x 13/12 = 53.625: 53.63. 100 USD would pay for less.",
        account(
            plan(gpu(), exchange=EXCHANGE, commitments=[spend()]), lease("l1", FIFTY_HOURS), series=[TWELFTHS]
        ),
        [
            Line(
                *("gpu", 1, "36000000/299", "97.5", "97.50"),
                commitment="spend:used",
                factors=[("commitment:spend", "9/10"), AT],
            ),
            Line("gpu", 1, "17820000/299", "53.625", "53.63", factors=[AT]),
        ],
        "151.13",
    ),
    Case(
        "commitment-in-another-currency",
        ["RATE-EXCHANGE-1", "RATE-COMMITMENT-3", "RATE-COMMITMENT-5"],
        "Every exact amount is converted: used 3600 x 1 / 3600 x 13/12 = 1.0833: 1.08; unused the same; "
        "upfront 50 x 13/12 = 54.1666: 54.17.",
        account(
            plan(gpu(), exchange=EXCHANGE, commitments=[hourly("base", "1", "1", upfrontPrice="50")]),
            lease("l1", held()),
            series=[TWELFTHS],
        ),
        [
            Line("gpu", 0, "3600", "13/12", "1.08", commitment="base:used", factors=[AT]),
            Line("compute-unit:unit", 0, "3600", "13/12", "1.08", "", commitment="base:unused", factors=[AT]),
            Line("commitment:term", 0, "1", "325/6", "54.17", "", commitment="base:upfront", factors=[AT]),
        ],
        "56.33",
    ),
]
