"""Mistakes in what counts, and in when a component applies; the form is that of `mistakes`."""

from __future__ import annotations

from typing import Final

_DUPLICATES = 'lease.counting = list(bills.unfold(lease.value["records"]))\n        _counting(lease.counting)'

TIME: Final[dict[str, tuple[str, str, str]]] = {
    "the last component wins": (
        "use",
        'for component in plan.value["components"]:\n        fee',
        'for component in plan.value["components"][::-1]:\n        fee',
    ),
    "dimensions without units": (
        "use",
        "if bills.measure(component) == of and",
        'if component["dimension"] == of[0] and',
    ),
    "unpriced use lost": ("rating", "found += _unpriced(bill, used)", "pass"),
    "unpriced time as stated": ("use", "amount *= Fraction(right - left, 1000) if of in held else 1", "pass"),
    "a plan for ever": ("bill", "if it.start <= at < it.end", "if it.start <= at"),
    "no cut where a plan ends": ("use", "cuts |= {plan.start, plan.end}", "cuts |= {plan.start}"),
    "no cut where a plan begins": ("use", "cuts |= {plan.start, plan.end}", "cuts |= {plan.end}"),
    "use of other periods": ("use", "if not bill.begin <= left < bill.end:", "if False:"),
    "the end of a period belongs to it": (
        "use",
        "if not bill.begin <= left < bill.end:",
        "if not bill.begin <= left <= bill.end:",
    ),
    "counts divided at cuts": ("use", "if inner and not held:", "if False:"),
    "the end of a record belongs to it": ("use", "if start < cut < stop", "if start < cut <= stop"),
    "levels bounded by the lease": ("claims", 'plan.kinds("TIME")', 'plan.kinds("TIME", "GAUGE_TIME")'),
    "levels that are not split": ("use", 'HELD = ("TIME", "GAUGE_TIME")', 'HELD = ("TIME",)'),
    "no cut at a window": (
        "use",
        "inner = {at for component in own for at in clock.turns(bill, plan, component)}",
        "inner = set()",
    ),
    "windows in UTC": (
        "clock",
        "return _EPOCH + timedelta(milliseconds=at + offsets[-1])",
        "return _EPOCH + timedelta(milliseconds=at)",
    ),
    "windows by the first offset": ("clock", "milliseconds=at + offsets[-1]", "milliseconds=at + offsets[0]"),
    "windows that do not go over midnight": ("clock", "else shown >= start or shown < end", "else False"),
    "the end of a window belongs to it": ("clock", "start <= shown < end if", "start <= shown <= end if"),
    "no days": ("clock", 'return not restrictions.get("days") or WEEK', "return True or WEEK"),
    "no dates": ("clock", "return not dates or", "return True or"),
    "days of the window's beginning": (
        "clock",
        "WEEK[local(bill, at).weekday()]",
        "WEEK[local(bill, at - 6 * HOUR).weekday()]",
    ),
    "a cut at each change of the clocks": (
        "clock",
        "if question(at) != question(at - 1))",
        "if question(at) != question(at - 1) or at in dict(bill.offsets))",
    ),
    "a cut at each midnight": (
        "clock",
        "if question(at) != question(at - 1))",
        "if question(at) != question(at - 1) or at % DAY == 0)",
    ),
    "any region": (
        "clock",
        '("region" not in asked or lease.value.get("region") == asked["region"])',
        "True",
    ),
    "regions by their beginning": (
        "clock",
        'lease.value.get("region") == asked["region"]',
        'str(lease.value.get("region")).startswith(asked["region"])',
    ),
    "any mode": ("clock", '("interruptible" not in asked or spot == asked["interruptible"])', "True"),
    "only what is asked to be spot": (
        "clock",
        'spot == asked["interruptible"]',
        'spot or not asked["interruptible"]',
    ),
    "no commitment is asked": ("clock", "return start <= at < end", "return True"),
    "the last offset before all": ("clock", "if not offsets:", "if False:"),
    "thirty days a month": (
        "clock",
        'end = _months_on(start, commitment["termMonths"])',
        'end = start + 30 * DAY * commitment["termMonths"]',
    ),
    "commitments beyond their plan": (
        "clock",
        "return max(start, plan.start), min(end, plan.end)",
        "return start, end",
    ),
}

