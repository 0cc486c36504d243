"""The keystore as an archive of its own. Its files are sealed under the root key, and stay so."""

from __future__ import annotations

import os
import re
import tarfile
from io import BytesIO
from pathlib import Path

from portal.backup.manifest import Refused, require_hash

_NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/(tenant-\d+|index)\.key")
_MOST_BYTES = 4096  # a sealed key has about a hundred


def pack(keystore: Path, archive: Path) -> int:
    """The number of keys in it. Readable by its owner alone."""
    names = sorted(path.relative_to(keystore).as_posix() for path in keystore.glob("*/*.key"))
    descriptor = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w") as packed:
        for name in names:
            content = (keystore / name).read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            packed.addfile(entry, BytesIO(content))
    return len(names)


def unpack(archive: Path, keystore: Path, expected_sha256: str) -> int:
    """The number of keys. Raises `Refused` for another archive than the backup's, and where there are keys already."""
    require_hash(archive, expected_sha256)
    if any(keystore.glob("*/*.key")):
        raise Refused(f"{keystore} holds keys already; they are not overwritten.")
    with tarfile.open(archive) as packed:
        entries = packed.getmembers()
        for entry in entries:
            if not (entry.isfile() and _NAME.fullmatch(entry.name) and entry.size <= _MOST_BYTES):
                raise Refused(f"{archive} holds something that is no key of a keystore.")
        for entry in entries:
            _write(keystore / entry.name, packed, entry)
    return len(entries)


def _write(path: Path, packed: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
    content = packed.extractfile(entry)
    assert content is not None
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.read())
        file.flush()
        os.fsync(file.fileno())
