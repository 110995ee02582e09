"""Mistakes in credits, bounds, taxes and corrections; the form is that of `mistakes`."""

from __future__ import annotations

from typing import Final

_REMAINDER = "key=lambda key: (shares[key] - exact[key], key.encode())"
_NETS = "taken = min(left, sum((max(line.net, Fraction(0)) for line in basis), Fraction(0)))"
_EXPIRES = 'ms(it["expires"]) > bill.begin'
_EXCLUSIVE = "made.append(Tax(rule, total, total * rate, lines.rounded(total * rate, bill.billed)))"
_INCLUSIVE = "base = lines.rounded(total / (1 + rate), bill.billed)"
_CHANGE = "change = _number(now, key, member) - _number(was, key, member)"
_ADDED = (
    "self.exact = self.exact * factor if len(self.factors) < 2 else "
    "self.exact / self.factors[0][1] * (self.factors[0][1] + factor - 1)"
)
_LATE = (
    "            line.exact *= rate\n    adjustments.percentages(bill, found)\n"
    '    for line in found if rate else ():\n        line.factors.append(("exchange", rate))\n'
)
_PER_LINE = (
    "made.append(Tax(rule, total, total * rate, sum(("
    "lines.rounded(lines.rounded(it.exact, bill.billed) * rate, bill.billed) "
    'for it in found if it.category == rule["category"]), Fraction(0))))'
)
_ROUNDED = (
    _CHANGE + '\n            if member == "amount":\n                change = lines.rounded('
    '_number(now, key, "exact_amount") - _number(was, key, "exact_amount"), currency)'
)
_ON_LINES = (
    'moved = moved or change != 0\n            if "rate" in stated and member == "amount":\n'
    '                change = lines.rounded(Fraction(stated["base"]) * Fraction(stated["rate"]), currency)\n'
)

CREDITS: Final[dict[str, tuple[str, str, str]]] = {
    "percentages added up": (
        "lines",
        "self.exact *= factor",
        _ADDED,
    ),
    "percentages rounded in between": (
        "lines",
        "self.exact *= factor",
        "self.exact = round(self.exact * factor, 2)",
    ),
    "percentages of everything": ("adjustments", 'return not credit.get("basis") or', "return True or"),
    "percentages of the governing plan": (
        "adjustments",
        'credits_of(bill, line.plan, "PERCENT")',
        'credits_of(bill, bill.governing, "PERCENT")',
    ),
    "percentages before the exchange": (
        "rating",
        '            line.multiply("exchange", rate)\n    adjustments.percentages(bill, found)  # step 16\n',
        _LATE,
    ),
    "credits in the order of the plan": (
        "adjustments",
        'key=lambda it: (it.get("priority", 0), it["id"].encode()),',
        "key=lambda it: 0,",
    ),
    "credits by name alone": (
        "adjustments",
        'key=lambda it: (it.get("priority", 0), it["id"].encode()),',
        'key=lambda it: it["id"],',
    ),
    "credits that expire never": (
        "adjustments",
        f"({chr(34)}expires{chr(34)} not in it or {_EXPIRES})",
        "True",
    ),
    "credits that expire with the period": ("adjustments", _EXPIRES, 'ms(it["expires"]) >= bill.end'),
    "a coupon below zero": ("adjustments", _NETS, "taken = left"),
    "a coupon that begins anew": (
        "adjustments",
        'left = max(Fraction(0), Fraction(credit["amount"]["amount"]) - opens / _scale(bill))',
        'left = Fraction(credit["amount"]["amount"])',
    ),
    "a coupon that charges": ("adjustments", "left = max(Fraction(0), ", "left = max(Fraction(-(10**9)), "),
    "a coupon that is forgotten": (
        "adjustments",
        'spent[credit["id"]] = opens + taken * _scale(bill)',
        'spent[credit["id"]] = taken * _scale(bill)',
    ),
    "the remainder to the first line": ("adjustments", _REMAINDER, "key=lambda key: key.encode()"),
    "the remainder to the last line": (
        "adjustments",
        _REMAINDER,
        "key=lambda key: (shares[key] - exact[key], [-it for it in key.encode()])",
    ),
    "the remainder lost": ("adjustments", "shares[key] += 1", "pass"),
    "shares rounded each for itself": (
        "adjustments",
        "key: floor(share) for key, share",
        "key: round(share) for key, share",
    ),
    "lines below zero take a share": (
        "adjustments",
        "above = [line for line in basis if line.net > 0]",
        "above = list(basis)",
    ),
    "shares of zero": ("adjustments", "        if share:\n", "        if True:\n"),
    "no maximum": ("adjustments", "adjusted += _maximum(bill, plan, found)", "pass"),
    "no minimum": (
        "adjustments",
        "adjusted += (short := _minimum(bill, plan, found))",
        "short = list[lines.Line]()",
    ),
    "a minimum of zero": ("adjustments", "if short <= 0:", "if short < 0:"),
    "a minimum without active time": ("adjustments", "or not used:", "or False:"),
    "a minimum by lease": (
        "adjustments",
        '"" if bill.account else bill.leases[0].name',
        "bill.leases[0].name",
    ),
    "a minimum that no credit lowers": ("adjustments", "found = [*found, *short]", "pass"),
    "an uptime at the threshold": (
        "adjustments",
        'if share < Fraction(it["below"])]',
        'if share <= Fraction(it["below"])]',
    ),
    "an uptime as a float": (
        "adjustments",
        "share = 1 - Fraction(out, end - start)",
        "share = Fraction(1.0 - out / (end - start))",
    ),
    "the first threshold": ("adjustments", 'broken[-1]["percent"]', 'broken[0]["percent"]'),
    "all thresholds": (
        "adjustments",
        'Fraction(broken[-1]["percent"]) if',
        'sum(Fraction(it["percent"]) for it in broken) if',
    ),
    "outages counted twice": ("adjustments", "at = max(at, min(ends, end))", "pass"),
    "outages after the end": (
        "adjustments",
        "max(0, min(ends, end) - max(begins, at))",
        "max(0, ends - max(begins, at))",
    ),
    "no cap": ("adjustments", "amount = min(amount, left)", "pass"),
    "a cap for each lease": ("adjustments", "left -= amount", "pass"),
    "a promise for all lines": (
        "adjustments",
        "if line.lease == lease.name and _in_basis(credit, line)]",
        "if _in_basis(credit, line)]",
    ),
    "a promise before the coupons": (
        "adjustments",
        "nets = sum((max(line.net, Fraction(0)) for line in basis), Fraction(0))\n        amount",
        "nets = sum((max(line.exact, Fraction(0)) for line in basis), Fraction(0))\n        amount",
    ),
}