RECORDS: Final[dict[str, tuple[str, str, str]]] = {
    "the first contents of a key": (
        "claims",
        "if json.dumps(by_key.setdefault(key, record)) != json.dumps(record):",
        "if by_key.setdefault(key, record) is None:",
    ),
    "contents compared by quantity": (
        "claims",
        "if json.dumps(by_key.setdefault(key, record)) != json.dumps(record):",
        'if by_key.setdefault(key, record)["quantity"] != record["quantity"]:',
    ),
    "duplicates counted": (
        "claims",
        'lease.counting = _counting(bills.unfold(lease.value["records"]))',
        _DUPLICATES,
    ),
    "every revision counts": ("claims", "highest[key[:3]]", "highest[key]"),
    "the last revision to come": ("claims", "for key in sorted(by_key):", "for key in by_key:"),
    "revisions as texts": ("claims", 'int(record["revision"])', 'record["revision"]'),
    "meters mixed up": (
        "claims",
        'key = (record["lease"], record["meterId"],',
        'key = (record["lease"], "",',
    ),
    "gap markers passed over": ("claims", "numbers |= marked", "pass"),
    "marked and recorded": ("claims", "if numbers & marked:", "if False:"),
    "complete from the first that came": ("claims", 'int(first.get(meter, "1"))', "min(numbers)"),
    "complete from 1 for ever": ("claims", 'int(first.get(meter, "1"))', "1"),
    "always complete": ("claims", "return all(whole)", "return True"),
    "never complete": ("claims", "return all(whole)", "return False"),
    "other leases": ("claims", 'if record["lease"] != lease.name:', "if False:"),
    "use before activation": ("claims", "if start < first or ", "if "),
    "use after the end": ("claims", " or end > last", ""),
    "the end of the lease excluded": ("claims", "end > last", "end >= last"),
    "never activated": ("claims", "return lease.start, lease.start", "return lease.start, lease.end"),
    "used beyond the lease": (
        "claims",
        'min(lease.end, times.get("TERMINATED", lease.end))',
        'times.get("TERMINATED", lease.end)',
    ),
    "used before the lease": (
        "claims",
        'return max(lease.start, times["ACTIVATED"])',
        'return (times["ACTIVATED"])',
    ),
    "two activations": ("claims", "if made not in ([],", "if False and made not in ([],"),
    "overlaps": ("claims", "if any(earlier[1] > later[0]", "if False and any(earlier[1] > later[0]"),
    "touching overlaps": ("claims", "if any(earlier[1] > later[0]", "if any(earlier[1] >= later[0]"),
    "resources overlap": (
        "claims",
        'group = (record["meterId"], record["resource"], record["dimension"])',
        'group = (record["meterId"],)',
    ),
    "instants overlap": ("claims", "sorted(it for it in intervals if it[0] < it[1])", "sorted(intervals)"),
    "more than leased": ("claims", '> Fraction(lease.value["quantity"]):', "> 10**30:"),
    "all that is leased": (
        "claims",
        '> Fraction(lease.value["quantity"]):',
        '>= Fraction(lease.value["quantity"]):',
    ),
    "as leased, meter by meter": (
        "claims",
        "steps[at] = steps.get(at, Fraction(0)) + step",
        "steps[at] = step",
    ),
    "outages without an end": ("claims", 'if outage != ("until" in event):', "if False:"),
    "outages before activation": ("claims", "if activated is None or at < activated or", "if"),
    "no strictness": ("bill", 'plan_forms.check(stated["plan"])', "None"),
    "no strictness of records": ("bill", 'forms.check_records(unfold(stated["records"]))', "None"),
    "no strictness of series": ("bill", "series_forms.check(stated)", "None"),
    "any plan supersedes": ("bill", "    _supersede(bill.plans)\n", ""),
}
