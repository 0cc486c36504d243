"""Pages run in threads that stay, and so do their connections to the database."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections

from portal.page_threads import in_kept_threads
from tests.support import cast
from tests.support.cast import Cast
from tests.support.gateway import RunningGateway


def test_more_requests_than_threads_wait_for_one() -> None:
    used: list[int] = []

    def view() -> None:
        used.append(threading.get_ident())
        time.sleep(0.01)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await sync_to_async(view)()

    async def ask() -> None:
        pages = in_kept_threads(app, 3)
        await asyncio.gather(*(pages({}, None, None) for _ in range(12)))
        for _ in range(4):
            await pages({}, None, None)

    asyncio.run(ask())
    assert len(used) == 16
    assert len(set(used)) == 3
    assert len(set(used[12:])) == 1


def test_a_thread_whose_page_fails_serves_the_next() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError(await sync_to_async(threading.get_ident)())

    async def ask() -> list[Exception]:
        pages = in_kept_threads(app, 1)
        found = [await asyncio.gather(pages({}, None, None), return_exceptions=True) for _ in range(3)]
        return [each for (each,) in found if isinstance(each, Exception)]

    failures = asyncio.run(ask())
    assert len({str(each) for each in failures}) == 1
    assert len(failures) == 3


def test_page_after_page_is_read_over_the_same_connections(acme: Cast, gateway: RunningGateway) -> None:
    cookies = {"sessionid": cast.browser(acme.alice).cookies["sessionid"].value}
    before = _connections()
    for _ in range(20):
        assert gateway.get("/counts/", cookies=cookies).status_code == 200
    assert _connections() - before <= 4


def _connections() -> int:
    """Those that are open to the database of the test."""
    with connections["system"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
