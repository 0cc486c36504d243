"""The threads that pages run in. They stay, and so do their connections to the database.

Django makes a thread for each request that comes by ASGI, and with it a connection for each database it asks, which is
then nobody's to close before the thread's remains are collected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from asgiref.sync import ThreadSensitiveContext

App = Callable[[Any, Any, Any], Awaitable[None]]


def in_kept_threads(app: App, number: int) -> App:
    """`app`, with at most so many requests at once in a thread each; more wait. The last thread used is the next."""
    idle: asyncio.LifoQueue[Executor] = asyncio.LifoQueue()
    for _ in range(number):
        idle.put_nowait(ThreadPoolExecutor(max_workers=1, thread_name_prefix="page"))

    async def run(scope: Any, receive: Any, send: Any) -> None:
        thread = await idle.get()
        try:
            async with ThreadSensitiveContext(executor=thread):
                await app(scope, receive, send)
        finally:
            idle.put_nowait(thread)

    return run
