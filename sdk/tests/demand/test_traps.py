"""The traps of describing computing power, each with the requirement that would fall into it."""

from fractions import Fraction

import pytest

from crex import v1
from crex.demand import Truth, evaluate, parse
from crex.errors import RequirementError
from sdk.tests.demand.offers import GIB, NOW, gpu, node, offer, rate, site, truth, view

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
CLOSED = ("node.accelerators", "node.accelerators.rates")


def test_80_gb_is_not_80_gib() -> None:
    """A card of 80·10^9 bytes satisfies 80GB and not 80GiB (trap 2)."""
    card = gpu()
    card["memory"]["capacityBytes"] = str(80 * 10**9)
    resource = node(card, closed=CLOSED)
    assert truth("accelerators.memory.capacity >= 80GB", resource) is TRUE
    assert truth("accelerators.memory.capacity >= 80GiB", resource) is FALSE


def test_a_number_of_bytes_needs_its_unit() -> None:
    """`capacity >= 80` is refused rather than taken for bytes or for gigabytes (TEXT-UNIT-2)."""
    with pytest.raises(RequirementError, match="does not say one"):
        parse("accelerators.memory.capacity >= 80")


def test_memory_is_per_device() -> None:
    """Eight devices of 80 GiB are no device of 640 GiB (trap 6)."""
    resource = node(gpu(count=8, gib=80), closed=CLOSED)
    assert truth("accelerators.memory.capacity >= 640GiB", resource) is FALSE
    assert truth("8 devices{memory.capacity >= 80GiB}", resource) is TRUE


def test_counts_of_different_kinds_add_up_only_in_a_group() -> None:
    """Two kinds of four devices are eight devices for a group, and eight of no single element (trap 6)."""
    resource = node(gpu(count=4), gpu(count=4, gib=96), closed=CLOSED)
    assert truth("accelerators.count >= 8", resource) is FALSE
    assert truth("8 devices{memory.capacity >= 80GiB}", resource) is TRUE
    assert truth("8 devices same [memory.capacity]", resource) is FALSE


@pytest.mark.parametrize(
    "text", ["accelerators.architecture != hopper", "not (accelerators.architecture = hopper)"]
)
def test_not_equal_over_a_missing_value_is_unknown(text: str) -> None:
    """What a document does not say is neither equal nor unequal (REQ-MISSING-1)."""
    assert truth(text, node(gpu(), closed=CLOSED)) is UNKNOWN
    assert truth(text, node(gpu(architecture="cdna3"), closed=CLOSED)) is TRUE
    assert truth(text, node(gpu(architecture="hopper"), closed=CLOSED)) is FALSE


def test_no_nvidia_is_never_true_of_a_document_that_says_nothing() -> None:
    """`not (accelerators.vendor = nvidia)` needs a complete list (REQ-OPEN-1)."""
    text = "not (accelerators.vendor = nvidia)"
    assert truth(text, node()) is UNKNOWN
    assert truth(text, node(gpu(vendor="amd"))) is UNKNOWN
    assert truth(text, node(gpu(vendor="amd"), closed=CLOSED)) is TRUE
    assert truth(text, node(closed=CLOSED)) is TRUE
    assert truth(text, node(gpu())) is FALSE


def test_some_element_differs_is_not_no_element_is() -> None:
    """Through a list `!=` asks for one element that differs; that none is needs `not` (REQ-NE-1)."""
    resource = node(gpu(), gpu(vendor="amd"), closed=CLOSED)
    assert truth("accelerators.vendor != nvidia", resource) is TRUE
    assert truth("not (accelerators.vendor = nvidia)", resource) is FALSE


