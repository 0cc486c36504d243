"""Keys of the installation are exchanged, and what they close opens as before."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from audit.vault.roots.file import FileRootKeys
from governance.models import Provider
from governance.services import evidence
from governance.snapshot import section
from kit import errors
from kit.crypto import SealBroken, new_key
from kit.ids import new_id
from kit.scoping import within
from tests.support.acts import add_evidence, new_model
from tests.support.world import World


def reseal(monkeypatch: pytest.MonkeyPatch, **before: bytes) -> str:
    for name in ("FIELD_KEY_BEFORE", "VAULT_ROOT_KEY_BEFORE"):
        monkeypatch.setenv(name, before.get(name, b"").hex())
    said = StringIO()
    call_command("reseal", stdout=said, stderr=StringIO())
    return said.getvalue()


def test_credentials_open_under_the_new_field_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, before = world.provider("https://one.example/v1"), settings.FIELD_KEY
    monkeypatch.setattr(settings, "FIELD_KEY", new_key())
    assert next(section.providers([provider.id])).is_suspended
    reseal(monkeypatch, FIELD_KEY_BEFORE=before)
    entry = next(section.providers([provider.id]))
    assert (entry.is_suspended, entry.credential) == (False, "upstream-secret")
    # The others of this database go back to the key they are to be read with.
    after = settings.FIELD_KEY
    monkeypatch.setattr(settings, "FIELD_KEY", before)
    reseal(monkeypatch, FIELD_KEY_BEFORE=after)
    assert not next(section.providers([provider.id])).is_suspended
    assert Provider.across_tenants.using("system").filter(id=provider.id).exists()


def test_files_of_evidence_open_under_the_new_field_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    content, before = b"%PDF-1.7 of letters", settings.FIELD_KEY
    found = add_evidence(world, world.admin, new_model(world), content=content)
    monkeypatch.setattr(settings, "FIELD_KEY", new_key())
    with within(world.officer.scope), pytest.raises(errors.Conflict, match="does not open"):
        evidence.content(found)
    after = settings.FIELD_KEY
    for now, was in ((after, before), (before, after)):  # and back, for the others of this database
        monkeypatch.setattr(settings, "FIELD_KEY", now)
        assert "files of evidence sealed anew" in reseal(monkeypatch, FIELD_KEY_BEFORE=was)
        with within(world.officer.scope):
            assert evidence.content(found) == content


def test_the_keystore_opens_under_the_new_root_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    organization_id, before, after = new_id(), new_key(), new_key()
    keystore = FileRootKeys(tmp_path, before)
    tenant_key, index_key = keystore.current(organization_id), keystore.index_key(organization_id)
    monkeypatch.setattr(settings, "KEYSTORE_DIR", tmp_path)
    monkeypatch.setattr(settings, "VAULT_ROOT_KEY", after)
    assert reseal(monkeypatch, VAULT_ROOT_KEY_BEFORE=before) == "2 keys of the keystore sealed anew.\n"
    assert reseal(monkeypatch, VAULT_ROOT_KEY_BEFORE=before) == "0 keys of the keystore sealed anew.\n"
    renewed = FileRootKeys(tmp_path, after)
    assert (renewed.current(organization_id), renewed.index_key(organization_id)) == (tenant_key, index_key)
    with pytest.raises(SealBroken):
        keystore.current(organization_id)
    assert not list(tmp_path.rglob("*.new"))


def test_a_wrong_key_before_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    organization_id, root_key = new_id(), new_key()
    FileRootKeys(tmp_path, root_key).current(organization_id)
    monkeypatch.setattr(settings, "KEYSTORE_DIR", tmp_path)
    monkeypatch.setattr(settings, "VAULT_ROOT_KEY", new_key())
    with pytest.raises(CommandError, match="opens neither under"):
        reseal(monkeypatch, VAULT_ROOT_KEY_BEFORE=new_key())
    assert FileRootKeys(tmp_path, root_key).current(organization_id).version == 1


def test_without_a_key_before_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="Neither"):
        reseal(monkeypatch)
