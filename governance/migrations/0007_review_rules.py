"""Reviews in stages, held by the database: what steps are legal, what a decision counts for, when one is approved.

Revisions and stages are written by triggers with their owner's rights and by nobody else, so that neither what was
decided on nor what it takes can be put there by hand.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from audit.history.capture import capture
from kit.row_security import protect, same_tenant, sign

# `governance.review.DEFAULTS`, for organisations that have set no rule of their own. By tier: low, medium, high.
DEFAULT_RULES = """
CREATE FUNCTION governance_default_rule(tier integer) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN tier < 3
    THEN '[{"roles": ["compliance_officer"], "needed": 1, "due_days": 3}]'::jsonb
    ELSE '[{"roles": ["compliance_officer"], "needed": 1, "due_days": 3},
           {"roles": ["compliance_officer", "administrator"], "needed": 2, "due_days": 3}]'::jsonb END;
"""

# Requests from before there were stages: one stage for each, which its decisions belong to.
BACKFILL = """
INSERT INTO governance_requestrevision (id, organization_id, request_id, number, teams, regions, max_data_class,
    expires_at, justification, risk_tier, content_hash, made_at)
SELECT audit_new_id(), organization_id, id, revision, teams, regions, max_data_class, expires_at, justification,
    risk_tier, content_hash, requested_at
FROM governance_approvalrequest;
INSERT INTO governance_requeststage (id, organization_id, request_id, revision, position, roles, needed, due_at)
SELECT audit_new_id(), organization_id, id, revision, 1, '{compliance_officer}', 1, requested_at + interval '3 days'
FROM governance_approvalrequest;
UPDATE governance_decision d SET decided_for_id = decided_by_id, stage_id = s.id
FROM governance_requeststage s WHERE s.request_id = d.request_id;
SET CONSTRAINTS ALL IMMEDIATE;
"""

REVIEW = """
-- What a request asks, as one value to compare.
CREATE FUNCTION governance_asked(r governance_approvalrequest) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN jsonb_build_array(r.teams, r.regions, r.max_data_class, r.expires_at, r.justification);

-- The stage that a decision belongs to now, leaving one decision out; none once all are complete. A verdict other than
-- to approve ends a revision, whatever else is signed on it.
CREATE FUNCTION governance_open_stage(r governance_approvalrequest, but uuid) RETURNS uuid LANGUAGE sql STABLE
RETURN (SELECT s.id FROM governance_requeststage s
        WHERE s.request_id = r.id AND s.revision = r.revision
          AND s.needed > (SELECT count(*) FROM governance_decision d
                          WHERE d.stage_id = s.id AND d.verdict = 'approve' AND d.revision = r.revision
                            AND d.signed_hash = r.content_hash AND d.id IS DISTINCT FROM but)
        ORDER BY s.position LIMIT 1);

CREATE FUNCTION governance_has_verdict(r governance_approvalrequest, verdicts text[], but uuid) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM governance_decision d WHERE d.request_id = r.id AND d.revision = r.revision
               AND d.verdict = ANY (verdicts) AND d.id IS DISTINCT FROM but);

CREATE FUNCTION governance_is_complete(r governance_approvalrequest) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM governance_requeststage s WHERE s.request_id = r.id AND s.revision = r.revision)
   AND governance_open_stage(r, NULL) IS NULL
   AND NOT governance_has_verdict(r, '{reject,request_changes}', NULL);

-- Whether a person who is still active has one of the roles for everything the request binds.
CREATE FUNCTION governance_has_role(person uuid, roles text[], r governance_approvalrequest) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM tenants_user u WHERE u.id = person AND u.is_active)
   AND EXISTS (
       SELECT FROM tenants_membership m
       WHERE m.organization_id = r.organization_id AND m.user_id = person AND m.role = ANY (roles)
         AND (m.team_id IS NULL OR r.teams <> '{}' AND r.teams <@ ARRAY(
             SELECT o.team_id FROM tenants_membership o
             WHERE o.organization_id = r.organization_id AND o.user_id = person AND o.role = m.role)));
"""

STEPS = """
CREATE OR REPLACE FUNCTION governance_request_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := '{status,revision,content_hash,risk_tier,teams,regions,max_data_class,expires_at,justification}';
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

# Runs after the policies, so that a row of another organisation is denied before anything is said about it.
KEEP = """
CREATE FUNCTION governance_keep_request() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    begun timestamptz := CASE WHEN TG_OP = 'INSERT' THEN NEW.requested_at ELSE clock_timestamp() END;
BEGIN
    IF TG_OP = 'INSERT' AND (NEW.status NOT IN ('draft', 'submitted') OR NEW.revision <> 1) THEN
        RAISE EXCEPTION 'a request begins as a draft or submitted' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'INSERT' OR NEW.revision <> OLD.revision THEN
        INSERT INTO governance_requestrevision (id, organization_id, request_id, number, teams, regions,
            max_data_class, expires_at, justification, risk_tier, content_hash, made_at)
        VALUES (audit_new_id(), NEW.organization_id, NEW.id, NEW.revision, NEW.teams, NEW.regions,
            NEW.max_data_class, NEW.expires_at, NEW.justification, NEW.risk_tier, NEW.content_hash, begun);
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
CREATE TRIGGER keep AFTER INSERT OR UPDATE ON governance_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION governance_keep_request();
"""

