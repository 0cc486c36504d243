"""People, and the roles they hold in organisations."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from kit import clock
from kit.tenant_owned import Identified, TeamOwned, TenantOwned
from tenants import permissions
from tenants.models.choices import Role


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person who can sign in; without a membership there is nothing to see."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(Identified, AbstractBaseUser):
    """A person. Belongs to no organisation by itself; every permission comes from a membership."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects = UserManager()

    class Meta:
        ordering = ["email"]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def is_staff(self) -> bool:
        """Whether the portal opens at all; what is in it depends on the membership."""
        return self.is_active

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    def has_perm(self, permission: str, subject: object = None) -> bool:
        """Django's permission names for what the active membership's role allows on each model."""
        return self.is_active and permissions.allows(self, permission)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active


class Membership(TeamOwned):
    """A role in an organisation; with a team, in that team alone."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=32, choices=Role.choices)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["user__email"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user", "role", "team"], name="membership_is_unique", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(team__isnull=False)
                | models.Q(role__in=[Role.ADMINISTRATOR, Role.COMPLIANCE_OFFICER, Role.AUDITOR]),
                name="team_role_names_its_team",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} as {self.get_role_display()}"


class PersonalAccessToken(TenantOwned):
    """Lets a person's scripts use the management API as that person. The text is shown once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=200)
    prefix = models.CharField(max_length=32, unique=True)
    digest = models.BinaryField(unique=True)
    pepper_number = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"
