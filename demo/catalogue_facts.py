"""Public price facts, carried over one by one, each with where it was read.

These are list prices as their publishers stated them on the day given, in US dollars per hour. They are facts
for
comparing, not offers of those sellers: the demo publishes them under an authority of its own, without
capacity.

Two sources:

- `ORACLE`: Oracle Cloud price list in USD with the part numbers of each shape, as opencost/opencost carries
both
  at commit 5f6533303e38 (pkg/cloud/oracle test data, 2024-10).
- `AWS`: on-demand price of c5.xlarge by city, as naderalfares/cloudping.co carries it at commit 89f956bac79a
  (branch commit 59e145f, 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ORACLE: Final = "https://github.com/opencost/opencost/commit/5f6533303e3850c8635796a74bb22802d16e9090"
AWS: Final = "https://github.com/naderalfares/cloudping.co/commit/89f956bac79a78e4f712c4f9969eaacff5e00d1f"


@dataclass(frozen=True, slots=True)
class Part:
    """One price of a shape: so many of something at so much per hour each."""

    sku: str
    price: str
    quantity: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What one shape costs, and what its publisher says it is.

    Attributes:
        slug: Name segment of its documents.
        seller: Who sells it, for people.
        shape: The seller's own name for it.
        source: Where the fact was read.
        parts: Its prices; the hour costs their sum.
        country: Country of the region, where the price is stated for one.
        region: The seller's own name for the region.
        isa: Instruction set token; nothing where the source does not tell.
        cores: Physical cores, where the source states them (one OCPU is one core).
        cpus: Schedulable CPUs, where the seller states them.
        memory_gb: Memory in the seller's "GB", where stated; which GB it means is not said, so none is
        declared.
        accelerator: Vendor, product, architecture and count, where it has any.
    """

    slug: str
    seller: str
    shape: str
    source: str
    parts: tuple[Part, ...]
    country: str = ""
    region: str = ""
    isa: str = ""
    cores: int = 0
    cpus: int = 0
    memory_gb: str = ""
    accelerator: tuple[str, str, str, int] | None = None


def _gpu(shape: str, sku: str, price: str, product: str, architecture: str, count: int) -> Fact:
    return Fact(
        slug="oracle-" + shape.lower().replace(".", "-"),
        seller="Oracle",
        shape=shape,
        source=ORACLE,
        parts=(Part(sku, price, str(count), "GPU"),),
        accelerator=("nvidia", product, architecture, count),
    )


def _fixed(shape: str, sku: str, price: str, ocpus: int) -> Fact:
    return Fact(
        slug="oracle-" + shape.lower().replace(".", "-"),
        seller="Oracle",
        shape=shape,
        source=ORACLE,
        parts=(Part(sku, price, str(ocpus), "OCPU"),),
        isa="x86-64",
        cores=ocpus,
    )


def _flexible(
    shape: str,
    ocpu: tuple[str, str],
    memory: tuple[str, str],
    ocpus: int,
    gigabytes: int,
    isa: str = "x86-64",
) -> Fact:
    return Fact(
        slug=f"oracle-{shape.lower().replace('.', '-')}-{ocpus}-{gigabytes}",
        seller="Oracle",
        shape=f"{shape}, {ocpus} OCPU, {gigabytes} GB",
        source=ORACLE,
        parts=(
            Part(ocpu[0], ocpu[1], str(ocpus), "OCPU"),
            Part(memory[0], memory[1], str(gigabytes), "GB of memory"),
        ),
        isa=isa,
        cores=ocpus,
        memory_gb=str(gigabytes),
    )


def _c5(city: str, region: str, country: str, price: str) -> Fact:
    return Fact(
        slug=f"aws-c5-xlarge-{region}",
        seller="Amazon Web Services",
        shape=f"c5.xlarge in {city}",
        source=AWS,
        parts=(Part("c5.xlarge", price, "1", "instance"),),
        country=country,
        region=region,
        isa="x86-64",
        cpus=4,
    )


_E3, _E3_MEMORY = ("B92306", "0.025"), ("B92307", "0.0015")
_E4, _E4_MEMORY = ("B93113", "0.025"), ("B93114", "0.0015")
_E5, _E5_MEMORY = ("B97384", "0.03"), ("B97385", "0.002")
_X9, _X9_MEMORY = ("B94176", "0.04"), ("B94177", "0.0015")
_OPTIMIZED, _OPTIMIZED_MEMORY = ("B93311", "0.054"), ("B93312", "0.0015")

