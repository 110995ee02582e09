"""Matching: order, prices, terms, and explanations whose numbers are worked out by hand."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from crex import v1
from crex.demand import DemandPrice, MatchResult, OfferView, PlanPricer, match, parse, render
from crex.errors import RequirementError
from sdk.tests.demand.offers import NOW, gpu, merged, node, plan, site, view

DAY = 86400


def demand(text: str = "", *, count: int = 1, currency: str = "USD", seconds: int = DAY) -> v1.Demand:
    """Gives a demand for a day from now."""
    wanted = v1.Demand(count=count)
    wanted.duration.seconds = seconds
    if currency:
        wanted.currency = currency
    if text:
        wanted.requirement.CopyFrom(parse(text))
    return wanted


def find(wanted: v1.Demand, *offers: OfferView, **more: Any) -> MatchResult:
    """Matches a demand with some offers."""
    return match(wanted, offers, now=NOW, **more)


def names(result: MatchResult) -> list[str]:
    """Gives the last part of the names of the offers that match, in order."""
    return [candidate.offer_id.rpartition("/")[2] for candidate in result.candidates]


def explained(result: MatchResult) -> v1.MatchExplanation:
    """Gives the explanation of a match."""
    assert result.explanation is not None
    return result.explanation


class TestOrder:
    """MATCH-ORDER-1: ascending price, then the bytes of the name; unknown prices last."""

    def test_by_price_then_name(self) -> None:
        """Equal prices are ordered by name, an unknown price comes last and is never 0."""
        result = find(
            demand(),
            view(name="d", priced=plan(price="1")),
            view(name="c", priced=plan(price="2", currency="EUR")),
            view(name="b", priced=plan(price="0.5")),
            view(name="a", priced=plan(price="1")),
        )
        assert names(result) == ["b", "a", "d", "c"]
        last = result.candidates[-1]
        assert not last.HasField("price")
        assert last.price_unknown_reason == "priced in EUR; the demand asks for USD"

    def test_prices_of_different_currencies_are_not_compared(self) -> None:
        """Without a currency in the demand, candidates are grouped by currency code."""
        result = find(
            demand(currency=""),
            view(name="a", priced=plan(price="9", currency="USD")),
            view(name="b", priced=plan(price="1", currency="USD")),
            view(name="c", priced=plan(price="5", currency="EUR")),
        )
        assert names(result) == ["c", "b", "a"]

    def test_exact_before_rounded(self) -> None:
        """Offers whose prices round alike are ordered by their exact prices."""
        result = find(
            demand(seconds=1),
            view(name="a", priced=plan(price="2.99")),
            view(name="b", priced=plan(price="2.98")),
        )
        assert names(result) == ["b", "a"]
        assert [candidate.price.amount for candidate in result.candidates] == ["0.00", "0.00"]

    def test_the_candidate_s_message(self) -> None:
        """A candidate names offer, revision and digest, and its price exact and rounded once."""
        [candidate] = find(demand(count=8, seconds=745 * 3600), view(name="x")).candidates
        assert candidate.offer_id == "crex://p.example.cn/offer/x"
        assert (candidate.revision, candidate.sha256, candidate.holdable) == (3, "ab" * 32, False)
        assert (candidate.price.currency, candidate.price.amount) == ("USD", "17820.40")
        assert (candidate.exact_price.num, candidate.exact_price.den) == ("89102", "5")


class TestPrice:
    """DEMAND-PRICE-1, DEMAND-PRICE-2: what the demand costs under the plan, or that it is not known."""

    def test_units_times_time(self) -> None:
        """Two units for a day at 2.99 an hour are 143.52."""
        [candidate] = find(demand(count=2), view()).candidates
        assert candidate.price.amount == "143.52"

    def test_a_dimension_without_price_makes_it_unknown(self) -> None:
        """A demanded dimension that the plan does not price is not free."""
        wanted = demand()
        wanted.quantities.add(dimension="egress", quantity="5", unit="gigabyte")
        [candidate] = find(wanted, view()).candidates
        assert not candidate.HasField("price")
        assert "egress" in candidate.price_unknown_reason

    def test_a_plan_that_cannot_be_used_makes_it_unknown(self) -> None:
        """A plan that breaks a rule of pricing prices nothing, and stops nothing else."""
        [candidate] = find(demand(), view(priced=plan(price="1.50"))).candidates
        assert "cannot be used" in candidate.price_unknown_reason

    def test_without_a_plan_it_is_unknown(self) -> None:
        """An offer whose plan is not at hand has no price."""
        [candidate] = find(demand(), view(priced={})).candidates
        assert "not at hand" in candidate.price_unknown_reason

    def test_a_plan_that_ends_before_the_demand(self) -> None:
        """A plan has to apply throughout the demanded time."""
        ending = {**plan(), "effectiveEnd": "2026-03-01T13:00:00Z"}
        [candidate] = find(demand(), view(priced=ending)).candidates
        assert "throughout" in candidate.price_unknown_reason

    def test_a_bound_on_the_price(self) -> None:
        """The exact price is what a bound compares with: 71.76 is not above 71.76."""
        assert names(find(demand("price <= 71.76"), view())) == ["x"]
        assert names(find(demand("price < 71.76"), view())) == []

    def test_a_bound_needs_a_currency(self) -> None:
        """100 of no currency is refused (DEMAND-CURRENCY-2)."""
        with pytest.raises(RequirementError, match="no currency"):
            find(demand("cpu.isa = x86-64 or not (price > 100)", currency=""), view())

    def test_a_pricer_of_one_s_own(self) -> None:
        """Whoever has prices already can give them."""

        def price_of(demand: v1.Demand, plan: object, offer: object, /, *, time: object) -> DemandPrice:
            return DemandPrice(Fraction(1, 3), "USD")

        [candidate] = find(demand(), view(), price_of=price_of).candidates
        assert (candidate.price.amount, candidate.exact_price.den) == ("0.33", "3")

    def test_the_price_is_that_of_the_offer(self) -> None:
        """Region and mode of the offer's terms choose among components; what it does not state is not met."""
        priced = plan()
        first = {**priced["components"][0], "id": "first", "tiers": [{"unitPrice": "1"}]}
        priced["components"].insert(0, {**first, "restrictions": {"region": "north", "interruptible": True}})
        spot = view(priced=priced, terms={"mode": "spot", "region": "north"})
        [candidate] = find(demand(), spot).candidates
        assert candidate.price.amount == "24.00"
        for terms in ({"mode": "spot"}, {"mode": "on-demand", "region": "north"}, {"region": "north"}):
            [candidate] = find(demand(), view(priced=priced, terms=terms)).candidates
            assert candidate.price.amount == "71.76"

    def test_a_pricer_knows_a_plan_again(self) -> None:
        """One pricer serves many searches."""
        pricer, offer = PlanPricer(), view()
        first, second = (find(demand(), offer, price_of=pricer).candidates for _ in range(2))
        assert first == second


