"""What people are told: that something happened to something, by id. The words are made where it is shown."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from governance.models.choices import MailState, NoticeKind, NoticeWay
from kit.tenant_owned import TenantOwned
from tenants.models import User


class Notice(TenantOwned):
    """One thing told to one person; nobody else reads it. Put in by `governance_tell` in the database alone, for
    people of the organisation who may see the subject. `once` names what is told once, however often it is said."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=32)  # of `NoticeKind`; a new one is no change of the table
    subject_kind = models.CharField(max_length=32)
    subject_id = models.UUIDField()
    once = models.CharField(max_length=200, null=True, editable=False)  # noqa: DJ001 - none is no name, and not unique
    at = models.DateTimeField(editable=False)
    read_at = models.DateTimeField(null=True, editable=False)
    mail = models.CharField(max_length=8, choices=MailState.choices, default=MailState.DUE, editable=False)
    mail_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    mail_after = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "person", "once"], name="notice_is_told_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "person", "-id"], name="notice_of_person"),
            models.Index(fields=["mail"], name="notice_to_mail", condition=Q(mail__in=["due", "digest"])),
        ]

    def __str__(self) -> str:
        return NoticeKind(self.kind).label


class NoticePreference(TenantOwned):
    """How a person wants to be told of one kind of thing, where that is not by e-mail at once."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=32)  # as of a notice
    way = models.CharField(max_length=8, choices=NoticeWay.choices)

    class Meta:
        ordering = ["kind"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "person", "kind"], name="notice_preference_is_unique"),
        ]

    def __str__(self) -> str:
        return f"{NoticeKind(self.kind).label}: {self.get_way_display().lower()}"
