"""What there is to call: providers, models by exact version, deployments, prices, routes; and what for: use cases."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Any

from governance import credentials
from governance.models import AiActClass, Deployment, Model, OtherSystem, Price, Provider, Route, UseCase
from governance.rest.prices import rates_of
from governance.services import catalogue, systems, use_cases
from kit import errors
from portal.declared import forms, names
from portal.declared.section import Doing, Section, Values
from tenants import permissions

_NAMED = ("model", "provider", "upstream_model", "region")


class Providers(Section):
    """Its credential is compared with the one that is kept, and replaced where it is another."""

    name, noun, form, key = "providers", "provider", forms.ProviderForm, ("name",)
    view_act = "governance.register.view"
    changing = frozenset({"kind", "base_url", "credential"})

    def rows(self) -> Iterable[Provider]:
        return Provider.objects.order_by("name")

    def read(self, row: Provider) -> Values:
        return {"name": row.name, "kind": row.kind, "base_url": row.base_url}

    def differs(self, doing: Doing, row: Provider, entry: Values) -> list[str]:
        found = super().differs(doing, row, entry)
        if "credential" in entry:
            permissions.require(doing.actor, "governance.register.manage")
            kept = credentials.reveal(row.id, bytes(row.credential))
            if not hmac.compare_digest(kept.encode(), entry["credential"].encode()):
                found.append("credential")
        return found

    def make(self, doing: Doing, entry: Values) -> None:
        catalogue.register_provider(actor=doing.actor, now=doing.now, **entry)

    def change(self, doing: Doing, row: Provider, entry: Values) -> None:
        if "credential" not in entry:
            raise errors.InvalidRequest(f"Provider {row.name} moves together with the credential that is good there.")
        moved = {name: entry[name] for name in ("kind", "base_url")}
        if moved == {name: self.read(row)[name] for name in moved}:
            catalogue.replace_credential(actor=doing.actor, provider=row, credential=entry["credential"])
        else:
            catalogue.move_provider(
                actor=doing.actor, provider=row, credential=entry["credential"], now=doing.now, **moved
            )


class Models(Section):
    name, noun, form, key = "models", "model", forms.ModelForm, ("slug",)
    view_act = "governance.register.view"
    changing = frozenset({"usual_output_tokens", "image_tokens"})

    def rows(self) -> Iterable[Model]:
        return Model.objects.order_by("slug")

    def read(self, row: Model) -> Values:
        return {name: getattr(row, str(name)) for name in forms.ModelForm().get_fields()}

    def make(self, doing: Doing, entry: Values) -> None:
        catalogue.register_model(actor=doing.actor, now=doing.now, **entry)

    def change(self, doing: Doing, row: Model, entry: Values) -> None:
        estimates = {name: entry[name] for name in self.changing}
        catalogue.set_estimates(actor=doing.actor, model=row, **estimates)


class Deployments(Section):
    name, noun, form, key = "deployments", "deployment", forms.DeploymentForm, _NAMED
    view_act = "governance.register.view"

    def rows(self) -> Iterable[Deployment]:
        found = Deployment.objects.select_related("model", "provider")
        return found.order_by("model__slug", "position", "provider__name", "upstream_model", "region")

    def read(self, row: Deployment) -> Values:
        return {**_named(row), "position": row.position}

    def make(self, doing: Doing, entry: Values) -> None:
        known = {"model": names.model(entry["model"]), "provider": names.provider(entry["provider"])}
        catalogue.register_deployment(actor=doing.actor, now=doing.now, **{**entry, **known})


class Prices(Section):
    """One that is set stays: another is a further entry, from a later moment on."""

    name, noun, form, key = "prices", "price", forms.PriceForm, (*_NAMED, "effective_from")
    view_act = "governance.register.view"

    def rows(self) -> Iterable[Price]:
        found = Price.objects.select_related("deployment__model", "deployment__provider")
        return found.order_by("deployment__model__slug", "deployment__provider__name", "deployment", "effective_from")

    def read(self, row: Price) -> Values:
        return {
            **_named(row.deployment),
            "effective_from": row.effective_from,
            "input_usd": row.input_nano_usd_per_million,
            "cached_input_usd": row.cached_input_nano_usd_per_million,
            "output_usd": row.output_nano_usd_per_million,
            "per_request_usd": row.per_request_nano_usd,
            "further_rates": list(row.further()),
            "discount_percent": row.discount_ppm,
            "reference": row.reference,
        }

    def make(self, doing: Doing, entry: Values) -> None:
        catalogue.set_price(
            actor=doing.actor,
            deployment=names.deployment(entry),
            rates=rates_of(entry),
            effective_from=entry["effective_from"],
            now=doing.now,
        )


class Routes(Section):
    name, noun, form, key = "routes", "route", forms.RouteForm, ("slug",)
    view_act = "governance.register.view"

    def rows(self) -> Iterable[Route]:
        candidates = ("candidates__deployment__model", "candidates__deployment__provider")
        return Route.objects.select_related("team").prefetch_related(*candidates).order_by("slug")

    def read(self, row: Route) -> Values:
        return {
            "slug": row.slug,
            "description": row.description,
            "team": row.team.slug if row.team else None,
            "deployments": [_named(candidate.deployment) for candidate in row.candidates.all()],
        }

    def make(self, doing: Doing, entry: Values) -> None:
        catalogue.create_route(
            actor=doing.actor,
            slug=entry["slug"],
            description=entry["description"],
            team=names.team(entry["team"]) if entry["team"] else None,
            deployments=[names.deployment(named) for named in entry["deployments"]],
            now=doing.now,
        )


class UseCases(Section):
    """Those in use. Its owner is a person, whom not everybody is shown."""

    name, noun, form, key = "use_cases", "use case", forms.UseCaseForm, ("slug",)
    view_act = "tenants.member.view"
    changing = frozenset({"name", "purpose", "ai_act_class", "decides_about_persons", "owner"})

    def rows(self) -> Iterable[UseCase]:
        return UseCase.objects.filter(retired_at__isnull=True).select_related("team", "owner").order_by("slug")

    def read(self, row: UseCase) -> Values:
        said = {name: getattr(row, name) for name in ("slug", "name", "purpose", "ai_act_class")}
        return {
            **said,
            "team": row.team.slug if row.team else None,
            "decides_about_persons": row.decides_about_persons,
            "owner": row.owner.email,
        }

    def make(self, doing: Doing, entry: Values) -> None:
        team = names.team(entry["team"]) if entry["team"] else None
        use_cases.register(actor=doing.actor, slug=entry["slug"], described=_described(entry), team=team, now=doing.now)

    def change(self, doing: Doing, row: UseCase, entry: Values) -> None:
        use_cases.change(actor=doing.actor, use_case=row, described=_described(entry))


class OtherSystems(Section):
    """Those in use, of what does not run through the gateway."""

    name, noun, form, key = "other_systems", "other system", forms.OtherSystemForm, ("vendor", "name")
    view_act = "tenants.member.view"
    changing = frozenset(forms.OtherSystemForm().get_fields()) - {"vendor", "name"}

    def rows(self) -> Iterable[OtherSystem]:
        listed = OtherSystem.objects.filter(retired_at__isnull=True).select_related("owner")
        return listed.order_by("vendor", "name")

    def read(self, row: OtherSystem) -> Values:
        facts = ("name", "vendor", "purpose", "ai_act_class", "max_data_class", "review_on")
        return {**{name: getattr(row, name) for name in facts}, "owner": row.owner.email}

    def make(self, doing: Doing, entry: Values) -> None:
        systems.register(actor=doing.actor, now=doing.now, **_owned(entry))

    def change(self, doing: Doing, row: OtherSystem, entry: Values) -> None:
        systems.change(actor=doing.actor, system=row, **_owned(entry))


def _owned(entry: Values) -> dict[str, Any]:
    """With the owner's id in place of the address."""
    facts = {name: value for name, value in entry.items() if name != "owner"}
    return {**facts, "owner_id": names.person(entry["owner"]).id}


def _described(entry: Values) -> use_cases.Description:
    return use_cases.Description(
        name=entry["name"],
        purpose=entry["purpose"],
        ai_act_class=AiActClass(entry["ai_act_class"]),
        owner_id=names.person(entry["owner"]).id,
        decides_about_persons=entry["decides_about_persons"],
    )


def _named(row: Deployment) -> dict[str, str]:
    return {
        "model": row.model.slug,
        "provider": row.provider.name,
        "upstream_model": row.upstream_model,
        "region": row.region,
    }
