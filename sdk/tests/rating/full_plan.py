"""A price plan that uses every switch, as the body of a document: rules are tried on it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import orjson

from crex.documents import convert, reader
from crex.errors import Violation
from crex.rating import Plan
from crex.rating.plan_rules import violations
from crex.v1 import Pin, PricePlan

SERIES = "crex://index.example/price-series/spot"
RATES = "crex://index.example/price-series/eur-jpy"
PIN = Pin(id="crex://provider.example/price-plan/full", revision=1, sha256="2e" * 32)

_BODY: dict[str, Any] = {
    "header": {
        "id": PIN.id,
        "revision": "1",
        "issuer": "provider.example",
        "issuedAt": "2026-01-01T00:00:00Z",
    },
    "currency": "EUR",
    "timeZone": "Europe/Berlin",
    "effectiveStart": "2026-01-01T00:00:00Z",
    "effectiveEnd": "2027-01-01T00:00:00Z",
    "components": [
        {
            "id": "night",
            "dimension": "compute-unit",
            "unit": "unit",
            "kind": "COMPONENT_KIND_TIME",
            "perQuantity": "3600",
            "model": "TIER_MODEL_UNIT",
            "tiers": [{"unitPrice": "1.5"}],
            "restrictions": {
                "localStart": "22:00",
                "localEnd": "06:00",
                "days": ["mon", "sat"],
                "localDates": ["2026-03-02", "2026-03-07"],
                "region": "north",
                "interruptible": True,
                "commitmentId": "hours",
            },
            "taxCategory": "vat",
        },
        {
            "id": "units",
            "dimension": "compute-unit",
            "unit": "unit",
            "kind": "COMPONENT_KIND_TIME",
            "perQuantity": "3600",
            "model": "TIER_MODEL_GRADUATED",
            "tiers": [{"upTo": "7200", "unitPrice": "3"}, {"unitPrice": "2.5"}],
            "granularity": {"step": "60", "minimum": "600", "scope": "GRANULARITY_SCOPE_SEGMENT"},
            "accumulator": {
                "scope": "ACCUMULATOR_SCOPE_ACCOUNT",
                "reset": "ACCUMULATOR_RESET_TERM",
                "carryOnRevision": True,
            },
            "taxCategory": "vat",
        },
        {
            "id": "disk",
            "dimension": "storage",
            "unit": "gibibyte",
            "kind": "COMPONENT_KIND_GAUGE_TIME",
            "perQuantity": "1",
            "timeUnit": "month",
            "model": "TIER_MODEL_VOLUME",
            "tiers": [{"upTo": "10", "unitPrice": "0.1", "flatPrice": "2"}, {"unitPrice": "0.05"}],
        },
        {
            "id": "energy",
            "dimension": "energy",
            "unit": "kilowatt-hour",
            "kind": "COMPONENT_KIND_COUNT",
            "perQuantity": "1",
            "model": "TIER_MODEL_UNIT",
            "tiers": [{"unitPrice": "0.02"}],
            "priceSeries": {"id": SERIES, "publisher": "index.example", "maxUnitPrice": "4"},
        },
        {
            "id": "calls",
            "dimension": "request",
            "unit": "request",
            "kind": "COMPONENT_KIND_COUNT",
            "perQuantity": "1000",
            "model": "TIER_MODEL_PACKAGE",
            "tiers": [{"unitPrice": "0.4"}],
        },
        {
            "id": "base",
            "dimension": "service-time",
            "unit": "unit",
            "kind": "COMPONENT_KIND_FLAT",
            "perQuantity": "1",
            "model": "TIER_MODEL_UNIT",
            "tiers": [{"unitPrice": "5"}],
        },
        {
            "id": "setup",
            "dimension": "service-time",
            "unit": "event",
            "kind": "COMPONENT_KIND_ONE_OFF",
            "perQuantity": "1",
            "model": "TIER_MODEL_UNIT",
            "tiers": [{"unitPrice": "10"}],
        },
    ],
    "commitments": [
        {
            "id": "hours",
            "kind": "COMMITMENT_KIND_HOURLY_QUANTITY",
            "amount": "2",
            "price": "1.8",
            "perQuantity": "3600",
            "eligible": ["night", "units"],
            "termMonths": 6,
            "upfrontPrice": "100",
        },
        {
            "id": "spend",
            "kind": "COMMITMENT_KIND_PERIOD_SPEND",
            "amount": "100",
            "price": "80",
            "eligible": ["units", "calls"],
            "priority": 1,
            "term": {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"},
        },
    ],
    "credits": [
        {"id": "less", "kind": "CREDIT_KIND_PERCENT", "percent": "10", "basis": ["units"]},
        {
            "id": "voucher",
            "kind": "CREDIT_KIND_FIXED",
            "amount": {"currency": "EUR", "amount": "50.00"},
            "expires": "2026-12-01T00:00:00Z",
        },
        {
            "id": "promise",
            "kind": "CREDIT_KIND_SLA",
            "sla": {
                "metric": "uptime",
                "thresholds": [{"below": "0.999", "percent": "10"}, {"below": "0.95", "percent": "50"}],
            },
            "cap": {"currency": "EUR", "amount": "100.00"},
        },
    ],
    "taxes": [
        {"category": "vat", "rate": "0.19", "jurisdiction": "de"},
        {"category": "vat", "rate": "0", "jurisdiction": "eu", "exemptionCode": "VATEX-EU-AE"},
    ],
    "minimum": {"currency": "EUR", "amount": "10.00"},
    "maximum": {"currency": "EUR", "amount": "1000.00"},
    "adjustmentTaxCategory": "vat",
}


def body() -> dict[str, Any]:
    """A copy of the plan's body."""
    return deepcopy(_BODY)


def message(of: dict[str, Any]) -> PricePlan:
    """A body as a message; it must be in strict form and keep its schema."""
    return convert.to_message(reader.read(orjson.dumps(of), PricePlan), PricePlan)


def ready(of: dict[str, Any], pin: Pin = PIN) -> Plan:
    """A body as a plan ready for rating."""
    return Plan.of(message(of), pin)


def broken(of: dict[str, Any]) -> list[Violation]:
    """Every rule of pricing that a body breaks."""
    return list(violations(message(of)))
