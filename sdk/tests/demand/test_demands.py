"""The whole of a demand: windows, rates of exchange, alternatives, preferences, and what offers ask of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crex import v1
from crex.demand import (
    OfferView,
    Truth,
    evaluate,
    format_preference,
    match,
    parse,
    parse_preference,
    render,
)
from crex.demand.offer_constraints import check_constraints, constraints_of
from crex.demand.paths import demand_registry
from crex.demand.preferences import score
from crex.demand.query import compile_demand
from crex.documents.convert import to_json
from crex.errors import RequirementError
from sdk.tests.demand.offers import NOW, gpu, node, plan, site, view
from sdk.tests.demand.test_matching import demand, explained, find, names


def refused(wanted: v1.Demand, requirement: str) -> str:
    """Gives the message with which a demand is refused for a rule."""
    with pytest.raises(RequirementError) as error:
        compile_demand(wanted, now=NOW)
    assert requirement in {one.requirement for one in error.value.violations}
    return str(error.value)


def available(*entries: tuple[str, str, int]) -> tuple[dict[str, Any], ...]:
    """Gives availability: start, end and quantity of each entry."""
    return tuple(
        {
            "interval": {"start": f"{start}T00:00:00Z", "end": f"{end}T00:00:00Z"},
            "quantity": str(quantity),
            "firmness": "committed",
        }
        for start, end, quantity in entries
    )


class TestAlternatives:
    """DEMAND-ALTERNATIVE-1: what will do instead, in order."""

    def test_an_offer_is_judged_by_the_first_that_it_meets(self) -> None:
        """An offer that meets the requirement is alternative 0, however cheap the others are."""
        wanted = demand("accelerators.vendor = nvidia")
        wanted.alternatives.extend([parse("accelerators.vendor = amd"), parse("cpu.isa = x86-64")])
        result = find(
            wanted,
            view(node(gpu(vendor="huawei")), name="c", priced=plan(price="0.1")),
            view(node(gpu(vendor="amd")), name="b", priced=plan(price="0.5")),
            view(node(gpu()), name="a", priced=plan(price="9")),
        )
        assert names(result) == ["a", "b", "c"]
        assert [one.alternative for one in result.candidates] == [0, 1, 2]

    def test_terms_bind_under_every_alternative(self) -> None:
        """An alternative is about what is bought, and never about whether it is for sale."""
        wanted = demand("site.country = NO", count=3)
        wanted.alternatives.append(parse("site.country = CN"))
        assert names(find(wanted, view(maxQuantity="2"))) == []

    def test_a_rejected_offer_is_told_by_the_nearest(self) -> None:
        """Of two alternatives the one of which fewer conditions fail explains the rejection."""
        wanted = demand("site.country = NO and cpu.isa = aarch64")
        wanted.alternatives.append(parse("site.country = CN and cpu.schedulable_cpus >= 128"))
        explanation = explained(find(wanted, view()))
        [rejection] = explanation.rejections
        assert (rejection.alternative, rejection.constraint) == (1, "cpu.schedulable_cpus >= 128")
        assert [(one.alternative, one.constraint) for one in explanation.constraints] == [
            (0, "site.country = NO"),
            (0, "cpu.isa = aarch64"),
            (1, "cpu.schedulable_cpus >= 128"),
        ]
        assert (explanation.relaxation.alternative, explanation.relaxation.relaxed) == (
            1,
            "cpu.schedulable_cpus >= 64",
        )
        assert any("(alternative 1)" in line for line in render(explanation))

    def test_nine_are_too_many(self) -> None:
        """At most eight alternatives are tried."""
        wanted = demand("cpu.isa = x86-64")
        wanted.alternatives.extend([parse("cpu.isa = aarch64")] * 9)
        refused(wanted, "DEMAND-ALTERNATIVE-1")

    def test_a_faulty_alternative_names_its_place(self) -> None:
        """The path of a violation leads into the alternative."""
        wanted = demand("cpu.isa = x86-64")
        wanted.alternatives.append(v1.Requirement(constraint=v1.Constraint(path="cpu.isaa")))
        with pytest.raises(RequirementError) as error:
            compile_demand(wanted, now=NOW)
        assert error.value.violations[0].path == "$.alternatives[0].constraint.path"


class TestPreferences:
    """DEMAND-PREFERENCE-2, DEMAND-PREFERENCE-3: points between two references, one score, rounded half up."""

    @pytest.mark.parametrize(
        ("text", "points"),
        [
            ("maximize cpu.schedulable_cpus from 0 to 128", 500),
            ("minimize cpu.schedulable_cpus from 0 to 128", 500),
            ("maximize cpu.schedulable_cpus from 0 to 64", 1000),
            ("maximize cpu.schedulable_cpus from 64 to 65", 0),
            ("minimize cpu.schedulable_cpus from 64 to 65", 1000),
            ("maximize cpu.schedulable_cpus from 0 to 192", 333),  # 333.33
            ("minimize cpu.schedulable_cpus from 0 to 192", 667),  # 666.67
            ("maximize cpu.schedulable_cpus from 0 to 128000", 1),  # 0.5 is rounded up
            ("maximize cpu.schedulable_cpus from 0 to 128001", 0),  # 0.4999…
            ("maximize cpu.base_mhz from 0MHz to 4GHz", 0),  # not stated
            ("maximize accelerators.memory.capacity from 0GiB to 160GiB", 500),
            ("minimize price from 0 to 100", 282),  # 24 h × 2.99 = 71.76
        ],
    )
    def test_points(self, text: str, points: int) -> None:
        """One preference gives the share of 1000 that lies between its references."""
        wanted = demand()
        wanted.preferences.append(parse_preference(text))
        assert [one.score for one in find(wanted, view()).candidates] == [points]

    def test_weights(self) -> None:
        """1000 points of weight 1 and none of weight 2 are 333."""
        wanted = demand()
        wanted.preferences.extend(
            [
                parse_preference("maximize cpu.schedulable_cpus from 0 to 64 weight 1"),
                parse_preference("maximize cpu.base_mhz from 0MHz to 4GHz weight 2"),
            ]
        )
        assert [one.score for one in find(wanted, view()).candidates] == [333]

    def test_the_best_value_counts(self) -> None:
        """Of several elements the one that pleases most gives the points."""
        offer = view(node(gpu(gib=40), gpu(gib=80)))
        for text, points in (("maximize", 1000), ("minimize", 1000)):
            wanted = demand()
            wanted.preferences.append(
                parse_preference(f"{text} accelerators.memory.capacity from 40GiB to 80GiB")
            )
            assert [one.score for one in find(wanted, offer).candidates] == [points]

    def test_only_elements_that_satisfy_where(self) -> None:
        """A preference for a low PUE does not see a water figure in the same list."""
        energy = [
            {"metric": "pue", "valueMicro": "1500000", "basis": "metered"},
            {"metric": "wue", "valueMicro": "1000000", "basis": "metered"},
            {"metric": "pue", "valueMicro": "1100000", "basis": "design"},
        ]
        for text, points in (
            ("minimize site.energy.value where {metric = pue} from 1 to 2", 900),
            ("minimize site.energy.value where {metric = pue} from 1 to 2 basis [metered]", 500),
            ("minimize site.energy.value from 1 to 2", 1000),
        ):
            wanted = demand()
            wanted.preferences.append(parse_preference(text))
            assert [one.score for one in find(wanted, view(at=site(energy=energy))).candidates] == [points]

    def test_where_may_ask_for_a_sparse_rate(self) -> None:
        """A rate with sparsity counts for who says so, and for nobody else (REQ-DENSE-1, trap 3)."""
        source = {"basis": "nominal"}
        rates = [
            {
                "numberFormat": "bf16",
                "unit": "matrix",
                "sparsity": kind,
                "mopsPerS": mops,
                "provenance": source,
            }
            for kind, mops in (("dense", "500"), ("2-4", "1000"))
        ]
        offer = view(node({**gpu(), "rates": rates}))
        for where, points in (
            ("{sparsity = 2-4}", 1000),
            ("{number_format = bf16}", 500),
            ("{number_format = bf16 and sparsity = dense}", 500),
        ):
            wanted = demand()
            text = f"maximize accelerators.rates.mops_per_s where {where} from 0 to 1000"
            wanted.preferences.append(parse_preference(text))
            assert [one.score for one in find(wanted, offer).candidates] == [points], where

    def test_a_score_orders_before_the_price(self) -> None:
        """Who pleases more comes first, at whatever price; equal scores are ordered by price."""
        wanted = demand()
        wanted.preferences.append(parse_preference("maximize cpu.schedulable_cpus from 0 to 128"))
        small = node(gpu(), cpu={"isa": "x86-64", "schedulableCpus": "32"})
        result = find(
            wanted,
            view(small, name="a", priced=plan(price="0.1")),
            view(name="c", priced=plan(price="5")),
            view(name="b", priced=plan(price="9")),
        )
        assert names(result) == ["c", "b", "a"]

    @pytest.mark.parametrize(
        ("text", "requirement"),
        [
            ("minimize cpu.isa from 0 to 1", "DEMAND-PREFERENCE-1"),
            ("minimize cpu.schedulable_cpus from 5 to 5", "DEMAND-PREFERENCE-1"),
            ("minimize cpu.schedulable_cpus from 5 to 1", "DEMAND-PREFERENCE-1"),
            ("minimize cpu.schedulable_cpus where {isa = x} from 0 to 1", "DEMAND-PREFERENCE-1"),
            ("minimize cpu.schedulable_cpu from 0 to 1", "REQ-PATH-1"),
            ("minimize memory.capacity from 1 to 2", "TEXT-UNIT-2"),
            ("minimise price from 0 to 1", "TEXT-FORM-1"),
            ("minimize price from 0", "TEXT-FORM-1"),
            ("minimize price to 1 from 0", "TEXT-FORM-1"),
            ("minimize price from 0 to 1 weight 0", "DEMAND-PREFERENCE-1"),
            ("minimize price from 0 to 1 weight many", "DEMAND-PREFERENCE-1"),
            ("minimize price from 0 to 1 basis [sla]", "REQ-BASIS-2"),
            ("", "TEXT-FORM-1"),
        ],
    )
    def test_what_is_no_preference_is_refused(self, text: str, requirement: str) -> None:
        """A preference that gives no points, or is not in the form, is refused with its rule."""
        with pytest.raises(RequirementError) as error:
            parse_preference(text)
        assert requirement in {one.requirement for one in error.value.violations}

    @pytest.mark.parametrize(
        "text",
        [
            "minimize price from 0 to 100 weight 3",
            "maximize accelerators.memory.capacity from 40GiB to 80GiB",
            "minimize site.energy.value where {metric = pue and basis = metered} from 1.1 to 1.6",
            "maximize accelerators.rates.mops_per_s where {unit = matrix} from 1Pop/s to 2Pop/s basis [sla]",
        ],
    )
    def test_the_text_form_is_kept(self, text: str) -> None:
        """Reading what was written gives the same message (TEXT-ROUND-1)."""
        message = parse_preference(text)
        assert format_preference(message) == text
        assert parse_preference(format_preference(message)) == message

    @given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 1000)), min_size=1, max_size=4))
    def test_a_score_is_between_0_and_1000(self, ends: list[tuple[int, int]]) -> None:
        """Whatever the references and weights are, a score is an integer from 0 to 1000."""
        wanted = demand()
        for low, weight in ends:
            text = f"maximize cpu.schedulable_cpus from {low} to {low + 7} weight {weight}"
            wanted.preferences.append(parse_preference(text))
        query = compile_demand(wanted, now=NOW)
        [found] = match(wanted, [view()], now=NOW).matches
        assert found.score is not None
        assert 0 <= found.score <= 1000
        assert isinstance(
            score(query.preferences, query.around(view(), lambda *_, **__: found.price)[0]), int
        )


class TestWindow:
    """DEMAND-WINDOW-1: a duration somewhere within a longer time."""

    def wanted(self, earliest: datetime, latest: datetime, *, days: int = 1, count: int = 1) -> v1.Demand:
        """Gives a demand for some days within a window."""
        found = v1.Demand(count=count, currency="USD")
        found.window.duration.seconds = days * 86400
        found.window.earliest.FromDatetime(earliest)
        found.window.latest.FromDatetime(latest)
        return found

    def day(self, number: int) -> datetime:
        """Gives midnight of a day in March 2026."""
        return datetime(2026, 3, number, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("entries", "start"),
        [
            ((("2026-03-01", "2026-04-01", 8),), "2026-03-05T00:00:00Z"),
            ((("2026-03-07", "2026-03-09", 8),), "2026-03-07T00:00:00Z"),
            ((("2026-03-01", "2026-03-06", 2), ("2026-03-08", "2026-03-12", 8)), "2026-03-08T00:00:00Z"),
            ((("2026-03-08", "2026-03-12", 8), ("2026-03-06", "2026-03-12", 4)), "2026-03-06T00:00:00Z"),
            ((("2026-03-19", "2026-03-30", 8),), "2026-03-05T00:00:00Z"),  # ends too late: not known
            ((), "2026-03-05T00:00:00Z"),
        ],
    )
    def test_the_start_is_the_earliest_that_is_available(
        self, entries: tuple[tuple[str, str, int], ...], start: str
    ) -> None:
        """A candidate begins where enough units are granted throughout, else where the window does."""
        wanted = self.wanted(self.day(5), self.day(20), days=2, count=4)
        offer = replace(view(), availability=available(*entries))
        [candidate] = find(wanted, offer).candidates
        assert candidate.start.ToJsonString() == start

    def test_the_start_is_not_before_the_search(self) -> None:
        """A window that has begun begins now."""
        wanted = self.wanted(datetime(2026, 2, 1, tzinfo=UTC), self.day(20))
        [candidate] = find(wanted, view()).candidates
        assert candidate.start.ToDatetime(UTC) == NOW

    def test_the_price_is_that_of_the_start(self) -> None:
        """A plan that begins to apply within the window prices a later start only."""
        late = plan() | {"effectiveStart": "2026-03-07T00:00:00Z"}
        wanted = self.wanted(self.day(5), self.day(20))
        early_offer = view(name="early", priced=late)
        late_offer = replace(
            view(name="late", priced=late), availability=available(("2026-03-08", "2026-03-12", 8))
        )
        first, second = find(wanted, early_offer, late_offer).candidates
        assert first.price.amount == "71.76"
        assert "throughout" in second.price_unknown_reason

    def test_covers_demand_speaks_of_the_start(self) -> None:
        """Availability covers the demand where it covers some start within the window."""
        wanted = self.wanted(self.day(5), self.day(20), days=2, count=4)
        wanted.requirement.CopyFrom(parse("availability{quantity >= 4 and interval covers demand}"))
        offer = replace(view(), availability=available(("2026-03-08", "2026-03-12", 8)))
        assert names(find(wanted, offer)) == ["x"]
        assert (
            names(find(wanted, replace(offer, availability=available(("2026-03-08", "2026-03-09", 8))))) == []
        )

    @pytest.mark.parametrize(("earliest", "latest"), [(5, 6), (6, 5)])
    def test_a_window_without_room_is_refused(self, earliest: int, latest: int) -> None:
        """Two days do not fit into one, nor into a window that runs backwards."""
        refused(self.wanted(self.day(earliest), self.day(latest), days=2), "DEMAND-WINDOW-1")

    def test_a_window_that_is_over_is_refused(self) -> None:
        """What lies before the search has no room left."""
        wanted = self.wanted(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
        refused(wanted, "DEMAND-WINDOW-1")


class TestExchange:
    """DEMAND-FX-1: prices in other currencies, at the consumer's own rates."""

    def rated(self, *rates: tuple[str, str, str], currency: str = "CNY") -> v1.Demand:
        """Gives a demand with rates of exchange."""
        wanted = demand(currency=currency)
        for name, num, den in rates:
            wanted.fx.append(v1.ExchangeRate(currency=name, rate=v1.Rational(num=num, den=den)))
        return wanted

    def test_prices_are_converted_exactly(self) -> None:
        """71.76 USD at 7.1 are 509.496 CNY, rounded once for people."""
        [candidate] = find(self.rated(("USD", "71", "10")), view()).candidates
        assert (candidate.price.currency, candidate.price.amount) == ("CNY", "509.50")
        assert (candidate.exact_price.num, candidate.exact_price.den) == ("63687", "125")

    def test_converted_prices_are_ordered_with_others(self) -> None:
        """A price in dollars stands between two in yuan."""
        result = find(
            self.rated(("USD", "7", "1")),
            view(name="c", priced=plan(price="30", currency="CNY")),
            view(name="b", priced=plan(price="3")),
            view(name="a", priced=plan(price="10", currency="CNY")),
        )
        assert names(result) == ["a", "b", "c"]

    def test_a_bound_compares_the_converted_price(self) -> None:
        """A limit of the price is in the demand's currency, and the relaxed limit too."""
        wanted = self.rated(("USD", "71", "10"))
        wanted.requirement.CopyFrom(parse("price <= 500"))
        explanation = explained(find(wanted, view()))
        assert explanation.relaxation.relaxed == "price <= 509.5"

    @pytest.mark.parametrize(
        ("rates", "currency"),
        [
            ((("USD", "7", "1"),), ""),
            ((("CNY", "1", "1"),), "CNY"),
            ((("USD", "7", "1"), ("USD", "8", "1")), "CNY"),
            ((("USD", "0", "1"),), "CNY"),
            ((("USD", "-7", "1"),), "CNY"),
            ((("USD", "14", "2"),), "CNY"),
            ((("USD", "x", "1"),), "CNY"),
        ],
    )
    def test_rates_that_say_nothing_are_refused(
        self, rates: tuple[tuple[str, str, str], ...], currency: str
    ) -> None:
        """No currency, its own, one twice, none above zero, no lowest terms, no number."""
        refused(self.rated(*rates, currency=currency), "DEMAND-FX-1")


