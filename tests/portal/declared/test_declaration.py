"""What a document says is so afterwards, and nothing else is changed."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from governance.models import Approval, ApprovalRequest, Deployment, Model
from governance.services import approvals
from kit import clock, errors, money
from kit.context import Actor
from kit.data_class import DataClass
from kit.scoping import within
from portal.declared import declaration
from portal.declared.declaration import Applied, apply, export
from portal.declared.sections import SECTIONS
from tenants.models import ApiKey, Budget, Role, Team, User
from tenants.services import allotments
from tenants.services.allotments import Level
from tenants.services.organizations import Limits
from tests.support import acts
from tests.support import world as worlds
from tests.support.world import World

PROVIDER = {"name": "Upstream", "kind": "openai_compatible", "base_url": "https://llm.example/v1", "credential": "s1"}
NAMED = {"model": "helper", "provider": "Upstream", "upstream_model": "helper-2026", "region": "eu"}


def a_register() -> dict[str, Any]:
    """A document with a model that may be called once it is approved."""
    return {
        "chancery": 1,
        "providers": [PROVIDER],
        "models": [
            {
                "slug": "helper",
                "name": "Helper",
                "publisher": "Somebody",
                "version": "2026-01-01",
                "context_window": 8192,
                "max_output_tokens": 1024,
            }
        ],
        "deployments": [NAMED],
        "prices": [
            {
                **NAMED,
                "effective_from": "2026-01-01T00:00:00Z",
                "input_usd": "1",
                "cached_input_usd": "0.5",
                "output_usd": 2,
            }
        ],
        "routes": [{"slug": "default", "deployments": [NAMED]}],
        "approvals": [
            {
                "model": "helper",
                "justification": "For letters.",
                "teams": ["payments"],
                "max_data_class": "confidential",
            }
        ],
    }


def follow(world: World, document: Any, *, by: Actor | None = None, is_dry_run: bool = False) -> Applied:
    actor = by or world.admin
    with within(actor.scope):
        return apply(actor=actor, document=document, now=clock.now(), is_dry_run=is_dry_run)


def exported(world: World, by: Actor | None = None) -> dict[str, Any]:
    actor = by or world.admin
    with within(actor.scope):
        return export(actor)


def verbs(applied: Applied) -> dict[str, str]:
    return {change.title: change.verb for change in applied.changes}


def furnished(world: World) -> World:
    """With something in every section."""
    follow(world, a_register())
    with within(world.admin.scope):
        owner = User.objects.get(id=world.admin.id).email
        use_case = {
            "slug": "letters",
            "name": "Letters",
            "purpose": "Drafts.",
            "ai_act_class": "limited",
            "owner": owner,
        }
        system = {"vendor": "Office", "name": "Copilot", "purpose": "Mail.", "ai_act_class": "limited", "owner": owner}
        document = {"chancery": 1, "use_cases": [use_case], "other_systems": [system]}
        apply(actor=world.admin, document=document, now=world.now)
        budget, limits = money.from_usd(7), Limits(60, None, 4)
        allotments.add_budget(actor=world.admin, name="All", limit_nano_usd=budget, now=world.now)
        for level in (Level(world.team), Level(world.team, world.project), Level.of(world.key)):
            allotments.add_budget(actor=world.admin, name="Some", limit_nano_usd=budget, now=world.now, level=level)
            allotments.set_limits(actor=world.admin, limits=limits, now=world.now, level=level)
    return world


def test_an_export_applied_where_it_came_from_changes_nothing(world: World) -> None:
    document = exported(furnished(world))
    before = len(acts.acts_of(world))

    applied = follow(world, document)

    assert {change.verb for change in applied.changes} == {"same"}
    assert len(acts.acts_of(world)) == before


def test_an_export_applied_elsewhere_makes_the_same(world: World) -> None:
    document = exported(furnished(world))
    other = worlds.build()
    elsewhere = {**deepcopy(document), "organization": {**document["organization"], "slug": other.organization.slug}}
    elsewhere["organization"].pop("name")
    elsewhere["providers"][0]["credential"] = "theirs"
    with within(other.admin.scope):
        owner = User.objects.get(id=other.admin.id).email
    for section in ("use_cases", "other_systems"):
        elsewhere[section][0]["owner"] = owner

    follow(other, elsewhere)

    assert set(document) == {"chancery", *(section.name for section in SECTIONS)}
    made = exported(other)
    for section in ("use_cases", "other_systems"):
        document[section][0]["owner"] = owner
    assert {**made, "organization": None} == {**document, "organization": None}


def test_what_a_permission_is_bound_to_and_where_projects_run_goes_along(world: World) -> None:
    document = exported(furnished(world))
    acts.new_use_case(world, slug="verdicts")
    place = {name: document["deployments"][0][name] for name in ("provider", "upstream_model", "region")}
    bound = {"use_cases": ["verdicts"], "caller_regions": ["us"], "deployments": [place]}
    project, approval = {**document["projects"][0], "region": "us"}, {**document["approvals"][0], **bound}
    with within(world.admin.scope):
        waiting = ApprovalRequest.objects.get()
        approvals.withdraw(actor=world.admin, request=waiting)

    follow(world, {"chancery": 1, "projects": [project], "approvals": [approval]})

    made = exported(world)
    assert made["projects"][0]["region"] == "us"
    assert {name: made["approvals"][0][name] for name in bound} == bound
    assert {change.verb for change in follow(world, made).changes} == {"same"}


def test_a_permission_is_asked_for_and_not_made(world: World) -> None:
    asked = follow(world, a_register())

    with within(world.admin.scope):
        assert not Approval.objects.exists()
        request = ApprovalRequest.objects.get()
    assert verbs(asked)["approval of helper"] == "asked for"
    assert (request.status, request.max_data_class) == ("submitted", DataClass.CONFIDENTIAL)
    assert verbs(follow(world, a_register()))["approval of helper"] == "same", "what waits is not asked for twice"


def test_a_permission_in_force_is_widened_by_asking(world: World) -> None:
    follow(world, a_register())
    with within(world.officer.scope):
        request = ApprovalRequest.objects.get()
        approvals.approve(
            actor=world.officer, request=request, reason="fine", signed_hash=request.content_hash, now=world.now
        )
    assert verbs(follow(world, a_register()))["approval of helper"] == "same"
    wider = a_register()
    wider["approvals"][0]["teams"] = []

    [change] = [change for change in follow(world, wider).changes if change.verb != "same"]

    assert change.verb == "asked for"
    assert [(one.field, one.before, one.after) for one in change.differences] == [("teams", ["payments"], [])]
    with within(world.admin.scope):
        assert Approval.objects.get().teams == [world.team.id], "what is in force stays until somebody decides"


def test_a_dry_run_says_the_same_and_leaves_nothing(world: World) -> None:
    world.person("ada", Role.ADMINISTRATOR)
    before = len(acts.acts_of(world))
    dry = follow(world, a_register(), is_dry_run=True)

    with within(world.admin.scope):
        assert not Model.objects.exists()
    assert len(acts.acts_of(world)) == before
    assert dry == follow(world, a_register())


def test_what_fails_undoes_all_of_it_and_says_where(world: World) -> None:
    broken = a_register()
    broken["deployments"].append({**NAMED, "provider": "Nobody"})

    with pytest.raises(errors.InvalidRequest, match=r"^deployments\[1\]: There is no provider Nobody\.$"):
        follow(world, broken)

    with within(world.admin.scope):
        assert not Model.objects.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"models": [{"slug": "helper", "versoin": "2"}]}, r"models\[0\]: versoin: No such field"),
        ({"models": [{"slug": "new one"}]}, r"models\[0\]: "),
        ({"models": [{"name": "Nameless"}]}, r"models\[0\]: slug: it is found by this field"),
        ({"models": {"slug": "helper"}}, "models: a list is expected"),
        ({"models": [7]}, r"models\[0\]: "),
        ({"model": []}, "No such section: model"),
        ({"chancery": 2}, "begins with `chancery: 1`"),
        ({"teams": [{"slug": "one", "name": "1"}, {"slug": "one", "name": "1"}]}, r"teams\[1\]: it is declared twice"),
        ({"organization": {"slug": "another"}}, "organization: "),
        ({"budgets": [{"name": "b", "limit_usd": "much"}]}, r"budgets\[0\]: limit_usd: "),
        ({"budgets": [{"name": "b", "limit_usd": "1", "key": "test"}]}, r"budgets\[0\]: A key is named with"),
        ({"approvals": [{"model": "none", "justification": "x"}]}, r"approvals\[0\]: There is no model none"),
        ({"rate_limits": [{"requests_per_minute": -1}]}, r"rate_limits\[0\]: requests_per_minute"),
    ],
)
def test_a_document_that_is_wrong_is_refused_in_words(world: World, change: dict[str, Any], said: str) -> None:
    with pytest.raises(errors.InvalidRequest, match=said):
        follow(world, {**a_register(), **change})


@pytest.mark.parametrize("document", [None, [], "chancery: 1", 7, {}])
def test_what_is_no_document_is_refused(world: World, document: Any) -> None:
    with pytest.raises(errors.InvalidRequest):
        follow(world, document)


def test_what_was_approved_cannot_be_exchanged(world: World) -> None:
    follow(world, a_register())
    another = a_register()
    another["models"][0]["version"] = "2027-01-01"

    with pytest.raises(errors.Conflict, match=r"models\[0\]: model helper: version cannot be changed"):
        follow(world, another)


def test_only_what_is_mentioned_is_compared(world: World) -> None:
    follow(world, a_register())

    applied = follow(world, {"chancery": 1, "models": [{"slug": "helper", "version": "2026-01-01"}]})

    assert verbs(applied) == {"model helper": "same"}


def test_a_budget_is_raised_and_says_from_what(world: World) -> None:
    declared = {"chancery": 1, "budgets": [{"name": "All", "limit_usd": "7"}]}
    follow(world, declared)
    declared["budgets"][0]["limit_usd"] = "7.5"  # type: ignore[index]

    [change] = follow(world, declared).changes

    assert [(one.field, one.before, one.after) for one in change.differences] == [("limit_usd", "7", "7.5")]
    with within(world.admin.scope):
        assert Budget.objects.get(name="All").limit_nano_usd == money.from_usd("7.5")


def test_a_credential_is_replaced_only_where_it_is_another_and_shown_nowhere(world: World) -> None:
    follow(world, a_register())
    again = {"chancery": 1, "providers": [{**PROVIDER, "credential": "s2"}]}

    [change] = follow(world, again).changes

    assert change.verb == "changed"
    assert [(one.field, one.before, one.after) for one in change.differences] == [("credential", None, None)]
    assert verbs(follow(world, again)) == {"provider Upstream": "same"}
    assert "s2" not in str(exported(world))


def test_a_provider_moves_with_its_credential_by_those_who_decide(world: World) -> None:
    follow(world, a_register())
    moved = {"name": "Upstream", "base_url": "https://elsewhere.example/v1"}

    with pytest.raises(errors.InvalidRequest, match="together with the credential"):
        follow(world, {"chancery": 1, "providers": [moved]})
    document = {"chancery": 1, "providers": [{**moved, "credential": "s1"}]}
    with pytest.raises(errors.Forbidden, match="role does not include"):
        follow(world, document)
    [change] = follow(world, document, by=world.officer).changes
    assert [one.field for one in change.differences] == ["base_url"]


def test_the_secret_of_a_new_key_is_handed_out_once(world: World) -> None:
    key = {"team": "payments", "project": "app", "name": "of the file"}
    document = {"chancery": 1, "keys": [key]}

    assert follow(world, document, is_dry_run=True).secrets == {}
    made = follow(world, document)
    again = follow(world, document)

    assert list(made.secrets) == ["payments/app/of the file"]
    assert made.secrets["payments/app/of the file"].startswith("chy")
    assert (again.secrets, verbs(again)) == ({}, {"API key payments app of the file": "same"})


def test_keys_that_are_called_alike_cannot_be_declared(world: World) -> None:
    world.new_key()
    world.new_key()

    with pytest.raises(errors.Conflict, match="There are several"):
        follow(world, {"chancery": 1, "keys": [{"team": "payments", "project": "app", "name": "another"}]})
    with within(world.admin.scope):
        assert ApiKey.objects.filter(name="another").count() == 2


def test_nobody_does_by_a_document_what_their_role_does_not(world: World) -> None:
    developer = world.person("dev", Role.DEVELOPER, world.team)

    with pytest.raises(errors.Forbidden, match=r"^providers\[0\]: "):
        follow(world, a_register(), by=developer)
    administrator = worlds.without_second_factor(world.admin)
    renamed = {"slug": world.organization.slug, "name": "Another"}
    with pytest.raises(errors.Forbidden, match="needs a one-time password"):
        follow(world, {"chancery": 1, "organization": renamed}, by=administrator)


def test_a_document_shows_nobody_what_their_role_does_not(world: World) -> None:
    furnished(world)
    other_team, _ = world.new_team("letters")
    developer = world.person("dev", Role.DEVELOPER, other_team)

    shown = exported(world, developer)

    assert "budgets" not in shown
    assert "keys" not in shown, "those of another team"
    assert [team["slug"] for team in shown["teams"]] == ["letters"]
    with pytest.raises(errors.Forbidden):
        follow(world, {"chancery": 1, "budgets": [{"name": "All", "limit_usd": "7"}]}, by=developer)


def test_another_organisation_is_out_of_reach(world: World) -> None:
    furnished(world)
    other = worlds.build()
    stolen = {**NAMED, "upstream_model": "another", "position": 3}

    with pytest.raises(errors.InvalidRequest, match="There is no model helper"):
        follow(other, {"chancery": 1, "deployments": [stolen]})

    with within(world.admin.scope):
        assert Deployment.objects.count() == 1
        assert Team.objects.count() == 1


def test_a_document_has_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declaration, "MOST_ENTRIES", 3)
    with pytest.raises(errors.InvalidRequest, match="at most 3 entries"):
        follow(world, {"chancery": 1, "teams": [{"slug": f"t{n}", "name": "T"} for n in range(4)]})
