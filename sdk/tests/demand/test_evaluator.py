"""The evaluator, rule by rule."""

from typing import Any

import pytest

from crex.demand import OfferView, Truth, evaluate, parse
from sdk.tests.demand.offers import GIB, NOW, gpu, node, offer, plan, rate, site, truth, view

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
CLOSED = ("node.accelerators", "node.accelerators.rates")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cpu.schedulable_cpus = 64", TRUE),
        ("cpu.schedulable_cpus != 64", FALSE),
        ("cpu.schedulable_cpus < 64", FALSE),
        ("cpu.schedulable_cpus <= 64", TRUE),
        ("cpu.schedulable_cpus > 64", FALSE),
        ("cpu.schedulable_cpus >= 64", TRUE),
        ("cpu.schedulable_cpus in [8, 64]", TRUE),
        ("cpu.schedulable_cpus not in [8, 64]", FALSE),
        ("cpu.isa in [aarch64, x86-64]", TRUE),
        ("cpu.isa not in [aarch64]", TRUE),
        ("cpu.isa_level not in [x86-64-v2]", UNKNOWN),
        ("cpu.isa exists", TRUE),
        ("cpu.isa_level exists", UNKNOWN),
        ("virtualization exists", UNKNOWN),
        ("cpu exists", TRUE),
        ("provider = p.example.cn", TRUE),
        ("kind = node-class", TRUE),
        ("offer.mode = on-demand", TRUE),
        ("offer.currency = USD", TRUE),
        ("site.id = crex://p.example.cn/site/a", TRUE),
        ("offer.valid_until > 2026-03-01T23:59:59Z", TRUE),
        ("offer.valid_until >= 2026-03-02T00:00:00.001Z", FALSE),
        ("offer.terms.max_duration >= 1h", UNKNOWN),
    ],
)
def test_scalars(text: str, expected: Truth) -> None:
    """A single value compares exactly; one that is not stated is UNKNOWN under every operator."""
    assert truth(text) is expected


def test_durations_and_decimals_compare_as_numbers() -> None:
    """A duration of 5400 s is 1.5 h; a decimal is no text."""
    assert truth("offer.terms.max_duration = 1.5h", terms={"maxDuration": "5400s"}) is TRUE
    result = {"suite": "hpl", "value": "9.5", "runAt": "2026-01-01T00:00:00Z"}
    resource = {**node(gpu()), "benchmarks": [result]}
    assert truth("benchmarks{suite = hpl and value >= 10}", resource) is UNKNOWN
    assert truth("benchmarks{suite = hpl and value < 10}", resource) is TRUE
    assert truth("benchmarks.run_at >= 2026-01-01T00:00:00Z", resource) is TRUE


class TestLists:
    """REQ-LIST-1, REQ-OPEN-1: a path through a list asks for any element, and an open list may hold more."""

    def test_any_element(self) -> None:
        """One element that satisfies is enough."""
        assert truth("accelerators.vendor = amd", node(gpu(), gpu(vendor="amd"))) is TRUE

    def test_false_from_an_open_list_is_unknown(self) -> None:
        """None of the stated elements does, but there may be others."""
        assert truth("accelerators.vendor = amd", node(gpu())) is UNKNOWN
        assert truth("accelerators.vendor = amd", node(gpu(), closed=("node.accelerators",))) is FALSE

    def test_an_element_without_the_value_is_unknown(self) -> None:
        """In a complete list, an element that does not state the value may have it."""
        resource = node(gpu(architecture="hopper"), gpu(), closed=("node.accelerators",))
        assert truth("accelerators.architecture = hopper", resource) is TRUE
        assert truth("accelerators.architecture = cdna3", resource) is UNKNOWN

    def test_a_list_in_a_list_needs_both_closed(self) -> None:
        """Both lists on the way have to be complete before something is known not to be there."""
        card = gpu(rates=[rate("fp64", 67_000_000)])
        text = "accelerators.rates.number_format = fp8-e4m3"
        assert truth(text, node(card)) is UNKNOWN
        assert truth(text, node(card, closed=("node.accelerators",))) is UNKNOWN
        assert truth(text, node(card, closed=("node.accelerators.rates",))) is UNKNOWN
        assert truth(text, node(card, closed=CLOSED)) is FALSE

    def test_a_closed_list_that_is_absent_is_empty(self) -> None:
        """A complete list that names nothing holds nothing."""
        assert truth("accelerators exists", node(closed=("node.accelerators",))) is FALSE
        assert truth("accelerators.vendor exists", node(closed=("node.accelerators",))) is FALSE
        assert truth("accelerators exists", node()) is UNKNOWN

    def test_a_list_of_a_message_that_is_absent_is_unknown(self) -> None:
        """Where the message that holds a list is not stated, nothing is known of the list."""
        resource = node(closed=("node.cpu.enabledFeatures",))
        assert truth("cpu.enabled_features = avx2", resource) is FALSE
        del resource["node"]["cpu"]
        assert truth("cpu.enabled_features = avx2", resource) is UNKNOWN

    def test_exists_asks_for_one_stated_value(self) -> None:
        """Elements without the value leave EXISTS unknown, also in a complete list."""
        resource = node(gpu(), closed=("node.accelerators",))
        assert truth("accelerators.architecture exists", resource) is UNKNOWN
        assert truth("accelerators.vendor exists", resource) is TRUE

    def test_has_all_and_has_any(self) -> None:
        """HAS_ALL needs every operand among the values, HAS_ANY one of them (REQ-HAS-1)."""
        features = {"isa": "x86-64", "schedulableCpus": "8", "enabledFeatures": ["avx2", "avx512f"]}
        opened = node(cpu=features)
        closed = node(cpu=features, closed=("node.cpu.enabledFeatures",))
        assert truth("cpu.enabled_features has all [avx2, avx512f]", opened) is TRUE
        assert truth("cpu.enabled_features has all [avx2, amx_tile]", opened) is UNKNOWN
        assert truth("cpu.enabled_features has all [avx2, amx_tile]", closed) is FALSE
        assert truth("cpu.enabled_features has any [sve, avx2]", closed) is TRUE
        assert truth("cpu.enabled_features has any [sve, amx_tile]", closed) is FALSE