class TestConstraintsOfTheOffer:
    """OFFER-DEMAND-1: to whom an offer sells, and for what."""

    def offer(self, text: str) -> OfferView:
        """Gives an offer that asks something of its buyer."""
        return view(offerConstraints=to_json(parse(text, demand_registry())))

    def stating(self, **properties: list[str]) -> v1.Demand:
        """Gives a demand whose consumer states something of itself."""
        wanted = demand(count=2)
        for name, values in properties.items():
            wanted.properties.append(v1.DemandProperty(name=name.replace("_", "-"), values=values))
        return wanted

    @pytest.mark.parametrize(
        ("text", "matches"),
        [
            ("count >= 2", True),
            ("count >= 3", False),
            ("duration <= 1d", True),
            ("duration < 24h", False),
            ("currency = USD", True),
            ("currency in [CNY, EUR]", False),
            ("start >= 2026-03-01T12:00:00Z and end <= 2026-03-02T12:00:00Z", True),
            ("end < 2026-03-02T12:00:00Z", False),
            ("properties{name = end-use and values in [research, teaching]}", True),
            ("properties{name = end-use and values = weapons}", False),
            ("properties{name = sector}", False),
            ("not (properties{name = end-use and values = weapons})", False),  # open: nobody knows
            ("not (quantities.dimension = egress)", True),  # closed: there are none
            ("quantities.dimension = egress", False),
        ],
    )
    def test_an_offer_matches_where_its_constraints_hold(self, text: str, matches: bool) -> None:
        """What the demand states decides; what it does not state never satisfies."""
        result = find(self.stating(end_use=["research"]), self.offer(text))
        assert bool(result.matches) is matches

    def test_a_rejection_says_what_is_asked(self) -> None:
        """The explanation names the condition of the offer and what the demand states."""
        explanation = explained(find(demand(count=2), self.offer("count >= 3 and duration <= 7d")))
        [rejection] = explanation.rejections
        assert rejection.constraint == "offer.offer_constraints"
        assert (rejection.required, rejection.found, rejection.gap) == ("count >= 3", "2", "1")
        assert not explanation.HasField("relaxation")

    def test_what_the_consumer_does_not_state_is_unstated(self) -> None:
        """A demand that says nothing of its purpose is told that it does not."""
        [rejection] = explained(
            find(demand(), self.offer("properties{name = end-use and values = research}"))
        ).rejections
        assert rejection.unstated

    @pytest.mark.parametrize("text", ["cpu.isa = x86-64", "price <= 5", "properties.name = x basis [sla]"])
    def test_constraints_on_what_a_demand_has_not_are_refused(self, text: str) -> None:
        """Paths of an offer, prices and bases do not belong there (OFFER-DEMAND-2)."""
        with pytest.raises(RequirementError):
            parse(text, demand_registry())

    def test_a_device_group_is_refused(self) -> None:
        """A demand has no devices (OFFER-DEMAND-2)."""
        group = v1.Requirement(device_group=v1.DeviceGroup(count=1))
        with pytest.raises(RequirementError):
            check_constraints(group)

    @pytest.mark.parametrize("stated", [{"constraint": {"path": "cpu.isa"}}, [], "x", {"surprise": "1"}])
    def test_constraints_that_nobody_can_evaluate_never_match(self, stated: object) -> None:
        """An offer whose constraints cannot be used is not sold to anybody, and says so."""
        offer = view(offerConstraints=stated)
        explanation = explained(find(demand(), offer))
        assert explanation.matched == 0
        assert "nobody" in explanation.rejections[0].found

    def test_an_offer_without_constraints_asks_nothing(self) -> None:
        """Whoever can pay may buy."""
        assert constraints_of(view().offer) is None

    def test_a_property_is_stated_once(self) -> None:
        """Two statements of one property are refused (DEMAND-PROPERTY-1)."""
        wanted = demand()
        wanted.properties.extend([v1.DemandProperty(name="end-use", values=["a"])] * 2)
        refused(wanted, "DEMAND-PROPERTY-1")


