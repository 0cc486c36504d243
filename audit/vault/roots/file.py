"""A keystore in a directory, for one machine: `<organisation>/tenant-<version>.key` and `<organisation>/index.key`.

Each file holds one key sealed under the root key, which comes from the environment or a secret file and is not in
the directory. Several processes may use it at once: a key is written aside and then linked to its name, which
succeeds for exactly one of them and is never undone; the others read what that one linked.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from uuid import UUID

from audit.vault.roots import KeyMissing, TenantKey
from kit import crypto
from kit.ids import new_id

_TENANT_KEY = re.compile(r"tenant-(\d+)\.key")


class FileRootKeys:
    """`root_key` is 32 bytes. The directory is made, for its owner alone."""

    def __init__(self, directory: Path, root_key: bytes) -> None:
        self._directory = directory
        self._root_key = root_key

    def current(self, organization_id: UUID) -> TenantKey:
        newest = max(self._versions(organization_id), default=1)
        return TenantKey(newest, self._obtain(organization_id, f"tenant-{newest}"))

    def version(self, organization_id: UUID, number: int) -> TenantKey:
        return TenantKey(number, self._read(organization_id, f"tenant-{number}"))

    def index_key(self, organization_id: UUID) -> bytes:
        return self._obtain(organization_id, "index")

    def reseal(self, before: bytes) -> int:
        """Seals what is sealed under the root key `before` under the present one, file by file, and gives the number.

        May be repeated after an interruption. Processes that hold the key before cannot open a file from then on.
        Raises `kit.crypto.SealBroken` for a file that opens under neither.
        """
        resealed = 0
        for path in sorted(self._directory.glob("*/*.key")):
            place = _place(UUID(path.parent.name), path.stem)
            sealed = path.read_bytes()
            if _opens(self._root_key, sealed, place):
                continue
            key = crypto.open_sealed(before, sealed, associated=place)
            aside = path.with_name(f"{new_id()}.new")
            _write_durably(aside, crypto.seal(self._root_key, key, associated=place))
            aside.replace(path)
            _flush_directory(path.parent)
            resealed += 1
        return resealed

    def _versions(self, organization_id: UUID) -> list[int]:
        names = self._folder(organization_id).glob("tenant-*.key")
        return [int(found[1]) for path in names if (found := _TENANT_KEY.fullmatch(path.name))]

    def _obtain(self, organization_id: UUID, name: str) -> bytes:
        try:
            return self._read(organization_id, name)
        except KeyMissing:
            self._make(organization_id, name)
            return self._read(organization_id, name)

    def _read(self, organization_id: UUID, name: str) -> bytes:
        try:
            sealed = self._path(organization_id, name).read_bytes()
        except FileNotFoundError:
            raise KeyMissing(f"the keystore has no {name} of organisation {organization_id}") from None
        return crypto.open_sealed(self._root_key, sealed, associated=_place(organization_id, name))

    def _make(self, organization_id: UUID, name: str) -> None:
        sealed = crypto.seal(self._root_key, crypto.new_key(), associated=_place(organization_id, name))
        folder = self._folder(organization_id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = folder / f"{new_id()}.new"
        _write_durably(aside, sealed)
        try:
            self._path(organization_id, name).hardlink_to(aside)
        except FileExistsError:
            pass  # another process was first; its key counts
        finally:
            aside.unlink()
        _flush_directory(folder)

    def _folder(self, organization_id: UUID) -> Path:
        return self._directory / str(organization_id)

    def _path(self, organization_id: UUID, name: str) -> Path:
        return self._folder(organization_id) / f"{name}.key"


def _opens(root_key: bytes, sealed: bytes, place: bytes) -> bool:
    try:
        crypto.open_sealed(root_key, sealed, associated=place)
    except crypto.SealBroken:
        return False
    return True


def _place(organization_id: UUID, name: str) -> bytes:
    return organization_id.bytes + name.encode()


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
