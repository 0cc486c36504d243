"""A backup's way into an empty database. Needs no settings of Django's: there is nothing yet that they could name."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from portal import variables
from portal.backup import database, keystore, manifest
from portal.backup.manifest import Manifest, Refused
from portal.embedded import bootstrap
from portal.embedded.home import Home


@dataclass(frozen=True, slots=True)
class Order:
    """`archive` is the keystore's; none leaves the keystore as it is."""

    directory: Path
    archive: Path | None

    def read(self, home: Home) -> Manifest:
        """Its signature and hashes are right. Raises `Refused`."""
        return manifest.read(self.directory, root_key(home))


def root_key(home: Home) -> bytes:
    """The operator's, or what the home keeps. Raises `Refused`: one made now would open nothing."""
    found = variables.VAULT_ROOT_KEY.given() or home.kept(variables.VAULT_ROOT_KEY.name)
    if found is None:
        raise Refused(
            "VAULT_ROOT_KEY is not set. A backup is restored with the secrets it was made under: VAULT_ROOT_KEY, "
            "FIELD_KEY, KEY_PEPPERS and SECRET_KEY, as settings or as secrets.json in CHANCERY_HOME."
        )
    with suppress(ValueError):
        return bytes.fromhex(found)
    raise Refused("VAULT_ROOT_KEY must be 64 hex digits.")


def restore(order: Order, found: Manifest, home: Home, admin_url: str, say: Callable[[str], None]) -> str:
    """The address of a role that reads every row of what was restored. Raises `Refused`, `tools.ToolFailed`."""
    done = bootstrap.bootstrap(admin_url, bootstrap.passwords(home))
    for line in done.lacking:
        say(f"not permitted: {line}")
    name = bootstrap.database_of(admin_url)
    inside = bootstrap.admin_of(admin_url, name)
    database.require_empty(inside)
    if order.archive:
        directory = Path(variables.KEYSTORE_DIR.read(str(home.path / "keystore")))
        say(f"{keystore.unpack(order.archive, directory, found.keystore_sha256)} keys of the keystore are back.")
    database.restore(inside, order.directory / manifest.DUMP)
    say(f"{sum(found.counts.values())} rows of {len(found.counts)} tables are back.")
    return database.make_role(admin_url, name)
