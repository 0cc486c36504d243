"""What becomes of each control when something fails: the failure matrix, with the settings in force here."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kit.context import Actor
from portal.failure_matrix import MATRIX, Cell
from portal.screens.guard import screen


@screen()
def matrix(request: HttpRequest, actor: Actor) -> HttpResponse:
    controls = [(control, list(cells)) for control, cells in groupby(MATRIX, key=lambda cell: cell.control)]
    shown = [(control, [(cell, list(_in_force(cell))) for cell in cells]) for control, cells in controls]
    return render(request, "portal/failures.html", {"controls": shown})


def _in_force(cell: Cell) -> Iterator[str]:
    """Each setting with its value, where that is a number or a choice: a place or a secret is not told."""
    for setting in cell.settings:
        is_told = isinstance(setting.default, int) or setting.kind.startswith("one of")
        yield f"{setting.name}={setting.read()}" if is_told else setting.name
