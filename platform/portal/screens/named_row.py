"""A form's field for a row of the register that is called by its name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Model as Row


class NamedRowField(forms.CharField):
    """A row of one of `kinds`, each with the field that names it; an id is taken as well.

    A list to choose from would hold the whole register.
    """

    def __init__(self, *kinds: tuple[type[Row], str], **options: Any) -> None:
        self.kinds = kinds
        super().__init__(max_length=200, **options)

    def clean(self, value: Any) -> Any:
        """The row; none where nothing is said."""
        text = super().clean(value)
        if not text:
            return None
        found = self._of_id(text) or self._called(text)
        if len(found) != 1:
            raise forms.ValidationError("Several are called that: give the id." if found else "Nothing is called that.")
        return found[0]

    def prepare_value(self, value: Any) -> Any:
        """The name, where a form begins with an id."""
        for row in self._of_id(value):
            return next(getattr(row, name) for kind, name in self.kinds if isinstance(row, kind))
        return value

    def _of_id(self, value: Any) -> list[Row]:
        try:
            identifier = UUID(str(value))
        except ValueError:
            return []
        return [row for kind, _ in self.kinds for row in kind._default_manager.filter(pk=identifier)]

    def _called(self, text: str) -> list[Row]:
        return [row for kind, name in self.kinds for row in kind._default_manager.filter(**{name: text})[:2]]
