"""A backup under traffic and its way back: what callers were told is there, and what was changed is refused."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from portal.backup import keystore, make, manifest
from portal.backup.manifest import Refused
from portal.backup.restore import Order
from portal.embedded.application import REPOSITORY
from portal.embedded.home import Home
from tests.deploy import callers
from tests.deploy.callers import Seen
from tests.portal.embedded.conftest import launcher_of
from tests.support import gateway as gateways
from tests.support.stack import Stack

SETTLED = "SELECT count(*), coalesce(sum(cost_nano_usd), 0) FROM audit_settlement"

COUNTED = "SELECT sum(requests), sum(cost_nano_usd) FROM audit_usage_quarter"

OF_THE_FUTURE = """
SELECT (SELECT count(*) FROM audit_record WHERE xid > pg_current_xact_id()),
       (SELECT count(*) FROM governance_snapshot_change WHERE xid > pg_current_xact_id())
"""


@dataclass(frozen=True, slots=True)
class Backup:
    directory: Path
    archive: Path
    seen: Seen


def manage(home: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """As an operator would, in a shell that has nothing but where the state is."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {**inherited, "CHANCERY_HOME": str(home), **settings}
    return subprocess.run(
        [sys.executable, "manage.py", *command], cwd=REPOSITORY, env=environment, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def backup(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    """Made while callers call."""
    to, keys_to = tmp_path_factory.mktemp("backups"), tmp_path_factory.mktemp("keys")

    async def back_up() -> None:
        await asyncio.sleep(1)
        counted = await asyncio.to_thread(manage, stack.home.path, "usage", "roll-up")
        assert counted.returncode == 0, counted.stderr
        done = await asyncio.to_thread(manage, stack.home.path, "backup", str(to), "--keystore-to", str(keys_to))
        assert done.returncode == 0, done.stderr

    seen = asyncio.run(callers.during(stack, 4, back_up))
    [directory], [archive] = to.iterdir(), keys_to.iterdir()
    return Backup(directory, archive, seen)


@pytest.fixture
def other_home(stack: Stack) -> Iterator[Path]:
    """Empty but for the secrets, which are no part of a backup."""
    path = Path(tempfile.mkdtemp(prefix="chancery-restored-"))
    path.chmod(0o711)
    shutil.copy(stack.home.path / "secrets.json", path)
    yield path
    shutil.rmtree(path)


def test_no_caller_notices_a_backup(backup: Backup) -> None:
    assert backup.seen.failures == []
    assert backup.seen.answers > 5


def test_a_restored_installation_knows_and_serves_what_the_old_one_did(
    stack: Stack, backup: Backup, other_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(other_home)
    for name in ("SECRET_KEY", "FIELD_KEY", "VAULT_ROOT_KEY", "KEY_PEPPERS"):  # those of this test's own process
        monkeypatch.delenv(name, raising=False)
    with launcher_of(home) as launch:
        launch().until_ready()
        done = manage(other_home, "restore", str(backup.directory), "--keystore", str(backup.archive))
        assert done.returncode == 0, done.stderr
        assert "Verified" in done.stdout
        expected = json.loads((backup.directory / manifest.FILE).read_text())["counts"]
        environment: dict[str, str] = home.recall("environment")
        with psycopg.connect(environment["DATABASE_URL_SYSTEM"]) as books:
            settled = books.execute(SETTLED.encode()).fetchone()
            assert books.execute(OF_THE_FUTURE.encode()).fetchone() == (0, 0)
        assert settled is not None
        assert settled[0] == expected["audit_settlement"] > 5
        assert settled[1] > 0

        again = manage(other_home, "restore", str(backup.directory))
        assert again.returncode == 1
        assert "tables already" in again.stderr

        own = {**environment, "CHANCERY_HOME": str(other_home), "CHANCERY_ROLE": "gateway"}
        gateway = gateways.start(own, tmp_path / "log", EGRESS_ALLOWED_NETWORKS="127.0.0.0/8")
        try:
            answer = httpx.post(f"{gateway.url}/v1/chat/completions", headers=stack.headers, json=callers.ANSWER)
            assert answer.status_code == 200, answer.text
        finally:
            gateway.stop()
        assert counted_at(environment) == settled_at(environment)


def counted_at(environment: dict[str, str]) -> Any:
    """Usage as it is counted, after what there is to count."""
    with psycopg.connect(environment["DATABASE_URL_SYSTEM"], autocommit=True) as books:
        while books.execute("SELECT audit_roll_up_usage()").fetchone() == (True,):
            pass
        return books.execute(COUNTED.encode()).fetchone()


def settled_at(environment: dict[str, str]) -> Any:
    with psycopg.connect(environment["DATABASE_URL_SYSTEM"]) as books:
        return books.execute(SETTLED.encode()).fetchone()


def test_what_was_changed_is_refused(
    stack: Stack, backup: Backup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VAULT_ROOT_KEY", raising=False)
    changes: list[tuple[str, Callable[[bytes], bytes]]] = [
        (manifest.DUMP, lambda content: content[:-1] + bytes([content[-1] ^ 1])),
        (manifest.DUMP, lambda content: content[: len(content) // 2]),
        (manifest.FILE, lambda content: content.replace(b'"version": "', b'"version": "9')),
        (manifest.FILE, lambda content: b"{}"),
    ]
    for number, (name, change) in enumerate(changes):
        copy = tmp_path / str(number)
        shutil.copytree(backup.directory, copy)
        (copy / name).write_bytes(change((copy / name).read_bytes()))
        with pytest.raises(Refused):
            Order(copy, None).read(stack.home)
    Order(backup.directory, None).read(stack.home)


def test_nothing_is_restored_without_the_key_it_was_made_under(
    backup: Backup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VAULT_ROOT_KEY", raising=False)
    with pytest.raises(Refused, match="VAULT_ROOT_KEY is not set"):
        Order(backup.directory, None).read(Home(tmp_path))
    done = manage(tmp_path, "restore", str(backup.directory), VAULT_ROOT_KEY="ab" * 32)
    assert "another VAULT_ROOT_KEY" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_two_archives_do_not_lie_in_one_place(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="must lie elsewhere"):
        make.back_up("", tmp_path, tmp_path / "keys")
    assert list(tmp_path.iterdir()) == []


def test_a_keystore_takes_back_its_own_archive_and_no_other(backup: Backup, tmp_path: Path) -> None:
    right = manifest.sha256(backup.archive)
    assert keystore.unpack(backup.archive, tmp_path, right) == 1
    with pytest.raises(Refused, match="holds keys already"):
        keystore.unpack(backup.archive, tmp_path, right)
    with pytest.raises(Refused, match="was changed"):
        keystore.unpack(backup.archive, tmp_path / "other", "0" * 64)


def test_neither_archive_holds_a_secret_of_the_environment(stack: Stack, backup: Backup) -> None:
    secrets = json.loads((stack.home.path / "secrets.json").read_text())
    files = [*backup.directory.iterdir(), backup.archive]
    content = b"".join(path.read_bytes() for path in files).lower()
    for name in ("VAULT_ROOT_KEY", "FIELD_KEY", "SECRET_KEY"):
        assert secrets[name].lower().encode() not in content
