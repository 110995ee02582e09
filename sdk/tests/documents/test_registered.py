"""Tokens, identifiers and energy figures against the registries: remarks, and what cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crex import v1
from crex.documents import reader
from crex.documents.registered import remarks
from crex.errors import DocumentError

HEADER = {
    "id": "crex://p.example.cn/site/zhongwei-1",
    "revision": "1",
    "issuer": "p.example.cn",
    "issuedAt": "2026-11-01T12:00:00Z",
}
YEAR = {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}


def site(**members: Any) -> dict[str, Any]:
    """Gives a site that the reader accepts (REG-OPEN-1)."""
    value = {"header": HEADER, "country": "CN", **members}
    return reader.read(json.dumps(value).encode(), v1.Site)


def energy(metric: str, value: int, **members: str) -> dict[str, Any]:
    """Gives an energy figure."""
    stated = {"metric": metric, "valueMicro": str(value), "interval": YEAR, "basis": "metered"}
    return {**stated, "boundary": "site", **members}


@pytest.mark.parametrize(
    ("members", "place", "part"),
    [
        ({"hub": "ningxa"}, "$.hub", "Perhaps ningxia is meant"),
        ({"hub": "atlantis"}, "$.hub", "See `crex registry show hubs`"),
        ({"tier": "cloudy"}, "$.tier", "Perhaps cloud is meant"),
        ({"legalJurisdictions": ["CN", "EURO"]}, "$.legalJurisdictions[1]", "does not list"),
        ({"energy": [energy("pu", 1_200_000)]}, "$.energy[0].metric", "Perhaps pue is meant"),
    ],
)
def test_a_token_that_nobody_registered_is_remarked(members: dict[str, Any], place: str, part: str) -> None:
    """An unlisted token is valid, and told with the nearest one (REG-UNKNOWN-1, REG-OPEN-1)."""
    (remark,) = remarks(site(**members), v1.Site)
    assert (remark.path, remark.requirement) == (place, "REG-UNKNOWN-1")
    assert part in str(remark)


def test_listed_and_private_tokens_are_not_remarked() -> None:
    """What a registry lists, and what bears its owner's name, raises no remark."""
    value = site(hub="ningxia", tier="p.example.cn/shed", gridZone="CN-NORTHWEST", legalJurisdictions=["EU"])
    assert remarks(value, v1.Site) == []


@pytest.mark.parametrize(
    ("scheme", "value", "fits"),
    [
        ("oid", "1.2.156.1", True),
        ("oid", "1.02", False),
        ("lei", "506700GE1G29325QX363", True),
        ("cn-uscc", "91110000600037341L", True),
        ("cn-uscc", "91110000600037341I", False),
        ("cn-icp-licence", "京ICP备12345678号-1", True),
        ("cn-computing-resource", "whatever it is", True),
        ("uuid", "9B2D0C2E-0000-4000-8000-000000000000", False),
        ("p.example.cn/rack", "7", True),
        ("arn", "arn:aws-cn:ec2:cn-north-1:123456789012:instance/i-1", True),
        ("arn", "i-1", False),
    ],
)
def test_identifiers_have_the_form_of_their_scheme(scheme: str, value: str, fits: bool) -> None:
    """A value that its scheme cannot have is remarked; the document stays valid (EXTERNAL-FORM-1)."""
    link = {
        "header": {**HEADER, "id": "crex://p.example.cn/link/a"},
        "fromSite": "crex://p.example.cn/site/a",
        "toSite": "crex://p.example.cn/site/b",
        "externalIds": [{"scheme": scheme, "value": value}],
        "provenance": {"basis": "nominal"},
    }
    found = remarks(reader.read(json.dumps(link).encode(), v1.NetworkLink), v1.NetworkLink)
    assert [(one.path, one.requirement) for one in found] == (
        [] if fits else [("$.externalIds[0].value", "EXTERNAL-FORM-1")]
    )


@pytest.mark.parametrize(
    ("metric", "value", "possible"),
    [
        ("pue", 1_000_000, True),
        ("pue", 999_999, False),
        ("pue", 10_000_000, True),
        ("pue", 10_000_001, False),
        ("cfe-share", 1_000_000, True),
        ("cfe-share", 98_000_000, False),  # 98 %, taken for a share
        ("ref", -1, False),
        ("cer", 10**15, True),
        ("p.example.cn/noise", -5, True),
    ],
)
def test_an_energy_figure_is_possible(metric: str, value: int, possible: bool) -> None:
    """What no site can have is refused, with the bounds (DESC-ENERGY-2)."""
    if possible:
        site(energy=[energy(metric, value)])
        return
    with pytest.raises(DocumentError) as refused:
        site(energy=[energy(metric, value)])
    (violation,) = refused.value.violations
    assert (violation.path, violation.requirement) == ("$.energy[0].valueMicro", "DESC-ENERGY-2")