# The lock makes decisions on a request wait for each other. It lets foreign keys to the request be checked meanwhile,
# which hold a share of it: two decisions would deadlock otherwise.
DECISION_COUNTS = """
CREATE FUNCTION governance_decision_counts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    r governance_approvalrequest;
    stage_roles text[];
BEGIN
    SELECT * INTO r FROM governance_approvalrequest WHERE id = NEW.request_id FOR NO KEY UPDATE;
    IF r.status <> 'in_review' OR governance_has_verdict(r, '{reject,request_changes}', NEW.id) THEN
        RAISE EXCEPTION 'a request that is % is not decided', r.status USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.revision <> r.revision OR NEW.signed_hash <> r.content_hash THEN
        RAISE EXCEPTION 'a decision signs what is asked now' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.stage_id IS DISTINCT FROM governance_open_stage(r, NEW.id) THEN
        RAISE EXCEPTION 'a decision belongs to the stage that is open' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM governance_decision d WHERE d.request_id = r.id AND d.revision = r.revision
               AND d.id <> NEW.id AND (d.decided_for_id = NEW.decided_by_id OR d.decided_by_id = NEW.decided_for_id))
    THEN
        RAISE EXCEPTION 'nobody decides twice, by a delegate or for others' USING ERRCODE = 'check_violation';
    END IF;
    SELECT roles INTO stage_roles FROM governance_requeststage WHERE id = NEW.stage_id;
    IF NOT governance_has_role(NEW.decided_for_id, stage_roles, r)
        OR NOT EXISTS (SELECT FROM tenants_user u JOIN tenants_membership m ON m.user_id = u.id
                       WHERE u.id = NEW.decided_by_id AND u.is_active AND m.organization_id = r.organization_id) THEN
        RAISE EXCEPTION 'a decision is made by somebody of a role that the stage asks for'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.decided_for_id <> NEW.decided_by_id AND NOT EXISTS (
        SELECT FROM governance_delegation g
        WHERE g.organization_id = r.organization_id AND g.delegator_id = NEW.decided_for_id
          AND g.delegate_id = NEW.decided_by_id AND g.starts_at <= NEW.decided_at AND NEW.decided_at < g.ends_at) THEN
        RAISE EXCEPTION 'nobody decides for somebody who has not delegated it' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER counts AFTER INSERT ON governance_decision
    FOR EACH ROW EXECUTE FUNCTION governance_decision_counts();
"""

GRANTED_BY_DECISION = """
CREATE OR REPLACE FUNCTION governance_granted_by_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM governance_approvalrequest r
        WHERE r.id = NEW.request_id AND r.status = 'approved' AND r.model_id = NEW.model_id
          AND r.teams = NEW.teams AND r.regions = NEW.regions AND r.max_data_class = NEW.max_data_class
          AND r.expires_at IS NOT DISTINCT FROM NEW.expires_at AND governance_is_complete(r)
    ) THEN
        RAISE EXCEPTION 'no decision grants this approval' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""

# A rule always asks for somebody. Whoever may set one is the portal's to say.
RULES_ASK_FOR_SOMEBODY = """
CREATE FUNCTION governance_rule_asks_for_somebody() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF jsonb_typeof(NEW.stages) <> 'array' OR jsonb_array_length(NEW.stages) = 0 OR EXISTS (
        SELECT FROM jsonb_array_elements(NEW.stages) AS stage
        WHERE coalesce((stage ->> 'needed')::int, 0) < 1 OR coalesce((stage ->> 'due_days')::int, 0) < 1
           OR coalesce(jsonb_array_length(stage -> 'roles'), 0) = 0) THEN
        RAISE EXCEPTION 'each stage of a review rule asks for somebody' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER asks_for_somebody AFTER INSERT ON governance_reviewrule
    FOR EACH ROW EXECUTE FUNCTION governance_rule_asks_for_somebody();
"""

DELEGATIONS_ONLY_SHRINK = """
CREATE FUNCTION governance_delegation_shrinks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.ends_at > OLD.ends_at THEN
        RAISE EXCEPTION 'a delegation is not prolonged' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER shrinks BEFORE UPDATE ON governance_delegation
    FOR EACH ROW EXECUTE FUNCTION governance_delegation_shrinks();
"""

CONTENT = "revision, content_hash, risk_tier, teams, regions, max_data_class, expires_at, justification"
LINKS = [
    ("requestrevision", "request_id", "approvalrequest"),
    ("requeststage", "request_id", "approvalrequest"),
    ("decision", "stage_id", "requeststage"),
]


class Migration(migrations.Migration):
    dependencies = [("governance", "0006_reviews"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="decision",
            name="decided_for",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AlterField(model_name="decision", name="revision", field=models.PositiveIntegerField()),
        migrations.AlterField(
            model_name="decision",
            name="stage",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to="governance.requeststage"
            ),
        ),
        *(
            migrations.RunSQL(statements, migrations.RunSQL.noop)
            for statements in (
                DEFAULT_RULES,
                REVIEW,
                STEPS,
                KEEP,
                DECISION_COUNTS,
                GRANTED_BY_DECISION,
                RULES_ASK_FOR_SOMEBODY,
                DELEGATIONS_ONLY_SHRINK,
                f"GRANT UPDATE ({CONTENT}) ON governance_approvalrequest TO chancery_app",
            )
        ),
        protect("governance_requestrevision", app="SELECT", system="SELECT"),
        protect("governance_requeststage", app="SELECT", system="SELECT"),
        protect("governance_reviewrule", app="SELECT, INSERT", system="SELECT, INSERT"),
        protect("governance_delegation", app="SELECT, INSERT, UPDATE (ends_at)", system="SELECT, INSERT"),
        *(same_tenant(f"governance_{table}", column, f"governance_{target}") for table, column, target in LINKS),
        sign("governance_reviewrule", "set_by_id"),
        sign("governance_delegation", "delegator_id"),
        capture("governance_reviewrule", "review_rule"),
        capture("governance_requestrevision", "request_revision", parent="request_id"),
        capture("governance_requeststage", "request_stage", parent="request_id"),
        capture("governance_delegation", "delegation", parent="delegator_id"),
    ]
