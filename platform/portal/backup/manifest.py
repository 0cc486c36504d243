"""What a backup holds, signed under a key that is made from the root key: a backup that was changed is refused."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from kit.crypto import keyed_digest

FILE = "manifest.json"
DUMP = "database.dump"
FORMAT = 1
_PURPOSE = b"chancery backup manifest"
_BLOCK_BYTES = 1 << 20


class Refused(Exception):
    """This is no backup that may be restored here; the message says why."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`counts`: rows by table, of the dump's own snapshot. `key_checks`: digests that tell one key from another and say
    nothing else, by setting. `keystore_sha256` is empty where the keystore was left out."""

    version: str
    created_at: str
    server: str
    dump_sha256: str
    keystore_sha256: str
    migrations: tuple[str, ...]
    counts: Mapping[str, int]
    ledger_problems: tuple[str, ...]
    key_checks: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT


def write(manifest: Manifest, directory: Path, root_key: bytes) -> None:
    content = asdict(manifest)
    signed = {**content, "signature": _signature(content, root_key)}
    (directory / FILE).write_text(json.dumps(signed, indent=1, sort_keys=True))


def read(directory: Path, root_key: bytes) -> Manifest:
    """Its signature, and the dump it names, have been checked. Raises `Refused`."""
    try:
        content = json.loads((directory / FILE).read_text())
        signature = content.pop("signature")
    except (OSError, ValueError, KeyError, AttributeError) as failure:
        raise Refused(f"{directory} holds no manifest of a backup.") from failure
    if not hmac.compare_digest(_signature(content, root_key), str(signature)):
        raise Refused("The manifest was changed, or the backup was made under another VAULT_ROOT_KEY than this one.")
    if content["format"] != FORMAT:
        raise Refused(f"The backup has the format {content['format']}; this version reads {FORMAT}.")
    tuples = {name: tuple(content[name]) for name in ("migrations", "ledger_problems")}
    manifest = Manifest(**{**content, **tuples})
    require_hash(directory / DUMP, manifest.dump_sha256)
    return manifest


def require_hash(path: Path, expected: str) -> None:
    try:
        found = sha256(path)
    except OSError as failure:
        raise Refused(f"{path} cannot be read.") from failure
    if found != expected:
        raise Refused(f"{path} is not the file that the manifest names: it was changed or is incomplete.")


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def key_check(key: bytes) -> str:
    return keyed_digest(key, b"chancery key check").hex()[:16]


def _signature(content: Mapping[str, object], root_key: bytes) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    return keyed_digest(keyed_digest(root_key, _PURPOSE), canonical).hex()
