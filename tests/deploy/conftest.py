"""One stack for the tests that restart parts of it or copy it away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.stack import Stack, own_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with own_stack(workers=1) as running:
        yield running
