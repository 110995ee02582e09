"""What a document concerns, found in its body: pins, sites, pools and leases, bounded."""

from __future__ import annotations

import pytest

from crex_broker.domain.concerns import concerns_of, countries_of

ONE, TWO = "1" * 64, "2" * 64


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"header": {"id": "x"}, "siteId": "crex://a.b/site/n"}, ("crex://a.b/site/n",)),
        ({"fromSite": "crex://a.b/site/n", "toSite": "crex://a.b/site/s"}, ("crex://a.b/site/n", "crex://a.b/site/s")),
        ({"resource": {"id": "x", "revision": "1", "sha256": ONE}, "pool": "crex://a.b/pool/p"}, (ONE, "crex://a.b/pool/p")),
        ({"pool": {"unit": "crex://a.b/resource/node"}}, ("crex://a.b/resource/node",)),
        ({"items": [{"offer": {"sha256": ONE}, "quantity": "1"}, {"offer": {"sha256": ONE}}]}, (ONE,)),
        ({"orders": [{"sha256": ONE}], "usageBatches": [{"sha256": TWO}]}, (ONE, TWO)),
        ({"leases": ["crex://a.b/lease/1", 7, None]}, ("crex://a.b/lease/1",)),
        ({"siteId": 7, "pool": None, "items": [[], "x", {"offer": {"sha256": 1}}]}, ()),
    ],
)  # fmt: skip
def test_pins_and_names_are_found(body: dict[str, object], found: tuple[str, ...]) -> None:
    """SUPERVISE-SCOPE-1: whatever a body pins or names, each once, and nothing that is not text."""
    assert concerns_of(body) == found


def test_a_body_of_any_size_gives_a_bounded_number() -> None:
    """Ten thousand pins cost no transaction ten thousand look-ups."""
    body = {name: [{"sha256": f"{name}{at:063d}"} for at in range(10_000)] for name in "abcdef"}
    assert len(concerns_of(body)) == 512


def test_a_site_states_its_country_and_nothing_else_does() -> None:
    """SUPERVISE-SCOPE-1: only a site is somewhere by itself."""
    assert countries_of({"country": "CN"}, "site") == ("CN",)
    assert countries_of({"country": "CN"}, "offer") == ()
    assert countries_of({"country": 7}, "site") == ()
    assert countries_of({}, "site") == ()