class TestTerms:
    """MATCH-TERMS-1: offers say how many units they sell, for how long and until when."""

    @pytest.mark.parametrize(
        ("terms", "count", "found"),
        [
            ({"minQuantity": "4"}, 3, "at least 4"),
            ({"maxQuantity": "2"}, 3, "1 to 2"),
            ({"stepQuantity": "2"}, 3, "at least 1, in steps of 2"),
            ({"minQuantity": "4", "maxQuantity": "16", "stepQuantity": "4"}, 6, "4 to 16, in steps of 4"),
        ],
    )
    def test_quantities(self, terms: dict[str, Any], count: int, found: str) -> None:
        """Too few, too many, or not a multiple of the step is a rejection that says what is sold."""
        [rejection] = explained(find(demand(count=count), view(**terms))).rejections
        assert (rejection.constraint, rejection.found) == (f"demand.count = {count}", found)

    @pytest.mark.parametrize("count", [4, 8, 16])
    def test_quantities_that_are_sold(self, count: int) -> None:
        """Bounds are inclusive."""
        assert names(
            find(demand(count=count), view(minQuantity="4", maxQuantity="16", stepQuantity="4"))
        ) == ["x"]

    def test_durations(self) -> None:
        """A day is longer than an offer's twelve hours by twelve hours."""
        [rejection] = explained(
            find(demand(), view(terms={"minDuration": "3600s", "maxDuration": "43200s"}))
        ).rejections
        assert rejection.constraint == "demand.duration = 1d"
        assert (rejection.found, rejection.gap) == ("at least 1h and at most 12h", "12h")

    def test_an_interval_is_as_long_as_it_is(self) -> None:
        """An interval wanted counts by its length."""
        wanted = v1.Demand(count=1)
        wanted.interval.start.FromDatetime(NOW)
        wanted.interval.end.FromDatetime(NOW + timedelta(hours=12))
        assert names(find(wanted, view(terms={"maxDuration": "43200s"}))) == ["x"]
        wanted.interval.end.FromDatetime(NOW + timedelta(hours=12, milliseconds=1))
        assert names(find(wanted, view(terms={"maxDuration": "43200s"}))) == []

    def test_an_offer_that_ends_now_has_ended(self) -> None:
        """`validUntil` is exclusive."""
        ended = view(header={"validUntil": "2026-03-01T12:00:00Z"})
        [rejection] = explained(find(demand(), ended)).rejections
        assert rejection.constraint == "offer.valid_until > 2026-03-01T12:00:00Z"
        assert names(find(demand(), view(header={"validUntil": "2026-03-01T12:00:00.001Z"}))) == ["x"]


