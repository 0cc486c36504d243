"""Approvals are bound to deployments of their model; the database compares them as it does the other conditions.

It also refuses to let a request or an approval name a deployment of another model, or teams beside a use case that is
none of theirs.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

ASKED = """
CREATE OR REPLACE FUNCTION governance_asked(r governance_approvalrequest) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN jsonb_build_array(r.teams, r.use_cases, r.caller_regions, r.regions, r.deployments, r.max_data_class,
    r.expires_at, r.justification, r.questionnaire_id, r.answers, r.computed_tier);
"""

STEPS = """
CREATE OR REPLACE FUNCTION governance_request_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := '{status,revision,content_hash,risk_tier,teams,use_cases,caller_regions,regions,deployments,'
        'max_data_class,expires_at,justification,questionnaire_id,answers,computed_tier}';
    edits boolean := (governance_asked(NEW), NEW.risk_tier, NEW.content_hash, NEW.revision)
        IS DISTINCT FROM (governance_asked(OLD), OLD.risk_tier, OLD.content_hash, OLD.revision);
    overrides boolean := NEW.risk_tier <> OLD.risk_tier AND governance_asked(NEW) = governance_asked(OLD)
        AND governance_overridden(NEW);
BEGIN
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free THEN
        RAISE EXCEPTION 'whose request it is, and for what model, does not change' USING ERRCODE = 'check_violation';
    END IF;
    IF edits AND (NEW.status <> OLD.status OR NEW.revision <> OLD.revision + 1
                  OR NOT (OLD.status IN ('draft', 'changes_requested')
                          OR OLD.status IN ('submitted', 'in_review') AND overrides)) THEN
        RAISE EXCEPTION 'what a request that is % asks for does not change', OLD.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = OLD.status AND (edits OR OLD.status NOT IN ('approved', 'rejected', 'withdrawn')) THEN
        RETURN NEW;
    END IF;
    IF (OLD.status, NEW.status) NOT IN (
        ('draft', 'submitted'), ('draft', 'withdrawn'), ('submitted', 'in_review'), ('submitted', 'withdrawn'),
        ('in_review', 'approved'), ('in_review', 'rejected'), ('in_review', 'changes_requested'),
        ('in_review', 'withdrawn'), ('changes_requested', 'submitted'), ('changes_requested', 'withdrawn')) THEN
        RAISE EXCEPTION 'an approval request that is % does not change to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'submitted' AND governance_has_verdict(NEW, '{request_changes}', NULL) THEN
        RAISE EXCEPTION 'changes that were asked for are made before a request is sent back'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.status = 'approved' AND NOT governance_is_complete(NEW)
        OR NEW.status = 'rejected' AND NOT governance_has_verdict(NEW, '{reject}', NULL)
        OR NEW.status = 'changes_requested' AND NOT governance_has_verdict(NEW, '{request_changes}', NULL) THEN
        RAISE EXCEPTION 'no decision makes a request %', NEW.status USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""

KEEP = """
CREATE OR REPLACE FUNCTION governance_keep_request() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    begun timestamptz := CASE WHEN TG_OP = 'INSERT' THEN NEW.requested_at ELSE clock_timestamp() END;
BEGIN
    IF TG_OP = 'INSERT' AND (NEW.status NOT IN ('draft', 'submitted') OR NEW.revision <> 1) THEN
        RAISE EXCEPTION 'a request begins as a draft or submitted' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'INSERT' OR NEW.revision <> OLD.revision THEN
        INSERT INTO governance_requestrevision (id, organization_id, request_id, number, teams, use_cases,
            caller_regions, regions, deployments, max_data_class, expires_at, justification, risk_tier,
            questionnaire_id, answers, computed_tier, content_hash, made_at)
        VALUES (audit_new_id(), NEW.organization_id, NEW.id, NEW.revision, NEW.teams, NEW.use_cases,
            NEW.caller_regions, NEW.regions, NEW.deployments, NEW.max_data_class, NEW.expires_at, NEW.justification,
            NEW.risk_tier, NEW.questionnaire_id, NEW.answers, NEW.computed_tier, NEW.content_hash, begun);
    END IF;
    IF NEW.status IN ('submitted', 'in_review')
        AND NOT EXISTS (SELECT FROM governance_requeststage s WHERE s.request_id = NEW.id AND s.revision = NEW.revision)
    THEN
        INSERT INTO governance_requeststage (id, organization_id, request_id, revision, position, roles, needed, due_at)
        SELECT audit_new_id(), NEW.organization_id, NEW.id, NEW.revision, stage.position,
            ARRAY(SELECT jsonb_array_elements_text(stage.rule -> 'roles')), (stage.rule ->> 'needed')::int,
            begun + make_interval(days => sum((stage.rule ->> 'due_days')::int) OVER (ORDER BY stage.position)::int)
        FROM jsonb_array_elements(coalesce(
            (SELECT r.stages FROM governance_reviewrule r
             WHERE r.organization_id = NEW.organization_id AND r.risk_tier = NEW.risk_tier
             ORDER BY r.number DESC LIMIT 1),
            governance_default_rule(NEW.risk_tier))) WITH ORDINALITY AS stage(rule, position);
    END IF;
    RETURN NULL;
END $$;
"""

