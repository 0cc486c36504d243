from __future__ import annotations

import re
from pathlib import Path

import pytest

from kit import errors

SOURCES = ["platform/kit", "platform/portal", "tenants", "governance", "gateway", "audit"]
REPOSITORY = Path(__file__).resolve().parents[2]


def subclasses(of: type[errors.ChanceryError]) -> list[type[errors.ChanceryError]]:
    return [found for child in of.__subclasses__() for found in (child, *subclasses(child))]


@pytest.mark.parametrize("error", subclasses(errors.ChanceryError), ids=lambda error: error.__name__)
def test_every_error_has_a_documented_code(error: type[errors.ChanceryError]) -> None:
    assert error.code in errors.CODES
    assert 400 <= error.status < 600


def test_an_undocumented_code_is_refused() -> None:
    with pytest.raises(ValueError, match="not documented"):
        errors.InvalidRequest("x", code="made_up")


def test_every_code_used_in_the_source_is_documented() -> None:
    used = {
        code
        for root in SOURCES
        for path in (REPOSITORY / root).rglob("*.py")
        for code in re.findall(r'\bcode="([a-z_]+)"', path.read_text())
    }
    assert used - set(errors.CODES) == set()
