"""One way to do each act on what is known of providers and models, and on systems that run elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from governance.intake.table import of_rows
from governance.models import Agreement, OtherSystem
from governance.services import inventory, model_cards, systems, third_parties
from kit import clock
from kit.context import Actor
from kit.data_class import DataClass
from tests.support.preparing import Act, after, by_admin, on, unique
from tests.support.rerated import rerate, wrongly_rated
from tests.support.world import World


def _agree(actor: Actor, provider: Any) -> Agreement:
    now = clock.now()
    return third_parties.add_agreement(
        actor=actor, provider=provider, kind="dpa", reference="contracts", signed_on=now.date(), now=now
    )


def _take_in(actor: Actor, world: World) -> Any:
    header = ["kind", "name", "vendor", "version", "context_window", "max_output_tokens"]
    table = of_rows([header, ["model", unique("model"), "Somebody", "1", "8", "4"]])
    return inventory.take_in(actor=actor, table=table, takes_similar=True, now=clock.now())


def _list_system(actor: Actor, world: World) -> OtherSystem:
    return systems.register(
        actor=actor,
        now=world.now,
        name=unique("assistant"),
        vendor="Somebody",
        purpose="letters",
        owner_id=world.admin.id,
        ai_act_class="minimal",
        max_data_class=DataClass.INTERNAL,
    )


REGISTER: dict[str, Callable[[World], Act]] = {
    "governance.price.rerated": on(wrongly_rated, rerate),
    "governance.third_party.described": on(
        World.provider,
        lambda actor, provider: third_parties.describe(actor=actor, provider=provider, facts={"location": "Ireland"}),
    ),
    "governance.agreement.added": on(World.provider, _agree),
    "governance.agreement.ended": after(
        on(World.provider, _agree),
        lambda actor, made: third_parties.end_agreement(actor=actor, agreement=made, now=clock.now()),
    ),
    "governance.model_card.written": on(
        lambda world: world.model(unique("model"), approved=False),
        lambda actor, model: model_cards.write(
            actor=actor, model=model, based_on=0, intended_use="letters", now=clock.now()
        ),
    ),
    "governance.inventory.taken_in": by_admin(_take_in),
    "governance.system.registered": by_admin(_list_system),
    "governance.system.changed": after(
        by_admin(_list_system), lambda actor, made: systems.change(actor=actor, system=made, purpose="other letters")
    ),
    "governance.system.retired": after(
        by_admin(_list_system), lambda actor, made: systems.retire(actor=actor, system=made, now=clock.now())
    ),
}
