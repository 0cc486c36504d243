"""The product's own processes: web server, Celery with its timetable, on demand the process of hosted providers."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from portal import variables
from portal.embedded import accounts
from portal.embedded.home import Home
from portal.embedded.local_model import answers
from portal.embedded.programs import Program

REPOSITORY = Path(__file__).resolve().parents[3]
_DRAIN_SECONDS = 15.0


def environment(published: Mapping[str, str]) -> dict[str, str]:
    """For a process of ours: what the operator set, under what the start has found out.

    A `NAME_FILE` would take precedence over its `NAME`, so it goes where the start has another value for it (the
    administrator's DATABASE_URL becomes the portal's).
    """
    superseded = {f"{name}_FILE" for name in published}
    inherited = {name: value for name, value in os.environ.items() if name not in superseded}
    paths = {"PYTHONPATH": f"{REPOSITORY / 'platform'}{os.pathsep}{REPOSITORY}"}
    return {**inherited, **published, **paths, "DJANGO_SETTINGS_MODULE": "portal.settings"}


def command(name: str, *arguments: str, given: Mapping[str, str]) -> Program:
    """A management command, to be run to its end."""
    return _ours(name.replace("_", "-"), "manage.py", name, *arguments, given=given)


def web(listener: socket.socket, given: Mapping[str, str]) -> Program:
    workers = variables.WEB_WORKERS.read()
    port = listener.getsockname()[1]
    return _ours(
        *("web", "-m", "portal.embedded.web", "--fd", str(listener.fileno()), "--workers", str(workers)),
        given=given,
        ready=lambda: answers(port, "/health"),
        stop_seconds=variables.DRAIN_NOTICE_SECONDS.read() + variables.DRAIN_SECONDS.read() + _DRAIN_SECONDS,
        descriptors=(listener.fileno(),),
    )


def tasks(home: Home, given: Mapping[str, str]) -> Program:
    """Worker and timetable in one: there is exactly one of each on one machine."""
    return _ours(
        *("tasks", "-m", "celery", "-A", "portal", "worker", "--beat", "--schedule", str(home.run / "timetable")),
        *("--pool", "threads", "--concurrency", "4", "--without-gossip", "--without-mingle", "--loglevel", "INFO"),
        given=given,
    )


def hosted(home: Home, given: Mapping[str, str]) -> Program:
    """Loading litellm takes seconds and 200 MB, so it waits for the first call to such a provider."""
    listener = socket.socket(socket.AF_UNIX)
    path = hosted_socket(home)
    path.unlink(missing_ok=True)
    listener.bind(str(path))
    listener.listen(128)
    return _ours(
        *("hosted", "-m", "gateway.providers.hosted_process", "--fd", str(listener.fileno())),
        *(f"--allow-host={host}" for host in variables.EGRESS_ALLOWED_HOSTS.read()),
        *(f"--allow-network={network}" for network in variables.EGRESS_ALLOWED_NETWORKS.read()),
        given=given,
        descriptors=(listener.fileno(),),
        activated_by=listener,
    )


def hosted_socket(home: Home) -> Path:
    return accounts.socket_directory(home, home.path, "hosted", None) / "hosted.sock"


def _ours(
    name: str,
    *arguments: str,
    given: Mapping[str, str],
    ready: Callable[[], bool] = lambda: True,
    stop_seconds: float = _DRAIN_SECONDS,
    descriptors: tuple[int, ...] = (),
    activated_by: socket.socket | None = None,
) -> Program:
    return Program(
        name=name,
        command=(sys.executable, *arguments),
        directory=REPOSITORY,
        environment=environment(given),
        ready=ready,
        stop_seconds=stop_seconds,
        descriptors=descriptors,
        activated_by=activated_by,
    )
