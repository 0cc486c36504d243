from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import class_row

from audit.choices import BodyPart
from audit.ledger.append import Writer
from audit.ledger.rows import SealedBody
from audit.models import Body, DataKey
from audit.vault.bodies import open_body, seal_body
from audit.vault.keys import Keyring
from audit.vault.roots import KeyMissing
from audit.vault.roots.file import FileRootKeys
from kit.crypto import SealBroken, new_key
from kit.errors import Unavailable
from kit.ids import new_id
from tests.audit.conftest import Connect
from tests.audit.rows import Tenant, outcome_of, requested

PROMPT = b"What did Alice earn in May?"


@pytest.fixture
def roots(tmp_path: Path) -> FileRootKeys:
    return FileRootKeys(tmp_path / "keystore", new_key())


@pytest.fixture
async def keyring(gateway_url: str, roots: FileRootKeys) -> AsyncIterator[Keyring]:
    found = Keyring(gateway_url, roots)
    yield found
    await found.close()


def stored(tenant: Tenant, record_id: UUID, sealed: SealedBody) -> Body:
    return Body(
        record_id=record_id,
        part=sealed.part,
        organization_id=tenant.id,
        data_key_id=sealed.data_key_id,
        ciphertext=sealed.ciphertext,
    )


def data_key(connect: Connect, key_id: UUID) -> DataKey:
    connection = connect("system")
    cursor = connection.cursor(row_factory=class_row(DataKey))
    found = cursor.execute("SELECT * FROM audit_data_key WHERE id = %s", [key_id]).fetchone()
    assert found is not None
    return found


async def test_a_body_is_kept_sealed_and_opens_in_its_place(
    connect: Connect, keyring: Keyring, roots: FileRootKeys, writer: Writer, tenant: Tenant
) -> None:
    key = await keyring.key(tenant.id)
    row = requested(tenant)
    outcome = outcome_of(row)
    prompt, answer = seal_body(key, row.id, "request", PROMPT), seal_body(key, outcome.id, "response", b"A lot.")
    await writer.requested(replace(row, bodies=(prompt,)))
    await writer.outcome(replace(outcome, bodies=(answer,)))

    found = connect("system").execute(
        "SELECT record_id, part, ciphertext FROM audit_body WHERE organization_id = %s ORDER BY part", [tenant.id]
    )
    assert found.fetchall() == [(row.id, "request", prompt.ciphertext), (outcome.id, "response", answer.ciphertext)]
    assert PROMPT not in prompt.ciphertext
    opened = open_body(stored(tenant, row.id, prompt), data_key(connect, key.id), roots)
    assert opened.content == PROMPT
    assert opened.commit == prompt.commit


async def test_the_digests_are_the_documented_ones(keyring: Keyring, tenant: Tenant) -> None:
    key, record_id = await keyring.key(tenant.id), new_id()
    sealed = seal_body(key, record_id, "request", PROMPT)
    place = tenant.id.bytes + record_id.bytes + b"request"
    plaintext = key.cipher.decrypt(sealed.ciphertext[:12], sealed.ciphertext[12:], place)
    assert plaintext[16:] == PROMPT
    assert sealed.commit == hmac.digest(plaintext[:16], PROMPT, hashlib.sha256)
    assert sealed.ct_hash == hashlib.sha256(sealed.ciphertext).digest()


async def test_the_same_text_has_another_commitment_each_time(keyring: Keyring, tenant: Tenant) -> None:
    key = await keyring.key(tenant.id)
    assert len({seal_body(key, new_id(), "request", b"yes").commit for _ in range(10)}) == 10


@pytest.mark.parametrize(
    "moved",
    [{"record_id": new_id()}, {"organization_id": new_id()}, {"part": "response"}],
    ids=lambda moved: str(*moved),
)
async def test_a_moved_body_does_not_open(
    connect: Connect, keyring: Keyring, roots: FileRootKeys, tenant: Tenant, moved: dict[str, UUID]
) -> None:
    key, record_id = await keyring.key(tenant.id), new_id()
    body = stored(tenant, record_id, seal_body(key, record_id, "request", PROMPT))
    for name, value in moved.items():
        setattr(body, name, value)
    kept = data_key(connect, key.id)
    with pytest.raises(SealBroken):
        open_body(body, kept, roots)


