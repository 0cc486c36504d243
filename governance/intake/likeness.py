"""Which of many entries read like something registered, in a few queries: one for each would take minutes."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from governance.models import Model, OtherSystem
from governance.selectors import NEAR
from kit import scoping

_AT_ONCE = 500
_SHOWN = 3
_NEAREST = """
WITH asked AS MATERIALIZED (
    SELECT place, word::vector AS fingerprint FROM unnest(%s::text[]) WITH ORDINALITY AS each(word, place))
SELECT asked.place, near.id FROM asked CROSS JOIN LATERAL (
    SELECT id, row.fingerprint <=> asked.fingerprint AS distance FROM {table} AS row
    WHERE row.organization_id = %s AND row.fingerprint <=> asked.fingerprint < %s
    ORDER BY distance LIMIT %s) AS near
ORDER BY asked.place, near.distance"""


def like_registered(kind: type[Model | OtherSystem], fingerprints: Sequence[Sequence[float]]) -> list[list[str]]:
    """For each fingerprint the names of what is nearest, as `selectors.similar_models` would find it."""
    found: list[list[str]] = []
    for start in range(0, len(fingerprints), _AT_ONCE):
        found += _nearest(kind, fingerprints[start : start + _AT_ONCE])
    return found


def key_of(*words: str) -> str:
    """The same for names that differ in case, spaces and punctuation alone."""
    return "".join(letter for letter in "".join(words).lower() if letter.isalnum())


def _nearest(kind: type[Model | OtherSystem], fingerprints: Sequence[Sequence[float]]) -> list[list[str]]:
    words = [f"[{','.join(map(str, fingerprint))}]" for fingerprint in fingerprints]
    with connection.cursor() as cursor:
        statement = _NEAREST.format(table=kind._meta.db_table)
        cursor.execute(statement, [words, scoping.current().organization_id, NEAR, _SHOWN])
        places = cursor.fetchall()
    names = {each.id: str(each) for each in kind.objects.filter(id__in={identifier for _, identifier in places})}
    found: list[list[str]] = [[] for _ in fingerprints]
    for place, identifier in places:
        found[place - 1].append(names[identifier])
    return found
