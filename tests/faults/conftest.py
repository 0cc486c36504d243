"""One stack for all tests that break something: the session's services must outlive them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.stack import Stack, own_stack


@pytest.fixture(scope="session")
def running_stack() -> Iterator[Stack]:
    with own_stack() as running:
        yield running


@pytest.fixture
def stack(running_stack: Stack) -> Stack:
    """Found whole, whatever the test before did to it."""
    running_stack.wait_until_ready()
    return running_stack
