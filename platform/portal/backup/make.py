"""One backup: a dump, its manifest, and the keystore's archive elsewhere."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from audit.ledger import integrity
from kit import clock
from kit.version import product_version
from portal.backup import database, keystore, manifest
from portal.backup.manifest import Manifest, Refused

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Made:
    """`keys` counts those in `archive`; none where the keystore was left out."""

    directory: Path
    archive: Path | None
    manifest: Manifest
    keys: int


def back_up(url: str, parent: Path, keystore_parent: Path | None) -> Made:
    """While the product runs, if it does. `url` is that of a role which reads every row.

    Raises `Refused`, `tools.ToolFailed`, `psycopg.Error`; what is unfinished is named `….unfinished`.
    """
    if keystore_parent is not None and _lies_in(keystore_parent, parent):
        raise Refused("The keystore's archive must lie elsewhere than the database's: together they open every prompt.")
    now = clock.now()
    directory = parent / _name(now)
    unfinished = directory.with_name(f"{directory.name}.unfinished")
    unfinished.mkdir(mode=0o700, parents=True)
    try:
        made = _fill(url, unfinished, keystore_parent, now)
    except BaseException:
        shutil.rmtree(unfinished)
        raise
    unfinished.rename(directory)
    return Made(directory, made.archive, made.manifest, made.keys)


def _fill(url: str, directory: Path, keystore_parent: Path | None, now: datetime) -> Made:
    """The keys after the rows: a key that a row needs is made before the row."""
    dump = directory / manifest.DUMP
    with database.snapshot(url) as (connection, name):
        database.dump(url, name, dump)
        counts, migrations = database.counts(connection), database.migrations(connection)
        server = connection.execute("SHOW server_version").fetchone()
    archive, keys = _pack(keystore_parent, now)
    made = Manifest(
        version=product_version(),
        created_at=now.isoformat(),
        server=server[0] if server else "",
        dump_sha256=manifest.sha256(dump),
        keystore_sha256=manifest.sha256(archive) if archive else "",
        migrations=migrations,
        counts=counts,
        ledger_problems=tuple(str(problem) for problem in integrity.problems(using=SYSTEM)),
        key_checks=key_checks(),
    )
    manifest.write(made, directory, settings.VAULT_ROOT_KEY)
    return Made(directory, archive, made, keys)


def _pack(parent: Path | None, now: datetime) -> tuple[Path | None, int]:
    if parent is None:
        return None, 0
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    archive = parent / f"{_name(now)}.keys"
    return archive, keystore.pack(settings.KEYSTORE_DIR, archive)


def key_checks() -> dict[str, str]:
    """Of the keys without which what is restored is of no use, to see whether they are at hand."""
    peppers = {f"KEY_PEPPERS {number}": bytes.fromhex(key) for number, key in settings.KEY_PEPPERS.items()}
    keys = {"VAULT_ROOT_KEY": settings.VAULT_ROOT_KEY, "FIELD_KEY": settings.FIELD_KEY, **peppers}
    return {name: manifest.key_check(key) for name, key in keys.items()}


def _name(now: datetime) -> str:
    return f"chancery-{now:%Y%m%dT%H%M%S%fZ}"


def _lies_in(one: Path, other: Path) -> bool:
    one, other = one.resolve(), other.resolve()
    return one == other or other in one.parents or one in other.parents
