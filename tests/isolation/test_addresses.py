"""Every address × who asks: what is somebody else's answers as what does not exist, with either wall alone or both.

Generated from the resolver: an address that is added joins by itself.
"""

from __future__ import annotations

from typing import Any

import pytest

from kit.ids import new_id
from tests.isolation import ways
from tests.isolation.addresses import Address, Reply, addresses, ask, asked_by
from tests.isolation.callers import Callers
from tests.isolation.plots import AnyModel, owned_models
from tests.isolation.walls import TEAM, Estate, side_column
from tests.support.cast import Browser, Person

ADDRESSES = addresses()
OF_ROWS = [pytest.param(each, id=str(each)) for each in ADDRESSES if each.model]
OF_TEAMS = [
    pytest.param(each, id=str(each)) for each in ADDRESSES if each.model and side_column(TEAM, each.model) is not None
]
WITHOUT_ROWS = [pytest.param(each, id=str(each)) for each in ADDRESSES if not each.model]
# Open to whoever has not signed in yet.
PUBLIC = {"/api/schema/", "/api/docs/", "/sign-in/", "/sign-in/code/", "/sign-in/enrol/", "/sign-out/", "/admin/login/"}
LISTS = [each for each in WITHOUT_ROWS if each.values[0].method == "get"]  # type: ignore[union-attr]


def row_of(estate: Estate, address: Address) -> Any:
    assert address.model is not None
    return estate.plots[0].row(address.model).pk


def absent(person: Person, address: Address) -> Reply:
    return asked_by(person, address, new_id())


@pytest.mark.parametrize("address", OF_ROWS)
def test_another_organisations_row_is_not_there(
    estate: Estate, callers: Callers, standing: str, address: Address
) -> None:
    answer = asked_by(callers.stranger, address, row_of(estate, address))
    assert answer == absent(callers.stranger, address)
    assert answer.status in (302, 403, 404, 405)


@pytest.mark.parametrize("address", OF_TEAMS)
def test_a_sister_teams_row_is_not_there(estate: Estate, callers: Callers, standing: str, address: Address) -> None:
    answer = asked_by(callers.sister, address, row_of(estate, address))
    assert answer == absent(callers.sister, address)
    assert answer.status in (302, 403, 404, 405)


@pytest.mark.parametrize("address", [each for each in OF_ROWS if each.values[0].method == "get"])  # type: ignore[union-attr]
def test_the_right_people_are_shown_it(estate: Estate, callers: Callers, standing: str, address: Address) -> None:
    """Or the above would prove nothing. What nobody is shown, such as the confirmation of a deletion, is refused, and
    some addresses send on to another whatever is asked for."""
    people = [callers.admin, callers.officer, callers.lead]
    answers = [asked_by(person, address, row_of(estate, address)) for person in people]
    shown = [answer for person, answer in zip(people, answers, strict=True) if answer != absent(person, address)]
    assert {answer.status for answer in shown} <= {200, 302}
    assert shown or {answer.status for answer in answers} <= {301, 302, 403, 404, 405}
    if address.is_api:
        assert 200 in {answer.status for answer in shown}


@pytest.mark.parametrize(
    "address",
    [each for each in OF_ROWS if each.values[0].method != "get"],  # type: ignore[union-attr]
)
def test_whoever_only_reads_changes_nothing(estate: Estate, callers: Callers, address: Address) -> None:
    assert address.model is not None
    row = estate.plots[0].row(address.model)
    before = ways.content(row)
    answer = asked_by(callers.reader, address, row.pk)
    assert ways.content(row) == before
    assert answer.status < 500
    if address.is_api:
        assert answer.status in {400, 403}


@pytest.mark.parametrize("address", OF_ROWS)
def test_nobody_learns_anything_before_signing_in(estate: Estate, address: Address) -> None:
    answer = ask(Browser(), address, row_of(estate, address))
    assert answer == ask(Browser(), address, new_id())
    assert answer.status == (401 if address.is_api else 302) or answer.status == 405


@pytest.mark.parametrize("address", WITHOUT_ROWS)
def test_nothing_opens_before_signing_in(address: Address) -> None:
    answer = ask(Browser(), address)
    if address.path() not in PUBLIC:
        assert answer.status == (401 if address.is_api else 302) or answer.status == 405


@pytest.mark.parametrize("address", LISTS)
def test_no_list_names_another_tenants_rows(estate: Estate, callers: Callers, standing: str, address: Address) -> None:
    for person, models in ((callers.stranger, owned_models()), (callers.sister, of_a_team())):
        page = asked_by(person, address).body.decode()
        assert [model for model in models if str(estate.plots[0].row(model).pk) in page] == []


def of_a_team() -> list[AnyModel]:
    return [model for model in owned_models() if side_column(TEAM, model) is not None]
