"""A row that cannot be read closes itself, and nothing else."""

from __future__ import annotations

import logging

import pytest
from django.conf import settings

from governance.snapshot import section
from kit.crypto import new_key
from tests.support.world import World


def test_a_credential_that_does_not_open_closes_its_provider_alone(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.provider("https://one.example/v1")
    monkeypatch.setattr(settings, "FIELD_KEY", new_key())
    after = world.provider("https://two.example/v1")
    with caplog.at_level(logging.ERROR):
        closed, open_ = (next(section.providers([provider.id])) for provider in (before, after))
    assert (closed.is_suspended, closed.credential) == (True, "")
    assert (open_.is_suspended, open_.credential) == (False, "upstream-secret")
    assert str(before.id) in caplog.text
