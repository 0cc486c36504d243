from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from audit.vault.roots.file import FileRootKeys
from governance import credentials
from governance.models import Provider
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
        try:
            if field_key:
                self.stdout.write(f"{_reseal_credentials(field_key)} credentials sealed anew.")
            if root_key:
                keystore = FileRootKeys(settings.KEYSTORE_DIR, settings.VAULT_ROOT_KEY)
                self.stdout.write(f"{keystore.reseal(root_key)} keys of the keystore sealed anew.")
        except SealBroken as failure:
            raise CommandError("Something opens neither under the present key nor under the one before.") from failure


def _reseal_credentials(before: bytes) -> int:
    resealed = 0
    with transaction.atomic(using=SYSTEM):
        for provider in Provider.across_tenants.using(SYSTEM).select_for_update().exclude(credential=b""):
            sealed = credentials.reseal(bytes(provider.credential), provider.id, before)
            if sealed is not None:
                Provider.across_tenants.using(SYSTEM).filter(id=provider.id).update(credential=sealed)
                resealed += 1
    return resealed
