"""The wire forms of the register: what is shown, and what is taken."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance import coverage, selectors
from governance.models import (
    Deployment,
    Modality,
    Model,
    Provider,
    ProviderKind,
    ReportedIdentity,
    Route,
    Suspension,
    Tier,
)
from governance.models.catalogue import SLUG, USUAL_OUTPUT_TOKENS
from tenants.models import Team
from tenants.rest.base import Scoped, UsdField

_POSITIVE = 2**31 - 1


class ProviderShown(serializers.ModelSerializer[Provider]):
    has_credential = serializers.SerializerMethodField()

    class Meta:
        model = Provider
        fields = ["id", "name", "kind", "base_url", "has_credential", "suspended_at", "created_at"]

    def get_has_credential(self, row: Provider) -> bool:
        return bool(row.credential)


class ProviderTaken(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=ProviderKind.choices)
    base_url = serializers.URLField(max_length=500, required=False, allow_blank=True, default="")
    credential = serializers.CharField(required=False, allow_blank=True, default="", write_only=True)


class ReasonTaken(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=4000, help_text="Kept, and shown to whoever may suspend and resume.")


class SuspensionTaken(ReasonTaken):
    cuts_calls = serializers.BooleanField(default=False, help_text="Ends calls that run, too.")


class SubjectSuspended(SuspensionTaken):
    subject = serializers.UUIDField(
        help_text="The id of a provider, model, deployment, approval, API key, team or of the organisation."
    )


class SuspensionShown(serializers.ModelSerializer[Suspension]):
    """One without an end is in force. Nobody is named where the system or the operator acted."""

    subject = serializers.UUIDField(source="subject_id", read_only=True)
    team = serializers.UUIDField(source="team_id", read_only=True, allow_null=True)
    begun_by = serializers.UUIDField(source="begun_by_id", read_only=True, allow_null=True)
    ended_by = serializers.UUIDField(source="ended_by_id", read_only=True, allow_null=True)

    class Meta:
        model = Suspension
        fields = [
            "id",
            "subject_kind",
            "subject",
            "team",
            "reason",
            "cuts_calls",
            "begun_by",
            "begun_at",
            "ended_by",
            "ended_at",
            "end_reason",
        ]


class CredentialTaken(serializers.Serializer[Any]):
    credential = serializers.CharField(allow_blank=True)


class ModelShown(serializers.ModelSerializer[Model]):
    """`successor` is the model to go over to, where the end of this one is announced."""

    successor = serializers.UUIDField(source="successor_id", read_only=True, allow_null=True)

    class Meta:
        model = Model
        fields = [
            "id",
            "slug",
            "name",
            "publisher",
            "version",
            "description",
            "tier",
            "context_window",
            "max_output_tokens",
            "usual_output_tokens",
            "image_tokens",
            "modalities",
            "licence",
            "base_model",
            "adapter",
            "quantization",
            "training_data",
            "suspended_at",
            "life",
            "deprecated_at",
            "sunset_at",
            "successor",
            "deprecation_reason",
            "created_at",
        ]


class DeprecationTaken(ReasonTaken):
    sunset_at = serializers.DateTimeField(help_text="From then on every call is refused.")
    successor = Scoped(Model, required=False, allow_null=True, default=None)


class CallingShown(serializers.Serializer[Any]):
    """Of the last 30 days. Without a key, a caller with a token of an identity provider."""

    team = serializers.UUIDField(source="team_id", read_only=True, allow_null=True)
    project = serializers.UUIDField(source="project_id", read_only=True, allow_null=True)
    api_key = serializers.UUIDField(source="api_key_id", read_only=True, allow_null=True)
    calls = serializers.IntegerField(read_only=True)
    last_at = serializers.DateTimeField(read_only=True)
    cost_usd = UsdField(source="cost_nano_usd", read_only=True)


class UsualOutputField(serializers.IntegerField):
    """Null: the maximum."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=_POSITIVE, allow_null=True, **options)


