"""Backups that can be trusted, and their way back.

A backup is two archives, for two places:

    DIRECTORY/chancery-<time>/             database.dump  pg_dump's own format, of one snapshot
                                           manifest.json  what is in it, hashed and signed
    KEYSTORE_DIRECTORY/chancery-<time>.keys  the tenants' keys, each sealed under VAULT_ROOT_KEY

The first without the second opens no prompt and no answer, and neither does both without the root key, which is in no
backup: it belongs, like the other secrets, into a place for secrets.
"""