GRANTED_BY_DECISION = """
CREATE OR REPLACE FUNCTION governance_granted_by_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM governance_approvalrequest r
        WHERE r.id = NEW.request_id AND r.status = 'approved' AND r.model_id = NEW.model_id
          AND r.teams = NEW.teams AND r.use_cases = NEW.use_cases AND r.caller_regions = NEW.caller_regions
          AND r.regions = NEW.regions AND r.deployments = NEW.deployments AND r.max_data_class = NEW.max_data_class
          AND r.expires_at IS NOT DISTINCT FROM NEW.expires_at AND governance_is_complete(r)
    ) THEN
        RAISE EXCEPTION 'no decision grants this approval' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""

# Runs after the policies, so that a row of another organisation is denied before anything is said about it.
NAMES_DEPLOYMENTS = """
CREATE FUNCTION governance_names_deployments() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF cardinality(NEW.deployments) <> (
        SELECT count(*) FROM governance_deployment d
        WHERE d.organization_id = NEW.organization_id AND d.model_id = NEW.model_id AND d.id = ANY (NEW.deployments)) THEN
        RAISE EXCEPTION 'each deployment that is named is one of the model' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER names_deployments AFTER INSERT OR UPDATE OF deployments ON governance_approvalrequest
    FOR EACH ROW WHEN (NEW.deployments <> '{}') EXECUTE FUNCTION governance_names_deployments();
CREATE TRIGGER names_deployments AFTER INSERT OR UPDATE OF deployments ON governance_approval
    FOR EACH ROW WHEN (NEW.deployments <> '{}') EXECUTE FUNCTION governance_names_deployments();
"""

OF_TEAMS = """
CREATE FUNCTION governance_use_cases_of_teams() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM governance_usecase u
               WHERE u.organization_id = NEW.organization_id AND u.id = ANY (NEW.use_cases)
                 AND u.team_id <> ALL (NEW.teams)) THEN
        RAISE EXCEPTION 'a use case that is named is of a team that may call' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER use_cases_of_teams AFTER INSERT OR UPDATE OF teams, use_cases ON governance_approvalrequest
    FOR EACH ROW WHEN (NEW.teams <> '{}') EXECUTE FUNCTION governance_use_cases_of_teams();
CREATE TRIGGER use_cases_of_teams AFTER INSERT OR UPDATE OF teams, use_cases ON governance_approval
    FOR EACH ROW WHEN (NEW.teams <> '{}') EXECUTE FUNCTION governance_use_cases_of_teams();
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0029_waiting")]

    operations = [
        migrations.AddField(
            model_name='approval',
            name='deployments',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, help_text='Deployments of the model that calls may go to. Empty: all, those registered later too.', size=None),
        ),
        migrations.AddField(
            model_name='approvalrequest',
            name='deployments',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, help_text='Deployments of the model that calls may go to. Empty: all, those registered later too.', size=None),
        ),
        migrations.AddField(
            model_name='requestrevision',
            name='deployments',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, help_text='Deployments of the model that calls may go to. Empty: all, those registered later too.', size=None),
        ),
        migrations.RemoveConstraint(
            model_name='waiver',
            name='waiver_is_of_a_known_condition',
        ),
        migrations.AlterField(
            model_name='waiver',
            name='condition',
            field=models.CharField(choices=[('team', 'Team'), ('use_case', 'Use case'), ('caller_region', 'Region of the application'), ('region', 'Region of the deployment'), ('deployments', 'Deployment'), ('data_class', 'Data class'), ('recertification', 'Expiry or recertification')], max_length=16),
        ),
        migrations.AddConstraint(
            model_name='waiver',
            constraint=models.CheckConstraint(condition=models.Q(('condition__in', ['team', 'use_case', 'caller_region', 'region', 'deployments', 'data_class', 'recertification'])), name='waiver_is_of_a_known_condition'),
        ),
        *(
            migrations.RunSQL(statements, migrations.RunSQL.noop)
            for statements in (
                ASKED,
                STEPS,
                KEEP,
                GRANTED_BY_DECISION,
                NAMES_DEPLOYMENTS,
                OF_TEAMS,
                "GRANT UPDATE (deployments) ON governance_approvalrequest TO chancery_app",
            )
        ),
    ]
