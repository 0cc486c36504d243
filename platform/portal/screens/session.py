"""Signing in and out: password, one-time password, and the capacity to act in."""

from __future__ import annotations

import base64

import segno
from django import forms
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from kit.context import Actor
from portal import known_browser, lockout
from portal import sign_in as people
from portal.capacities import Capacity
from portal.screens.guard import safe_next, screen
from tenants.models import User

_WRONG = "That did not work. Check the address and the password; after several wrong tries, wait a quarter of an hour."
_WRONG_CODE = "That code is not right, or was used already. After a wrong one the device waits, longer each time."


class PasswordForm(forms.Form):
    email = forms.EmailField(
        label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}))


class CodeForm(forms.Form):
    code = forms.RegexField(
        r"^\s*\d{3}\s?\d{3}\s*$",
        label="One-time password",
        error_messages={"invalid": "Six digits."},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "maxlength": "8"}
        ),
    )

    def clean_code(self) -> str:
        return "".join(str(self.cleaned_data["code"]).split())


@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """The first step. One answer for an unknown address, a wrong password and too many tries."""
    if getattr(request, "actor", None) is not None:
        return HttpResponseRedirect(safe_next(request))
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        if people.with_password(request, email, form.cleaned_data["password"]):
            onward = HttpResponseRedirect(safe_next(request))  # a role that needs a code is sent to give it
            known_browser.remember(onward, lockout.subject_of(email))
            return onward
        form.add_error(None, _WRONG)
    return _page(request, "portal/sign_in.html", form)


def code(request: HttpRequest) -> HttpResponse:
    """The second step, and the way back to it when an act asks for it."""
    if not request.user.is_authenticated:
        return HttpResponseRedirect(reverse("sign-in"))
    devices = people.devices_of(request.user)
    if not devices:
        return HttpResponseRedirect(f"{reverse('sign-in-enrol')}?{urlencode({'next': safe_next(request)})}")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        for device in devices:
            if people.with_code(request, request.user, device, form.cleaned_data["code"]):
                return HttpResponseRedirect(safe_next(request))
        form.add_error("code", _WRONG_CODE)
    return _page(request, "portal/sign_in_code.html", form)


def enrol(request: HttpRequest) -> HttpResponse:
    """Sets up the first device, or replaces it for whoever has given a code of the present one."""
    if not request.user.is_authenticated:
        return HttpResponseRedirect(reverse("sign-in"))
    user: User = request.user
    if people.devices_of(user) and getattr(user, "otp_device", None) is None:
        return HttpResponseRedirect(f"{reverse('sign-in-code')}?{urlencode({'next': request.get_full_path()})}")
    device = people.device_to_enrol(user)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if people.with_code(request, user, device, form.cleaned_data["code"]):
            return HttpResponseRedirect(safe_next(request))
        form.add_error("code", _WRONG_CODE)
    secret = base64.b32encode(device.bin_key).decode()
    image = segno.make(device.config_url, error="m").svg_inline(scale=5, border=2, dark="#101828", light="#ffffff")
    return _page(
        request,
        "portal/sign_in_enrol.html",
        form,
        qr=mark_safe(image),  # noqa: S308 - drawn here, of digits and quoted text
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
    )


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect(reverse("sign-in"))


@require_POST
@screen()
def act_as(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Changes to another of the person's capacities."""
    capacities: list[Capacity] = request.capacities  # type: ignore[attr-defined]
    key = request.POST.get("capacity", "")
    if any(capacity.key == key for capacity in capacities):
        request.session[people.CAPACITY_KEY] = key
    return HttpResponseRedirect("/")


def _page(request: HttpRequest, template: str, form: forms.Form, **context: object) -> HttpResponse:
    return render(request, template, {"form": form, "next": safe_next(request), **context})
