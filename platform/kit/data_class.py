"""How sensitive data is. Four ranks, in the order in which a ceiling compares them."""

from __future__ import annotations

from enum import IntEnum


class DataClass(IntEnum):
    """Stored as its rank, shown and sent by name."""

    PUBLIC = 0
    INTERNAL = 1
    CONFIDENTIAL = 2
    RESTRICTED = 3

    @property
    def label(self) -> str:
        return self.name.lower()

    @classmethod
    def choices(cls) -> list[tuple[int, str]]:
        """For a Django field: (rank, name shown)."""
        return [(member.value, member.name.capitalize()) for member in cls]

    @classmethod
    def named(cls, label: str) -> DataClass:
        """The class of that name, whatever its case. Raises `ValueError` naming the known ones."""
        try:
            return cls[label.strip().upper()]
        except KeyError:
            known = ", ".join(member.label for member in cls)
            raise ValueError(f"unknown data class; known are {known}") from None
