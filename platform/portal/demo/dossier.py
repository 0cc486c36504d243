"""What the people of the demo have gathered and begun: use cases, evidence, a third party, a model that ends, a request
that takes three signatures. After the history of calls, which decides who is told of what."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from governance.models import (
    AgreementKind,
    AiActClass,
    Criticality,
    EvidenceKind,
    Model,
    Provider,
    ProviderKind,
    RiskTier,
    Substitutability,
    UseCase,
)
from governance.services import (
    approvals,
    catalogue,
    evidence,
    life,
    model_cards,
    notices,
    systems,
    third_parties,
    use_cases,
)
from kit.data_class import DataClass
from kit.scoping import within
from portal.demo import exceptions
from portal.demo.cast import ENDING_MODEL, LOCAL_MODEL, LOCAL_PROVIDER, OUTSIDER, PENDING_MODEL
from portal.demo.seed import Founded

_LICENCE = b"Apache License, Version 2.0. The text is at https://www.apache.org/licenses/LICENSE-2.0\n"


def compile_for(founded: Founded, now: datetime) -> None:
    _read_notices(founded, now)
    with within(founded.system.scope):
        models = {model.slug: model for model in Model.objects.all()}
    _list_elsewhere(founded, now)
    _know_providers(founded, now)
    _document(founded, models[LOCAL_MODEL], now)
    letters, limits = _use_cases(founded, now)
    _ask_for_much(founded, models[PENDING_MODEL], [letters, limits], now)
    _end(founded, models[ENDING_MODEL], models[LOCAL_MODEL], now)
    exceptions.compile_for(founded, models, letters, limits, now)


def _read_notices(founded: Founded, now: datetime) -> None:
    """Those of what is over by now."""
    for person in founded.actors.values():
        with within(person.scope):
            notices.read(actor=person, now=now)


def _use_cases(founded: Founded, now: datetime) -> list[UseCase]:
    admin, owner = founded.actors["admin"], founded.actors["dev"]
    team = next(iter(founded.teams.values()))
    letters = use_cases.Description(
        name="Letters to customers",
        purpose="Drafts answers to letters; a clerk reads each before it is sent.",
        ai_act_class=AiActClass.LIMITED,
        owner_id=owner.id,
    )
    limits = use_cases.Description(
        name="Credit limits",
        purpose="Proposes a limit from the file of an applicant; a clerk decides.",
        ai_act_class=AiActClass.HIGH,
        owner_id=owner.id,
        decides_about_persons=True,
    )
    with within(admin.scope):
        return [
            use_cases.register(actor=admin, slug="letters", described=letters, team=team, now=now),
            use_cases.register(actor=admin, slug="credit-limits", described=limits, team=team, now=now),
        ]


def _list_elsewhere(founded: Founded, now: datetime) -> None:
    """AI that the gateway does not see."""
    admin = founded.actors["admin"]
    with within(admin.scope):
        systems.register(
            actor=admin,
            now=now,
            name="Meeting notes",
            vendor="Example Conferencing",
            purpose="Writes minutes of video calls for whoever takes part.",
            owner_id=admin.id,
            ai_act_class=AiActClass.LIMITED,
            max_data_class=DataClass.INTERNAL,
            review_on=(now + timedelta(days=60)).date(),
        )


def _know_providers(founded: Founded, now: datetime) -> None:
    """The organisation's own machine, and a company that is looked into before anything is deployed there."""
    admin = founded.actors["admin"]
    with within(admin.scope):
        own = Provider.objects.get(name=LOCAL_PROVIDER)
        third_parties.describe(
            actor=admin,
            provider=own,
            facts={"is_own": True, "location": "This machine", "retention_days": 0, "trains_on_data": False},
        )
        outsider = catalogue.register_provider(
            actor=admin,
            name=OUTSIDER,
            kind=ProviderKind.OPENAI_COMPATIBLE,
            base_url="https://api.nimbus.example/v1",
            credential="of-no-account",
            now=now,
        )
        third_parties.describe(
            actor=admin,
            provider=outsider,
            facts={
                "location": "Ireland, Germany",
                "retention_days": 30,
                "trains_on_data": False,
                "sub_processors": ["Example Hosting, Frankfurt, servers"],
                "function_supported": "Customer letters",
                "criticality": Criticality.IMPORTANT,
                "substitutability": Substitutability.EASY,
                "exit_plan": "The route to it is given another deployment; nothing of ours is kept there.",
                "contact": "privacy@nimbus.example",
            },
        )
        third_parties.add_agreement(
            actor=admin,
            provider=outsider,
            kind=AgreementKind.DPA,
            reference="Contracts, folder 12",
            signed_on=(now - timedelta(days=320)).date(),
            valid_until=(now + timedelta(days=45)).date(),
            now=now,
        )


def _document(founded: Founded, model: Model, now: datetime) -> None:
    """What is known of the model that everybody calls."""
    admin, officer = founded.actors["admin"], founded.officers[0]
    with within(admin.scope):
        model_cards.write(
            actor=admin,
            model=model,
            based_on=0,
            now=now,
            intended_use="Short drafts that a person reads before anybody relies on them.",
            not_for="Facts, sums, and decisions about people.",
            limitations="135 million parameters: fluent, often wrong. English only.",
            evaluation="200 letters of last year; see the evidence.",
        )
    with within(officer.scope):
        for offered in (
            evidence.Offered(EvidenceKind.LICENCE, "Licence of the weights", content=_LICENCE),
            _measured("Letters of last year", "answers a clerk would send", "0.62", "0.5", now + timedelta(days=21)),
        ):
            evidence.add(actor=officer, subject=model, offered=offered, now=now)


def _ask_for_much(founded: Founded, model: Model, named: list[UseCase], now: datetime) -> None:
    """High risk: three people sign, and not all evidence that this takes is there."""
    officer, developer = founded.officers[0], founded.actors["dev"]
    with within(officer.scope):
        evaluation = _measured("Limits of last year", "agrees with the clerk", "0.83", "0.8", now + timedelta(days=180))
        dpia = evidence.Offered(
            EvidenceKind.DPIA,
            "Assessment of credit limits",
            content=b"Applicants are told, may object, and a clerk decides. Files are kept for six months.\n",
        )
        rests_on = [
            evidence.add(actor=officer, subject=model, offered=offered, now=now).id for offered in (evaluation, dpia)
        ]
    with within(developer.scope):
        approvals.submit(
            actor=developer,
            model=model,
            justification="Letters, and limits that a clerk decides on; the small model misreads too many files.",
            terms=approvals.Terms(
                teams=[team.id for team in list(founded.teams.values())[:1]],
                use_cases=[use_case.id for use_case in named],
                regions=[founded.company.region],
                deployments=list(model.deployments.values_list("id", flat=True)),
                max_data_class=DataClass.CONFIDENTIAL,
                expires_at=now + timedelta(days=365),
                risk_tier=RiskTier.HIGH,
                evidence=rests_on,
            ),
            now=now,
        )


def _end(founded: Founded, model: Model, successor: Model, now: datetime) -> None:
    admin = founded.actors["admin"]
    with within(admin.scope):
        life.deprecate(
            actor=admin,
            model=model,
            sunset_at=now + timedelta(days=75),
            successor=successor,
            reason="Its successor answers better at the same price.",
            now=now,
        )


def _measured(title: str, metric: str, value: str, threshold: str, expires_at: datetime) -> evidence.Offered:
    result = evidence.Result(metric, passed=True, value=Decimal(value), threshold=Decimal(threshold))
    return evidence.Offered(EvidenceKind.EVALUATION, title, expires_at=expires_at, result=result)
