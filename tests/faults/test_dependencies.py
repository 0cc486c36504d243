"""A dependency that stands still, or takes no writes: calls are refused as documented, and served again afterwards.

Refused soon: callers here do not wait for longer than `SOON_SECONDS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import redis

from tests.faults import load
from tests.faults.books import agrees, open_calls, recorded
from tests.support.signals import standing_still
from tests.support.stack import SNAPSHOT_SECONDS, Stack, wait_for

SOON_SECONDS = 12.0
# Of whoever looks at a page; what waits for Redis by itself takes longer.
PATIENCE_SECONDS = 4.0


def call(stack: Stack, **more: Any) -> httpx.Response:
    body = {**load.BODY, **more}
    return httpx.post(f"{stack.url}/v1/chat/completions", headers=stack.headers, json=body, timeout=SOON_SECONDS)


def refused(stack: Stack, **more: Any) -> str:
    """The code of a refusal that tells the caller to try again."""
    answer = call(stack, **more)
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    code: str = answer.json()["error"]["code"]
    return code


def wait_until_missed(stack: Stack, *names: str, status: int = 503) -> None:
    """Until `/ready`, which looks once a second, names these as unavailable and nothing else that calls need."""

    def missed() -> bool:
        answer = httpx.get(f"{stack.url}/ready", timeout=SOON_SECONDS)
        said = answer.json()
        gone = {name for name in ("database", "redis", "snapshot") if said[name]["status"] != "ok"}
        return answer.status_code == status and gone == set(names)

    wait_for(missed, SOON_SECONDS, f"/ready does not miss {names} alone")


def served_again(stack: Stack) -> None:
    """And nothing is left of the calls in between."""
    stack.wait_until_ready()
    wait_for(lambda: {call(stack).status_code for _ in range(4)} == {200}, 10, "not served again")
    wait_for(lambda: open_calls(stack) == 0, 15, "a refused call is still open")
    wait_for(lambda: agrees(stack), 20, "the counters differ from the books")


@contextmanager
def valkey(stack: Stack) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(stack.environment["REDIS_URL"])
    try:
        yield client
    finally:
        client.close()


def test_no_call_is_made_while_valkey_stands_still(stack: Stack) -> None:
    before = recorded(stack)
    with standing_still(stack.pid_of("valkey")):
        assert {refused(stack) for _ in range(4)} == {"admission_unavailable"}
        wait_until_missed(stack, "redis", status=200)
        assert recorded(stack) == before
    served_again(stack)


def test_no_call_is_made_while_valkey_takes_no_writes(stack: Stack) -> None:
    with valkey(stack) as client:
        before = recorded(stack)
        client.replicaof("127.0.0.1", 1)
        try:
            assert {refused(stack) for _ in range(4)} == {"admission_unavailable"}
            wait_until_missed(stack, "redis", status=200)
            assert recorded(stack) == before
        finally:
            client.replicaof("NO", "ONE")
    served_again(stack)


def test_calls_without_a_budget_go_on_while_valkey_stands_still(stack: Stack) -> None:
    def answers() -> list[int]:
        headers = {"authorization": f"Bearer {stack.seeded.unbudgeted_key}"}
        url = f"{stack.url}/v1/chat/completions"
        return [httpx.post(url, headers=headers, json=load.BODY, timeout=SOON_SECONDS).status_code for _ in range(6)]

    assert answers() == [200] * 6
    before = recorded(stack)
    with standing_still(stack.pid_of("valkey")):
        assert answers() == [200] * 6
        assert recorded(stack) == before + 6
        assert refused(stack) == "admission_unavailable"
    served_again(stack)
    assert answers() == [200] * 6


def test_what_people_do_is_done_while_valkey_stands_still(stack: Stack) -> None:
    """Nobody waits until open pages have been told of it."""
    requests = f"{stack.url}/api/approval-requests/"

    def done(address: str, **body: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {stack.seeded.token}"}
        return httpx.post(address, headers=headers, json=body, timeout=PATIENCE_SECONDS)

    with standing_still(stack.pid_of("valkey")):
        asked = done(requests, model=stack.seeded.model_ids["spare"], justification="letters")
        assert asked.status_code == 201, asked.text
        assert done(f"{requests}{asked.json()['id']}/withdraw/").status_code == 200
    served_again(stack)


def test_a_valkey_that_hesitates_is_waited_for(stack: Stack) -> None:
    with valkey(stack) as client:
        client.client_pause(400)
        assert call(stack).status_code == 200


def test_no_call_is_made_while_postgres_stands_still(stack: Stack) -> None:
    """First its record cannot be written, or its content not be sealed; soon the policy in force is not known."""
    with standing_still(stack.pid_of("postgres")):
        assert refused(stack) in ("ledger_unavailable", "snapshot_stale")
        assert refused(stack, user="somebody new") in ("ledger_unavailable", "snapshot_stale")
        wait_for(lambda: refused(stack) == "snapshot_stale", SNAPSHOT_SECONDS + SOON_SECONDS)
        wait_until_missed(stack, "database", "snapshot")
    served_again(stack)


def test_calls_are_answered_while_the_task_worker_stands_still(stack: Stack) -> None:
    """Until then both it and the timetable show signs of life."""
    wait_for(lambda: {component(stack, name)["status"] for name in ("tasks", "timetable")} == {"ok"}, 30)
    with standing_still(stack.pid_of("tasks")):
        assert call(stack).status_code == 200
        assert httpx.get(f"{stack.url}/ready", timeout=SOON_SECONDS).status_code == 200
    served_again(stack)


def component(stack: Stack, name: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{stack.url}/ready", timeout=SOON_SECONDS).json()[name]
    return found