class TestDemand:
    """What a demand has to say."""

    @pytest.mark.parametrize(
        ("change", "requirement"),
        [
            ({"count": 0}, "DEMAND-COUNT-1"),
            ({"count": -5}, "DEMAND-COUNT-1"),
            ({"seconds": 0}, "DEMAND-TIME-1"),
            ({"seconds": -3600}, "DEMAND-TIME-1"),
            ({"seconds": 300_000_000_000}, "DEMAND-TIME-1"),
        ],
    )
    def test_count_and_time_are_positive(self, change: dict[str, int], requirement: str) -> None:
        """Nothing, or no time, is nothing to buy."""
        with pytest.raises(RequirementError) as refused:
            find(demand(**change), view())  # type: ignore[arg-type]
        assert refused.value.violations[0].requirement == requirement

    def test_time_is_stated(self) -> None:
        """A demand without time is refused."""
        with pytest.raises(RequirementError, match="for how long"):
            find(v1.Demand(count=1), view())

    def test_a_dimension_is_stated_once(self) -> None:
        """The same dimension twice could be meant twice or instead (DEMAND-QUANTITY-1)."""
        wanted = demand()
        for _ in range(2):
            wanted.quantities.add(dimension="egress", quantity="5", unit="gigabyte")
        with pytest.raises(RequirementError, match="twice"):
            find(wanted, view())

    def test_a_wrong_requirement_is_refused_before_any_offer_is_read(self) -> None:
        """A path that does not exist is an error also where there is no offer (REQ-PATH-1)."""
        wanted = demand()
        wanted.requirement.constraint.path = "gpu.memory"
        wanted.requirement.constraint.op = v1.ConstraintOperator.CONSTRAINT_OPERATOR_EXISTS
        with pytest.raises(RequirementError, match=r"no path 'gpu\.memory'"):
            find(wanted)


OFFERS = (
    view(node(gpu(gib=80)), name="a"),
    view(node(gpu(gib=40)), name="b", at=site(country="SG")),
    view(node(gpu(gib=64, vendor="amd")), name="c"),
    view(node(), name="d"),
    view(node(gpu(gib=96)), name="e", minQuantity="4", stepQuantity="4"),
)