class TestVersions:
    """REQ-VERSION-1: versions compare number by number, and what follows the numbers decides nothing."""

    @pytest.mark.parametrize(
        ("stated", "required", "expected"),
        [
            ("12.4", "12.4", TRUE),
            ("12.10", "12.9", TRUE),
            ("12", "12.0.0", TRUE),
            ("12.0.1", "12", TRUE),
            ("11.8", "12.4", FALSE),
            ("9", "10", FALSE),
            ("12.4-rc1", "12.4", UNKNOWN),
            ("12.4-rc1", "12.3", TRUE),
            ("12.4-rc1", "12.5", FALSE),
            ("5.15.0-91-generic", "5.4", TRUE),
            ("r535", "535", UNKNOWN),
            ("12.", "12", UNKNOWN),
            ("", "1", UNKNOWN),
        ],
    )
    def test_at_least(self, stated: str, required: str, expected: Truth) -> None:
        """Numbers decide where they differ."""
        resource = node(gpu(runtime={"family": "cuda", "version": stated}), closed=CLOSED)
        assert truth(f"accelerators.runtime.version >= {required}", resource) is expected


class TestBasis:
    """REQ-BASIS-1: a value on a basis that is not accepted counts as missing."""

    def test_the_nearest_enclosing_message_governs(self) -> None:
        """A rate has its own basis, its device another; the memory of a device has that of the device."""
        card = gpu(provenance={"basis": "measured-provider"}, rates=[rate("bf16", 10**6, basis="estimated")])
        resource = node(card, closed=CLOSED)
        assert truth("accelerators.memory.capacity >= 80GiB basis [measured-provider]", resource) is TRUE
        assert truth("accelerators.rates.mops_per_s >= 1 basis [measured-provider]", resource) is UNKNOWN
        assert truth("accelerators.rates.mops_per_s >= 1 basis [estimated]", resource) is TRUE

    def test_a_basis_that_is_not_stated_is_not_accepted(self) -> None:
        """Figures without provenance satisfy no condition on the basis, under `!=` and `exists` neither."""
        resource = node(gpu(), closed=CLOSED)
        assert truth("accelerators.count = 8 basis [nominal]", resource) is UNKNOWN
        assert truth("accelerators.count != 9 basis [nominal]", resource) is UNKNOWN
        assert truth("accelerators.count exists basis [nominal]", resource) is UNKNOWN

    def test_the_basis_is_carried_into_an_element(self) -> None:
        """Inside an Element the basis is that of the element, or of what encloses it."""
        profile = {"name": "1g.10gb", "usableMemoryBytes": str(10 * GIB)}
        card = gpu(provenance={"basis": "nominal"}, partitionProfiles=[profile])
        text = "accelerators.partition_profiles{usable_memory >= 10GiB basis [nominal]}"
        assert truth(text, node(card)) is TRUE


class TestElement:
    """REQ-ELEMENT-1: one and the same element satisfies the whole."""

    def test_negation_inside_is_of_one_element(self) -> None:
        """`accelerators{not (vendor = nvidia)}` asks for one other device, not for no such device."""
        resource = node(gpu(), gpu(vendor="amd"), closed=CLOSED)
        assert truth("accelerators{not (vendor = nvidia)}", resource) is TRUE
        assert truth("not (accelerators{vendor = nvidia})", resource) is FALSE

    def test_an_open_list_may_have_such_an_element(self) -> None:
        """No stated element satisfies, but the list may go on."""
        assert truth("accelerators{vendor = amd and count >= 4}", node(gpu())) is UNKNOWN
        assert truth("accelerators{vendor = amd and count >= 4}", node(gpu(), closed=CLOSED)) is FALSE

    def test_elements_nest(self) -> None:
        """A rate of one device is a rate of the device that satisfies the rest."""
        resource = node(
            gpu(vendor="amd", rates=[rate("fp64", 160_000_000)]),
            gpu(rates=[rate("fp64", 60_000_000)]),
            closed=CLOSED,
        )
        text = "accelerators{{vendor = {} and rates{{number_format = fp64 and mops_per_s >= 100TFLOPS}}}}"
        assert truth(text.format("amd"), resource) is TRUE
        assert truth(text.format("nvidia"), resource) is FALSE


