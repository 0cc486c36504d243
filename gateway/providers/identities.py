"""What upstreams say they are: the model they name in an answer, and the `system_fingerprint` of what it ran on.

A hosted model may be exchanged behind its name. Whatever a deployment says for the first time, as far as this worker
has heard, waits here until it is written down.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

_LABEL = re.compile(r"[A-Za-z0-9_.:/+-]{0,200}", re.ASCII)
_MOST = 256  # of one deployment; one that says something else each time says nothing
_MOST_MODELS = 64  # the same of models it names, heard however many fingerprints there were


class Identity(NamedTuple):
    """`model` and `fingerprint` are empty where the upstream does not say."""

    deployment_id: UUID
    model: str
    fingerprint: str


class Identities:
    """`fresh` are those not yet written down, as they were heard one after the other: what a deployment says first of
    all is taken for what was approved."""

    def __init__(self) -> None:
        self.fresh: dict[Identity, None] = {}
        self._heard: dict[UUID, set[tuple[str, str]]] = {}

    def hear(self, deployment_id: UUID, answer: Mapping[str, Any]) -> None:
        """Takes in an answer, or an event of one."""
        said = _text(answer.get("model")), _text(answer.get("system_fingerprint"))
        heard = self._heard.get(deployment_id)
        if heard is None or said not in heard:
            self._take_in(deployment_id, said)

    def _take_in(self, deployment_id: UUID, said: tuple[str, str]) -> None:
        heard = self._heard.setdefault(deployment_id, set())
        if len(heard) >= _MOST:
            said = said[0], ""
            if said in heard or len(heard) >= _MOST + _MOST_MODELS:
                return
        heard.add(said)
        if any(said):
            self.fresh[Identity(deployment_id, _label(said[0]), _label(said[1]))] = None


def _text(said: Any) -> str:
    return said if type(said) is str else ""


def _label(text: str) -> str:
    """As it is, if it is a label; else its hash, for it goes where people read: upstreams may send anything."""
    if _LABEL.fullmatch(text):
        return text
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"