class TestExplanation:
    """EXPLAIN-*: five offers, worked out by hand."""

    def test_counts(self) -> None:
        """For each condition: who fails it, who fails only it, who does not state it (EXPLAIN-COUNT-1)."""
        explanation = explained(
            find(demand("accelerators.memory.capacity >= 80GiB and site.country = CN"), *OFFERS)
        )
        assert (explanation.considered, explanation.matched) == (5, 1)
        # b has 40 GiB and stands in SG; c has 64 GiB; d states no accelerator; e sells four units, not one.
        assert [
            (one.constraint, one.fails, one.fails_alone, one.unstated) for one in explanation.constraints
        ] == [
            ("accelerators.memory.capacity >= 80GiB", 3, 2, 1),
            ("site.country = CN", 1, 0, 0),
            ("demand.count = 1", 1, 1, 0),
        ]
        assert not explanation.HasField("relaxation")

    def test_rejections_name_what_was_found_and_the_gap(self) -> None:
        """Each rejection has its first failing condition; near misses come first (EXPLAIN-FOUND-1)."""
        explanation = explained(
            find(demand("accelerators.memory.capacity >= 80GiB and site.country = CN"), *OFFERS)
        )
        rejections = [
            (one.offer_id.rpartition("/")[2], one.required, one.found, one.gap, one.unstated)
            for one in explanation.rejections
        ]
        assert rejections == [
            ("c", "accelerators.memory.capacity >= 80GiB", "64GiB", "16GiB", False),
            ("d", "accelerators.memory.capacity >= 80GiB", "", "", True),
            ("e", "demand.count = 1", "at least 4, in steps of 4", "3", False),
            ("b", "accelerators.memory.capacity >= 80GiB", "40GiB", "40GiB", False),
        ]

    def test_rejections_are_capped(self) -> None:
        """No more rejections than asked for, and it says so."""
        explanation = explained(find(demand("cpu.isa = aarch64"), *OFFERS, max_rejections=2))
        assert len(explanation.rejections) == 2
        assert explanation.rejections_capped
        assert explanation.constraints[0].fails == 5

    def test_no_explanation_where_none_is_asked_for(self) -> None:
        """The matches are the same without explanation."""
        wanted = demand("accelerators.memory.capacity >= 80GiB")
        bare = find(wanted, *OFFERS, explain=False)
        assert bare.explanation is None
        assert names(bare) == names(find(wanted, *OFFERS)) == ["a"]

    @pytest.mark.parametrize(
        ("text", "required", "found", "gap"),
        [
            ("accelerators{vendor = nvidia and memory.capacity >= 141GiB}",
             "accelerators: memory.capacity >= 141GiB", "80GiB", "61GiB"),
            ("not (cpu.isa = x86-64)", "not (cpu.isa = x86-64)", "x86-64", ""),
            ("cpu.isa = aarch64 or cpu.schedulable_cpus >= 128",
             "cpu.isa = aarch64 or cpu.schedulable_cpus >= 128", "x86-64; 64", ""),
            ("12 devices", "12 devices", "8", "4"),
            ("5 devices and 4 devices", "5 devices and 4 devices", "8 and 8, of the same devices", ""),
            ("cpu.schedulable_cpus = 65", "cpu.schedulable_cpus = 65", "64", "1"),
            ("offer.interfaces = kubernetes", "offer.interfaces = kubernetes", "ssh", ""),
            ("price < 50", "price < 50", "71.76", "21.76"),
            ("fabrics exists", "fabrics exists", "", ""),
            ("not (accelerators exists)", "not (accelerators exists)", "stated", ""),
            ("offer.valid_until > 2027-01-01T00:00:00Z", "offer.valid_until > 2027-01-01T00:00:00Z",
             "2026-03-02T00:00:00Z", ""),
        ],
    )  # fmt: skip
    def test_findings(self, text: str, required: str, found: str, gap: str) -> None:
        """What was required and found is said of the part that failed, in the units of its path."""
        [rejection] = explained(find(demand(text), OFFERS[0])).rejections
        assert (rejection.required, rejection.found, rejection.gap) == (required, found, gap)

    def test_an_unknown_price_says_nothing_was_found(self) -> None:
        """A bound on a price that is not known is unstated."""
        [rejection] = explained(find(demand("price < 50"), view(priced={}))).rejections
        assert rejection.unstated


