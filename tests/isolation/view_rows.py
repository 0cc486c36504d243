"""The part of a plot that is about views of pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kit.scoping import within
from portal.models import SavedView

if TYPE_CHECKING:
    from tests.isolation.plots import Plot


def _saved_view(plot: Plot) -> Any:
    """The lead's own, shared with nobody."""
    with within(plot.lead.actor.scope):
        return SavedView.objects.create(
            organization_id=plot.world.organization.id, owner=plot.lead.user, page="requests", name="failed ones"
        )


VIEWS: dict[type[Any], Callable[[Plot], Any]] = {SavedView: _saved_view}
