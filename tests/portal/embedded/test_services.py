"""The embedded PostgreSQL and Valkey, really started, killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from portal.embedded import accounts, orphans, postgres, programs, valkey, wheels
from portal.embedded.home import Home
from tests.portal.embedded.conftest import Launcher, launcher_of, wait_for

Launch = Callable[..., Launcher]
AS_ROOT = os.geteuid() == 0


def urls(home: Home) -> dict[str, str]:
    environment: dict[str, str] = home.recall("environment")
    return environment


def write(home: Home) -> None:
    with psycopg.connect(urls(home)["DATABASE_URL_MIGRATOR"]) as database:
        database.execute("CREATE TABLE kept (meaning vector(3))")
        database.execute("INSERT INTO kept VALUES ('[1,2,3]')")
    with redis.Redis.from_url(urls(home)["REDIS_URL"]) as client:
        client.set("kept", "1")
        client.waitaof(1, 0, 5000)


def is_kept(home: Home) -> bool:
    try:
        with psycopg.connect(urls(home)["DATABASE_URL_MIGRATOR"]) as database:
            rows = database.execute("SELECT meaning::text FROM kept").fetchall()
        with redis.Redis.from_url(urls(home)["REDIS_URL"]) as client:
            return rows == [("[1,2,3]",)] and client.get("kept") == b"1"
    except (psycopg.OperationalError, redis.ConnectionError):
        return False


def test_data_outlives_kill_9_of_the_services_and_of_the_supervisor(home: Home, launch: Launch) -> None:
    launcher = launch()
    launcher.until_ready()
    write(home)
    first = launcher.pids()
    for pid in first.values():
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: is_kept(home))
    assert set(launcher.pids().values()).isdisjoint(first.values())

    os.kill(launcher.process.pid, signal.SIGKILL)
    launcher.process.wait()
    again = launch()
    again.until_ready()
    assert is_kept(home)
    again.stop()
    assert again.pids() == {}


def test_a_second_start_is_refused_and_disturbs_nothing(running: Launcher) -> None:
    before = running.pids()
    with launcher_of(running.home) as launch:
        second = launch()
        assert f"in use by process {running.process.pid}" in second.output()
    assert second.process.returncode == 1
    assert running.pids() == before


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "known by its pid file alone"])
def test_a_postmaster_left_behind_is_found_and_stopped(home: Home, launch: Launch, recorded: bool) -> None:
    program = postgres.configure(home).program
    with (home.logs / "postgres.log").open("wb") as log:
        left = programs.spawn(program, log)
    wait_for(program.ready)
    if recorded:
        orphans.record(home, program, left.pid)
    launcher = launch()
    launcher.until_ready()
    assert left.wait(5) == 0
    assert ("stopped postgres, left by an earlier start" in launcher.stop()) is recorded


def test_a_stale_pid_file_that_names_another_process_is_no_obstacle(home: Home, launch: Launch) -> None:
    first = launch()
    first.until_ready()
    first.stop()
    pid_file = postgres.configure(home).data / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{pid_file.parent}\n")
    launch().until_ready()


def test_services_drop_root_and_are_closed_to_others(running: Launcher) -> None:
    home = running.home
    for pid in running.pids().values():
        assert Path(f"/proc/{pid}").stat().st_uid != 0
    for name in ("secrets.json", "runtime.json"):
        assert stat.S_IMODE((home.path / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(postgres.configure(home).data.stat().st_mode) == 0o700
    path = valkey.configure(home).url.partition("@")[2].partition("?")[0]
    with redis.Redis(unix_socket_path=path) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(urls(home)["DATABASE_URL"].replace("chancery_app:", "chancery_app:not"))


def test_durability_is_on_and_checksums_are_kept(running: Launcher) -> None:
    home = running.home
    with psycopg.connect(urls(home)["DATABASE_URL"]) as database:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert database.execute(f"SHOW {name}").fetchall() == [("on",)]
    with redis.Redis.from_url(urls(home)["REDIS_URL"]) as client:
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-lru"}


@pytest.mark.skipif(not AS_ROOT, reason="an ordinary user's services run as that user in every test here")
def test_an_ordinary_user_needs_no_privileges(home: Home, launch: Launch) -> None:
    account = accounts.unprivileged(home)
    assert account is not None
    packages = wheels.directory("psycopg").parent
    if not accounts.reachable(packages, account):
        pytest.skip("the checkout lies where only root can read it")
    interpreter = ordinary_interpreter(account, home)
    for path in (home.path, home.run, home.logs):
        os.chown(path, account.uid, account.gid)
    become = ("setpriv", f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups")
    paths = {"PYTHONPATH": str(packages), "LD_LIBRARY_PATH": str(interpreter / "lib")}
    launcher = launch(prefix=become, python=str(interpreter / "bin" / Path(sys.executable).resolve().name), **paths)
    launcher.until_ready()
    write(home)
    assert is_kept(home)


def ordinary_interpreter(account: accounts.Account, home: Home) -> Path:
    """The prefix of this interpreter, or of a copy of it where only root can reach it."""
    prefix = Path(sys.base_prefix).resolve()
    if accounts.reachable(Path(sys.executable).resolve(), account):
        return prefix
    copy = home.path / "python"
    shutil.copytree(
        prefix, copy, symlinks=True, ignore=shutil.ignore_patterns("site-packages", "test", "__pycache__", "share")
    )
    return copy


@pytest.mark.skipif(not AS_ROOT, reason="an ordinary user can reach what is theirs")
def test_a_home_that_the_services_cannot_reach_gets_its_data_elsewhere_and_finds_it_again(
    home: Home, launch: Launch
) -> None:
    home.path.chmod(0o700)
    try:
        launcher = launch()
        launcher.until_ready()
        shelter = Path(home.recall("services_directory"))
        write(home)
        launcher.stop()
        assert shelter.parent in (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108
        assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
        again = launch()
        again.until_ready()
        assert is_kept(home)
        again.stop()
    finally:
        shutil.rmtree(home.recall("services_directory"))
