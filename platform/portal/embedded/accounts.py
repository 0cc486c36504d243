"""Whom services run as, and directories that account can reach.

PostgreSQL refuses to run as root, and nothing needs to. Started by root, services run as an account that exists on
every system; users are not created and the modes of directories found are not changed. A home or an installation
below a directory that account cannot pass (`/root`, `mktemp -d`) is therefore left alone: data goes to a directory of
its own below `/var/lib`, remembered in `runtime.json`, and binaries are copied there.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from portal import variables
from portal.embedded.home import Home

_SHELTERS = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108  both outlive a reboot; the name below is unguessable


class Unreachable(Exception):
    """No directory can be found or made that the services' account can use."""


@dataclass(frozen=True, slots=True)
class Account:
    uid: int
    gid: int


def unprivileged(home: Home) -> Account | None:
    """The account to drop to: whoever owns the home, else `SERVICES_USER`. None where we are no root to begin with."""
    if os.geteuid() != 0:
        return None
    owner = home.path.stat().st_uid
    name = variables.SERVICES_USER.read()
    try:
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam(name)
    except KeyError:
        raise Unreachable(f"There is no user {owner or name}; SERVICES_USER names another than nobody.") from None
    return Account(entry.pw_uid, entry.pw_gid)


def reachable(path: Path, account: Account | None) -> bool:
    """Whether every directory above and `path` itself can be passed (or executed) by the account.

    By mode bits alone: an access list may allow more, never less.
    """
    return account is None or all(_passable(each, account) for each in (path, *path.parents))


def _passable(path: Path, account: Account) -> bool:
    found = path.stat()
    if found.st_uid == account.uid:
        return bool(found.st_mode & stat.S_IXUSR)
    if found.st_gid == account.gid:
        return bool(found.st_mode & stat.S_IXGRP)
    return bool(found.st_mode & stat.S_IXOTH)


def data_root(home: Home, account: Account | None) -> Path:
    """Where the services' directories are: the home, or a shelter that belongs to it."""
    remembered = home.recall("services_directory")
    if remembered and Path(remembered).is_dir():
        return Path(remembered)
    if reachable(home.path, account):
        return home.path
    shelter = _shelter(f"chancery-{home.secret('INSTALLATION', lambda: token_hex(8))}", account)
    home.remember("services_directory", str(shelter))
    return shelter


def _shelter(name: str, account: Account | None) -> Path:
    candidates = [parent / name for parent in _SHELTERS if parent.is_dir() and reachable(parent, account)]
    for found in candidates:
        if found.is_dir():
            return found
    for wanted in candidates:
        try:
            wanted.mkdir(mode=0o711)
        except OSError:
            continue
        return wanted
    raise Unreachable("The services' account can reach neither CHANCERY_HOME nor /var/lib; choose another home.")


def private_directory(path: Path, account: Account | None) -> Path:
    """Made for the account alone, if it is not there yet."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    give(path, account)
    return path


def give(path: Path, account: Account | None) -> None:
    if account is not None:
        os.chown(path, account.uid, account.gid)


def write_private(path: Path, content: str, account: Account | None) -> None:
    """A file that only the account can read, from its first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        if account is not None:
            os.fchown(file.fileno(), account.uid, account.gid)
        file.write(content)


def reachable_copy(tree: Path, label: str, root: Path, account: Account | None) -> Path:
    """`tree` itself, or a copy of it below `root` where the account cannot reach it. `label` names its version."""
    if reachable(tree, account):
        return tree
    copy = root / "software" / label / tree.name
    if not copy.is_dir():
        unfinished = copy.with_name(f"{tree.name}.{os.getpid()}")
        unfinished.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.copytree(tree, unfinished, symlinks=True, ignore=shutil.ignore_patterns("include", "*.pyc"))
        unfinished.rename(copy)
    return copy


def socket_directory(home: Home, root: Path, name: str, account: Account | None) -> Path:
    """For one socket of at most 20 characters: below `root`, or in a short place where the whole path is too long.

    A socket's path is limited to 107 bytes on Linux and 103 on macOS.
    """
    preferred = root / "run" / name
    if len(os.fsencode(preferred)) <= 82:
        return private_directory(preferred, account)
    key = f"{name}_socket_directory"
    remembered = Path(home.recall(key) or "/")
    if _is_ours(remembered, account):
        return remembered
    short = Path("/tmp") / f"chancery-{token_hex(6)}"  # noqa: S108  unguessable, and made here or not at all
    short.mkdir(mode=0o700)
    give(short, account)
    home.remember(key, str(short))
    return short


def _is_ours(path: Path, account: Account | None) -> bool:
    """Guards against a directory of the same name that someone else made after a reboot emptied `/tmp`."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    owner = account.uid if account else os.geteuid()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and stat.S_IMODE(found.st_mode) == 0o700
