"""Currencies and their minor units: facts of ISO 4217, table A.1.

Codes and minor units were carried over one by one from the list of active codes of ISO 4217 table A.1 as
published by the maintenance agency (read on 2026-11-23, after Bulgaria's lev left it). Withdrawn codes are
not in it. For a code whose minor unit the table gives as "N.A." (metals, bond-market units, testing codes)
an amount of money has no defined number of digits; such a code is refused for money.
"""

from __future__ import annotations

from crex.errors import InvalidScalar, Violation

# Alphabetic codes by the number of decimal digits of their minor unit.
_BY_EXPONENT: dict[int, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
        CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
        HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK
        MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD
        RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
        USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

# Digits after the decimal point of an amount, by alphabetic code.
EXPONENTS: dict[str, int] = {
    code: exponent for exponent, codes in _BY_EXPONENT.items() for code in codes.split()
}

# Codes of the table without a minor unit: no amount of money can be written in them.
WITHOUT_MINOR_UNIT = frozenset(
    {"XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"}
)


def exponent(currency: str) -> int:
    """Gives the number of digits after the decimal point of an amount in a currency.

    Raises:
        InvalidScalar: The code is not an active currency of ISO 4217, or has no minor unit
            (SCALAR-CURRENCY-1).
    """
    known = EXPONENTS.get(currency)
    if known is not None:
        return known
    if currency in WITHOUT_MINOR_UNIT:
        message = f"{currency} has no minor unit in ISO 4217, so an amount in it has no defined digits"
    else:
        message = f"{currency[:16]!r} is not an active currency code of ISO 4217"
    fix = "use the three capitals of an active currency with a minor unit, such as CNY, EUR or JPY"
    raise InvalidScalar("SCHEMA", message, violations=[Violation("$", message, "SCALAR-CURRENCY-1", fix)])
