"""Slowing down whoever guesses passwords.

An attempt is counted, and committed, before its password is checked, one at a time for each person: many
attempts at once cannot pass together. Counted in the database, which is there anyway and shared by every
process. One person from one place is stopped first; the wider ceilings stop a guesser who changes places or
people. One-time passwords are throttled by their device.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Q

from kit.crypto import keyed_digest
from portal.models import SignInAttempt

WINDOW = timedelta(minutes=15)
PER_PERSON_AND_ADDRESS = 5
PER_PERSON = 20
PER_ADDRESS = 100


def admit(email: str, address: str | None, *, now: datetime) -> bool:
    """Counts an attempt; false where it is one too many and the password is not to be looked at."""
    subject = _subject(email)
    person, place = Q(subject=subject), Q(address=address)
    with transaction.atomic():
        _queue_up(subject)
        SignInAttempt.objects.filter(at__lt=now - WINDOW).delete()
        before = SignInAttempt.objects.aggregate(
            together=Count("id", filter=person & place),
            person=Count("id", filter=person),
            place=Count("id", filter=place),
        )
        admitted: bool = (
            before["together"] < PER_PERSON_AND_ADDRESS
            and before["person"] < PER_PERSON
            and before["place"] < PER_ADDRESS
        )
        if admitted:
            SignInAttempt.objects.create(subject=subject, address=address, at=now)
    return admitted


def forget(email: str, address: str | None) -> None:
    """The password was right: what this person tried from here no longer counts."""
    SignInAttempt.objects.filter(subject=_subject(email), address=address).delete()


def _queue_up(subject: bytes) -> None:
    """Waits until no other attempt of this person is being counted; until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(subject[:8], "big", signed=True)])


def _subject(email: str) -> bytes:
    return keyed_digest(settings.FIELD_KEY, b"sign-in attempt:" + email.strip().lower().encode())
