"""Fixtures of the description's tests."""

from __future__ import annotations

import pytest

from crex.describe import host
from crex.describe.host import HostDescription
from sdk.tests.describe.trees import Describe, Recorded, write


@pytest.fixture
def describe(tmp_path_factory: pytest.TempPathFactory) -> Describe:
    """Describes a recorded machine from a folder that holds its files."""

    def describe_recorded(machine: Recorded) -> HostDescription:
        return host.describe(write(machine.files, tmp_path_factory.mktemp("machine")), machine.runner())

    return describe_recorded
