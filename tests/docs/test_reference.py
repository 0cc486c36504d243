"""docs/reference says what the code says."""

from __future__ import annotations

import ast
import re

import pytest

from portal import env, variables
from portal.reference import pages, settings, source
from portal.setting import Setting

SETTINGS = [setting for _, section in settings.sections() for setting in section]
READERS = {"text", "secret", "given", "integer", "flag", "listing", "mapping"}


def test_every_page_is_what_the_code_says() -> None:
    assert pages.stale() == [], "run `make reference`"


def test_a_page_is_the_same_each_time_it_is_made() -> None:
    assert pages.rendered() == pages.rendered()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_says_what_it_means(setting: Setting[object]) -> None:
    assert setting.means.endswith(".")
    assert not setting.fails or setting.fails.endswith(".")
    if setting.name.endswith(("_SECONDS", "_BYTES")):
        assert setting.unit


def test_every_declared_setting_is_listed_once() -> None:
    declared = [found for found in vars(variables).values() if isinstance(found, Setting)]
    declared += variables.DATABASE_PASSWORDS.values()
    assert sorted(setting.name for setting in SETTINGS) == sorted(setting.name for setting in declared)


def test_every_declared_setting_is_read() -> None:
    text = "".join(ast.unparse(tree) for name, tree in source.modules() if name != "portal.variables")
    names = {name for name, found in vars(variables).items() if isinstance(found, Setting | dict) and name.isupper()}
    assert {name for name in names if f"variables.{name}" not in text} == set()


def test_no_setting_is_read_but_through_its_declaration() -> None:
    undeclared = [
        f"{module}: {ast.unparse(call)}"
        for module, tree in source.modules()
        if module not in ("portal.env", "portal.setting")
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and re.fullmatch(rf"env\.({'|'.join(READERS)})", ast.unparse(call.func))
    ]
    assert undeclared == [], "declare it in portal/variables.py and read it with .read()"


def test_a_value_beyond_its_bounds_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_IN_FLIGHT", "0")
    with pytest.raises(env.InvalidSetting, match="MAX_IN_FLIGHT must be 1 or more"):
        variables.MAX_IN_FLIGHT.read()
    monkeypatch.setenv("CHANCERY_ROLE", "gatway")
    with pytest.raises(env.InvalidSetting, match="CHANCERY_ROLE must be one of all, gateway, portal"):
        variables.ROLE.read()


def test_a_default_may_be_known_only_where_the_setting_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BROKER_URL", raising=False)
    monkeypatch.setattr(env, "_runtime", lambda _: {})
    assert variables.BROKER_URL.read("redis://there") == "redis://there"
    with pytest.raises(env.MissingSetting, match="BROKER_URL is not set"):
        variables.BROKER_URL.read()
