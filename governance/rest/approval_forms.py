"""The wire forms of approvals and of their review: what is shown, and what is taken."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance import completeness, review
from governance.approval_state import state_of
from governance.models import (
    Approval,
    ApprovalRequest,
    ApprovalState,
    Decision,
    Deployment,
    Evidence,
    EvidenceKind,
    Model,
    RiskTier,
    UseCase,
)
from governance.models.approval import Conditions
from governance.services.approvals import Terms
from governance.services.review_rules import MOST_DAYS, MOST_NEEDED, MOST_RECERTIFY_DAYS
from kit import clock, scoping
from kit.data_class import DataClass
from tenants.models import Role, Team
from tenants.rest.base import DataClassField, Scoped


class RiskTierField(serializers.ChoiceField):
    """By name on the wire, by rank inside."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[tier.name.lower() for tier in RiskTier], **options)

    def to_internal_value(self, data: Any) -> Any:
        return RiskTier[super().to_internal_value(data).upper()]

    def to_representation(self, value: Any) -> str:
        return RiskTier(value).name.lower()


@extend_schema_field({"type": "object", "additionalProperties": {"type": ["string", "boolean", "integer"]}})
class AnswersField(serializers.JSONField):
    """By the names of the questions. What is valid is for the questionnaire to say."""


class ConditionsShown(serializers.Serializer[Any]):
    """Empty lists mean any."""

    teams = serializers.SerializerMethodField(help_text="Null stands for a team that the caller does not see.")
    use_cases = serializers.SerializerMethodField(help_text="Null stands for one that the caller does not see.")
    caller_regions = serializers.ListField(child=serializers.CharField(), read_only=True)
    regions = serializers.ListField(child=serializers.CharField(), read_only=True)
    deployments = serializers.ListField(child=serializers.UUIDField(), read_only=True)
    max_data_class = DataClassField(read_only=True)
    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField(allow_null=True)))
    def get_teams(self, row: Conditions) -> list[str | None]:
        seen = scoping.current().team_ids
        return [str(team) if seen is None or team in seen else None for team in row.teams]

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField(allow_null=True)))
    def get_use_cases(self, row: Conditions) -> list[str | None]:
        return [str(use_case) if use_case in self._seen_use_cases else None for use_case in row.use_cases]

    @cached_property
    def _seen_use_cases(self) -> frozenset[UUID]:
        """Of those that any row of the answer names."""
        rows: Any = self.parent.instance if isinstance(self.parent, serializers.ListSerializer) else [self.instance]
        named = {use_case for row in rows for use_case in row.use_cases}
        return frozenset(UseCase.objects.filter(id__in=named).values_list("id", flat=True)) if named else frozenset()


class AnswersShown(serializers.Serializer[Any]):
    """Null where nothing was answered."""

    questionnaire = serializers.UUIDField(
        source="questionnaire_id", read_only=True, allow_null=True, help_text="Null for the shipped one."
    )
    answers = AnswersField(read_only=True, allow_null=True)
    computed_tier = RiskTierField(read_only=True, allow_null=True, help_text="What follows from the answers.")


class DecisionShown(serializers.ModelSerializer[Decision]):
    """`decided_for` differs from `decided_by` where the decision was delegated."""

    stage = serializers.UUIDField(source="stage_id", read_only=True)
    decided_by = serializers.UUIDField(source="decided_by_id", read_only=True)
    decided_for = serializers.UUIDField(source="decided_for_id", read_only=True)

    class Meta:
        model = Decision
        fields = [
            "id",
            "stage",
            "revision",
            "decided_by",
            "decided_for",
            "verdict",
            "reason",
            "waiver",
            "signed_hash",
            "decided_at",
        ]


class StageShown(serializers.Serializer[Any]):
    """A stage of the present revision. Decisions are made in the one that is open."""

    id = serializers.UUIDField(source="stage.id", read_only=True)
    position = serializers.IntegerField(source="stage.position", read_only=True)
    roles = serializers.ListField(source="stage.roles", child=serializers.CharField(), read_only=True)
    needed = serializers.IntegerField(source="stage.needed", read_only=True)
    missing = serializers.IntegerField(read_only=True)
    is_open = serializers.BooleanField(read_only=True)
    due_at = serializers.DateTimeField(read_only=True)


