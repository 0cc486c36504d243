"""Slowing down whoever guesses passwords.

An attempt is counted, and committed, before its password is checked, one at a time for each person: many
attempts at once cannot pass together. Counted in the database, which is there anyway and shared by every
process. One person from one place is stopped first; the wider ceilings stop a guesser who changes places or
people. A browser the person has signed in with before is counted by itself, so that nobody can lock a person out
by name. One-time passwords are throttled by their device.
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


def admit(email: str, address: str | None, *, now: datetime, browser: bytes = b"") -> bool:
    """Counts an attempt; false where it is one too many and the password is not to be looked at.

    `browser` names one that the person has signed in with before, if it is one.
    """
    subject = subject_of(email, browser)
    person, place = Q(subject=subject), Q(address=address)
    with transaction.atomic():
        _queue_up(subject)
        SignInAttempt.objects.filter(at__lt=now - WINDOW).delete()
        before = SignInAttempt.objects.aggregate(
            together=Count("id", filter=person if browser else person & place),
            person=Count("id", filter=person),
            place=Count("id", filter=place),
        )
        admitted: bool = before["together"] < PER_PERSON_AND_ADDRESS and (
            bool(browser) or (before["person"] < PER_PERSON and before["place"] < PER_ADDRESS)
        )
        if admitted:
            SignInAttempt.objects.create(subject=subject, address=address, at=now)
    return admitted


def forget(email: str, address: str | None, browser: bytes = b"") -> None:
    """The password was right: what this person tried from here no longer counts."""
    SignInAttempt.objects.filter(subject=subject_of(email, browser), address=address).delete()


def subject_of(email: str, browser: bytes = b"") -> bytes:
    """What an attempt is counted by: a keyed digest, which names nobody."""
    named = b"sign-in attempt:" + email.strip().lower().encode()
    return keyed_digest(settings.FIELD_KEY, named + b"\0" + browser if browser else named)


def _queue_up(subject: bytes) -> None:
    """Waits until no other attempt of this person is being counted; until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(subject[:8], "big", signed=True)])
