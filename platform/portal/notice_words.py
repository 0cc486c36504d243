"""What notices say. They hold ids; the words are made for whoever reads them, of what that person may see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone
from django.utils.formats import date_format

from governance.models import Approval, Notice, NoticeKind
from portal.spend import reports
from portal.subjects import Subject, named
from tenants.models import Organization

_SENTENCES: dict[NoticeKind, str] = {
    NoticeKind.REVIEW_WANTED: "For you to review: {}.",
    NoticeKind.REVIEW_OVERDUE: "The review is overdue: {}.",
    NoticeKind.CHANGES_REQUESTED: "A reviewer asks you for changes: {}.",
    NoticeKind.REQUEST_APPROVED: "Approved as you asked: {}.",
    NoticeKind.REQUEST_REJECTED: "Your request is rejected: {}.",
    NoticeKind.COMMENTED: "A new comment: {}.",
    NoticeKind.DELEGATED: "{} lets you decide on requests in their place for a while.",
    NoticeKind.SUSPENDED: "Suspended, so that its calls are refused: {}.",
    NoticeKind.RESUMED: "Back in service: {}.",
    NoticeKind.DRIFTED: "{} is not what was approved, it seems. It is to be recertified within a month.",
    NoticeKind.MOVED: "Called at another address from now on: {}.",
    NoticeKind.DEPLOYED: "Calls may go there from now on, under an approval that names no deployments: {}.",
    NoticeKind.VOIDED: "{} answers as another model than was approved. Its calls there are refused until it is "
    "approved anew.",
    NoticeKind.PROBES_FAILED: "Its probes could not be run, so that drift would not be noticed: {}.",
    NoticeKind.BROUGHT_FORWARD: "A use case that it names is of high risk by now, so it is to be recertified within a "
    "month: {}.",
    NoticeKind.RULES_CHANGED: "What it takes to approve was changed, for what is asked from now on: {}.",
    NoticeKind.RECERTIFICATION_DUE: "To be recertified{by}, or its calls are refused: {}.",
    NoticeKind.RECERTIFICATION_OVERDUE: "Not recertified in time, so that its calls are refused: {}.",
    NoticeKind.DEPRECATED: "Deprecated, so that its calls end: {}.",
    NoticeKind.GLASS_TO_SIGN: "An emergency, for you to look at now: {}.",
    NoticeKind.GLASS_TO_REVIEW: "For you to say whether it was right: {}.",
    NoticeKind.MORE_WANTED: "More of a budget is asked for, for you to decide: {}.",
    NoticeKind.MORE_GRANTED: "Granted as you asked: {}.",
    NoticeKind.MORE_REFUSED: "Refused: {}.",
    NoticeKind.MORE_ENDED: "Ended before its time: {}.",
    NoticeKind.DAILY_COSTS: "What was spent yesterday: {}.",
    NoticeKind.WEEKLY_COSTS: "What was spent last week: {}.",
    NoticeKind.STATEMENT_CLOSED: "Closed, and not to be changed any more: {}.",
    NoticeKind.LEADING: "Made for you to lead: {}.",
    NoticeKind.WAIVER_TO_SIGN: "For two to sign who did not ask: {}.",
    NoticeKind.WAIVER_GRANTED: "In force as you asked: {}.",
    NoticeKind.WAIVER_ENDED: "Ended before its time: {}.",
    NoticeKind.ALERTED: "An alert: {}.",
}
_HIDDEN = "Something you may no longer see"


@dataclass(frozen=True, slots=True)
class Told:
    """`address` is the page of the subject, or of what is told of it; empty where it has none or may not be seen.
    `lines` are what an e-mail says beside."""

    notice: Notice
    text: str
    address: str
    is_seen: bool
    lines: tuple[str, ...] = ()


def told(notices: Iterable[Notice]) -> list[Told]:
    """The same notices in words, in their order; a query for each kind of thing, however many notices."""
    listed = list(notices)
    subjects = named(notice.subject_id for notice in listed)
    days = _days({notice.subject_id for notice in listed if notice.kind == NoticeKind.RECERTIFICATION_DUE})
    addresses = _addresses(listed)
    return [
        _told(notice, subjects.get(notice.subject_id), days.get(notice.subject_id, ""), addresses.get(notice.id, ""))
        for notice in listed
    ]


def _days(approval_ids: set[UUID]) -> dict[UUID, str]:
    """By when each is to be recertified, in the time zone of whoever reads."""
    rows = Approval.objects.filter(id__in=approval_ids).values_list("id", "recertify_by") if approval_ids else ()
    return {row: f" by {date_format(timezone.localtime(day), 'j F Y')}" for row, day in rows}


def _told(notice: Notice, subject: Subject | None, by: str, address: str) -> Told:
    text = _SENTENCES[NoticeKind(notice.kind)].format(subject.name if subject else _HIDDEN, by=by)
    return Told(notice, text, (address or subject.address) if subject else "", subject is not None)


def _addresses(notices: Iterable[Notice]) -> dict[UUID, str]:
    """Of notices that are not about their subject's page, by their ids."""
    of_costs = [notice for notice in notices if notice.kind in reports.KINDS]
    owners = Organization.objects.in_bulk({notice.organization_id for notice in of_costs}) if of_costs else {}
    return {notice.id: reports.report_of(notice, owners[notice.organization_id]).address() for notice in of_costs}
