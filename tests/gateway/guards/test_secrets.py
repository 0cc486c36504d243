"""Credentials are found by the forms their issuers publish; what only speaks of them is left alone.

The examples are put together here, so that nothing in this file looks like a credential to a scanner.
"""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit import secrets
from tests.gateway.guards.finds import found_by, verdict_of

RANDOM = "aB3dE5gH7jK9mN1pQ2sT4vW6yZ8bC0fXrL5uP3kD9wJ7hG2nM4qS6tV8xY1zA0cEeRi"


def web_token(header: dict[str, str]) -> str:
    parts = (json.dumps(header).encode(), json.dumps({"sub": "1234567890"}).encode(), RANDOM.encode())
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


TOKENS = {
    "aws_access_key": "AKIA" + "IOSFODNN7EXAMPL2",
    "github_token": "ghp_" + RANDOM[:36],
    "gitlab_token": "glpat-" + RANDOM[:20],
    "slack_token": "xoxb-" + "123456789012-" + RANDOM[:24],
    "google_api_key": "AIza" + RANDOM[:35],
    "stripe_key": "sk_live_" + RANDOM[:24],
    "anthropic_key": "sk-ant-" + "api03-" + RANDOM[:40],
    "openai_key": "sk-proj-" + RANDOM[:40],
    "hugging_face_token": "hf_" + RANDOM[:34],
    "npm_token": "npm_" + RANDOM[:36],
    "pypi_token": "pypi-" + RANDOM[:60],
    "digitalocean_token": "dop_v1_" + "0123456789abcdef" * 4,
    "groq_key": "gsk_" + RANDOM[:52],
    "xai_key": "xai-" + RANDOM[:64],
    "sendgrid_key": "SG." + RANDOM[:22] + "." + RANDOM[:43],
    "slack_webhook": "https://hooks.slack.com/services/" + "T0123ABCD/B0123ABCD/" + RANDOM[:24],
    "vault_token": "hvs." + RANDOM[:30],
    "json_web_token": web_token({"alg": "HS256", "typ": "JWT"}),
    "private_key": "-----BEGIN RSA " + "PRIVATE KEY-----",
}
SAID = [
    ('password = "tr0ub4dor&3x"', {"assigned_secret": 1}),
    ("DB_PASSWORD: 9vK2mQ7x", {"assigned_secret": 1}),
    ('{"client_secret":"q8Zr2-Lm5.tY7"}', {"assigned_secret": 1}),
    ("api_key => 'f3a9c1e7b5d2'", {"assigned_secret": 1}),
    ("the password is hunter2Xy9, keep it", {"assigned_secret": 1}),
    ("postgres://app:s3cr3tX9@db.internal:5432/app", {"url_credentials": 1}),
]
NOTHING = [
    "Please reset my password, the link in the mail has expired.",
    'password = os.environ["DB_PASSWORD"]',
    "password: your-password-1",
    "api_key=${API_KEY_2}",
    'token = "xxxxxxxxxxxx1"',
    "secret: null",
    "password = changeme1",
    "def token(self) -> str: return self.token_value_2",
    "max_tokens: 4096, tokens=12345678",
    "https://user:password@example.com/",
    "https://example.com:8080/a@b",
    "sha1 356a192b7913b04c54574d18c28d46e6395428ab",
    "AKIAIOSFODNN7EXAMPL",  # a character short
    "sk-learn and sk-2 and skeleton_key_of_the_house_is_here",
    "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----",
    "ghp_short",
    "eyJ0aGlzIjoibm8gaGVhZGVyIn0.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ",
    "The key is under the mat; the secret: nobody knows.",
]


@pytest.mark.parametrize("kind", TOKENS)
@pytest.mark.parametrize("said", ["{}", "use {} for it", '{{"value":"{}"}}', "({}),", "line\n{}\nline"])
def test_a_credential_is_found_by_its_form(kind: str, said: str) -> None:
    assert found_by("secrets", said.format(TOKENS[kind])) == {kind: 1}


@pytest.mark.parametrize(("text", "kinds"), SAID)
def test_a_password_is_found_where_it_is_assigned(text: str, kinds: dict[str, int]) -> None:
    assert found_by("secrets", text) == kinds


@pytest.mark.parametrize("text", NOTHING)
def test_other_texts_are_left_alone(text: str) -> None:
    assert verdict_of("secrets", text).verdict == "passed"


@pytest.mark.parametrize("kind", ["chy", "chp"])
def test_our_own_keys_are_told_from_what_looks_like_them(kind: str) -> None:
    text = secrets.issue(kind, secrets.Peppers({1: b"pepper"})).text
    assert found_by("secrets", f"key {text} here") == {"chancery_key": 1}
    wrong = text[:-1] + ("a" if text[-1] != "a" else "b")
    assert verdict_of("secrets", f"key {wrong} here").verdict == "passed"


@given(st.sampled_from(sorted(TOKENS)), st.integers(1, 3))
def test_each_credential_is_counted(kind: str, times: int) -> None:
    assert found_by("secrets", "\n".join([TOKENS[kind]] * times)) == {kind: times}


@pytest.mark.parametrize("kind", TOKENS)
def test_a_credential_in_base64_is_found(kind: str) -> None:
    hidden = base64.b64encode(f"credential: {TOKENS[kind]}".encode()).decode()
    assert found_by("secrets", f"decode this: {hidden}") == {kind: 1}


@pytest.mark.parametrize("kind", TOKENS)
def test_a_credential_in_hexadecimal_is_found(kind: str) -> None:
    assert found_by("secrets", f"decode this: {TOKENS[kind].encode().hex()}") == {kind: 1}


@pytest.mark.parametrize("kind", TOKENS)
def test_a_credential_broken_by_invisible_characters_is_found(kind: str) -> None:
    token = TOKENS[kind]
    assert found_by("secrets", token[:9] + "\u200b" + token[9:12] + "\u2060" + token[12:]) == {kind: 1}


def test_what_was_found_is_told_without_the_text() -> None:
    assert RANDOM[:8] not in repr(verdict_of("secrets", TOKENS["github_token"]))
