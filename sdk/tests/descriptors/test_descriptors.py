"""Parts of descriptions made the short way are what every reader accepts, and say where they are from."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crex import registry, v1
from crex.amounts import gib, pflops, tflops
from crex.descriptors import (
    energy,
    estimated,
    interval,
    matrix_rate,
    measured,
    nominal,
    product,
    vector_rate,
    year,
)
from crex.documents import convert, reader
from crex.errors import CrexError


def accepted(
    *, accelerators: list[v1.Accelerator] | None = None, energies: list[v1.EnergyMetric] | None = None
) -> None:
    """Fails unless every reader accepts a resource with these parts."""
    resource = v1.ComputeResource(
        header=v1.Header(
            id="crex://p.example.cn/node-class/n",
            revision=1,
            issuer="p.example.cn",
            issued_at=year(2026).start,
        ),
        kind="node-class",
        site_id="crex://p.example.cn/site/a",
        node=v1.NodeClass(accelerators=accelerators),
        energy=energies,
    )
    reader.check(convert.to_json(resource), v1.ComputeResource)


@pytest.mark.parametrize("token", registry.load("accelerators").entries)
def test_every_listed_product_makes_a_description(token: str) -> None:
    """A product of the registry is a sound accelerator, and every rate names where it is stated."""
    made = product(token, count=8)
    accepted(accelerators=[made])
    assert made.count == 8
    assert made.provenance.source_uri
    assert all(rate.provenance.source_uri and rate.provenance.basis == "nominal" for rate in made.rates)


def test_a_product_has_the_figures_of_its_maker() -> None:
    """An H100 SXM5 is 80 GiB of HBM3 and 989.4 dense TFLOPS in BF16."""
    made = product("nvidia-h100-sxm5-80gb")
    assert made.memory.capacity_bytes == gib(80)
    dense = [
        rate.mops_per_s
        for rate in made.rates
        if (rate.number_format, rate.unit, rate.sparsity) == ("bf16", "matrix", "dense")
    ]
    assert dense == [tflops("989.4")]
    assert (made.pci.vendor, made.pci.device) == ("10de", "2330")


def test_a_product_that_is_not_listed() -> None:
    """An unknown product is refused, not made up."""
    with pytest.raises(CrexError, match="No product 'h100' is listed"):
        product("h100")


def test_rates_and_their_sources() -> None:
    """A rate is dense unless it says otherwise, and carries its provenance."""
    over = interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    dense = matrix_rate("bf16", pflops(1), nominal("datasheet", "https://example.com/a"))
    sparse = matrix_rate("bf16", pflops(2), estimated("twice the dense rate"), sparsity="2-4")
    vector = vector_rate("fp64", tflops(34), measured("own kernel", over, third_party=True))
    assert (dense.unit, dense.sparsity, dense.mops_per_s) == ("matrix", "dense", 10**9)
    assert (sparse.sparsity, sparse.provenance.basis) == ("2-4", "estimated")
    assert vector.provenance.basis == "measured-third-party"
    accelerator = product("nvidia-t4-16gb")
    del accelerator.rates[:]
    accelerator.rates.extend([dense, sparse, vector])
    accepted(accelerators=[accelerator])


def test_energy_in_the_unit_of_its_metric() -> None:
    """A PUE of 1.15 is written as such, and its standard is the registered one."""
    figure = energy("pue", "1.15", year(2025), basis="metered", boundary="site")
    assert (figure.value_micro, figure.standard) == (1_150_000, "ISO/IEC 30134-2:2016")
    own = energy("pue", "1.2", year(2025), basis="design", boundary="site", standard="house rule")
    assert own.standard == "house rule"
    accepted(
        energies=[figure, own, energy("p.example.cn/noise", 5, year(2025), basis="metered", boundary="hall")]
    )


@pytest.mark.parametrize(("metric", "value"), [("pue", "0.9"), ("cfe-share", 98), ("pue", "1.1500000001")])
def test_energy_that_cannot_be(metric: str, value: int | str) -> None:
    """A PUE below 1, a share in per cent and what is finer than a millionth are refused at once."""
    with pytest.raises(CrexError):
        energy(metric, value, year(2025), basis="metered", boundary="site")


def test_periods_are_aware_and_not_empty() -> None:
    """A period without time zone, or that ends before it starts, is refused."""
    aware = datetime(2026, 1, 1, tzinfo=UTC)
    for start, end in ((aware.replace(tzinfo=None), aware), (aware, aware)):
        with pytest.raises(ValueError, match=r"time zone|not after its start"):
            interval(start, end)