class RevisionShown(ConditionsShown, AnswersShown):
    """What a request asked in one of its revisions."""

    number = serializers.IntegerField(read_only=True)
    justification = serializers.CharField(read_only=True)
    risk_tier = RiskTierField(read_only=True)
    content_hash = serializers.CharField(read_only=True)
    made_at = serializers.DateTimeField(read_only=True)


class OverrideShown(serializers.Serializer[Any]):
    """What an officer made of the tier, from which revision on."""

    revision = serializers.IntegerField(read_only=True)
    from_tier = RiskTierField(read_only=True)
    risk_tier = RiskTierField(read_only=True)
    reason = serializers.CharField(read_only=True)
    overridden_by = serializers.UUIDField(source="overridden_by_id", read_only=True)
    overridden_at = serializers.DateTimeField(read_only=True)


class LackShown(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=EvidenceKind.choices, read_only=True)
    lack = serializers.ChoiceField(choices=["missing", "withdrawn", "expired", "failed"], read_only=True)


class ApprovalRequestShown(ConditionsShown, AnswersShown):
    """`content_hash` is what a decision signs."""

    id = serializers.UUIDField(read_only=True)
    model = serializers.UUIDField(source="model_id", read_only=True)
    status = serializers.CharField(read_only=True)
    justification = serializers.CharField(read_only=True)
    risk_tier = RiskTierField(read_only=True)
    revision = serializers.IntegerField(read_only=True)
    requested_by = serializers.UUIDField(source="requested_by_id", read_only=True)
    requested_at = serializers.DateTimeField(read_only=True)
    content_hash = serializers.CharField(read_only=True)
    evidence = serializers.SerializerMethodField(help_text="What it rests on.")
    lacking = serializers.SerializerMethodField(help_text="Evidence that is asked for, and why it does not count.")
    renews = serializers.UUIDField(source="renews_id", read_only=True, allow_null=True)
    approval = serializers.SerializerMethodField(help_text="The permission that followed, if one did.")
    stages = serializers.SerializerMethodField()
    decisions = DecisionShown(many=True, read_only=True)
    overrides = OverrideShown(many=True, read_only=True)

    def get_approval(self, row: ApprovalRequest) -> UUID | None:
        return row.approval.id if hasattr(row, "approval") else None

    @extend_schema_field(serializers.ListField(child=serializers.UUIDField()))
    def get_evidence(self, row: ApprovalRequest) -> list[UUID]:
        return [found.id for found in completeness.attached(row)]

    @extend_schema_field(LackShown(many=True))
    def get_lacking(self, row: ApprovalRequest) -> Any:
        return LackShown(completeness.of(row, clock.now()).lacking, many=True).data

    @extend_schema_field(StageShown(many=True))
    def get_stages(self, row: ApprovalRequest) -> Any:
        return StageShown(review.standings(row), many=True).data


class ContentTaken(serializers.Serializer[Any]):
    """What is asked for. Empty lists mean any."""

    justification = serializers.CharField(max_length=4000)
    teams = serializers.ListField(child=Scoped(Team), required=False, default=list)
    use_cases = serializers.ListField(child=Scoped(UseCase), required=False, default=list)
    caller_regions = serializers.ListField(child=serializers.CharField(max_length=32), required=False, default=list)
    regions = serializers.ListField(child=serializers.CharField(max_length=32), required=False, default=list)
    deployments = serializers.ListField(
        child=Scoped(Deployment), required=False, default=list, help_text="Of the model. Empty: those of later, too."
    )
    max_data_class = DataClassField(required=False, default=DataClass.INTERNAL)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    risk_tier = RiskTierField(
        required=False, default=RiskTier.LOW, help_text="Where nothing is answered; it is computed from answers."
    )
    answers = AnswersField(
        required=False, allow_null=True, default=None, help_text="To the questionnaire that is asked now."
    )
    evidence = serializers.ListField(
        child=Scoped(Evidence), required=False, default=list, help_text="About the model, or one of its providers."
    )


