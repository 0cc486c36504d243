"""Directories that the services' account can or cannot reach."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from portal.embedded import accounts
from portal.embedded.accounts import Account
from portal.embedded.home import Home

STRANGER = Account(uid=65533, gid=65533)


def test_a_directory_below_a_closed_one_is_unreachable(tmp_path: Path) -> None:
    below = tmp_path / "closed" / "open"
    below.mkdir(parents=True)
    below.parent.chmod(0o700)
    assert not accounts.reachable(below, STRANGER)
    assert accounts.reachable(Path("/usr/bin"), STRANGER)
    assert accounts.reachable(below, None)


def test_software_out_of_reach_is_copied_once(home: Home, tmp_path: Path) -> None:
    tree = tmp_path / "wheel"
    tree.mkdir(mode=0o700)
    (tree / "server").write_text("1")
    copy = accounts.reachable_copy(tree, "server-1.0", home.path, STRANGER)
    assert (copy / "server").read_text() == "1"
    (tree / "server").write_text("2")
    assert (accounts.reachable_copy(tree, "server-1.0", home.path, STRANGER) / "server").read_text() == "1"
    assert (accounts.reachable_copy(tree, "server-2.0", home.path, STRANGER) / "server").read_text() == "2"
    assert accounts.reachable_copy(tree, "server-1.0", home.path, None) == tree


def test_a_long_home_gets_a_short_socket_directory_and_keeps_it(home: Home) -> None:
    deep = home.path / ("x" * 90)
    first = accounts.socket_directory(home, deep, "postgres", None)
    assert len(os.fsencode(first)) < 80
    assert accounts.socket_directory(home, deep, "postgres", None) == first
    first.rmdir()
    first.symlink_to(home.path)
    try:
        assert accounts.socket_directory(home, deep, "postgres", None) != first
    finally:
        first.unlink()
        Path(home.recall("postgres_socket_directory")).rmdir()


def test_private_files_are_private_from_the_start(home: Home) -> None:
    previous = os.umask(0)
    try:
        accounts.write_private(home.path / "secret", "x", None)
    finally:
        os.umask(previous)
    assert (home.path / "secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to drop")
def test_root_runs_services_as_the_owner_of_the_home_or_as_nobody(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = accounts.unprivileged(home)
    assert nobody is not None
    assert nobody.uid != 0
    monkeypatch.setenv("SERVICES_USER", "there-is-no-such-user")
    with pytest.raises(accounts.Unreachable, match="SERVICES_USER"):
        accounts.unprivileged(home)
    os.chown(home.path, nobody.uid, nobody.gid)
    assert accounts.unprivileged(home) == nobody