FACTS: Final[tuple[Fact, ...]] = (
    _gpu("BM.GPU.H100.8", "B98415", "10", "NVIDIA H100", "hopper", 8),
    _gpu("BM.GPU.A100-v2.8", "B95907", "4", "NVIDIA A100", "ampere", 8),
    _gpu("BM.GPU4.8", "B92740", "3.05", "NVIDIA A100", "ampere", 8),
    _gpu("BM.GPU.A10.4", "B95909", "2", "NVIDIA A10", "ampere", 4),
    _gpu("VM.GPU.A10.1", "B95909", "2", "NVIDIA A10", "ampere", 1),
    _gpu("VM.GPU.A10.2", "B95909", "2", "NVIDIA A10", "ampere", 2),
    _gpu("BM.GPU3.8", "B89734", "2.95", "NVIDIA V100", "volta", 8),
    _gpu("VM.GPU3.1", "B89734", "2.95", "NVIDIA V100", "volta", 1),
    _gpu("VM.GPU3.2", "B89734", "2.95", "NVIDIA V100", "volta", 2),
    _gpu("VM.GPU3.4", "B89734", "2.95", "NVIDIA V100", "volta", 4),
    _gpu("BM.GPU2.2", "B88517", "1.275", "NVIDIA P100", "pascal", 2),
    _gpu("VM.GPU2.1", "B88518", "1.275", "NVIDIA P100", "pascal", 1),
    _fixed("BM.HPC2.36", "B90398", "0.075", 36),
    _fixed("BM.DenseIO2.52", "B88515", "0.1275", 52),
    _fixed("BM.Standard2.52", "B88513", "0.0638", 52),
    _fixed("VM.Standard2.1", "B88514", "0.0638", 1),
    _fixed("VM.Standard2.2", "B88514", "0.0638", 2),
    _fixed("VM.Standard2.4", "B88514", "0.0638", 4),
    _fixed("VM.Standard2.8", "B88514", "0.0638", 8),
    _fixed("VM.Standard2.16", "B88514", "0.0638", 16),
    _fixed("VM.Standard2.24", "B88514", "0.0638", 24),
    _flexible("VM.Standard.E3.Flex", _E3, _E3_MEMORY, 1, 16),
    _flexible("VM.Standard.E4.Flex", _E4, _E4_MEMORY, 1, 16),
    _flexible("VM.Standard.E4.Flex", _E4, _E4_MEMORY, 4, 64),
    _flexible("VM.Standard.E5.Flex", _E5, _E5_MEMORY, 1, 12),
    _flexible("VM.Standard3.Flex", _X9, _X9_MEMORY, 1, 16),
    _flexible("VM.Optimized3.Flex", _OPTIMIZED, _OPTIMIZED_MEMORY, 1, 14),
    _c5("Stockholm", "eu-north-1", "SE", "0.204"),
    _c5("Mumbai", "ap-south-1", "IN", "0.202"),
    _c5("Paris", "eu-west-3", "FR", "0.224"),
    _c5("London", "eu-west-2", "GB", "0.222"),
    _c5("Ireland", "eu-west-1", "IE", "0.214"),
    _c5("Seoul", "ap-northeast-2", "KR", "0.236"),
    _c5("Bahrain", "me-south-1", "BH", "0.235"),
    _c5("Tokyo", "ap-northeast-1", "JP", "0.248"),
    _c5("São Paulo", "sa-east-1", "BR", "0.306"),
    _c5("Hong Kong", "ap-east-1", "HK", "0.264"),
    _c5("Singapore", "ap-southeast-1", "SG", "0.24"),
    _c5("Sydney", "ap-southeast-2", "AU", "0.24"),
    _c5("Frankfurt", "eu-central-1", "DE", "0.23"),
    _c5("Northern Virginia", "us-east-1", "US", "0.192"),
    _c5("Ohio", "us-east-2", "US", "0.192"),
    _c5("Northern California", "us-west-1", "US", "0.224"),
    _c5("Oregon", "us-west-2", "US", "0.192"),
)
