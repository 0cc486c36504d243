"""What each role may do with each table, written down; and that no table of an organisation lies open.

A new table fails here until somebody has said who may do what with it.
"""

from __future__ import annotations

import pytest
from django.db import connections, transaction

from tests.isolation import catalogue

NONE, ALL = "", "SIUD"
# Of the portal, of tasks and commands, of the gateway.
PRIVILEGES = {
    "audit_admission_epoch": (NONE, "S", NONE),
    "audit_body": ("S", "S", NONE),
    "audit_captured": (NONE, NONE, NONE),
    "audit_correction": ("S", "S", NONE),
    "audit_data_key": ("S", "S", NONE),
    "audit_history": ("S", "S", NONE),
    "audit_record": ("S", "S", NONE),
    "audit_rolled_up": (NONE, "S", NONE),
    "audit_settlement": ("S", "S", NONE),
    "audit_spent": ("S", "S", NONE),
    "audit_subject": ("S", "S", NONE),
    "audit_statement": ("S", "S", NONE),
    "audit_usage_combination": ("S", "S", NONE),
    "audit_usage_cursor": ("S", "S", NONE),
    "audit_usage_day": ("S", "S", NONE),
    "audit_usage_label": ("S", "S", NONE),
    "audit_usage_label_day": ("S", "S", NONE),
    "audit_usage_latency": ("S", "S", NONE),
    "audit_usage_quarter": ("S", "S", NONE),
    "audit_usage_tag": ("S", "S", NONE),
    "audit_usage_zone": ("S", "S", NONE),
    "audit_writer": (NONE, "SD", NONE),
    "auth_group": ("S", "S", NONE),
    "auth_group_permissions": ("S", "S", NONE),
    "auth_permission": ("S", "S", NONE),
    "django_admin_log": (ALL, ALL, NONE),
    "django_content_type": ("S", "S", NONE),
    "django_migrations": ("S", "S", "S"),
    "django_session": (ALL, ALL, NONE),
    "governance_alert": (
        "SI U(acknowledged_at,acknowledged_by_id,bound,drivers,expected,finding,level,resolved_at,seen,seen_at,"
        "severity,unit)",
        "SI",
        NONE,
    ),
    "governance_alertchannel": (
        "SI U(host,is_active,least_severity,name,sealed,set_by_id)",
        "SI U(sealed)",
        NONE,
    ),
    "governance_alertmessage": ("SI", ALL, NONE),
    "governance_alertmute": ("SI U(ends_at)", "SI", NONE),
    "governance_alertrule": ("SI U(is_active,parameters,roles,set_at,set_by_id,severity)", "SI", NONE),
    "governance_approval": ("SI U(ended_at,noticed_days,recertify_by,suspended_at)", ALL, "S"),
    "governance_agreement": ("SI U(ended_at)", "SI", NONE),
    "governance_approvalrequest": (
        "SI U(answers,caller_regions,computed_tier,content_hash,deployments,expires_at,justification,max_data_class,"
        "questionnaire_id,regions,revision,risk_tier,status,teams,use_cases)",
        ALL,
        "S",
    ),
    "governance_waiting": ("S", "S", NONE),
    "governance_waiver": ("SI", "SI", "S"),
    "governance_waiversignature": ("SI", "SI", NONE),
    "governance_breakglass": ("SI", "SI", "S"),
    "governance_breakglasssignature": ("SI", "SI", NONE),
    "governance_claim": ("SI U(ended_at)", "SIU", NONE),
    "governance_comment": ("SI", "SI", NONE),
    "governance_decision": ("SI", "SI", NONE),
    "governance_delegation": ("SI U(ends_at)", "SI", NONE),
    "governance_deployment": ("SI U(suspended_at)", ALL, "S"),
    "governance_evaluationcase": ("SI U(retired_at)", "SI", "S"),
    "governance_evaluationplan": (
        "SI U(api_key_id,every_hours,is_active,set_at,set_by_id,tolerance)",
        "SI",
        "S",
    ),
    "governance_evaluationresult": ("S", "S", "SI"),
    "governance_evaluationrun": (
        "SI U(has_drifted,is_baseline,judged_at)",
        "SI",
        "S U(attempts,claimed_by,ended_at,failure_code,passed,started_at,status)",
    ),
    "governance_evidence": (
        "SI U(withdrawal_reason,withdrawn_at,withdrawn_by_id)",
        "SI U(withdrawal_reason,withdrawn_at,withdrawn_by_id)",
        NONE,
    ),
    "governance_evidencefile": ("SI", "SI U(sealed)", NONE),
    "governance_escalation": ("S", "SI", NONE),
    "governance_gatewayprocess": ("S", "SUD", "SIU"),
    "governance_model": (
        "SI U(deprecated_at,deprecation_reason,image_tokens,life,successor_id,sunset_at,suspended_at,"
        "usual_output_tokens)",
        ALL,
        "S",
    ),
    "governance_notice": ("S U(read_at)", "SU", NONE),
    "governance_noticepreference": (ALL, "S", NONE),
    "governance_modelcard": ("SI", "SI", NONE),
    "governance_othersystem": (
        "SI U(ai_act_class,fingerprint,max_data_class,name,owner_id,purpose,retired_at,review_on,vendor)",
        "SI",
        NONE,
    ),
    "governance_price": ("SI", ALL, "S"),
    "governance_provider": ("SI U(base_url,credential,kind,suspended_at)", ALL, "S"),
    "governance_questionnaire": ("SI", "SI", NONE),
    "governance_requestevidence": ("SI", "SI", NONE),
    "governance_reportedidentity": ("S U(looked_at)", "S", "SI"),
    "governance_requestrevision": ("S", "S", NONE),
    "governance_requeststage": ("S", "S", NONE),
    "governance_reviewrule": ("SI", "SI", NONE),
    "governance_route": (ALL, ALL, "S"),
    "governance_routecandidate": (ALL, ALL, "S"),
    "governance_snapshot_change": ("S", "SD", "S"),
    "governance_snapshotacknowledgement": ("S", "SUD", "SI"),
    "governance_suspension": ("SI U(end_reason,ended_at,ended_by_id)", "SIU", "S"),
    "governance_tieroverride": ("SI", "SI", NONE),
    "governance_usecase": (
        "SI U(ai_act_class,decides_about_persons,name,owner_id,purpose,retired_at)",
        "SIU",
        "S",
    ),
    "governance_thirdpartyfile": (
        "SI U(audited_on,contact,criticality,exit_plan,function_supported,is_own,location,retention_days,"
        "sub_processors,substitutability,trains_on_data)",
        "SI",
        NONE,
    ),
    "otp_totp_totpdevice": (ALL, ALL, NONE),
    "portal_savedview": (ALL, "S", NONE),
    "portal_signinattempt": ("SID", "SID", NONE),
    "tenants_apikey": ("SIU", ALL, "S"),
    "tenants_apikeysecret": ("SIU", ALL, "S U(last_seen_at)"),
    "tenants_budget": (ALL, ALL, "S"),
    "tenants_identityprovider": ("SIU", ALL, "S"),
    "tenants_membership": (ALL, ALL, NONE),
    "tenants_organization": ("SIU", ALL, "S"),
    "tenants_personalaccesstoken": ("SIU", ALL, NONE),
    "tenants_project": ("SIU", ALL, "S"),
    "tenants_budgetincrease": (
        "SI U(answer,decided_at,decided_by_id,end_reason,ended_at,ended_by_id,is_granted)",
        "SIU",
        "S",
    ),
    "tenants_ratelimit": (ALL, ALL, "S"),
    "tenants_team": ("SIU", ALL, "S"),
    "tenants_user": ("SIU", "SIU", NONE),
}