TAXES: Final[dict[str, tuple[str, str, str]]] = {
    "tax per line": (
        "taxes",
        _EXCLUSIVE,
        _PER_LINE,
    ),
    "tax on exact amounts": (
        "taxes",
        "amount = lines.rounded(line.exact, bill.billed)",
        "amount = line.exact",
    ),
    "tax rounded twice": ("taxes", _INCLUSIVE, "base = total - lines.rounded(total * rate, bill.billed)"),
    "included tax on top": ("taxes", 'if plan.get("taxIncluded", False):', "if False:"),
    "one tax for all categories": (
        "taxes",
        "sums[line.category] = sums.get(line.category, Fraction(0)) + amount",
        'sums["standard"] = sums.get("standard", Fraction(0)) + amount',
    ),
    "taxes in the order of the plan": (
        "taxes",
        "return sorted(made, key=lambda tax: tax.key.encode())",
        "return made",
    ),
    "no tax at a rate of zero": (
        "taxes",
        'if rule["category"] in sums:',
        'if rule["category"] in sums and rule["rate"] != "0":',
    ),
    "tax rules without lines": (
        "taxes",
        'if rule["category"] in sums:',
        'if sums.setdefault(rule["category"], Fraction(0)) is not None:',
    ),
    "taxes left out of the total": ("taxes", "return net, net + tax", "return net, net"),
    "net with included taxes": ("taxes", "net -= tax", "pass"),
    "no tax on adjustments": (
        "adjustments",
        "adjustment=name,\n                category=line.category,",
        "adjustment=name,",
    ),
    "no tax on the minimum": (
        "adjustments",
        'category=plan.value.get("adjustmentTaxCategory", ""),',
        'category="",',
    ),
    "no exemption code": ("table", 'tax.get("exemption_code", "")', '""'),
    "taxes left out of the digest": ("table", "rows += [_tax(tax, currency) for tax in taxes]", "pass"),
}

CORRECTIONS: Final[dict[str, tuple[str, str, str]]] = {
    "differences of what was first billed": ("corrections", "        before = after\n", ""),
    "differences that are rounded": (
        "corrections",
        _CHANGE,
        _ROUNDED,
    ),
    "all lines in each note": ("corrections", "moved = moved or change != 0", "moved = True"),
    "only lines that are owed": (
        "corrections",
        "sorted(was.keys() | now.keys(), key=str.encode)",
        "sorted(now.keys(), key=str.encode)",
    ),
    "taxes on the lines of the note": (
        "corrections",
        "moved = moved or change != 0\n",
        _ON_LINES,
    ),
    "no horizon": ("corrections", "        _horizon(given)\n", ""),
    "a horizon that is left out": (
        "corrections",
        'if bills.ms(given["received_at"]) > last:',
        'if bills.ms(given["received_at"]) >= last:',
    ),
    "every note a credit": ("corrections", '"debit-note" if total > 0 else "credit-note"', '"credit-note"'),
    "a note of zero a debit": (
        "corrections",
        '"debit-note" if total > 0 else "credit-note"',
        '"debit-note" if total >= 0 else "credit-note"',
    ),
    "a note without differences": ("corrections", 'if note["lines"] or note["taxes"]:', "if True:"),
    "no digest of what is owed": (
        "corrections",
        '"rating_digest": after.rating_digest',
        '"rating_digest": before.rating_digest',
    ),
}
