"""Applying a document, and writing one of what there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from rest_framework.serializers import ValidationError

from kit import errors
from kit.context import Actor
from portal.api_errors import said
from portal.declared.section import Doing, Section, Values
from portal.declared.sections import SECTIONS
from tenants import permissions

FORMAT = 1
Verb = Literal["made", "changed", "asked for", "same"]
MOST_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A field, what it was and what it is, as documents write it."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an entry."""

    title: str
    verb: Verb
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """`secrets` of new keys are shown once."""

    changes: tuple[Change, ...]
    secrets: Mapping[str, str]


def export(actor: Actor) -> dict[str, Any]:
    """What there is, as far as the actor may see it. Credentials and secrets of keys are in no document."""
    document: dict[str, Any] = {"chancery": FORMAT}
    for section in (section for section in SECTIONS if actor.may(section.view_act)):
        entries = [section.form().written(section.read(row)) for row in section.rows()]
        if entries:
            document[section.name] = entries[0] if section.is_single else entries
    return document


def apply(*, actor: Actor, document: Any, now: datetime, is_dry_run: bool = False) -> Applied:
    """Makes what a document says, all of it or nothing; what is so already is left alone.

    A dry run does the same and then undoes it: it shows what would happen, refusals included. Raises
    `errors.InvalidRequest` for what is no document, `errors.Conflict` for what cannot be changed, and whatever the acts
    raise; each message begins with where in the document it is.
    """
    read = list(_read(document))
    doing = Doing(actor, now)
    with transaction.atomic():
        changes = [change for section, entries in read for change in _apply(section, entries, doing)]
        if is_dry_run:
            transaction.set_rollback(True)
    return Applied(tuple(changes), {} if is_dry_run else doing.secrets)


def _read(document: Any) -> Iterator[tuple[Section, list[tuple[str, Any]]]]:
    """The sections of a document in our order, each entry with its place."""
    if not isinstance(document, Mapping) or document.get("chancery") != FORMAT:
        raise errors.InvalidRequest(f"A document begins with `chancery: {FORMAT}`.", param="chancery")
    unknown = document.keys() - {"chancery"} - {section.name for section in SECTIONS}
    if unknown:
        raise errors.InvalidRequest(f"No such section: {', '.join(sorted(map(str, unknown)))}.")
    left = MOST_ENTRIES
    for section in SECTIONS:
        if section.name not in document:
            continue
        given = document[section.name]
        entries = [given] if section.is_single else given
        if not isinstance(entries, Sequence) or isinstance(entries, str):
            raise errors.InvalidRequest(f"{section.name}: a list is expected.", param=section.name)
        left -= len(entries)
        if left < 0:
            raise errors.InvalidRequest(f"A document has at most {MOST_ENTRIES} entries.")
        yield section, [(_place(section, number), entry) for number, entry in enumerate(entries)]


def _place(section: Section, number: int) -> str:
    return section.name if section.is_single else f"{section.name}[{number}]"


def _apply(section: Section, entries: list[tuple[str, Any]], doing: Doing) -> Iterator[Change]:
    permissions.require(doing.actor, section.view_act)
    rows: dict[tuple[Any, ...], Any] = {}
    for row in section.rows():
        key = section.key_of(section.read(row))
        rows[key] = None if key in rows else row  # two that are called alike cannot be told apart
    seen = set()
    for place, given in entries:
        with _at(place):
            entry = _checked(section, given, partial=True)
            key = section.key_of(entry)
            if key in seen:
                raise errors.InvalidRequest("it is declared twice.")
            seen.add(key)
            yield _follow(section, rows, key, given, entry, doing)


def _follow(
    section: Section, rows: Mapping[tuple[Any, ...], Any], key: tuple[Any, ...], given: Any, entry: Values, doing: Doing
) -> Change:
    title = section.title(entry)
    if key not in rows:
        section.make(doing, _checked(section, given, partial=False))
        return Change(title, "asked for" if section.verb == "asked for" else "made")
    row = rows[key]
    if row is None:
        raise errors.Conflict(f"There are several: {title}.")
    names = section.differs(doing, row, entry)
    if not names:
        return Change(title, "same")
    section.require_changing(names, title)
    before = section.read(row)
    differences = tuple(_differences(section, names, before, entry))
    section.change(doing, row, {**before, **entry})
    return Change(title, "asked for" if section.verb == "asked for" else "changed", differences)


def _differences(section: Section, names: Sequence[str], before: Values, after: Values) -> Iterator[Difference]:
    form = section.form()
    was, now = form.written(before), form.written(after)
    for name in names:
        yield Difference(name, was.get(name), now.get(name))


def _checked(section: Section, given: Any, *, partial: bool) -> Values:
    """The entry's values. One that is partial has its key at least."""
    form = section.form(data=given, partial=partial)
    form.is_valid(raise_exception=True)
    values: dict[str, Any] = form.validated_data
    for name in section.key:
        field = form.fields[name]
        if name not in values:
            if field.required:
                raise errors.InvalidRequest(f"{name}: it is found by this field.", param=name)
            values[name] = None
    return values


class _at:
    """Says where in the document it is that something is refused."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, raised: BaseException | None, trace: object) -> None:
        if isinstance(raised, errors.ChanceryError):
            raised.message = f"{self._place}: {raised.message}"
            raised.args = (raised.message,)
        elif isinstance(raised, ValidationError):
            raise errors.InvalidRequest(f"{self._place}: {said(raised.detail)}", param=self._place) from raised
        elif isinstance(raised, DjangoValidationError):
            raise errors.InvalidRequest(f"{self._place}: {' '.join(raised.messages)}", param=self._place) from raised
