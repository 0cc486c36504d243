"""Data keys and subjects, as a gateway process needs them on every call.

Bodies are sealed under a data key of the organisation and the day, or of the subject and the day where the caller
names whom it calls for: destroying a key is how a day's bodies end, or a person's. Keys are remembered for a minute,
so that a destroyed one is used for no longer than that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.ledger.wire import Away, Rejected, Row, Wire, uuid_value
from audit.vault.remembered import Remembered
from audit.vault.roots import KeyMissing, RootKeys, TenantKey
from kit import clock, crypto
from kit.errors import Unavailable
from kit.ids import new_id

logger = logging.getLogger(__name__)

_OBTAIN_KEY = "SELECT id, wrapped, tenant_key_version FROM audit_obtain_data_key($1, $2, $3, $4, $5, $6)"
_OBTAIN_SUBJECT = "SELECT audit_obtain_subject($1, $2, $3)"
_SECONDS = 60.0
_MOST = 20_000
_PATIENCE_SECONDS = 5.0  # as long as a record is waited for, those before it in the queue included


@dataclass(frozen=True, slots=True)
class OpenKey:
    """A data key in the clear, ready to seal. `cipher` is safe to share."""

    id: UUID
    organization_id: UUID
    cipher: AESGCM = field(repr=False)


class Keyring:
    """One per process. `cached_key` never waits; the others wait for the database where they must.

    They raise `Unavailable` (`ledger_unavailable`): what cannot be sealed is not sent.
    """

    def __init__(self, conninfo: str, roots: RootKeys) -> None:
        self._wire = Wire(conninfo, application_name="chancery-vault")
        self._roots = roots
        self._keys: Remembered[tuple[UUID, UUID | None], OpenKey] = Remembered(seconds=_SECONDS, most=_MOST)
        self._subjects: Remembered[tuple[UUID, str], UUID] = Remembered(seconds=_SECONDS, most=_MOST)

    def cached_key(self, organization_id: UUID, subject_id: UUID | None = None) -> OpenKey | None:
        return self._keys.get((organization_id, subject_id))

    async def key(self, organization_id: UUID, subject_id: UUID | None = None) -> OpenKey:
        """Today's key of the organisation, or of one of its subjects."""
        return await self._keys.obtain(
            (organization_id, subject_id), lambda: self._obtain_key(organization_id, subject_id)
        )

    async def subject(self, organization_id: UUID, end_user: str) -> UUID:
        """The random id that stands for a person in the ledger. Who it is, only the index key can tell."""
        return await self._subjects.obtain(
            (organization_id, end_user), lambda: self._obtain_subject(organization_id, end_user)
        )

    async def close(self) -> None:
        await self._wire.close()

    async def _obtain_key(self, organization_id: UUID, subject_id: UUID | None) -> OpenKey:
        with _keystore():
            tenant_key = self._roots.current(organization_id)
        proposed_id = new_id()
        wrapped = wrap(tenant_key, organization_id, proposed_id, crypto.new_key())
        row = await self._call(
            _OBTAIN_KEY,
            [
                proposed_id.bytes,
                organization_id.bytes,
                uuid_value(subject_id),
                f"{clock.now():%Y-%m-%d}".encode(),
                wrapped,
                tenant_key.version.to_bytes(4, "big"),
            ],
        )
        key_id, kept, version = (value or b"" for value in row)
        number = int.from_bytes(version, "big")
        with _keystore():
            if number != tenant_key.version:
                tenant_key = self._roots.version(organization_id, number)
            key = unwrap(tenant_key, organization_id, UUID(bytes=key_id), kept)
        return OpenKey(UUID(bytes=key_id), organization_id, AESGCM(key))

    async def _obtain_subject(self, organization_id: UUID, end_user: str) -> UUID:
        with _keystore():
            digest = subject_digest(self._roots, organization_id, end_user)
        [found] = await self._call(_OBTAIN_SUBJECT, [new_id().bytes, organization_id.bytes, digest])
        return UUID(bytes=found)

    async def _call(self, query: str, arguments: list[bytes | None]) -> Row:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                [row] = await self._wire.call(query, arguments)
        except (Away, Rejected, TimeoutError) as failure:
            raise _unavailable() from failure
        return row


@contextmanager
def _keystore() -> Iterator[None]:
    """A keystore that cannot be read or written, or was sealed under another root key, is as good as away."""
    try:
        yield
    except (crypto.SealBroken, KeyMissing, OSError) as failure:
        logger.error("the keystore gives no key: %s", failure)
        raise _unavailable() from failure


def _unavailable() -> Unavailable:
    return Unavailable(
        "The content cannot be sealed now; no call was made.", code="ledger_unavailable", headers={"Retry-After": "1"}
    )


def wrap(tenant_key: TenantKey, organization_id: UUID, key_id: UUID, key: bytes) -> bytes:
    return crypto.seal(tenant_key.key, key, associated=organization_id.bytes + key_id.bytes)


def unwrap(tenant_key: TenantKey, organization_id: UUID, key_id: UUID, wrapped: bytes) -> bytes:
    """Raises `kit.crypto.SealBroken`."""
    return crypto.open_sealed(tenant_key.key, wrapped, associated=organization_id.bytes + key_id.bytes)


def subject_digest(roots: RootKeys, organization_id: UUID, end_user: str) -> bytes:
    """A keyed digest: from the database alone an address cannot be guessed."""
    return crypto.keyed_digest(roots.index_key(organization_id), end_user.encode())
