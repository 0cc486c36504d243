"""Claiming a request and talking about it, on its page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from governance.models import ApprovalRequest, Claim, Comment
from governance.services import claims, comments
from kit import clock, errors
from kit.context import Actor
from portal.screens.guard import screen
from portal.screens.inbox import Filters
from tenants.models import User
from tenants.selectors import names_of


class CommentForm(forms.Form):
    text = forms.CharField(
        max_length=comments.LONGEST,
        label="Comment",
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Whoever sees the request reads it. It stays.",
    )
    mention = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="nobody more", label="Tell")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = self.fields["mention"]
        assert isinstance(people, forms.ModelChoiceField)
        people.queryset = User.objects.filter(is_active=True)


@require_POST
@screen("governance.register.view")
def claim(request: HttpRequest, actor: Actor, request_id: UUID) -> HttpResponse:
    asked = get_object_or_404(ApprovalRequest.objects, id=request_id)
    try:
        claims.claim(actor=actor, request=asked, now=clock.now(), takes_over=bool(request.POST.get("takes_over")))
        messages.success(request, "Others see that you review it, for eight hours.")
    except errors.Conflict as conflict:
        messages.error(request, conflict.message)
    return HttpResponseRedirect(_page_of(request, request_id))


@require_POST
@screen("governance.register.view")
def release(request: HttpRequest, actor: Actor, request_id: UUID) -> HttpResponse:
    claims.release(actor=actor, request=get_object_or_404(ApprovalRequest.objects, id=request_id), now=clock.now())
    return HttpResponseRedirect(_page_of(request, request_id))


@require_POST
@screen("governance.approval.request")
def comment(request: HttpRequest, actor: Actor, request_id: UUID) -> HttpResponse:
    asked, form = get_object_or_404(ApprovalRequest.objects, id=request_id), CommentForm(request.POST)
    if form.is_valid():
        named = form.cleaned_data["mention"]
        comments.comment(
            actor=actor,
            request=asked,
            text=form.cleaned_data["text"],
            mentions=[named.id] if named else [],
            now=clock.now(),
        )
    else:
        messages.error(request, "A comment says something, and tells people of the organisation.")
    return HttpResponseRedirect(f"{_page_of(request, request_id)}#discussion")


def _page_of(request: HttpRequest, request_id: UUID) -> str:
    """With the view of the inbox that it was opened from."""
    return reverse("approval", args=[request_id]) + Filters(request.GET).query()


def discussion_of(asked: ApprovalRequest, actor: Actor) -> dict[str, Any]:
    """What the page of a request shows of it."""
    now = clock.now()
    held = Claim.objects.filter(request=asked, ended_at__isnull=True).first()
    said = list(Comment.objects.filter(request=asked))
    mentioned = [person for each in said for person in each.mentions]
    claimers = [held.claimed_by_id] if held else []
    return {
        "held": held if held and held.is_live(now) else None,
        "comments": said,
        "speakers": names_of([*(each.written_by_id for each in said), *mentioned, *claimers]),
        "comment_form": CommentForm() if actor.may("governance.approval.request") else None,
    }
