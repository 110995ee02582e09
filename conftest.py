"""What every room's tests share: the real inputs, and the rule that nothing is skipped unnoticed in CI."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
REAL_DATA = Path(os.environ.get("CREX_REAL_DATA") or ROOT.parent / "shared" / "data")
IN_CI = os.environ.get("CREX_CI") == "1"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real inputs (public data sets, too large and not ours to commit).

    Set `CREX_REAL_DATA` to use another folder. A test that asks for this fixture skips, and says so, where
    the folder is absent; what it proves must therefore also be proved by a small case of our own.
    """
    if not REAL_DATA.is_dir():
        pytest.skip(f"real data: no folder {REAL_DATA}; set CREX_REAL_DATA to the folder of the data sets")
    return REAL_DATA


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI (`CREX_CI=1`) a skipped test fails, unless the machine itself lacks something.

    Two things may be lacking there: the real inputs, and what a test marks with `may_skip("a GPU")`.
    """
    report = yield
    if not IN_CI or not report.skipped or hasattr(report, "wasxfail"):
        return report
    reason = str(call.excinfo.value) if call.excinfo is not None else ""
    if item.get_closest_marker("may_skip") is None and not reason.startswith("real data:"):
        report.outcome = "failed"
        report.longrepr = _refusal(item.nodeid, reason)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """In CI a whole file that skips itself (as `importorskip` does) fails too."""
    report = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = _refusal(collector.nodeid, str(report.longrepr))
    return report


def _refusal(nodeid: str, reason: str) -> str:
    return (
        f"{nodeid} was skipped in CI: {reason}. A skipped test proves nothing: let .ci/run install what it "
        'needs, or mark the test `@pytest.mark.may_skip("what the machine lacks")`.'
    )
