"""Which column of a file is which, by the words people put above them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kit import errors

# Each column of ours, and other words for it. Compared without case and punctuation.
COLUMNS: dict[str, tuple[str, ...]] = {
    "kind": ("type", "category", "art"),
    "name": ("title", "model name", "system", "system name", "product", "bezeichnung"),
    "vendor": ("publisher", "provider", "manufacturer", "supplier", "developer", "hersteller", "anbieter"),
    "slug": ("id", "model id", "identifier"),
    "version": ("model version", "snapshot", "release"),
    "description": ("summary", "notes", "beschreibung"),
    "tier": (),
    "context_window": ("context", "context length", "context tokens"),
    "max_output_tokens": ("max output", "output tokens", "max tokens"),
    "licence": ("license",),
    "base_model": (),
    "quantization": ("quantisation",),
    "purpose": ("use", "intended use", "zweck"),
    "owner": ("owner email", "owner e-mail", "responsible", "verantwortlich"),
    "ai_act_class": ("ai act", "eu ai act class", "ai act risk", "risk class"),
    "data_class": ("max data class", "data", "classification"),
    "review_on": ("review", "review date", "next review"),
}
EXAMPLES: tuple[dict[str, str], ...] = (
    {
        "kind": "model",
        "name": "Mistral Small 3.2",
        "vendor": "Mistral AI",
        "slug": "mistral-small-3.2",
        "version": "2506",
        "context_window": "128000",
        "max_output_tokens": "8192",
        "licence": "Apache-2.0",
    },
    {
        "kind": "system",
        "name": "Mail assistant",
        "vendor": "Contoso",
        "purpose": "Drafts answers to customers.",
        "owner": "somebody@example.com",
        "ai_act_class": "limited",
        "data_class": "confidential",
        "review_on": "2027-06-30",
    },
)
_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Mapping:
    """`places` says where each column of ours is found; `unknown` are the words of columns that are not read."""

    places: dict[str, int]
    unknown: tuple[str, ...]


def mapped(header: Sequence[str]) -> Mapping:
    """Raises `errors.InvalidRequest` where a column is there twice, or one that every row needs is not."""
    names = {_plain(word): column for column, others in COLUMNS.items() for word in (column, *others)}
    places: dict[str, int] = {}
    unknown = []
    for place, word in enumerate(header):
        column = names.get(_plain(word))
        if column is None:
            unknown += [word] if word else []
        elif column in places:
            raise errors.InvalidRequest(
                f"Two columns are the {column}: {header[places[column]]}, {word}.", param="file"
            )
        else:
            places[column] = place
    missing = [column for column in ("kind", "name", "vendor") if column not in places]
    if missing:
        raise errors.InvalidRequest(f"The file has no column {', '.join(missing)}.", param="file")
    return Mapping(places, tuple(unknown))


def _plain(word: str) -> str:
    return _SEPARATORS.sub(" ", word.lower()).strip()
