"""What a table would list: row by row what is made, what it is like, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError

from governance.intake import cells
from governance.intake.columns import Mapping, mapped
from governance.intake.likeness import key_of, like_registered
from governance.intake.table import Table
from governance.models import Model, OtherSystem
from governance.services import catalogue, systems
from kit.context import Actor
from kit.data_class import DataClass
from tenants.models import Membership, User

_KINDS = {
    **dict.fromkeys(("model", "llm", "language model"), "model"),
    **dict.fromkeys(("system", "other system", "application", "tool", "saas", "feature"), "system"),
}
# Columns of ours whose field has another name.
_COLUMN_OF = {"publisher": "vendor", "max_data_class": "data_class", "owner_id": "owner"}
_MISSING = {"null", "blank"}
Listed = Model | OtherSystem


@dataclass(frozen=True, slots=True)
class Wrong:
    """`column` is one of `columns.COLUMNS`; empty where the row as a whole is wrong."""

    column: str
    text: str


@dataclass(slots=True)
class Planned:
    """One row: what it would list, if nothing is wrong with it, and names of what reads alike."""

    number: int
    name: str
    listed: Listed | None = None
    wrong: list[Wrong] = field(default_factory=list)
    similar: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return "" if self.listed is None else "model" if isinstance(self.listed, Model) else "system"


@dataclass(frozen=True, slots=True)
class Plan:
    """`unknown` are the words of columns that are not read."""

    rows: tuple[Planned, ...]
    unknown: tuple[str, ...]

    @property
    def models(self) -> list[Model]:
        return [row.listed for row in self.rows if isinstance(row.listed, Model) and not row.wrong]

    @property
    def systems(self) -> list[OtherSystem]:
        return [row.listed for row in self.rows if isinstance(row.listed, OtherSystem) and not row.wrong]

    @property
    def wrong(self) -> list[Planned]:
        return [row for row in self.rows if row.wrong]

    @property
    def similar(self) -> list[Planned]:
        return [row for row in self.rows if row.similar and not row.wrong]


def plan(actor: Actor, table: Table, now: datetime) -> Plan:
    """Reads the register and writes nothing. Raises `errors.InvalidRequest` for a header that will not do."""
    columns = mapped(table.header)
    reader = _Reader(actor, columns, now)
    rows = tuple(reader.row(number, texts) for number, texts in table.rows)
    _point_out_twins(rows)
    _point_out_what_reads_alike(rows)
    return Plan(rows, columns.unknown)


class _Reader:
    """Makes rows of the register from rows of text."""

    def __init__(self, actor: Actor, columns: Mapping, now: datetime) -> None:
        self._actor, self._columns, self._now = actor, columns, now
        members = User.objects.filter(id__in=Membership.objects.values("user_id"))
        self._people: dict[str, UUID] = {user.email.lower(): user.id for user in members}

    def row(self, number: int, texts: Sequence[str]) -> Planned:
        said = {column: texts[place] if place < len(texts) else "" for column, place in self._columns.places.items()}
        row = Planned(number, said["name"])
        kind = _KINDS.get(said["kind"].lower())
        if kind is None:
            row.wrong.append(Wrong("kind", "Either model or system."))
            return row
        read = self._model if kind == "model" else self._system
        row.listed = read(_Cells(said, row.wrong))
        _check(row)
        return row

    def _model(self, said: _Cells) -> Model:
        fields = {
            "slug": said.text("slug") or cells.slug(said.text("name")),
            "name": said.text("name"),
            "publisher": said.text("vendor"),
            "version": said.text("version"),
            "description": said.text("description"),
            "tier": said.text("tier").lower() or "standard",
            "context_window": said.read("context_window", cells.number),
            "max_output_tokens": said.read("max_output_tokens", cells.number),
            "licence": said.text("licence"),
            "base_model": said.text("base_model"),
            "quantization": said.text("quantization"),
        }
        model = catalogue.new_model(self._now, fields)
        model.organization_id = self._actor.organization_id
        return model

    def _system(self, said: _Cells) -> OtherSystem:
        return systems.new(
            self._actor,
            self._now,
            {
                "name": said.text("name"),
                "vendor": said.text("vendor"),
                "purpose": said.text("purpose") or said.text("description"),
                "owner_id": said.read("owner", self._owner),
                "ai_act_class": said.read("ai_act_class", cells.ai_act_class) or "",
                "max_data_class": said.read("data_class", cells.data_class, DataClass.INTERNAL),
                "review_on": said.read("review_on", cells.day),
            },
        )

    def _owner(self, text: str) -> UUID:
        """Whoever takes the file in, where nobody is named."""
        if not text:
            return self._actor.id
        if text.lower() not in self._people:
            raise ValueError("Nobody of the organisation has this e-mail address.")
        return self._people[text.lower()]


@dataclass(slots=True)
class _Cells:
    """The cells of one row by our columns; what cannot be read is noted in `wrong`."""

    said: dict[str, str]
    wrong: list[Wrong]

    def text(self, column: str) -> str:
        return self.said.get(column, "")

    def read(self, column: str, by: Callable[[str], Any], otherwise: Any = None) -> Any:
        try:
            return by(self.text(column))
        except ValueError as unreadable:
            self.wrong.append(Wrong(column, str(unreadable)))
            return otherwise


def _check(row: Planned) -> None:
    """What the form would refuse; each column once."""
    assert row.listed is not None
    try:
        row.listed.clean_fields(exclude=["organization", "owner", "created_at", "fingerprint"])
    except ValidationError as refusal:
        noted = {wrong.column for wrong in row.wrong}
        for name, (first, *_) in refusal.error_dict.items():
            column = _COLUMN_OF.get(name, name)
            if column not in noted:
                row.wrong.append(Wrong(column, "Missing." if first.code in _MISSING else first.messages[0]))
    if isinstance(row.listed, Model) and not row.wrong and row.listed.max_output_tokens > row.listed.context_window:
        row.wrong.append(Wrong("max_output_tokens", "More than the context window."))


def _key(listed: Listed) -> tuple[str, ...]:
    return (listed.slug,) if isinstance(listed, Model) else (listed.vendor, listed.name)


def _point_out_twins(rows: Sequence[Planned]) -> None:
    """What the register has already, and what an earlier row has."""
    taken: dict[tuple[str, ...], str] = {(slug,): "" for slug in Model.objects.values_list("slug", flat=True)}
    taken |= dict.fromkeys(OtherSystem.objects.values_list("vendor", "name"), "")
    for row in rows:
        if row.listed is None:
            continue
        key = _key(row.listed)
        column = "slug" if isinstance(row.listed, Model) else "name"
        if key in taken:
            row.wrong.append(Wrong(column, taken[key] or "The register has it already."))
        taken.setdefault(key, f"Row {row.number} has it already.")


def _point_out_what_reads_alike(rows: Sequence[Planned]) -> None:
    """Like what is registered; and like an earlier row, but for case and punctuation."""
    kinds: tuple[type[Model | OtherSystem], ...] = (Model, OtherSystem)
    for kind in kinds:
        planned = [row for row in rows if isinstance(row.listed, kind) and not row.wrong]
        fingerprints = [row.listed.fingerprint for row in planned if row.listed]
        for row, names in zip(planned, like_registered(kind, fingerprints), strict=True):
            row.similar = names
    earlier: dict[tuple[str, str], Planned] = {}
    for row in rows:
        if row.listed is None or row.wrong:
            continue
        maker = row.listed.publisher if isinstance(row.listed, Model) else row.listed.vendor
        first = earlier.setdefault((row.kind, key_of(row.name, maker)), row)
        if first is not row:
            row.similar.append(f"{first.name}, row {first.number}")
