"""Which texts that callers send as a model's name may be kept and shown."""

from __future__ import annotations

import re

# A letter somewhere, and nowhere a run as long as those of keys, tokens and digests: of what a caller sends by mistake
# nothing is kept.
_NAME = re.compile(r"(?=.*[A-Za-z])(?!.*[A-Za-z0-9]{20})[A-Za-z0-9][A-Za-z0-9_.:/+-]{0,99}", re.ASCII)


def plausible(text: str) -> bool:
    """Whether it could be the name of a model. Whatever else callers write is theirs and is not repeated."""
    return _NAME.fullmatch(text) is not None
