"""What every section has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from kit import errors
from kit.context import Actor
from portal.declared.forms import Entry

Values = Mapping[str, Any]


@dataclass(slots=True)
class Doing:
    """Who applies, when, and the secrets of new keys, which exist nowhere else: by the key's name."""

    actor: Actor
    now: datetime
    secrets: dict[str, str] = field(default_factory=dict)


class Section(ABC):
    """Entries of one kind. `key` are the fields an entry is found by, `changing` those that may be changed later.

    Values are those of the forms: names instead of rows, nano-USD, members of enumerations. `view_act` is what it takes
    to see the section: a difference shows what there was.
    """

    name: ClassVar[str]
    noun: ClassVar[str]
    view_act: ClassVar[str] = "portal.view"
    form: ClassVar[type[Entry]]
    key: ClassVar[tuple[str, ...]]
    changing: ClassVar[frozenset[str]] = frozenset()
    is_single: ClassVar[bool] = False
    verb: ClassVar[str] = "changed"

    @abstractmethod
    def rows(self) -> Iterable[Any]:
        """What there is, in the order in which it is exported."""

    @abstractmethod
    def read(self, row: Any) -> Values:
        """A row as an entry says it."""

    @abstractmethod
    def make(self, doing: Doing, entry: Values) -> None:
        """Makes what an entry describes."""

    def change(self, doing: Doing, row: Any, entry: Values) -> None:
        """Makes a row what the entry says, which is complete here."""
        raise NotImplementedError

    def differs(self, doing: Doing, row: Any, entry: Values) -> list[str]:
        """The fields that an entry says something else about than the row does."""
        before = self.read(row)
        return [name for name, value in entry.items() if name in before and before[name] != value]

    def key_of(self, entry: Values) -> tuple[Any, ...]:
        return tuple(entry.get(name) for name in self.key)

    def title(self, entry: Values) -> str:
        """What people call it."""
        written = self.form().written({name: entry.get(name) for name in self.key})
        return " ".join([self.noun, *(str(part) for part in written.values() if part is not None)])

    def require_changing(self, names: Iterable[str], title: str) -> None:
        """Raises `errors.Conflict` for a field that is given once and for all."""
        fixed = [name for name in names if name not in self.changing]
        if fixed:
            raise errors.Conflict(f"{title}: {', '.join(fixed)} cannot be changed; make another one.")
