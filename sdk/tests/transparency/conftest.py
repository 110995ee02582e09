"""What the transparency tests share."""

import pytest

from sdk.tests.transparency.lying_log import Operator


@pytest.fixture(scope="session")
def operator() -> Operator:
    """The broker and a provider; made once, since nothing changes them."""
    return Operator()
