"""Credentials: keys of known providers by their form, private keys, tokens, and passwords that are assigned.

Forms are those the issuers publish for secret scanning (read November 2026). A form with a checksum is verified.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

import orjson

from gateway.guards.checksums import entropy
from gateway.guards.reading import Reading
from kit import secrets

# By the beginning of a token of letters, digits, dashes and underscores.
_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("aws_access_key", re.compile(r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}")),
    ("github_token", re.compile(r"gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}")),
    ("gitlab_token", re.compile(r"gl(?:pat|dt|rt|oas|soat|ptt|cbt)-[A-Za-z0-9_-]{20,}")),
    ("slack_token", re.compile(r"xox[abeoprs]-(?:\d{6,}-|\d-)[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{20,}")),
    ("google_api_key", re.compile(r"AIza[A-Za-z0-9_-]{35}")),
    ("stripe_key", re.compile(r"(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,247}|whsec_[A-Za-z0-9]{24,}")),
    ("anthropic_key", re.compile(r"sk-ant-[a-z0-9]{2,12}-[A-Za-z0-9_-]{32,}")),
    ("openai_key", re.compile(r"sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9]{32,}")),
    ("hugging_face_token", re.compile(r"hf_[A-Za-z0-9]{30,}")),
    ("npm_token", re.compile(r"npm_[A-Za-z0-9]{36}")),
    ("pypi_token", re.compile(r"pypi-[A-Za-z0-9_-]{50,}")),
    ("digitalocean_token", re.compile(r"do[opr]_v1_[a-f0-9]{64}")),
    ("groq_key", re.compile(r"gsk_[A-Za-z0-9]{40,}")),
    ("xai_key", re.compile(r"xai-[A-Za-z0-9]{60,}")),
)
_BY_START = {
    "A": ("aws_access_key", "google_api_key"),
    "d": ("digitalocean_token",),
    "g": ("github_token", "gitlab_token", "groq_key"),
    "h": ("hugging_face_token",),
    "n": ("npm_token",),
    "p": ("pypi_token",),
    "r": ("stripe_key",),
    "s": ("anthropic_key", "openai_key", "stripe_key"),
    "w": ("stripe_key",),
    "x": ("slack_token", "xai_key"),
}
_PATTERNS = dict(_FORMS)
# Those with a dot in them, by what must occur in the text.
_DOTTED_FORMS = (
    ("SG.", "sendgrid_key", re.compile(r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")),
    (
        "hooks.slack.com/services/",
        "slack_webhook",
        re.compile(r"hooks\.slack\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{20,}"),
    ),
    ("hvs.", "vault_token", re.compile(r"hvs\.[A-Za-z0-9_-]{24,}")),
)


def kinds(reading: Reading) -> Iterator[str]:
    """The kind of each find, once per find."""
    if reading.long_tokens:
        for token in reading.long_tokens:
            kind = _kind_of(token)
            if kind is not None:
                yield kind
        for mark, kind, form in _DOTTED_FORMS:
            if mark in reading.text:
                yield from (kind for _ in form.finditer(reading.text))
        if "eyJ" in reading.text:
            yield from _json_web_tokens(reading.text)
    if "-----BEGIN " in reading.text:
        yield from ("private_key" for _ in _PRIVATE_KEY.finditer(reading.text))
    if not _NAMES.isdisjoint(reading.notable):
        yield from _assignments(reading.text)
    if "://" in reading.text and "@" in reading.text:
        yield from _in_urls(reading.text)


def _kind_of(token: str) -> str | None:
    if token.startswith(("chy_", "chp_")):
        return "chancery_key" if secrets.well_formed(token) else None
    for kind in _BY_START.get(token[0], ()):
        if _PATTERNS[kind].fullmatch(token):
            return kind
    return None


_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_JWT = re.compile(r"eyJ(?<![A-Za-z0-9_-]eyJ)([A-Za-z0-9_-]{10,2048})\.[A-Za-z0-9_-]{10,8192}\.[A-Za-z0-9_-]{16,2048}")


def _json_web_tokens(text: str) -> Iterator[str]:
    """RFC 7519, signed: the first part must be a header that names its algorithm."""
    for found in _JWT.finditer(text):
        head = "eyJ" + found[1]
        try:
            header = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        except (binascii.Error, ValueError):
            continue
        if isinstance(header, dict) and "alg" in header:
            yield "json_web_token"


# One of these words must occur at all; then what is assigned to a name that ends in one is looked at.
_NAMES = frozenset(
    b"password passwd passwort pwd secret token apikey key credentials accesskey secretkey accountkey".split()
)
_NAME_ENDS = tuple(
    """
    password passwd passwort pwd secret token apikey api_key api-key accesskey access_key access-key secretkey
    secret_key private_key auth_key accountkey account_key credentials
    """.split()
)
_LONGEST_NAME = 14
_ASSIGNED = re.compile(r"[:=][=>]?[ \t]{0,4}[\"'`]?(?P<value>[^\s\"'`,;<>{}()]{8,200})")
_TOLD = re.compile(r"assword (?:is|was):? [\"'`]?(?P<value>[^\s\"'`,;<>{}()]{8,200})")
_PLACEHOLDER = re.compile(
    r"x{4,}|\*{3,}|\.{3}|your|example|sample|dummy|placeholder|change.?me|redacted|insert|\$|%\w|process\.env|os\.environ"
    r"|getenv|^(?:none|null|true|false|undefined|string|str|bearer|basic)\b|^https?:",
    re.IGNORECASE,
)
_MIN_ENTROPY = (
    2.7  # bits per character: `password1` has 2.9, words with a year have less, random keys have 3.5 and more
)


def _assignments(text: str) -> Iterator[str]:
    for found in _ASSIGNED.finditer(text):
        name = text[max(0, found.start() - _LONGEST_NAME - 4) : found.start()].rstrip(" \t\"'`").lower()
        if name.endswith(_NAME_ENDS) and _is_secret(found["value"]):
            yield "assigned_secret"
    for found in _TOLD.finditer(text):
        if _is_secret(found["value"]):
            yield "assigned_secret"


_IN_URL = re.compile(r"://[^\s/:@]{1,64}:(?P<value>[^\s/:@]{3,128})@")


def _in_urls(text: str) -> Iterator[str]:
    """RFC 3986, `userinfo`."""
    for found in _IN_URL.finditer(text):
        value = found["value"]
        if value.lower() not in ("password", "pass", "passwd", "secret", "pw") and not _PLACEHOLDER.search(value):
            yield "url_credentials"


def _is_secret(value: str) -> bool:
    value = value.rstrip(".!?")
    is_mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return len(value) >= 8 and is_mixed and entropy(value) >= _MIN_ENTROPY and not _PLACEHOLDER.search(value)


VOCABULARY = _NAMES