async def test_an_altered_body_does_not_open(
    connect: Connect, keyring: Keyring, roots: FileRootKeys, tenant: Tenant
) -> None:
    key, record_id = await keyring.key(tenant.id), new_id()
    sealed = seal_body(key, record_id, "request", PROMPT)
    altered = bytes([sealed.ciphertext[0] ^ 1]) + sealed.ciphertext[1:]
    kept = data_key(connect, key.id)
    with pytest.raises(SealBroken):
        open_body(stored(tenant, record_id, replace(sealed, ciphertext=altered)), kept, roots)


async def test_a_data_key_given_to_another_tenant_does_not_open(
    connect: Connect, keyring: Keyring, roots: FileRootKeys, tenant: Tenant, other_tenant: Tenant
) -> None:
    key, record_id = await keyring.key(tenant.id), new_id()
    await keyring.key(other_tenant.id)
    body = stored(tenant, record_id, seal_body(key, record_id, "request", PROMPT))
    stolen = data_key(connect, key.id)
    stolen.organization_id = other_tenant.id
    with pytest.raises(SealBroken):
        open_body(body, stolen, roots)


async def test_without_the_keystore_a_copy_of_the_database_opens_nothing(
    connect: Connect, keyring: Keyring, tenant: Tenant, tmp_path: Path
) -> None:
    key, record_id = await keyring.key(tenant.id), new_id()
    body = stored(tenant, record_id, seal_body(key, record_id, "request", PROMPT))
    kept = data_key(connect, key.id)
    elsewhere = FileRootKeys(tmp_path / "elsewhere", new_key())
    with pytest.raises(KeyMissing):
        open_body(body, kept, elsewhere)


async def test_processes_share_a_key_and_subjects_have_their_own(
    gateway_url: str, roots: FileRootKeys, keyring: Keyring, tenant: Tenant
) -> None:
    second = Keyring(gateway_url, roots)
    subject = await keyring.subject(tenant.id, "alice@example.com")
    keys = await asyncio.gather(
        *(ring.key(tenant.id, whose) for ring in (keyring, second) for whose in (None, subject))
    )
    await second.close()
    assert [key.id for key in keys[:2]] == [key.id for key in keys[2:]]
    assert keys[0].id != keys[1].id


async def test_a_key_is_asked_for_once(keyring: Keyring, tenant: Tenant) -> None:
    assert keyring.cached_key(tenant.id) is None
    keys = await asyncio.gather(*(keyring.key(tenant.id) for _ in range(50)))
    assert all(key is keys[0] for key in keys)
    assert keyring.cached_key(tenant.id) is keys[0]


async def test_a_person_keeps_one_random_id_per_organisation(
    connect: Connect, gateway_url: str, roots: FileRootKeys, keyring: Keyring, tenant: Tenant, other_tenant: Tenant
) -> None:
    second = Keyring(gateway_url, roots)
    alice = await keyring.subject(tenant.id, "alice@example.com")
    assert await second.subject(tenant.id, "alice@example.com") == alice
    assert await keyring.subject(tenant.id, "bob@example.com") != alice
    assert await keyring.subject(other_tenant.id, "alice@example.com") != alice
    await second.close()
    [digest] = connect("system").execute("SELECT digest FROM audit_subject WHERE id = %s", [alice]).fetchone() or [b""]
    assert digest not in (hashlib.sha256(b"alice@example.com").digest(), b"alice@example.com")


async def test_without_postgres_nothing_can_be_sealed(roots: FileRootKeys, tenant: Tenant) -> None:
    keyring = Keyring("postgresql://nobody@/nothing?host=/nowhere", roots)
    with pytest.raises(Unavailable) as refused:
        await keyring.key(tenant.id)
    assert refused.value.code == "ledger_unavailable"


@pytest.mark.parametrize("role", ["gateway", "app"])
def test_no_serving_role_writes_keys_directly(connect: Connect, role: str) -> None:
    connection = connect(role)
    for table in ("audit_data_key", "audit_subject"):
        for attack in ("DELETE FROM {}", "UPDATE {} SET created_at = now()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(psycopg.sql.SQL(attack).format(psycopg.sql.Identifier(table)))


def test_parts_are_those_the_database_knows() -> None:
    assert set(BodyPart.__args__) == {"request", "response"}  # type: ignore[attr-defined]


async def test_under_another_root_key_nothing_is_sealed(gateway_url: str, tenant: Tenant, tmp_path: Path) -> None:
    FileRootKeys(tmp_path, new_key()).current(tenant.id)
    keyring = Keyring(gateway_url, FileRootKeys(tmp_path, new_key()))
    with pytest.raises(Unavailable) as refused:
        await keyring.key(tenant.id)
    assert refused.value.code == "ledger_unavailable"
    await keyring.close()