class ImageTokensField(serializers.IntegerField):
    """Null: a call with a picture is held at the whole context window."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=_POSITIVE, allow_null=True, **options)


class ModelTaken(serializers.Serializer[Any]):
    slug = serializers.CharField(max_length=200, validators=[SLUG])
    name = serializers.CharField(max_length=200)
    publisher = serializers.CharField(max_length=200)
    version = serializers.CharField(max_length=200)
    description = serializers.CharField(required=False, allow_blank=True, default="")
    tier = serializers.ChoiceField(choices=Tier.choices, default=Tier.STANDARD)
    context_window = serializers.IntegerField(min_value=1, max_value=_POSITIVE)
    max_output_tokens = serializers.IntegerField(min_value=1, max_value=_POSITIVE)
    usual_output_tokens = UsualOutputField(required=False, default=USUAL_OUTPUT_TOKENS)
    image_tokens = ImageTokensField(required=False, default=None)
    modalities = serializers.ListField(
        child=serializers.ChoiceField(choices=Modality.choices), required=False, default=list
    )
    licence = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    base_model = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    adapter = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    quantization = serializers.CharField(max_length=64, required=False, allow_blank=True, default="")
    training_data = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class EstimatesTaken(serializers.Serializer[Any]):
    usual_output_tokens = UsualOutputField()
    image_tokens = ImageTokensField()


class SimilarModel(serializers.Serializer[Any]):
    model = serializers.UUIDField(source="id", read_only=True)
    slug = serializers.CharField(read_only=True)
    distance = serializers.FloatField(
        read_only=True, help_text="Cosine distance of names and descriptions; 0 is equal."
    )


class ModelRegistered(ModelShown):
    similar = serializers.SerializerMethodField(help_text="What was listed before and reads alike, nearest first.")

    class Meta(ModelShown.Meta):
        fields = [*ModelShown.Meta.fields, "similar"]

    @extend_schema_field(SimilarModel(many=True))
    def get_similar(self, row: Model) -> Any:
        return SimilarModel(selectors.similar_models(row), many=True).data


class DeploymentShown(serializers.ModelSerializer[Deployment]):
    not_covered = serializers.SerializerMethodField(
        help_text="Why no call there runs under the approval of the model, which is to be asked for anew; else empty."
    )

    def get_not_covered(self, deployment: Deployment) -> str:
        return coverage.lack(deployment)

    model = serializers.UUIDField(source="model_id", read_only=True)
    provider = serializers.UUIDField(source="provider_id", read_only=True)

    class Meta:
        model = Deployment
        fields = [
            "id",
            "model",
            "provider",
            "upstream_model",
            "region",
            "position",
            "suspended_at",
            "not_covered",
            "created_at",
        ]


class IdentityShown(serializers.ModelSerializer[ReportedIdentity]):
    """`model` and `fingerprint` as the upstream named them; empty where it did not."""

    class Meta:
        model = ReportedIdentity
        fields = ["id", "model", "fingerprint", "first_heard_at"]


class DeploymentTaken(serializers.Serializer[Any]):
    model = Scoped(Model)
    provider = Scoped(Provider)
    upstream_model = serializers.CharField(max_length=200)
    region = serializers.CharField(max_length=32)
    position = serializers.IntegerField(min_value=0, max_value=32_767, default=0)


class RouteShown(serializers.ModelSerializer[Route]):
    team = serializers.UUIDField(source="team_id", read_only=True, allow_null=True)
    deployments = serializers.SerializerMethodField(help_text="In the order in which they are tried.")

    class Meta:
        model = Route
        fields = ["id", "slug", "description", "team", "deployments", "created_at"]

    def get_deployments(self, row: Route) -> list[str]:
        return [str(candidate.deployment_id) for candidate in row.candidates.all()]


class RouteTaken(serializers.Serializer[Any]):
    slug = serializers.CharField(max_length=200, validators=[SLUG])
    description = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    team = Scoped(Team, required=False, allow_null=True, default=None)
    deployments = serializers.ListField(child=Scoped(Deployment), allow_empty=False)
