"""A start that cannot go well says everything that stands against it, and no secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal import configuration
from portal.embedded.application import REPOSITORY

KEY, OTHER_KEY = "ab" * 32, "cd" * 32
GOOD = {
    "DATABASE_URL": "postgresql://app:hidden@db/chancery",
    "DATABASE_URL_SYSTEM": "postgresql://system:hidden@db/chancery",
    "DATABASE_URL_GATEWAY": "postgresql://gateway:hidden@db/chancery",
    "REDIS_URL": "redis://:hidden@cache/0",
    "SECRET_KEY": "s" * 40,
    "FIELD_KEY": KEY,
    "VAULT_ROOT_KEY": OTHER_KEY,
    "KEY_PEPPERS": f"1:{KEY}",
}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Just what a start needs, on top of an environment that has nothing of the product's."""
    for name in list(os.environ):
        if name not in ("PATH", "HOME", "LANG", "TMPDIR"):
            monkeypatch.delenv(name)
    for name, value in {**GOOD, "CHANCERY_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_what_is_needed_and_nothing_else_is_enough(given: pytest.MonkeyPatch) -> None:
    assert [configuration.problems(role) for role in ("all", "gateway", "portal")] == [[], [], []]


def test_every_problem_is_named_at_once_and_no_value(given: pytest.MonkeyPatch) -> None:
    wrong = {
        "DATABASE_URL": "mysql://hidden@db/chancery",
        "FIELD_KEY": "zz" * 32,
        "VAULT_ROOT_KEY": "ab",
        "KEY_PEPPERS": "one:hidden",
        "SECRET_KEY": "hidden",
        "MAX_IN_FLIGHT": "0",
        "HOLD_LEASE_SECONDS": "hidden",
        "TRUSTED_PROXIES": "10.0.0.0/8,hidden",
        "PORT": "65536",
        "DEBUG": "hidden",
        "CHANCERY_ROLE": "hidden",
        "REDIS_URL_FILE": "/nonexistent",
    }
    for name, value in wrong.items():
        given.setenv(name, value)
    given.delenv("DATABASE_URL_GATEWAY")
    found = configuration.problems("all")
    named = {problem.split()[0].removesuffix("_FILE") for problem in found}
    assert named == {*(name.removesuffix("_FILE") for name in wrong), "DATABASE_URL_GATEWAY"}
    assert "hidden" not in "".join(found)
    assert "zz" not in "".join(found)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"BEHIND_TLS": "1", "ALLOWED_HOSTS": "portal.example", "DEBUG": "1"}, "DEBUG and BEHIND_TLS"),
        ({"BEHIND_TLS": "1"}, "ALLOWED_HOSTS must name"),
        ({"BEHIND_TLS": "1", "ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name"),
        ({"EMAIL_HOST": "mail.example"}, "EMAIL_HOST is set without PUBLIC_URL"),
        ({"VAULT_ROOT_KEY": KEY}, "FIELD_KEY and VAULT_ROOT_KEY"),
        ({"FIELD_KEY_FILE": __file__}, "FIELD_KEY and FIELD_KEY_FILE"),
    ],
)
def test_settings_that_contradict_each_other_are_a_problem(
    given: pytest.MonkeyPatch, settings: dict[str, str], problem: str
) -> None:
    for name, value in settings.items():
        given.setenv(name, value)
    assert any(line.startswith(problem) for line in configuration.problems("all"))


def test_a_gateway_needs_nothing_of_the_portals(given: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DATABASE_URL_SYSTEM", "SECRET_KEY"):
        given.delenv(name)
    assert configuration.problems("gateway") == []
    assert len(configuration.problems("portal")) == 3


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "check_configuration"],
        ["manage.py", "check"],
        ["-m", "portal.embedded.web"],
        ["-m", "celery", "-A", "portal", "report"],
    ],
    ids=["check_configuration", "manage.py", "web", "celery"],
)
def test_each_way_in_ends_with_the_list(given: pytest.MonkeyPatch, command: list[str]) -> None:
    given.setenv("FIELD_KEY", "hidden")
    given.delenv("SECRET_KEY")
    paths = f"{REPOSITORY / 'platform'}{os.pathsep}{REPOSITORY}"
    done = subprocess.run(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "SECRET_KEY is not set." in done.stderr
    assert "FIELD_KEY must be 64 hex digits." in done.stderr
    assert "hidden" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