def test_each_role_has_the_privileges_written_down_and_no_others() -> None:
    found = {
        table: tuple(catalogue.privileges(table, role) for role in catalogue.ROLES) for table in catalogue.tables()
    }
    assert found == PRIVILEGES


def test_a_partition_is_reached_through_its_parent_only() -> None:
    parts = catalogue.partitions()
    assert parts
    assert {catalogue.privileges(part, role) for part in parts for role in catalogue.ROLES} == {NONE}


def test_no_table_of_an_organisation_lies_open() -> None:
    assert catalogue.open_to_all() == []


@pytest.mark.parametrize(
    "half_done",
    [
        "SELECT",
        "ALTER TABLE forgotten ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE forgotten ENABLE ROW LEVEL SECURITY; ALTER TABLE forgotten FORCE ROW LEVEL SECURITY;"
        "CREATE POLICY app ON forgotten TO chancery_app USING (true)",
        "ALTER TABLE forgotten ENABLE ROW LEVEL SECURITY; ALTER TABLE forgotten FORCE ROW LEVEL SECURITY;"
        "CREATE POLICY everybody ON forgotten USING (true)",
    ],
)
def test_a_table_that_lies_open_is_noticed(half_done: str) -> None:
    with transaction.atomic(using="migrator"), connections["migrator"].cursor() as cursor:
        cursor.execute("CREATE TABLE forgotten (organization_id uuid)")
        cursor.execute(half_done)
        assert catalogue.open_to_all("migrator") == ["forgotten"]
        transaction.set_rollback(True, using="migrator")


def test_everything_belongs_to_a_role_that_nobody_signs_in_as() -> None:
    assert catalogue.of_another_owner() == []
    assert catalogue.mighty_roles() == []
    assert catalogue.members_of_the_owner() == ["chancery_migrator"]


def test_functions_with_their_owners_rights_are_closed() -> None:
    assert catalogue.loose_functions() == []
