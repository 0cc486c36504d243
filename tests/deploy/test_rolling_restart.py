from __future__ import annotations

from tests.deploy import rolling_restart
from tests.support.stack import Stack


def test_workers_are_replaced_under_load_and_no_call_fails(stack: Stack) -> None:
    done = rolling_restart.restart(stack, 6)
    assert (done.replaced, done.kept) == (1, 0)
    assert done.seen.answers > 10
    assert done.seen.streams > 2
    assert done.seen.failures == []
