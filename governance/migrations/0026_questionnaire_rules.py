"""What the database holds to about risk: the tier is what follows from the answers, or an officer says otherwise and why.

Answers belong to what is asked: they change with a revision only, and every revision keeps its own.
"""

from django.db import migrations

from audit.history.capture import capture
from kit.row_security import protect, same_tenant, sign

ASKED = """
CREATE OR REPLACE FUNCTION governance_asked(r governance_approvalrequest) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN jsonb_build_array(r.teams, r.use_cases, r.caller_regions, r.regions, r.max_data_class, r.expires_at,
    r.justification, r.questionnaire_id, r.answers, r.computed_tier);

-- Whether an officer wants the tier that it has in the revision that it has.
CREATE FUNCTION governance_overridden(r governance_approvalrequest) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM governance_tieroverride o
               WHERE o.request_id = r.id AND o.revision = r.revision AND o.risk_tier = r.risk_tier);
"""

STEPS = """
CREATE OR REPLACE FUNCTION governance_request_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := '{status,revision,content_hash,risk_tier,teams,use_cases,caller_regions,regions,max_data_class,'
        'expires_at,justification,questionnaire_id,answers,computed_tier}';
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
            caller_regions, regions, max_data_class, expires_at, justification, risk_tier, questionnaire_id, answers,
            computed_tier, content_hash, made_at)
        VALUES (audit_new_id(), NEW.organization_id, NEW.id, NEW.revision, NEW.teams, NEW.use_cases,
            NEW.caller_regions, NEW.regions, NEW.max_data_class, NEW.expires_at, NEW.justification, NEW.risk_tier,
            NEW.questionnaire_id, NEW.answers, NEW.computed_tier, NEW.content_hash, begun);
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

# Runs after the policies, so that a row of another organisation is denied before anything is said about it.
TIER = """
CREATE FUNCTION governance_tier_is_computed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF NEW.risk_tier < NEW.computed_tier AND NOT governance_overridden(NEW) THEN
        RAISE EXCEPTION 'a request is decided in no lower tier than its answers make it, unless an officer says why'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tier_is_computed AFTER INSERT OR UPDATE ON governance_approvalrequest
    FOR EACH ROW WHEN (NEW.risk_tier < NEW.computed_tier) EXECUTE FUNCTION governance_tier_is_computed();

CREATE FUNCTION governance_tier_of_use_cases() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM governance_usecase u WHERE u.id = ANY (NEW.use_cases) AND u.ai_act_class = 'high') THEN
        RAISE EXCEPTION 'what is asked for a high-risk use case is computed to be high' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tier_of_use_cases AFTER INSERT OR UPDATE OF use_cases, answers, computed_tier
    ON governance_approvalrequest FOR EACH ROW WHEN (NEW.computed_tier < 3)
    EXECUTE FUNCTION governance_tier_of_use_cases();
"""

OVERRIDE = """
CREATE FUNCTION governance_override_counts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    r governance_approvalrequest;
BEGIN
    SELECT * INTO r FROM governance_approvalrequest WHERE id = NEW.request_id FOR NO KEY UPDATE;
    IF r.status NOT IN ('submitted', 'in_review') OR NEW.revision <> r.revision + 1 OR NEW.from_tier <> r.risk_tier THEN
        RAISE EXCEPTION 'another tier is for the next revision of a request that is open'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.overridden_by_id = r.requested_by_id
        OR NOT governance_has_role(NEW.overridden_by_id, '{compliance_officer}', r) THEN
        RAISE EXCEPTION 'an officer who has not requested it says in which tier a request is decided'
            USING ERRCODE = 'check_violation';
    END IF;
    IF btrim(NEW.reason) = '' THEN
        RAISE EXCEPTION 'another tier has a reason' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER counts AFTER INSERT ON governance_tieroverride
    FOR EACH ROW EXECUTE FUNCTION governance_override_counts();
"""

QUESTIONNAIRE, OVERRIDDEN = "governance_questionnaire", "governance_tieroverride"


class Migration(migrations.Migration):
    dependencies = [("governance", "0025_questionnaires")]

    operations = [
        *(
            migrations.RunSQL(statements, migrations.RunSQL.noop)
            for statements in (
                ASKED,
                STEPS,
                KEEP,
                TIER,
                OVERRIDE,
                "GRANT UPDATE (questionnaire_id, answers, computed_tier) ON governance_approvalrequest TO chancery_app",
            )
        ),
        protect(QUESTIONNAIRE, app="SELECT, INSERT", system="SELECT, INSERT"),
        protect(OVERRIDDEN, app="SELECT, INSERT", system="SELECT, INSERT"),
        same_tenant("governance_approvalrequest", "questionnaire_id", QUESTIONNAIRE),
        same_tenant("governance_requestrevision", "questionnaire_id", QUESTIONNAIRE),
        same_tenant(OVERRIDDEN, "request_id", "governance_approvalrequest"),
        sign(QUESTIONNAIRE, "set_by_id"),
        sign(OVERRIDDEN, "overridden_by_id"),
        capture(QUESTIONNAIRE, "questionnaire"),
        capture(OVERRIDDEN, "tier_override", parent="request_id"),
    ]