class TestCovers:
    """REQ-COVERS-1, REQ-COVERS-2: whether an interval holds another."""

    @pytest.mark.parametrize(
        ("text", "matches"),
        [
            ("availability covers demand", True),
            ("availability{quantity >= 8 and interval covers demand}", True),
            ("availability{quantity >= 9 and interval covers demand}", False),
            ("availability covers [2026-03-01T00:00:00Z, 2026-03-03T00:00:00Z]", True),
            ("availability covers [2026-02-28T23:59:59Z, 2026-03-03T00:00:00Z]", False),
            ("availability covers [2026-03-01T00:00:00Z, 2026-03-05T00:00:00Z]", False),  # two that touch
        ],
    )
    def test_of_availability(self, text: str, matches: bool) -> None:
        """One entry covers, or none does."""
        offer = replace(
            view(), availability=available(("2026-03-01", "2026-03-03", 8), ("2026-03-03", "2026-03-05", 4))
        )
        assert bool(find(demand(text), offer).matches) is matches

    def test_availability_that_is_not_known(self) -> None:
        """What nobody knows of an offer is unknown, under `not` as well (AVAIL-CLOSED-1)."""
        assert names(find(demand("availability covers demand"), view())) == []
        assert names(find(demand("not (availability covers demand)"), view())) == []
        none = replace(view(), availability=())
        assert names(find(demand("not (availability covers demand)"), none)) == ["x"]

    def test_without_a_demand_nothing_is_asked(self) -> None:
        """What covers a demand is unknown where there is no demand, even of an offer without availability."""
        around = replace(view(), availability=())
        assert evaluate(parse("availability covers demand"), around, now=NOW) is Truth.UNKNOWN

    @pytest.mark.parametrize(
        "text",
        [
            "cpu covers demand",
            "cpu.isa covers demand",
            "availability covers [2026-03-02T00:00:00Z]",
            "availability covers [2026-03-02T00:00:00Z, 2026-03-02T00:00:00Z]",
            "availability covers 5",
            "availability = 5",
        ],
    )
    def test_what_covers_nothing_is_refused(self, text: str) -> None:
        """Only intervals cover, and only intervals are covered."""
        with pytest.raises(RequirementError):
            parse(text)
