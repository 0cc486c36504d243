from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from audit.models import UsageQuarter
from kit.scoping import within
from tests.support.settled import settled
from tests.support.world import World


def requests(world: World) -> int:
    with within(world.system.scope):
        return sum(UsageQuarter.objects.values_list("requests", flat=True))


def test_usage_is_counted_and_counted_afresh(world: World) -> None:
    settled(world, "small", team=world.team)
    out = StringIO()
    call_command("usage", "roll-up", stdout=out)
    assert requests(world) == 1
    UsageQuarter.across_tenants.using("migrator").filter(organization_id=world.organization.id).update(requests=7)
    call_command("usage", "rebuild", since="2999-01-01", stdout=out)
    assert requests(world) == 7
    call_command("usage", "rebuild", stdout=out)
    assert requests(world) == 1
    assert out.getvalue().count("is counted") == 3


def test_a_date_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(CommandError, match="is a date or a time"):
        call_command("usage", "rebuild", since="yesterday")