def test_a_slice_is_not_a_device() -> None:
    """A device that can be cut into seven is one device, and a slice of it none (trap 7)."""
    profiles = [{"name": "1g.10gb", "usableMemoryBytes": str(10 * GIB), "isolation": "hardware"}]
    whole = node(gpu(count=1, partitionProfiles=profiles), closed=CLOSED)
    assert truth("1 devices", whole) is TRUE
    assert truth("7 devices", whole) is FALSE
    partition = {
        "header": {"id": "crex://p.example.cn/partition-class/mig"},
        "kind": "partition-class",
        "partition": {
            "ofResource": "crex://p.example.cn/site/a/node-class/n",
            "profile": "1g.10gb",
            "contents": {"cpu": {"isa": "x86-64", "schedulableCpus": "8"}},
        },
        "closedLists": ["partition.contents.accelerators"],
    }
    assert truth("1 devices", partition) is FALSE
    assert truth("kind = partition-class and cpu.schedulable_cpus >= 8", partition) is TRUE


def test_a_rate_means_dense_unless_said_otherwise() -> None:
    """A marketed sparse rate does not satisfy a condition that does not speak of sparsity (trap 3)."""
    card = gpu(rates=[rate("bf16", 989_400_000), rate("bf16", 1_978_900_000, sparsity="2-4")])
    resource = node(card, closed=CLOSED)
    assert truth("accelerators.rates.mops_per_s >= 1500TFLOPS", resource) is FALSE
    assert truth("accelerators.rates.mops_per_s >= 900TFLOPS", resource) is TRUE
    assert truth("accelerators{rates{number_format = bf16 and mops_per_s >= 1500TFLOPS}}", resource) is FALSE
    sparse = "accelerators{rates{number_format = bf16 and sparsity = 2-4 and mops_per_s >= 1500TFLOPS}}"
    assert truth(sparse, resource) is TRUE
    assert truth("accelerators.rates.sparsity = 2-4", resource) is TRUE


def test_naming_sparsity_beside_a_rate_does_not_qualify_it() -> None:
    """Two conditions on rates may hold of two rates; only an Element speaks of one (REQ-DENSE-1)."""
    card = gpu(rates=[rate("bf16", 900_000_000), rate("bf16", 1_800_000_000, sparsity="2-4")])
    beside = "accelerators.rates.sparsity = 2-4 and accelerators.rates.mops_per_s >= 1500TFLOPS"
    assert truth(beside, node(card, closed=CLOSED)) is FALSE


def test_only_a_sparse_rate_says_nothing_about_the_dense_one() -> None:
    """A document that states the sparse rate alone leaves the dense one unknown (REQ-DENSE-1)."""
    card = gpu(rates=[rate("fp8-e4m3", 3_957_800_000, sparsity="2-4")])
    assert truth("accelerators.rates.mops_per_s >= 1000TFLOPS", node(card)) is UNKNOWN


@pytest.mark.parametrize("op", ["=", "!=", "in"])
def test_products_are_not_compared(op: str) -> None:
    """DESC-TEXT-1: an A100 of 40 GB is no A100-80GB whatever its name: display text is refused (trap 5)."""
    value = "[A100]" if op == "in" else "A100"
    with pytest.raises(RequirementError, match="Match on vendor, architecture") as refused:
        parse(f"accelerators.product {op} {value}")
    assert refused.value.violations[0].requirement == "REQ-DISPLAY-1"
    assert truth("accelerators.product exists", node(gpu())) is TRUE


def test_conditions_on_one_device_need_an_element() -> None:
    """One device with the memory and another with the maker are not one with both (REQ-ELEMENT-1)."""
    resource = node(gpu(gib=40), gpu(vendor="amd", gib=192), closed=CLOSED)
    assert truth("accelerators.vendor = nvidia and accelerators.memory.capacity >= 80GiB", resource) is TRUE
    assert truth("accelerators{vendor = nvidia and memory.capacity >= 80GiB}", resource) is FALSE


def test_a_design_pue_is_not_a_metered_one() -> None:
    """A figure on a basis that is not accepted counts as missing (trap 10)."""
    pue = {"metric": "pue", "valueMicro": "1150000", "basis": "design", "boundary": "site"}
    place = site(energy=[pue], closedLists=["energy"])
    assert truth("site.energy{metric = pue and value <= 1.2}", at=place) is TRUE
    assert truth("site.energy{metric = pue and value <= 1.2 basis [metered]}", at=place) is UNKNOWN
    assert truth("site.energy{metric = pue and basis = metered and value <= 1.2}", at=place) is FALSE


