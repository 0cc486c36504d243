"""What calls are made for and from where become conditions of approvals; the database compares them as it does others.

It also refuses to let a request or an approval name a use case that is not in service.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

ASKED = """
CREATE OR REPLACE FUNCTION governance_asked(r governance_approvalrequest) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN jsonb_build_array(r.teams, r.use_cases, r.caller_regions, r.regions, r.max_data_class, r.expires_at,
    r.justification);
"""

STEPS = """
CREATE OR REPLACE FUNCTION governance_request_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := '{status,revision,content_hash,risk_tier,teams,use_cases,caller_regions,regions,max_data_class,'
        'expires_at,justification}';
    edits boolean := (governance_asked(NEW), NEW.risk_tier, NEW.content_hash, NEW.revision)
        IS DISTINCT FROM (governance_asked(OLD), OLD.risk_tier, OLD.content_hash, OLD.revision);
    raises boolean := NEW.risk_tier > OLD.risk_tier AND governance_asked(NEW) = governance_asked(OLD);
BEGIN
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free THEN
        RAISE EXCEPTION 'whose request it is, and for what model, does not change' USING ERRCODE = 'check_violation';
    END IF;
    IF edits AND (NEW.status <> OLD.status OR NEW.revision <> OLD.revision + 1
                  OR NOT (OLD.status IN ('draft', 'changes_requested')
                          OR OLD.status IN ('submitted', 'in_review') AND raises)) THEN
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
            caller_regions, regions, max_data_class, expires_at, justification, risk_tier, content_hash, made_at)
        VALUES (audit_new_id(), NEW.organization_id, NEW.id, NEW.revision, NEW.teams, NEW.use_cases,
            NEW.caller_regions, NEW.regions, NEW.max_data_class, NEW.expires_at, NEW.justification, NEW.risk_tier, NEW.content_hash, begun);
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
          AND r.teams = NEW.teams AND r.use_cases = NEW.use_cases
          AND r.caller_regions = NEW.caller_regions AND r.regions = NEW.regions AND r.max_data_class = NEW.max_data_class
          AND r.expires_at IS NOT DISTINCT FROM NEW.expires_at AND governance_is_complete(r)
    ) THEN
        RAISE EXCEPTION 'no decision grants this approval' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""

# Runs after the policies, so that a row of another organisation is denied before anything is said about it. Approvals
# are looked at when they are granted: a use case that ends later ends the calls by itself.
IN_SERVICE = """
CREATE FUNCTION governance_names_use_cases() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF cardinality(NEW.use_cases) <> (
        SELECT count(*) FROM governance_usecase u
        WHERE u.organization_id = NEW.organization_id AND u.id = ANY (NEW.use_cases)
          AND u.retired_at IS NULL AND u.ai_act_class <> 'prohibited') THEN
        RAISE EXCEPTION 'each use case that is named is in service' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER names_use_cases AFTER INSERT OR UPDATE OF use_cases ON governance_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION governance_names_use_cases();
CREATE TRIGGER names_use_cases AFTER INSERT OR UPDATE OF use_cases ON governance_approval
    FOR EACH ROW EXECUTE FUNCTION governance_names_use_cases();
"""

# A project that runs where its organisation is at home is not in the snapshot.
NOTE = """
CREATE TRIGGER note_placed AFTER INSERT ON tenants_project
    FOR EACH ROW WHEN (NEW.region <> '') EXECUTE FUNCTION governance_note_change('project', 'id');
CREATE TRIGGER note_change AFTER DELETE OR UPDATE OF region ON tenants_project
    FOR EACH ROW EXECUTE FUNCTION governance_note_change('project', 'id');
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0012_life_rules"), ("tenants", "0005_project_region")]

    operations = [
        migrations.AddField(
            model_name='approval',
            name='caller_regions',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), blank=True, default=list, help_text='Regions applications may call from. Empty: any.', size=None),
        ),
        migrations.AddField(
            model_name='approval',
            name='use_cases',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, help_text='Use cases that calls may be made for. Empty: any.', size=None),
        ),
        migrations.AddField(
            model_name='approvalrequest',
            name='caller_regions',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), blank=True, default=list, help_text='Regions applications may call from. Empty: any.', size=None),
        ),
        migrations.AddField(
            model_name='approvalrequest',
            name='use_cases',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, help_text='Use cases that calls may be made for. Empty: any.', size=None),
        ),
        migrations.AddField(
            model_name='requestrevision',
            name='caller_regions',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), blank=True, default=list, help_text='Regions applications may call from. Empty: any.', size=None),
        ),
        migrations.AddField(
            model_name='requestrevision',
            name='use_cases',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, help_text='Use cases that calls may be made for. Empty: any.', size=None),
        ),
        *(
            migrations.RunSQL(statements, migrations.RunSQL.noop)
            for statements in (
                ASKED,
                STEPS,
                KEEP,
                GRANTED_BY_DECISION,
                IN_SERVICE,
                NOTE,
                "GRANT UPDATE (use_cases, caller_regions) ON governance_approvalrequest TO chancery_app",
            )
        ),
    ]