class TestRelaxation:
    """EXPLAIN-RELAX-1: the smallest single change that would yield a match."""

    @pytest.mark.parametrize(
        ("text", "constraint", "relaxed", "would_match"),
        [
            # 80 is nearer to 100 than 64 and 40 are: a change by a fifth.
            ("accelerators.memory.capacity >= 100GiB", "accelerators.memory.capacity >= 100GiB",
             "accelerators.memory.capacity >= 80GiB", 1),
            ("accelerators.memory.capacity > 80GiB", "accelerators.memory.capacity > 80GiB",
             "accelerators.memory.capacity >= 80GiB", 1),
            # 64 CPUs against 128 change by a half; 72 USD against 71 by a seventieth.
            ("cpu.schedulable_cpus >= 64 and price <= 71", "price <= 71", "price <= 71.76", 4),
            # Both fail everywhere: no single change helps.
            ("cpu.schedulable_cpus >= 128 and price <= 71", None, None, 0),
            # a, c and d stand in CN; b in SG; e sells four units only.
            ("site.country = DE", "site.country = DE", "site.country in [DE, CN]", 3),
            ("site.country in [DE, FR]", "site.country in [DE, FR]", "site.country in [DE, FR, CN]", 3),
            ("12 devices{vendor = nvidia}", "12 devices{vendor = nvidia}", "8 devices{vendor = nvidia}", 2),
            ("accelerators{vendor = amd and memory.capacity >= 80GiB}",
             "accelerators{vendor = amd and memory.capacity >= 80GiB}",
             "accelerators{vendor = amd and memory.capacity >= 64GiB}", 1),
            # Nothing is stated or ordered: only leaving it out helps.
            ("not (cpu.isa = x86-64)", "not (cpu.isa = x86-64)", "", 4),
            ("fabrics.rdma = true", "fabrics.rdma = true", "", 4),
            ("site.tier = edge and site.country = SG", "site.tier = edge", "", 1),
            # A bound comes before another value, another value before leaving out.
            ("fabrics.rdma = true or site.country = DE", "fabrics.rdma = true or site.country = DE",
             "fabrics.rdma = true or site.country in [DE, CN]", 3),
            ("offer.valid_until > 2027-01-01T00:00:00Z", "offer.valid_until > 2027-01-01T00:00:00Z",
             "offer.valid_until >= 2026-03-02T00:00:00Z", 4),
        ],
    )  # fmt: skip
    def test_smallest_change(
        self, text: str, constraint: str | None, relaxed: str | None, would_match: int
    ) -> None:
        """Nearest bound first, then another value, then leaving the condition out."""
        explanation = explained(find(demand(text), *OFFERS))
        assert explanation.matched == 0
        if constraint is None:
            assert not explanation.HasField("relaxation")
            return
        relaxation = explanation.relaxation
        assert (relaxation.constraint, relaxation.relaxed) == (constraint, relaxed)
        assert relaxation.would_match == would_match

    def test_the_change_is_a_match(self) -> None:
        """Asking what the relaxation says yields as many matches as it says."""
        text = "accelerators{vendor = nvidia and memory.capacity >= 100GiB} and site.country = CN"
        relaxation = explained(find(demand(text), *OFFERS)).relaxation
        again = find(demand(text.replace(relaxation.constraint, relaxation.relaxed)), *OFFERS)
        assert len(again.matches) == relaxation.would_match == 1

    def test_another_count(self) -> None:
        """Where only the quantity stops an offer, the nearest quantity that it sells is named."""
        explanation = explained(find(demand("accelerators.memory.capacity >= 90GiB", count=5), *OFFERS))
        assert explanation.relaxation.relaxed == "accelerators.memory.capacity >= 80GiB"
        alone = explained(find(demand("accelerators.memory.capacity >= 90GiB", count=5), OFFERS[4]))
        assert (alone.relaxation.constraint, alone.relaxation.relaxed) == (
            "demand.count = 5",
            "demand.count = 4",
        )

    def test_another_count_has_another_price(self) -> None:
        """What would match is judged with the price of the changed count."""
        wanted = demand("price <= 300", count=5)
        relaxation = explained(find(wanted, OFFERS[4])).relaxation
        assert not relaxation.constraint  # both conditions fail, so no single one is alone
        relaxation = explained(find(demand("price <= 360", count=5), OFFERS[4])).relaxation
        assert relaxation.relaxed == "demand.count = 4"

    def test_another_duration(self) -> None:
        """The nearest duration that the offer's terms admit."""
        short = view(terms={"maxDuration": "43200s"})
        relaxation = explained(find(demand(), short)).relaxation
        assert (relaxation.constraint, relaxation.relaxed) == (
            "demand.duration = 1d",
            "demand.duration = 12h",
        )
        wanted = v1.Demand(count=1)
        wanted.interval.start.FromDatetime(NOW)
        wanted.interval.end.FromDatetime(NOW + timedelta(days=1))
        assert explained(find(wanted, short)).relaxation.relaxed == "demand.duration = 12h"

    def test_a_price_is_rounded_up_to_what_can_be_asked(self) -> None:
        """A bound on the price becomes the next whole cent above the exact price."""
        thirds = view(priced=plan(price="1", per="3"))
        relaxation = explained(find(demand("price <= 0.3", seconds=1), thirds)).relaxation
        assert relaxation.relaxed == "price <= 0.34"

    def test_versions(self) -> None:
        """The highest version that is stated in an offer is what the nearest version would be."""
        cards = (gpu(runtime={"family": "cuda", "version": version}) for version in ("12.4", "12.10"))
        relaxation = explained(
            find(demand("accelerators.runtime.version >= 13"), view(node(*cards)))
        ).relaxation
        assert relaxation.relaxed == "accelerators.runtime.version >= 12.10"

    def test_an_ended_offer_is_not_revived(self) -> None:
        """No change of the demand makes an offer valid again."""
        ended = view(header={"validUntil": "2026-03-01T12:00:00Z"})
        assert not explained(find(demand(), ended)).HasField("relaxation")


