"""What becomes of each control when something fails."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from portal.failure_matrix import MATRIX, Cell
from portal.reference.markdown import code, page, table


def render() -> str:
    sections = groupby(MATRIX, key=lambda cell: cell.control)
    return page(
        "Failure matrix",
        "What becomes of each control when something it depends on fails. *Closed*: no call passes that could not be "
        "judged. *Bounded*: what is known goes on counting for a while. *Open*: calls pass. *Apart*: calls are not "
        "concerned. Where no setting is named the behaviour is fixed: there is no switch that lets calls pass "
        "uncounted, unrecorded or unjudged. The portal shows the same with the values in force, under *Failures*. "
        "Beside the tests named here, [`make chaos`](../guides/faults.md) breaks all of it at once.",
        *(f"## {control}\n\n{_table(cells)}" for control, cells in sections),
    )


def _table(cells: Iterator[Cell]) -> str:
    rows = [
        (
            cell.fails,
            cell.stance,
            cell.behaviour,
            ", ".join(f"[{code(setting.name)}](settings.md)" for setting in cell.settings) or "fixed",
            code(cell.test.rpartition("::")[2]),
        )
        for cell in cells
    ]
    return table(("what fails", "control", "what happens", "settings", "shown by"), rows)
