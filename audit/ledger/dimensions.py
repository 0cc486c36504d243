"""What a call is counted by beside its caller and its model, as far as that is known before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(slots=True)
class Dimensions:
    """`route` is the name that the call gave; it may be that of a model. `subject_id` stands for its end user.

    Kept with the hold, so that a call whose process dies is still counted where it belongs.
    """

    operation: str = "chat"
    pipeline: str = "direct"
    route: str = ""
    use_case_id: UUID | None = None
    subject_id: UUID | None = None
    prompt_version_id: UUID | None = None
    tags: tuple[str, ...] = ()

    @classmethod
    def stored(cls, fields: Mapping[str, Any]) -> Dimensions:
        """From the JSON kept in the record."""
        return cls(
            operation=fields["operation"],
            pipeline=fields["pipeline"],
            route=fields["route"],
            use_case_id=optional_id(fields["use_case_id"]),
            subject_id=optional_id(fields["subject_id"]),
            prompt_version_id=optional_id(fields["prompt_version_id"]),
            tags=tuple(fields["tags"]),
        )


def optional_id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
