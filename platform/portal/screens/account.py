"""One's own account: password, one-time passwords, capacities, access tokens."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from kit import clock
from kit.context import Actor
from portal import sign_in
from portal.screens.guard import screen
from tenants.models import PersonalAccessToken, User
from tenants.services import people


class NewPasswordForm(PasswordChangeForm):
    """Does not take the focus: the page shows more than this form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["old_password"].widget.attrs["autofocus"]


class TokenForm(forms.Form):
    name = forms.CharField(max_length=200, help_text="What it is for: a script, a pipeline.")


@screen()
def show(request: HttpRequest, actor: Actor) -> HttpResponse:
    return _page(request, actor)


@sensitive_post_parameters()
@require_POST
@screen()
def change_password(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Ends every other session of the person."""
    form = NewPasswordForm(_user(request), request.POST)
    if not form.is_valid():
        return _page(request, actor, password_form=form, status=400)
    update_session_auth_hash(request, form.save())
    messages.success(request, "The password is changed. Other sessions have ended.")
    return HttpResponseRedirect(reverse("account"))


@require_POST
@screen()
def issue_token(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The token is in this answer and nowhere else."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, actor, token_form=form, status=400)
    _, issued = people.issue_access_token(
        actor=actor, user=_user(request), name=form.cleaned_data["name"], now=clock.now()
    )
    return _page(request, actor, issued=issued.text)


@require_POST
@screen()
def revoke_token(request: HttpRequest, actor: Actor, token_id: UUID) -> HttpResponse:
    token = get_object_or_404(PersonalAccessToken.objects.filter(user_id=actor.id), id=token_id)
    people.revoke_access_token(actor=actor, token=token, now=clock.now())
    messages.success(request, f"{token.name} is revoked.")
    return HttpResponseRedirect(reverse("account"))


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _page(request: HttpRequest, actor: Actor, status: int = 200, **context: Any) -> HttpResponse:
    now = clock.now()
    tokens = PersonalAccessToken.objects.filter(user_id=actor.id)
    page = {
        "tokens": [(token, token.revoked_at is None and now < token.expires_at) for token in tokens],
        "devices": sign_in.devices_of(_user(request)),
        "password_form": NewPasswordForm(_user(request)),
        "token_form": TokenForm(),
        "api": request.build_absolute_uri("/api/"),
        **context,
    }
    return render(request, "portal/account.html", page, status=status)