def test_an_explanation_reads() -> None:
    """The lines for people say what matched, what would help, what stops how many, and why not."""
    asked = "accelerators.memory.capacity >= 100GiB"
    lines = render(explained(find(demand(f"{asked} and site.country = CN"), *OFFERS, max_rejections=2)))
    assert lines == [
        "5 offers considered, 0 match.",
        f"Smallest change: instead of `{asked}` ask `{asked[:-6]}80GiB`: 1 offer would match.",
        "What stops offers (of which by this alone / not stated):",
        "  5  (3 / 1)  accelerators.memory.capacity >= 100GiB",
        "  1  (0 / 0)  site.country = CN",
        "  1  (0 / 0)  demand.count = 1",
        "Why not, the nearest first:",
        "  crex://p.example.cn/offer/a",
        "    required accelerators.memory.capacity >= 100GiB",
        "    found 80GiB; off by 20GiB",
        "  crex://p.example.cn/offer/c",
        "    required accelerators.memory.capacity >= 100GiB",
        "    found 64GiB; off by 36GiB",
        "  … and 3 more",
    ]


def test_nothing_to_explain() -> None:
    """A search among no offers, and one where all match, say just that."""
    assert render(explained(find(demand()))) == ["0 offers considered, 0 match."]
    assert render(explained(find(demand(), view()))) == ["1 offer considered, 1 match."]
    hopeless = merged({}, {})
    assert "No single change would yield a match." in render(
        explained(
            find(demand("cpu.isa = x86-64 and site.country = CN"), view(hopeless, at=site(country="SG")))
        )
    )
