"""Settings are read as what they are, or refused by their name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from portal import env


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHANCERY_HOME", str(tmp_path))
    for name in ("PORT", "REDIS_URL", "REDIS_URL_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(env.MissingSetting, match="REDIS_URL is not set"):
        env.text("REDIS_URL")
    assert env.text("REDIS_URL", default="redis://here") == "redis://here"


def test_a_value_of_the_wrong_type_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(env.InvalidSetting, match="PORT must be an integer"):
        env.integer("PORT", default=8000)
    with pytest.raises(env.InvalidSetting, match="PORT must be true or false"):
        env.flag("PORT")
    with pytest.raises(env.InvalidSetting, match="PORT must be a number from 0 to 1"):
        env.ratio("PORT")


def test_values_are_read_as_their_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "80")
    assert env.integer("PORT", default=8000) == 80
    monkeypatch.setenv("PORT", " Yes")
    assert env.flag("PORT") is True
    monkeypatch.setenv("PORT", "0.25")
    assert env.ratio("PORT", default=1.0) == 0.25
    monkeypatch.setenv("PORT", "a, b,,c ")
    assert env.listing("PORT") == ["a", "b", "c"]
    monkeypatch.setenv("PORT", "1:x,2:y")
    assert env.mapping("PORT") == {"1": "x", "2": "y"}


def test_a_secret_may_be_in_a_file(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_home / "secret").write_text("redis://there\n")
    monkeypatch.setenv("REDIS_URL_FILE", str(empty_home / "secret"))
    assert env.secret("REDIS_URL") == env.given("REDIS_URL") == "redis://there"
    monkeypatch.setenv("REDIS_URL_FILE", str(empty_home / "missing"))
    with pytest.raises(env.InvalidSetting, match="REDIS_URL_FILE"):
        env.secret("REDIS_URL")


def test_what_an_earlier_start_published_is_the_fallback(empty_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (empty_home / "runtime.json").write_text(json.dumps({"environment": {"REDIS_URL": "redis://published"}}))
    assert env.secret("REDIS_URL") == "redis://published"
    assert env.given("REDIS_URL") is None
    monkeypatch.setenv("REDIS_URL", "redis://given")
    assert env.secret("REDIS_URL") == "redis://given"
