"""The two walls a row stands behind, each with somebody on either side of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import models

from governance.models import Notice, NoticePreference
from kit.scoping import Scope
from portal.models import SavedView
from tenants.models import Organization, PersonalAccessToken, Role, Team
from tests.isolation.plots import AnyModel, Plot, owned_models
from tests.support import cast
from tests.support import world as worlds
from tests.support.world import World


@dataclass(frozen=True, slots=True)
class Side:
    """Somebody with a scope, and the rows that are theirs."""

    plot: Plot
    scope: Scope


@dataclass(frozen=True, slots=True)
class Wall:
    """`column` of a model says on which side its rows are; none where this wall does not divide the model."""

    name: str
    owner: Side
    intruder: Side

    def divides(self, model: AnyModel) -> bool:
        return side_column(self.name, model) is not None

    def column(self, model: AnyModel) -> str:
        column = side_column(self.name, model)
        assert column is not None
        return column


@dataclass(frozen=True, slots=True)
class Estate:
    """An organisation with two teams that have one row of everything each."""

    world: World
    plots: tuple[Plot, Plot]

    @property
    def as_a_whole(self) -> Side:
        """The first lead, as somebody who sees all teams."""
        return Side(self.plots[0], Scope(self.world.organization.id, None, self.plots[0].lead.user.id))

    def team(self, number: int) -> Side:
        plot = self.plots[number]
        return Side(plot, Scope(self.world.organization.id, frozenset({plot.team.id}), plot.lead.user.id))


# Rows of one person, and the column that names them.
PRIVATE: dict[AnyModel, str] = {
    PersonalAccessToken: "user_id",
    Notice: "person_id",
    NoticePreference: "person_id",
    SavedView: "owner_id",
}
ORGANIZATION, TEAM = "another organisation", "a sister team"


def build_estate() -> Estate:
    world = worlds.build()
    world.people["officer"] = cast.join(world, "Olga", Role.COMPLIANCE_OFFICER, device=False).user
    plots = []
    for name, team, project in [
        ("Bob", world.team, world.project),
        ("Bea", *world.new_team("second")),
    ]:
        lead = cast.join(world, name, Role.TEAM_LEAD, team, device=False)
        plots.append(Plot(world, team, project, lead))
    estate = Estate(world, (plots[0], plots[1]))
    for plot in plots:
        for model in owned_models():
            plot.row(model)
    return estate


def side_column(wall: str, model: AnyModel) -> str | None:
    """The column that puts a row on one side of a wall; a row without a team of its own may be its parent's."""
    if wall == ORGANIZATION:
        return "id" if model is Organization else "organization_id"
    if model is Team:
        return "id"
    if model in PRIVATE:
        return PRIVATE[model]
    columns = {each.attname for each in model._meta.concrete_fields}
    if "team_id" in columns:
        return "team_id"
    return _column_of_a_parent_with_a_team(model)


def _column_of_a_parent_with_a_team(model: AnyModel) -> str | None:
    for each in model._meta.concrete_fields:
        parent = each.related_model
        if isinstance(each, models.ForeignKey) and isinstance(parent, type) and _has_team(parent):
            return each.attname
    return None


def _has_team(model: Any) -> bool:
    return any(each.attname == "team_id" for each in model._meta.concrete_fields)
