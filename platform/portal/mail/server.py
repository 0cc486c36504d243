"""The mail server, and what it says to a message."""

from __future__ import annotations

import smtplib
from enum import Enum

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend


class Unreachable(Exception):
    """Nothing was handed over: the server does not answer, or refuses the connection or the password."""


class Answer(Enum):
    """`LATER` and `NEVER`: it was not taken. `UNKNOWN`: the connection broke when it may have been."""

    TAKEN = "taken"
    LATER = "later"
    NEVER = "never"
    UNKNOWN = "unknown"


def is_on() -> bool:
    return bool(settings.EMAIL_HOST)


class Server:
    """One connection, for as many messages as one likes."""

    def __enter__(self) -> Server:
        self._backend = EmailBackend(fail_silently=False)
        try:
            self._backend.open()
        except (OSError, smtplib.SMTPException) as failure:
            raise Unreachable(type(failure).__name__) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._backend.close()

    def send(self, message: EmailMessage) -> Answer:
        try:
            self._backend.send_messages([message])
        except smtplib.SMTPRecipientsRefused as refusal:
            return _of_codes([code for code, _ in refusal.recipients.values()])
        except smtplib.SMTPServerDisconnected:
            return Answer.UNKNOWN
        except smtplib.SMTPResponseException as refusal:
            return _of_codes([refusal.smtp_code])
        except OSError as failure:  # which smtplib's own errors are too
            return Answer.NEVER if isinstance(failure, smtplib.SMTPException) else Answer.UNKNOWN
        return Answer.TAKEN


def _of_codes(codes: list[int]) -> Answer:
    """RFC 5321, section 4.2.1: 4yz may be tried again, 5yz may not."""
    return Answer.LATER if all(400 <= code < 500 for code in codes) else Answer.NEVER
