"""The Lua scripts, each with what they share put before it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gateway.admission.resp import bulks

_FOLDER = Path(__file__).parent / "lua"
_COMMON = (_FOLDER / "common.lua").read_text()


class Script:
    """One script, ready to be sent by its digest or, to a server that does not know it yet, by its text."""

    __slots__ = ("by_digest", "by_text", "name")

    def __init__(self, name: str) -> None:
        text = f"{_COMMON}\n{(_FOLDER / f'{name}.lua').read_text()}".encode()
        digest = hashlib.sha1(text, usedforsecurity=False).hexdigest()
        self.name = name
        self.by_digest = bulks(("EVALSHA", digest))
        self.by_text = bulks((b"EVAL", text))


HOLD = Script("hold")
SETTLE = Script("settle")
RENEW = Script("renew")
INSTALL = Script("install")
SPENDING = Script("spending")
