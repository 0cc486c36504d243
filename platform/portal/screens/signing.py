"""Signing on the pages of exceptions: the form, the way to a one-time password, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from kit import errors
from kit.refusals import note_shown


class SignForm(forms.Form):
    reason = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept, and shown to whoever reviews and to auditors.",
        error_messages={"required": "Say why."},
    )
    signed_hash = forms.CharField(widget=forms.HiddenInput, required=False)


def signed(
    request: HttpRequest,
    address: str,
    act: Callable[[dict[str, Any]], str],
    page: Callable[[SignForm, int], HttpResponse],
) -> HttpResponse:
    """Does the act with what was entered and goes to the address; `page` shows the form again where it is refused."""
    form = SignForm(request.POST)
    if not form.is_valid():
        return page(form, 400)
    try:
        messages.success(request, act(form.cleaned_data))
    except errors.Conflict as conflict:
        note_shown(conflict)
        context = {"address": address, "conflict": conflict}
        return render(request, "portal/exceptions/stale.html", context, status=409)
    except errors.Forbidden as refusal:
        note_shown(refusal)
        form.add_error(None, refusal.message)
        return page(form, 403)
    return HttpResponseRedirect(address)


def code_page(request: HttpRequest, following: str = "") -> str:
    """Where a one-time password is given, to come back from."""
    return f"{reverse('sign-in-code')}?{urlencode({'next': following or request.get_full_path()})}"
