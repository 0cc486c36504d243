"""What each check's finds lead to. Plain values: policies are compiled from governed data or written in tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kit.data_class import DataClass


class Action(StrEnum):
    """Each does what those before it do."""

    OFF = "off"
    FLAG = "flag"  # finds are recorded
    CLASSIFY = "classify"  # and raise the data class
    REFUSE = "refuse"  # and end the call


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """A text counts as a find from the score `flag_at` on, and is refused, where the action says so, from `refuse_at`.

    Checks that either match or do not score 1.
    """

    check: str
    action: Action
    flag_at: float = 0.5
    refuse_at: float = 0.85


# Recording everything and refusing nothing: a refusal is a decision an officer makes, and at first sight even the
# surest patterns meet texts that merely speak of what they look for. Personal data and secrets set the data class, so
# what may receive them is decided by approvals.
DEFAULT_CHECKS = (
    CheckPolicy("secrets", Action.CLASSIFY),
    CheckPolicy("pii", Action.CLASSIFY),
    CheckPolicy("injection", Action.FLAG),
)

# What misuse would hurt a person or open a system is restricted; what leads to a person is confidential.
_CONFIDENTIAL = ("email_address", "phone_number", "iban", "ip_address")


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """`version` goes on record with every verdict. `data_classes` overrides the class of a kind of find.

    `refuse_not_scanned` refuses input of which a part cannot be read (images, audio, files).
    """

    version: str = "built-in-1"
    checks: tuple[CheckPolicy, ...] = DEFAULT_CHECKS
    data_classes: Mapping[str, DataClass] = field(default_factory=dict)
    refuse_not_scanned: bool = False
    enabled: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        enabled = tuple(check.check for check in self.checks if check.action is not Action.OFF)
        object.__setattr__(self, "enabled", enabled)

    def data_class_of(self, kind: str) -> DataClass:
        default = DataClass.CONFIDENTIAL if kind in _CONFIDENTIAL else DataClass.RESTRICTED
        return self.data_classes.get(kind, default)
