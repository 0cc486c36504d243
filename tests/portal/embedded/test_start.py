"""What a start does before anything runs, and what its processes are told."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

from portal.embedded import application, bootstrap, orphans, start
from portal.embedded.application import REPOSITORY
from portal.embedded.home import Home
from portal.embedded.progress import Progress
from portal.embedded.supervisor import Supervisor


def test_a_taken_port_is_said_before_anything_is_started(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "up"],
            cwd=REPOSITORY,
            env={**os.environ, "CHANCERY_HOME": str(home.path), "PORT": str(port)},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert f"127.0.0.1:{port} cannot be listened on" in done.stderr
    assert orphans.running(home) == {}


def test_a_process_gets_the_portals_url_and_not_the_administrators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL_FILE", "/run/secrets/admin")
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres@/admin")
    monkeypatch.setenv("REDIS_URL_FILE", "/run/secrets/redis")
    told = application.environment({"DATABASE_URL": "postgresql://chancery_app@/chancery"})
    assert told["DATABASE_URL"] == "postgresql://chancery_app@/chancery"
    assert "DATABASE_URL_FILE" not in told
    assert told["REDIS_URL_FILE"] == "/run/secrets/redis"
    assert told["DJANGO_SETTINGS_MODULE"] == "portal.settings"


def test_given_roles_and_given_redis_leave_nothing_to_start(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    urls = bootstrap.role_urls("postgresql://admin@db/chancery", "chancery", dict.fromkeys(bootstrap.LOGINS, "p"))
    given = {**urls.environment(), "REDIS_URL": "redis://cache"}
    for name in ("BROKER_URL", "CHANNELS_URL", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with Supervisor(home, lambda line: None) as supervisor:
        start.Start(home, supervisor, Progress(lambda text: None)).services()
        assert orphans.running(home) == {}
    published = json.loads((home.path / "runtime.json").read_text())["environment"]
    assert given.items() <= published.items()
    assert len(published["SECRET_KEY"]) >= 50
    assert "BROKER_URL" not in published
