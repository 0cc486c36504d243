"""Nothing is served by a role that row-level security does not bind."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal import checks
from tests.audit.conftest import url_of
from tests.support import gateway as gateways


def test_the_roles_of_the_product_are_ordinary() -> None:
    assert checks.ordinary_roles(None, databases=["default", "system", "gateway"]) == []
    for role in ("all", "portal", "gateway"):
        checks.require_ordinary_roles(role)


@pytest.mark.parametrize("variable", ["DATABASE_URL", "DATABASE_URL_GATEWAY"])
def test_a_superuser_is_not_served_by(environment: dict[str, str], tmp_path: Path, variable: str) -> None:
    with pytest.raises(RuntimeError, match="which row-level security does not bind"):
        gateways.start({**environment, variable: url_of("superuser")}, tmp_path / "log")
