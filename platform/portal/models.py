"""What the portal keeps of its own."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from kit import clock
from kit.tenant_owned import TenantOwned
from tenants.models import User

LONGEST_QUERY = 2000


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


class SavedView(TenantOwned):
    """A page as somebody filtered it: the query string, by a name. Read by its owner, and by everybody in the
    organisation where it is shared; what it shows is still what its reader may see. The owner's default of a page is
    what opens where no filter is given."""

    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    page = models.CharField(max_length=32)  # the name of its address
    name = models.CharField(max_length=100)
    query = models.CharField(max_length=LONGEST_QUERY, blank=True)
    is_shared = models.BooleanField(default=False)
    is_default = models.BooleanField(default=False)
    saved_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["page", "name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "owner", "page", "name"], name="saved_view_name_is_unique"),
            models.UniqueConstraint(
                fields=["organization", "owner", "page"], condition=Q(is_default=True), name="saved_view_default_is_one"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
