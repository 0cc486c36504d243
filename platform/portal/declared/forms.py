"""How entries are written. The same forms check what is applied and write what is exported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from governance.models import AiActClass, EvidenceKind, Modality, ProviderKind, RiskTier, Tier
from governance.models.catalogue import SLUG, USUAL_OUTPUT_TOKENS
from governance.rest.approval_forms import AnswersField, RiskTierField, StageRuleForm
from governance.rest.prices import PercentField, RateField
from governance.rest.serializers import ImageTokensField, UsualOutputField
from governance.services.review_rules import MOST_RECERTIFY_DAYS
from kit.data_class import DataClass
from tenants.models import AtStop, Each, Period, Scope
from tenants.models.money import CEILINGS, MOST
from tenants.rest.base import DataClassField, UsdField

_POSITIVE = 2**31 - 1


class Entry(serializers.Serializer[Any]):
    """Refuses names it does not know: a misspelt one would be left out silently."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and (unknown := sorted(str(name) for name in data.keys() - self.fields.keys())):
            raise serializers.ValidationError({name: ["No such field."] for name in unknown})
        return super().to_internal_value(data)

    def written(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values as they stand in a document, of those fields that have one."""
        return {
            name: None if values[name] is None else field.to_representation(values[name])
            for name, field in self.fields.items()
            if name in values and not field.write_only
        }


def _text(longest: int = 200, **options: Any) -> serializers.CharField:
    return serializers.CharField(max_length=longest, **options)


def _name_of_another() -> serializers.CharField:
    return _text(required=False, allow_null=True, default=None)


def _limit(most: int = _POSITIVE) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=most, required=False, allow_null=True, default=None)


class OrganizationForm(Entry):
    slug = _text()
    name = _text()
    time_zone = _text(64)
    cors_origins = serializers.ListField(child=_text())
    default_monthly_budget_usd = UsdField(allow_null=True)
    default_requests_per_minute = _limit()
    default_tokens_per_minute = _limit()
    default_concurrency = _limit()


class TeamForm(Entry):
    slug = serializers.SlugField()
    name = _text()


class ProjectForm(Entry):
    """`region` is where the application runs; empty: where the organisation is at home."""

    team = _text()
    slug = serializers.SlugField()
    name = _text()
    region = _text(32, allow_blank=True, default="")


class LevelForm(Entry):
    """Where a budget or limit binds: the key of that name, its project, its team; none of them: everything.

    `each`: not all of it together, but every team, project, key or end user within it.
    """

    team = _name_of_another()
    project = _name_of_another()
    key = _name_of_another()
    each = serializers.ChoiceField(choices=Each.choices, required=False, allow_null=True, default=None)


class BudgetForm(LevelForm):
    name = _text()
    limit_usd = UsdField()
    period = serializers.ChoiceField(choices=Period.choices, default=Period.MONTH)
    use_case = _text(64, allow_blank=True, default="")
    model = _text(allow_blank=True, default="")
    tag = _text(64, allow_blank=True, default="")
    thresholds = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=1000), default=[50, 80, 100]
    )
    at_stop = serializers.ChoiceField(choices=AtStop.choices, default=AtStop.BLOCK)
    downgrade_model = _text(allow_blank=True, default="")
    downgrade_at_percent = serializers.IntegerField(min_value=1, max_value=100, default=100)
    per_request_usd = UsdField(allow_null=True, default=None)
    expected_requests = _limit(MOST)


class RateLimitForm(LevelForm):
    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), **{name: _limit(MOST) for name in CEILINGS}}


class KeyForm(Entry):
    team = _text()
    project = _text()
    name = _text()
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), default=[Scope.INFERENCE, Scope.MODELS_READ]
    )
    networks = serializers.ListField(child=_text(64), default=list)
    max_data_class = DataClassField(default=DataClass.CONFIDENTIAL)
    expires_at = serializers.DateTimeField(allow_null=True, default=None)


class ProviderForm(Entry):
    """The credential is taken and never written."""

    name = _text()
    kind = serializers.ChoiceField(choices=ProviderKind.choices)
    base_url = serializers.URLField(max_length=500, allow_blank=True, default="")
    credential = serializers.CharField(write_only=True, required=False, allow_blank=True)


class ModelForm(Entry):
    slug = _text(validators=[SLUG])
    name = _text()
    publisher = _text()
    version = _text()
    description = serializers.CharField(allow_blank=True, default="")
    tier = serializers.ChoiceField(choices=Tier.choices, default=Tier.STANDARD)
    context_window = serializers.IntegerField(min_value=1, max_value=_POSITIVE)
    max_output_tokens = serializers.IntegerField(min_value=1, max_value=_POSITIVE)
    usual_output_tokens = UsualOutputField(default=USUAL_OUTPUT_TOKENS)
    image_tokens = ImageTokensField(default=None)
    modalities = serializers.ListField(child=serializers.ChoiceField(choices=Modality.choices), default=list)
    licence = _text(allow_blank=True, default="")
    base_model = _text(allow_blank=True, default="")
    adapter = _text(allow_blank=True, default="")
    quantization = _text(64, allow_blank=True, default="")
    training_data = _text(500, allow_blank=True, default="")


class DeploymentNamed(Entry):
    """Which deployment is meant."""

    model = _text()
    provider = _text()
    upstream_model = _text()
    region = _text(32)


class DeploymentForm(DeploymentNamed):
    position = serializers.IntegerField(min_value=0, max_value=32_767, default=0)


class PriceForm(DeploymentNamed):
    """USD per million tokens, and per request."""

    effective_from = serializers.DateTimeField()
    input_usd = UsdField()
    cached_input_usd = UsdField()
    output_usd = UsdField()
    per_request_usd = UsdField(default=0)
    further_rates = RateField(many=True, default=list)
    discount_percent = PercentField(default=0)
    reference = _text(allow_blank=True, default="")


class RouteForm(Entry):
    slug = _text(validators=[SLUG])
    description = _text(500, allow_blank=True, default="")
    team = _name_of_another()
    deployments = serializers.ListField(child=DeploymentNamed(), allow_empty=False)


class UseCaseForm(Entry):
    """`owner` is somebody's e-mail address."""

    slug = _text(64, validators=[SLUG])
    name = _text()
    team = _name_of_another()
    purpose = serializers.CharField()
    ai_act_class = serializers.ChoiceField(choices=AiActClass.choices)
    decides_about_persons = serializers.BooleanField(default=False)
    owner = serializers.EmailField()


class OtherSystemForm(Entry):
    """`owner` is somebody's e-mail address."""

    name = _text()
    vendor = _text()
    purpose = serializers.CharField(max_length=4000)
    owner = serializers.EmailField()
    ai_act_class = serializers.ChoiceField(choices=AiActClass.choices)
    max_data_class = DataClassField(default=DataClass.INTERNAL)
    review_on = serializers.DateField(allow_null=True, default=None)


class ReviewRuleForm(Entry):
    risk_tier = RiskTierField()
    stages = serializers.ListField(child=StageRuleForm(), allow_empty=False)
    evidence = serializers.ListField(child=serializers.ChoiceField(choices=EvidenceKind.choices), required=False)
    recertify_days = serializers.IntegerField(
        min_value=1, max_value=MOST_RECERTIFY_DAYS, required=False, allow_null=True
    )


class PlaceForm(Entry):
    """Which deployment of the model is meant."""

    provider = _text()
    upstream_model = _text()
    region = _text(32)


class ApprovalForm(Entry):
    """The permission a model is to have. It is asked for where it is not in force; nobody's decision is replaced."""

    model = _text()
    justification = serializers.CharField(max_length=4000)
    teams = serializers.ListField(child=_text(), default=list)
    use_cases = serializers.ListField(child=_text(64), default=list)
    caller_regions = serializers.ListField(child=_text(32), default=list)
    regions = serializers.ListField(child=_text(32), default=list)
    deployments = serializers.ListField(child=PlaceForm(), default=list)
    max_data_class = DataClassField(default=DataClass.INTERNAL)
    expires_at = serializers.DateTimeField(allow_null=True, default=None)
    risk_tier = RiskTierField(default=RiskTier.LOW)
    answers = AnswersField(required=False, allow_null=True)
