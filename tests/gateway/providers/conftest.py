"""Upstreams on loopback: the dummy server, and one that says byte for byte what a test wants said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from gateway.providers.dummy.server import DummyServer
from gateway.providers.openai_compatible import OpenAICompatible
from tests.gateway.providers.upstreams import LOOPBACK, Upstream, VerbatimServer

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, LoopFactory]:
    """The gateway runs on uvloop, management commands and other tests on asyncio's own loop."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def provider() -> AsyncIterator[OpenAICompatible]:
    provider = OpenAICompatible(LOOPBACK, max_answer_bytes=1024 * 1024)
    yield provider
    await provider.close()


@pytest.fixture
async def dummy() -> AsyncIterator[Upstream]:
    server = DummyServer()
    port = await server.start()
    yield Upstream(f"http://127.0.0.1:{port}/v1", server.observed)
    await server.stop()


@pytest.fixture
async def verbatim() -> AsyncIterator[VerbatimServer]:
    server = VerbatimServer()
    await server.start()
    yield server
    await server.stop()
