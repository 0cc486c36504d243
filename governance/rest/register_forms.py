"""The wire forms of third parties, of systems outside the gateway and of model cards."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance import selectors, third_party
from governance.models import (
    Agreement,
    AgreementKind,
    AiActClass,
    Criticality,
    Model,
    ModelCard,
    OtherSystem,
    Provider,
    Substitutability,
    ThirdPartyFile,
)
from governance.services.model_cards import PARTS
from governance.services.third_parties import FACTS
from kit import clock
from kit.data_class import DataClass
from tenants.rest.base import DataClassField, Scoped


class ThirdPartyFileShown(serializers.ModelSerializer[ThirdPartyFile]):
    provider = serializers.UUIDField(source="provider_id", read_only=True)
    gaps = serializers.SerializerMethodField(help_text="What is missing, in sentences.")

    class Meta:
        model = ThirdPartyFile
        fields = ["id", "provider", *FACTS, "gaps"]

    def get_gaps(self, row: ThirdPartyFile) -> list[str]:
        return third_party.gaps(row.provider, timezone.localdate(clock.now()))


class ThirdPartyFileTaken(serializers.Serializer[Any]):
    provider = Scoped(Provider)
    is_own = serializers.BooleanField(required=False)
    location = serializers.CharField(max_length=200, required=False, allow_blank=True)
    retention_days = serializers.IntegerField(min_value=0, max_value=100_000, required=False, allow_null=True)
    trains_on_data = serializers.BooleanField(required=False, allow_null=True)
    sub_processors = serializers.ListField(
        child=serializers.CharField(max_length=200), max_length=200, required=False, help_text="Who, where, what for."
    )
    function_supported = serializers.CharField(max_length=200, required=False, allow_blank=True)
    criticality = serializers.ChoiceField(choices=Criticality.choices, required=False, allow_blank=True)
    substitutability = serializers.ChoiceField(choices=Substitutability.choices, required=False, allow_blank=True)
    exit_plan = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    audited_on = serializers.DateField(required=False, allow_null=True)
    contact = serializers.CharField(max_length=200, required=False, allow_blank=True)


class AgreementShown(serializers.ModelSerializer[Agreement]):
    provider = serializers.UUIDField(source="provider_id", read_only=True)

    class Meta:
        model = Agreement
        fields = ["id", "provider", "kind", "reference", "signed_on", "valid_until", "created_at", "ended_at"]


class AgreementTaken(serializers.Serializer[Any]):
    provider = Scoped(Provider)
    kind = serializers.ChoiceField(choices=AgreementKind.choices)
    reference = serializers.CharField(max_length=200)
    signed_on = serializers.DateField()
    valid_until = serializers.DateField(required=False, allow_null=True, default=None, help_text="The last day.")


class OtherSystemShown(serializers.ModelSerializer[OtherSystem]):
    owner = serializers.UUIDField(source="owner_id", read_only=True)
    max_data_class = DataClassField(read_only=True)

    class Meta:
        model = OtherSystem
        fields = [
            "id",
            "name",
            "vendor",
            "purpose",
            "owner",
            "ai_act_class",
            "max_data_class",
            "review_on",
            "created_at",
            "retired_at",
        ]


class SimilarSystem(serializers.Serializer[Any]):
    system = serializers.UUIDField(source="id", read_only=True)
    name = serializers.CharField(source="__str__", read_only=True)
    distance = serializers.FloatField(read_only=True, help_text="Cosine distance of name and vendor; 0 is equal.")


class OtherSystemRegistered(OtherSystemShown):
    similar = serializers.SerializerMethodField(help_text="What was listed before and reads alike, nearest first.")

    class Meta(OtherSystemShown.Meta):
        fields = [*OtherSystemShown.Meta.fields, "similar"]

    @extend_schema_field(SimilarSystem(many=True))
    def get_similar(self, row: OtherSystem) -> Any:
        return SimilarSystem(selectors.similar_systems(row), many=True).data


class OtherSystemTaken(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    vendor = serializers.CharField(max_length=200)
    purpose = serializers.CharField(max_length=4000)
    owner = serializers.UUIDField(source="owner_id", help_text="Who answers for its use.")
    ai_act_class = serializers.ChoiceField(choices=AiActClass.choices)
    max_data_class = DataClassField(default=DataClass.INTERNAL)
    review_on = serializers.DateField(required=False, allow_null=True, default=None)


class OtherSystemChanged(serializers.Serializer[Any]):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=200, required=False)
    vendor = serializers.CharField(max_length=200, required=False)
    purpose = serializers.CharField(max_length=4000, required=False)
    owner = serializers.UUIDField(source="owner_id", required=False)
    ai_act_class = serializers.ChoiceField(choices=AiActClass.choices, required=False)
    max_data_class = DataClassField(required=False)
    review_on = serializers.DateField(required=False, allow_null=True)


class ModelCardShown(serializers.ModelSerializer[ModelCard]):
    model = serializers.UUIDField(source="model_id", read_only=True)
    written_by = serializers.UUIDField(source="written_by_id", read_only=True)

    class Meta:
        model = ModelCard
        fields = ["id", "model", "number", *PARTS, "content_hash", "written_by", "written_at"]


class ModelCardTaken(serializers.Serializer[Any]):
    model = Scoped(Model)
    based_on = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, default=0, help_text="The number of the card that was read; 0 for none."
    )
    intended_use = serializers.CharField(max_length=4000)
    not_for = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    limitations = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    evaluation = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    text = serializers.CharField(max_length=50_000, required=False, allow_blank=True, help_text="Markdown.")