class TestRates:
    """REQ-DENSE-1: what does not speak of sparsity sees dense rates only."""

    def test_exists_sees_dense_rates_only(self) -> None:
        """A complete list of sparse rates holds no dense one."""
        resource = node(gpu(rates=[rate("bf16", 1, sparsity="2-4")]), closed=CLOSED)
        assert truth("accelerators.rates exists", resource) is FALSE
        assert truth("accelerators.rates.sparsity exists", resource) is TRUE

    def test_an_element_may_accept_any_sparsity(self) -> None:
        """Naming both sparsities accepts both."""
        resource = node(gpu(rates=[rate("bf16", 5, sparsity="2-4")]), closed=CLOSED)
        assert truth("accelerators.rates{mops_per_s >= 5 and sparsity in [dense, 2-4]}", resource) is TRUE
        assert truth("accelerators.rates{mops_per_s >= 5}", resource) is FALSE

    def test_a_group_counts_devices_by_their_dense_rates(self) -> None:
        """The rule holds inside device groups too."""
        resource = node(gpu(rates=[rate("bf16", 5, sparsity="2-4")]), closed=CLOSED)
        assert truth("8 devices{rates.mops_per_s >= 5}", resource) is FALSE
        assert truth("8 devices{rates{mops_per_s >= 5 and sparsity = 2-4}}", resource) is TRUE


class TestView:
    """What an offer brings together."""

    def test_the_unit_of_a_pool_is_what_is_described(self) -> None:
        """Where the offer's resource is a pool, paths lead into the resource that one unit is."""
        pool = {
            "header": {"id": "crex://p.example.cn/pool/h"},
            "kind": "pool",
            "pool": {"unit": "crex://p.example.cn/site/a/node-class/n", "totalUnits": "4"},
        }
        presented = OfferView(offer=offer(), resource=pool, unit=node(gpu()), site=site(), plan=plan())
        assert evaluate(parse("accelerators.count = 8 and kind = node-class"), presented, now=NOW) is TRUE
        assert evaluate(parse("pool.total_units >= 4"), presented, now=NOW) is TRUE
        without = OfferView(offer=offer(), resource=pool)
        assert evaluate(parse("kind = node-class"), without, now=NOW) is UNKNOWN

    def test_a_partition_is_described_by_its_contents(self) -> None:
        """Paths of the node class lead into the contents of a slice, with the lists closed there."""
        partition = {
            "kind": "partition-class",
            "partition": {"contents": {"cpu": {"isa": "x86-64", "schedulableCpus": "4"}}},
            "closedLists": ["partition.contents.storage"],
        }
        assert truth("cpu.schedulable_cpus >= 4", partition) is TRUE
        assert truth("storage exists", partition) is FALSE
        assert truth("accelerators exists", partition) is UNKNOWN

    @pytest.mark.parametrize("text", ["cpu.isa = x86-64", "accelerators exists", "not (memory.ecc = true)"])
    def test_clusters_and_services_state_no_node(self, text: str) -> None:
        """What members consist of is not stated by a cluster, nor by a service."""
        cluster = {
            "kind": "cluster",
            "cluster": {"members": [{"resource": "crex://p.example.cn/x/y", "count": "4"}]},
        }
        assert truth(text, cluster) is UNKNOWN
        assert truth("cluster.members.count >= 4", cluster) is TRUE

    def test_nothing_at_hand_is_unknown(self) -> None:
        """An offer whose documents are not at hand is neither matched nor known to fail."""
        bare = OfferView(offer={})
        for text in (
            "cpu.isa = x86-64",
            "site.country != CN",
            "provider = a.example",
            "price < 1",
            "1 devices",
        ):
            assert evaluate(parse(text), bare, now=NOW) is UNKNOWN

    @pytest.mark.parametrize("broken", [None, 5, "x", [], [1], {"x": 1}, True, [[{}]]])
    def test_values_of_another_shape_count_as_missing(self, broken: Any) -> None:
        """A document that does not have the shape of its type never crashes the evaluator."""
        for member in ("node", "partition", "pool", "closedLists", "compliance", "kind"):
            resource = {**node(gpu()), member: broken}
            for text in (
                "accelerators{memory.capacity >= 1B}",
                "kind = x",
                "compliance.scheme = c5",
                "2 devices",
            ):
                assert isinstance(evaluate(parse(text), view(resource), now=NOW), Truth)
        shaped = node(gpu())
        shaped["node"]["accelerators"] = broken
        assert isinstance(truth("accelerators.count > 1 or accelerators.memory.ecc = true", shaped), Truth)
