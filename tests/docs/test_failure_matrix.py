"""Each cell of the failure matrix names a setting that there is and a test that there is."""

from __future__ import annotations

import ast

import pytest
from django.utils.html import escape

from portal import variables
from portal.failure_matrix import MATRIX, Cell
from portal.reference.source import REPOSITORY
from tests.support.cast import Cast, browser

NAMED = pytest.mark.parametrize("cell", MATRIX, ids=lambda cell: f"{cell.control}, {cell.fails}")


@NAMED
def test_its_test_exists(cell: Cell) -> None:
    path, _, name = cell.test.partition("::")
    tree = ast.parse((REPOSITORY / path).read_text())
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    assert name in {function.name for function in functions}


@NAMED
def test_its_settings_exist(cell: Cell) -> None:
    assert {setting.name for setting in cell.settings} <= {setting.name for setting in variables.declared()}


def test_no_cell_is_there_twice() -> None:
    assert len({(cell.control, cell.fails) for cell in MATRIX}) == len(MATRIX)


def test_the_portal_shows_every_cell_and_tells_no_place_and_no_secret(acme: Cast) -> None:
    shown = browser(acme.ann).get("/failures/").content.decode()
    assert all(f"<td>{escape(cell.fails)}</td>" in shown for cell in MATRIX)
    assert f"SNAPSHOT_MAX_AGE_SECONDS={variables.SNAPSHOT_MAX_AGE_SECONDS.read()}" in shown
    assert "ADMISSION_WITHOUT_REDIS=local_share" in shown
    for hidden in (variables.KEYSTORE_DIR, variables.DATABASE_URL_GATEWAY):
        assert f"<code>{hidden.name}</code>" in shown
