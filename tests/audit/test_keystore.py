from __future__ import annotations

import multiprocessing
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest

from audit.vault.roots import KeyMissing
from audit.vault.roots.file import FileRootKeys
from kit.crypto import SealBroken, new_key
from kit.ids import new_id

ROOT = new_key()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keystore"


def first_key(directory: Path, root_key: bytes, organization_id: UUID) -> bytes:
    return FileRootKeys(directory, root_key).current(organization_id).key


def test_processes_that_race_agree_on_one_key(directory: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        for _ in range(25):
            organization_id = new_id()
            raced = [pool.submit(first_key, directory, ROOT, organization_id) for _ in range(4)]
            assert len({one.result() for one in raced}) == 1
    assert not list(directory.rglob("*.new"))


def test_a_key_is_found_again(directory: Path) -> None:
    organization_id = new_id()
    made = FileRootKeys(directory, ROOT).current(organization_id)
    again = FileRootKeys(directory, ROOT)
    assert again.current(organization_id) == again.version(organization_id, made.version) == made


def test_organisations_and_purposes_have_different_keys(directory: Path) -> None:
    roots, first, second = FileRootKeys(directory, ROOT), new_id(), new_id()
    keys = {roots.current(first).key, roots.current(second).key, roots.index_key(first), roots.index_key(second)}
    assert len(keys) == 4


def test_nothing_is_readable_by_others_or_in_the_clear(directory: Path) -> None:
    organization_id = new_id()
    roots = FileRootKeys(directory, ROOT)
    secrets = [roots.current(organization_id).key, roots.index_key(organization_id)]
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    assert stat.S_IMODE((directory / str(organization_id)).stat().st_mode) == 0o700
    assert not any(secret in path.read_bytes() for secret in secrets for path in files)


def test_another_root_key_opens_nothing(directory: Path) -> None:
    organization_id = new_id()
    FileRootKeys(directory, ROOT).current(organization_id)
    with pytest.raises(SealBroken):
        FileRootKeys(directory, new_key()).current(organization_id)


def test_a_key_file_moved_to_another_organisation_does_not_open(directory: Path) -> None:
    roots, mine, other = FileRootKeys(directory, ROOT), new_id(), new_id()
    roots.current(mine)
    roots.current(other)
    (directory / str(mine) / "tenant-1.key").replace(directory / str(other) / "tenant-1.key")
    with pytest.raises(SealBroken):
        roots.current(other)


def test_a_destroyed_version_is_missing_and_the_newest_is_current(directory: Path) -> None:
    roots, organization_id = FileRootKeys(directory, ROOT), new_id()
    roots.current(organization_id)
    roots._make(organization_id, "tenant-10")
    assert roots.current(organization_id).version == 10
    (directory / str(organization_id) / "tenant-1.key").unlink()
    with pytest.raises(KeyMissing):
        roots.version(organization_id, 1)