def test_jurisdiction_is_not_geography() -> None:
    """A site in one country can stand under the law of another (trap 8)."""
    place = site(country="SG", legalJurisdictions=["SG", "US"], closedLists=["legalJurisdictions"])
    assert truth("site.country = SG and not (site.legal_jurisdictions = US)", at=place) is FALSE


def test_bits_are_not_bytes() -> None:
    """A line rate takes bits, and a storage rate bytes; neither unit is taken for the other (trap 9)."""
    with pytest.raises(RequirementError, match="not a unit"):
        parse("network.rate >= 50GB/s")
    with pytest.raises(RequirementError, match="not a unit"):
        parse("storage.read_bytes_per_s >= 50Gbit/s")


def test_an_expired_claim_counts_as_missing() -> None:
    """A certificate whose validity has ended says nothing, also in a complete list (REQ-CLAIM-1)."""
    claim = {
        "scheme": "iso-27001",
        "scopeIds": ["crex://p.example.cn/site/a"],
        "valid": {"start": "2023-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"},
        "assurance": "certified",
    }
    ended = site(compliance=[claim], closedLists=["compliance"])
    assert truth("site.compliance.scheme = iso-27001", at=ended) is UNKNOWN
    claim["valid"] = {"start": "2023-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"}
    assert truth("site.compliance.scheme = iso-27001", at=site(compliance=[claim])) is TRUE
    claim["scopeIds"] = ["crex://p.example.cn/site/other"]
    assert truth("site.compliance.scheme = iso-27001", at=site(compliance=[claim])) is UNKNOWN


def test_self_declared_is_not_certified() -> None:
    """A claim on an assurance that is not accepted counts as missing (trap 10)."""
    claim = {
        "scheme": "mlps",
        "level": "3",
        "scopeIds": ["crex://p.example.cn/site/a/node-class/n"],
        "valid": {"start": "2023-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"},
        "assurance": "self-declared",
    }
    resource = node(gpu())
    resource["compliance"] = [claim]
    assert truth("compliance.scheme = mlps", resource) is TRUE
    assert truth("compliance.scheme = mlps assurance [certified, third-party]", resource) is UNKNOWN


def test_an_unknown_price_is_not_free() -> None:
    """An offer whose price cannot be told is below no bound (DEMAND-PRICE-2)."""
    assert evaluate(parse("price <= 100"), view(), now=NOW) is UNKNOWN
    assert evaluate(parse("price <= 100"), view(), now=NOW, price=Fraction(99)) is TRUE
    assert evaluate(parse("not (price <= 100)"), view(), now=NOW) is UNKNOWN


def test_int64_is_exact_beyond_floats() -> None:
    """2^53 + 1 bytes are more than 2^53 bytes (no float on the way)."""
    card = gpu()
    card["memory"]["capacityBytes"] = str(2**53 + 1)
    resource = node(card, closed=CLOSED)
    assert truth(f"accelerators.memory.capacity > {2**53}B", resource) is TRUE
    assert truth(f"accelerators.memory.capacity = {2**53}B", resource) is FALSE


def test_an_offer_states_all_it_sells() -> None:
    """The lists of an offer are complete: an interface that it does not name is not there (REQ-CLOSED-1)."""
    assert truth("offer.interfaces = kubernetes") is FALSE
    assert evaluate(parse("offer.interfaces = ssh"), view(), now=NOW) is TRUE
    assert offer()["interfaces"] == ["ssh"]


def test_a_value_of_another_kind_is_refused() -> None:
    """The number 80 does not pass for the text "80", nor a decimal for an integer (REQ-VALUE-1)."""
    requirement = v1.Requirement()
    requirement.constraint.path = "cpu.schedulable_cpus"
    requirement.constraint.op = v1.ConstraintOperator.CONSTRAINT_OPERATOR_GE
    requirement.constraint.values.add(decimal="2.5")
    with pytest.raises(RequirementError, match="takes `integer`"):
        evaluate(requirement, view(), now=NOW)
