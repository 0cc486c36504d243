from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.admission.admission import Admission
from tests.gateway.admission.books import Books
from tests.gateway.admission.till import Till
from tests.gateway.admission.valkey import Valkey


@pytest.fixture
def redis_url() -> str:
    """Of the session's server, shared: every test uses an organisation of its own."""
    return os.environ["REDIS_URL"]


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """To be killed, flushed or stopped by the test."""
    server = Valkey(tmp_path).start()
    yield server
    server.kill()


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
async def till(redis_url: str, books: Books) -> AsyncIterator[Till]:
    till = Till(redis_url, books)
    yield till
    await till.admission.close()


@pytest.fixture
async def admission(till: Till) -> Admission:
    return till.admission
