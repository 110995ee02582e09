"""The same SQL on Spark, with two executors of their own: vectors and random bills, in one job."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from crex.bulk.bills import BillSet, NamedBill
from crex.bulk.columns import kinds_of
from crex.bulk.engine import rate_bills
from crex.bulk.intake import RecordTable
from crex.bulk.pricing import Outcome
from crex.bulk.session import Limits, Source
from crex.rating import Bill
from sdk.tests.bulk.strategies import Usage, good_bills, usages
from sdk.tests.bulk.test_agreement import reference, same, usage_of
from sdk.tests.bulk.vectors import check, load

pytestmark = pytest.mark.slow

# Two executors of one core and 1 GiB each, as on a cluster: no memory, no Python and no class path is shared.
MASTER = "local-cluster[2,1,1024]"
# Plans of so little data cost more to compile than to carry out.
SETTINGS = {
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.adaptive.enabled": "false",
    "spark.executor.memory": "768m",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}
RANDOM_BILLS = 40


def random_bills() -> list[Usage]:
    """Random bills with all faults, and random bills that use every switch of rating."""
    found: list[Usage] = []

    @settings(
        max_examples=RANDOM_BILLS,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(usages("random"), good_bills())
    def draw(bad: Usage, good: Bill) -> None:
        found.append(bad)
        found.append(usage_of("random", good, None))

    draw()
    return [
        Usage(NamedBill(f"random-{number}", one.bill.bill), one.records) for number, one in enumerate(found)
    ]


@pytest.fixture(scope="module")
def random_usages() -> list[Usage]:
    """The random bills of the job."""
    return random_bills()


@pytest.fixture(scope="module")
def by_spark(
    tmp_path_factory: pytest.TempPathFactory, random_usages: list[Usage]
) -> Iterator[dict[str, Outcome]]:
    """What became of each bill, by one Spark job."""
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17 or 21, and there is no `java` on the PATH")
    pytest.importorskip("pyspark", reason="pip install 'crex-protocol[spark]'")
    from crex.bulk.spark import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    cases, path = load(), folder / "records.parquet"
    with RecordTable(path) as table:
        for name, bodies in (
            *((case.name, case.bodies) for case in cases),
            *((one.bill.name, tuple(record.body for record in one.records)) for one in random_usages),
        ):
            for body in bodies:
                table.add(body, bill=name, place=name)
    given_bills = [case.bill for case in cases if case.bill is not None] + [one.bill for one in random_usages]
    session = SparkSession(Limits(spill=folder / "spill"), master=MASTER, settings=SETTINGS)
    session.read([Source(kinds_of(path), [path])])
    found, _ = rate_bills(session, BillSet.of(given_bills))
    yield {one.bill.name: one for one in found}
    session.close()


def test_vectors(by_spark: dict[str, Outcome]) -> None:
    """Every billing vector has the outcome that it expects."""
    for case in load():
        check(case, by_spark)


def test_random_bills(by_spark: dict[str, Outcome], random_usages: list[Usage]) -> None:
    """Random bills, good and bad, come to what the reference engine comes to."""
    assert len(random_usages) >= RANDOM_BILLS
    for usage in random_usages:
        same(reference(usage), by_spark[usage.bill.name], note=False)
