"""Labels that a caller puts on a call, so that its cost can be told apart later."""

from __future__ import annotations

import re
from typing import Any

from gateway.wire.chat import ChatRequest
from kit import errors

MOST = 8
_TAG = re.compile(r"[A-Za-z0-9_.:-]{1,40}")


def of_call(header: str | None, chat: ChatRequest) -> tuple[str, ...]:
    """From `x-chancery-tags`, else `metadata` under that name or as `tags`; each once, in the order given.

    Raises `errors.InvalidRequest` (`tags_invalid`).
    """
    said = header or chat.hint("tags")
    if said is not None:
        return _checked(said.split(","), "x-chancery-tags")
    metadata = chat.body.get("metadata")
    found = metadata.get("tags") if metadata else None
    if found is None:
        return ()
    return _checked(found.split(",") if type(found) is str else found, "metadata.tags")


def _checked(said: Any, param: str) -> tuple[str, ...]:
    """The message repeats nothing of what was sent: it may be anything."""
    tags = dict.fromkeys(_stripped(one) for one in said) if type(said) is list else {"": None}
    if len(tags) > MOST or not all(_TAG.fullmatch(tag) for tag in tags):
        raise errors.InvalidRequest(
            f"A call has at most {MOST} tags, each of 1 to 40 letters, digits or _ . : - and separated by commas.",
            code="tags_invalid",
            param=param,
        )
    return tuple(tags)


def _stripped(one: Any) -> str:
    return one.strip() if type(one) is str else ""
