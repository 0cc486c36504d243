from __future__ import annotations

import pytest

from tests.support import cast
from tests.support.cast import Cast


@pytest.fixture(scope="session")
def acme_once() -> Cast:
    """One organisation for tests that change nothing in it."""
    return cast.assemble()
