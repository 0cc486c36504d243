from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from audit.vault.roots.file import FileRootKeys
from governance import credentials, documents
from governance.delivery import destination
from governance.models import AlertChannel, EvidenceFile, Provider
from kit.crypto import SealBroken
from portal import variables

SYSTEM = "system"


class Command(BaseCommand):
    help = (
        "After FIELD_KEY or VAULT_ROOT_KEY was exchanged: seals credentials and keystore anew. The keys before are "
        "read from FIELD_KEY_BEFORE and VAULT_ROOT_KEY_BEFORE; what is not given is left alone. May be repeated."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        field_key = bytes.fromhex(variables.FIELD_KEY_BEFORE.read())
        root_key = bytes.fromhex(variables.VAULT_ROOT_KEY_BEFORE.read())
        if not (field_key or root_key):
            raise CommandError("Neither FIELD_KEY_BEFORE nor VAULT_ROOT_KEY_BEFORE is given.")
        if field_key:
            self._reseal_credentials(field_key)
            self._reseal_channels(field_key)
            self._reseal_evidence(field_key)
        if root_key:
            self._reseal_keystore(root_key)

    def _reseal_credentials(self, before: bytes) -> None:
        """One that opens under neither key stays as it is: its provider is closed until it gets another one."""
        resealed = 0
        with transaction.atomic(using=SYSTEM):
            for provider in Provider.across_tenants.using(SYSTEM).select_for_update().exclude(credential=b""):
                try:
                    sealed = credentials.reseal(bytes(provider.credential), provider.id, before)
                except SealBroken:
                    self.stderr.write(f"The credential of provider {provider.id} opens under neither key.")
                    continue
                if sealed is not None:
                    Provider.across_tenants.using(SYSTEM).filter(id=provider.id).update(credential=sealed)
                    resealed += 1
        self.stdout.write(f"{resealed} credentials sealed anew.")

    def _reseal_channels(self, before: bytes) -> None:
        """One that opens under neither key stays as it is: nothing is sent there until it is moved."""
        resealed = 0
        with transaction.atomic(using=SYSTEM):
            for channel in AlertChannel.across_tenants.using(SYSTEM).select_for_update():
                try:
                    sealed = destination.reseal(bytes(channel.sealed), channel.id, before)
                except SealBroken:
                    self.stderr.write(f"The address of alert channel {channel.id} opens under neither key.")
                    continue
                if sealed is not None:
                    AlertChannel.across_tenants.using(SYSTEM).filter(id=channel.id).update(sealed=sealed)
                    resealed += 1
        self.stdout.write(f"{resealed} alert channels sealed anew.")

    def _reseal_evidence(self, before: bytes) -> None:
        """One file at a time: they are large. One that opens under neither key stays as it is, and is not shown."""
        resealed, files = 0, EvidenceFile.across_tenants.using(SYSTEM)
        for identifier in list(files.values_list("id", flat=True)):
            with transaction.atomic(using=SYSTEM):
                kept = files.select_for_update().get(id=identifier)
                try:
                    sealed = documents.reseal(kept.organization_id, kept.evidence_id, bytes(kept.sealed), before)
                except SealBroken:
                    self.stderr.write(f"The file of evidence {kept.evidence_id} opens under neither key.")
                    continue
                if sealed is not None:
                    files.filter(id=identifier).update(sealed=sealed)
                    resealed += 1
        self.stdout.write(f"{resealed} files of evidence sealed anew.")

    def _reseal_keystore(self, before: bytes) -> None:
        try:
            resealed = FileRootKeys(settings.KEYSTORE_DIR, settings.VAULT_ROOT_KEY).reseal(before)
        except SealBroken as failure:
            raise CommandError(
                "A key of the keystore opens neither under this root key nor the one before."
            ) from failure
        self.stdout.write(f"{resealed} keys of the keystore sealed anew.")
