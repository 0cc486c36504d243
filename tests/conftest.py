"""One PostgreSQL and one Valkey for the session, a database of its own for each worker, a real gateway where asked for.

Tests commit for real and nothing is flushed: each makes organisations of its own (`world`). The services start
here, before Django's settings are read, in the process that outlives the workers.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.support import services

_HOME = "CHANCERY_TEST_HOME"
_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
_home = Path(os.environ.setdefault(_HOME, f"{tempfile.gettempdir()}/chancery-tests-{os.getpid()}"))
_services = services.start(_home, is_durable=False)
os.environ.update(_services.clone(f"test_{_worker}"))
django.setup()
# pytest shows the logs of a test that fails; the product's own handler writes from a thread, past its capture.
logging.getLogger().handlers.clear()

# How long an example takes says how busy the machine is, not whether a law holds.
hypothesis_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("untimed")

pytest_plugins = ["tests.support.fixtures"]


def pytest_unconfigure() -> None:
    _services.stop()


@pytest.fixture(autouse=True)
def _no_scope_is_left_over() -> Iterator[None]:
    from kit import scoping

    yield
    assert scoping.entered() is None
