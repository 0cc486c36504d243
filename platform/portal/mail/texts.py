"""The e-mails themselves, in plain text: labels and links."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from portal.notice_words import Told
from tenants.models import Organization, User


def of_notice(told: Told, person: User, organization: Organization) -> EmailMessage:
    lines = [told.text, "", *_figures(told), link_to(told.address or reverse("notices"))]
    return _message(person, organization, f"Chancery: {told.text}", lines, told.notice.id)


def of_digest(
    overdue: Sequence[Told], others: Sequence[Told], person: User, organization: Organization
) -> EmailMessage:
    """Overdue first."""
    lines = [*_section("Overdue", overdue), *_section("What else happened", others)]
    count = len(overdue) + len(others)
    late = f", {len(overdue)} overdue" if overdue else ""
    subject = f"Chancery: {count} notice{'' if count == 1 else 's'}{late}"
    return _message(person, organization, subject, lines[:-1], [*overdue, *others][0].notice.id)


def link_to(address: str) -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}{address}"


def _figures(told: Told) -> list[str]:
    return [*told.lines, ""] if told.lines else []


def _section(title: str, told: Sequence[Told]) -> list[str]:
    found = [title, ""] if told else []
    for each in told:
        link = link_to(each.address or reverse("notices"))
        found += [f"- {each.text}", *(f"  {line}" for line in each.lines), f"  {link}", ""]
    return found


def _message(person: User, organization: Organization, subject: str, lines: list[str], notice: UUID) -> EmailMessage:
    preferences = link_to(reverse("notice-preferences"))
    foot = ["", "-- ", f"You are told this in {organization.name}. How you are told: {preferences}", ""]
    host = urlsplit(settings.PUBLIC_URL).hostname
    return EmailMessage(
        subject=" ".join(subject.split()),
        body="\n".join([*lines, *foot]),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[person.email],
        headers={
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{preferences}>",
            # The same however often it is sent, so that a mail server can tell a second one.
            "Message-ID": f"<{notice}@{host}>",
        },
    )