class ApprovalRequestTaken(ContentTaken):
    model = Scoped(Model)
    renews = Scoped(
        Approval, required=False, allow_null=True, default=None, help_text="The approval that is recertified by it."
    )
    is_draft = serializers.BooleanField(required=False, default=False, help_text="Nobody reviews it before it is sent.")


class DecisionTaken(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=4000)
    signed_hash = serializers.CharField(max_length=64, help_text="The `content_hash` of what was read.")
    in_place_of = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Who has delegated the decision, if somebody has."
    )


class ApprovalTaken(DecisionTaken):
    waiver = serializers.CharField(
        max_length=4000,
        required=False,
        allow_blank=True,
        default="",
        help_text="Why evidence that lacks is done without. Nobody approves without the one or the other.",
    )


class TierTaken(serializers.Serializer[Any]):
    risk_tier = RiskTierField()
    reason = serializers.CharField(max_length=4000)


class StageRuleForm(serializers.Serializer[Any]):
    """So many approvals by people of these roles, within so many days after the stage before."""

    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices), allow_empty=False)
    needed = serializers.IntegerField(min_value=1, max_value=MOST_NEEDED, default=1)
    due_days = serializers.IntegerField(min_value=1, max_value=MOST_DAYS, default=3)


class ReviewRuleTaken(serializers.Serializer[Any]):
    risk_tier = RiskTierField()
    stages = serializers.ListField(child=StageRuleForm(), allow_empty=False)
    evidence = serializers.ListField(
        child=serializers.ChoiceField(choices=EvidenceKind.choices),
        required=False,
        help_text="Without it, the kinds that are asked for now.",
    )
    recertify_days = serializers.IntegerField(
        min_value=1,
        max_value=MOST_RECERTIFY_DAYS,
        required=False,
        allow_null=True,
        default=None,
        help_text="How long an approval holds before it is recertified. Null: as shipped.",
    )


class ReviewRuleShown(serializers.Serializer[Any]):
    """Of the rules of a tier the one with the highest number holds; without any, the one that is shipped."""

    id = serializers.UUIDField(read_only=True)
    risk_tier = RiskTierField(read_only=True)
    number = serializers.IntegerField(read_only=True)
    stages = StageRuleForm(many=True, read_only=True)
    evidence = serializers.ListField(child=serializers.CharField(), read_only=True)
    recertify_days = serializers.IntegerField(read_only=True, allow_null=True)
    set_by = serializers.UUIDField(source="set_by_id", read_only=True)
    set_at = serializers.DateTimeField(read_only=True)


class DelegationTaken(serializers.Serializer[Any]):
    delegate = serializers.UUIDField(help_text="The person who will decide.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class DelegationShown(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    delegator = serializers.UUIDField(source="delegator_id", read_only=True)
    delegate = serializers.UUIDField(source="delegate_id", read_only=True)
    starts_at = serializers.DateTimeField(read_only=True)
    ends_at = serializers.DateTimeField(read_only=True)


class ApprovalShown(ConditionsShown):
    id = serializers.UUIDField(read_only=True)
    model = serializers.UUIDField(source="model_id", read_only=True)
    request = serializers.UUIDField(source="request_id", read_only=True)
    state = serializers.SerializerMethodField()
    granted_at = serializers.DateTimeField(read_only=True)
    recertify_by = serializers.DateTimeField(read_only=True)
    suspended_at = serializers.DateTimeField(read_only=True, allow_null=True)
    ended_at = serializers.DateTimeField(read_only=True, allow_null=True)

    @extend_schema_field(serializers.ChoiceField(choices=ApprovalState.choices))
    def get_state(self, row: Approval) -> str:
        return state_of(row, clock.now()).value


def terms_of(entered: dict[str, Any]) -> Terms:
    """The terms of a `ContentTaken`."""
    return Terms(
        teams=[team.id for team in entered["teams"]],
        use_cases=[use_case.id for use_case in entered["use_cases"]],
        caller_regions=entered["caller_regions"],
        regions=entered["regions"],
        deployments=[deployment.id for deployment in entered["deployments"]],
        max_data_class=entered["max_data_class"],
        expires_at=entered["expires_at"],
        risk_tier=entered["risk_tier"],
        evidence=[found.id for found in entered["evidence"]],
        answers=entered["answers"],
    )
