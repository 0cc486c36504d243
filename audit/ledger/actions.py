"""How an act's name is explained. Each app lists its own in its `actions.py`; `append_act` takes the name."""

from __future__ import annotations

from typing import NamedTuple


class Action(NamedTuple):
    """`title` is what a timeline shows; `meaning` says what the act did, and names what its details hold."""

    title: str
    meaning: str
