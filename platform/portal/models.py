"""What the portal keeps of its own."""

from __future__ import annotations

from django.db import models

from kit import clock


class SignInAttempt(models.Model):
    """A password that was tried. Written before it is checked and removed when it was right.

    `subject` is a keyed digest of the address given, so that the table names nobody.
    """

    id = models.BigAutoField(primary_key=True)
    subject = models.BinaryField()
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["at"], name="sign_in_attempt_at")]

    def __str__(self) -> str:
        return f"attempt at {self.at:%Y-%m-%d %H:%M:%S}"
