"""Probes, held by the database: what a run asks, its steps, what passed; and who writes what of it.

The gateway takes runs, ends them and puts results in. The portal queues runs and judges them once, and puts in no
result.
"""

from django.db import migrations

from audit.history.capture import capture
from kit.row_security import protect, same_tenant, sign

# What a run asks is what stood when it was queued, whatever becomes of the cases meanwhile.
ASKED = """
CREATE FUNCTION governance_evaluation_asked(plan uuid, at timestamptz) RETURNS bigint LANGUAGE sql STABLE
RETURN (SELECT count(*) FROM governance_evaluationcase c
        WHERE c.plan_id = plan AND c.added_at <= at AND coalesce(c.retired_at > at, true));

CREATE FUNCTION governance_evaluation_run_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM governance_evaluationplan p, governance_approval a
               WHERE p.id = NEW.plan_id AND a.id = NEW.approval_id AND a.model_id <> p.model_id) THEN
        RAISE EXCEPTION 'a model is probed under its own approval' USING ERRCODE = 'check_violation';
    END IF;
    NEW.cases := governance_evaluation_asked(NEW.plan_id, NEW.queued_at);
    NEW.status := 'queued';
    NEW.attempts := 0;
    NEW.failure_code := '';
    NEW.is_baseline := false;
    NEW.has_drifted := false;
    NEW.claimed_by := NULL;
    NEW.started_at := NULL;
    NEW.ended_at := NULL;
    NEW.passed := NULL;
    NEW.judged_at := NULL;
    RETURN NEW;
END $$;
CREATE TRIGGER begins BEFORE INSERT ON governance_evaluationrun
    FOR EACH ROW EXECUTE FUNCTION governance_evaluation_run_begins();
"""

STEPS = """
CREATE FUNCTION governance_evaluation_run_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    answered bigint;
BEGIN
    IF (OLD.status, NEW.status) NOT IN (
        ('queued', 'queued'), ('queued', 'running'), ('running', 'running'), ('running', 'done'),
        ('running', 'failed'), ('done', 'done'), ('failed', 'failed')) THEN
        RAISE EXCEPTION 'a run that is % does not become %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.plan_id, NEW.approval_id, NEW.queued_at, NEW.queued_by_id, NEW.cases)
        IS DISTINCT FROM (OLD.plan_id, OLD.approval_id, OLD.queued_at, OLD.queued_by_id, OLD.cases) THEN
        RAISE EXCEPTION 'what a run asks is not changed' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.ended_at IS NOT NULL AND (NEW.ended_at, NEW.attempts, NEW.claimed_by, NEW.failure_code, NEW.passed)
        IS DISTINCT FROM (OLD.ended_at, OLD.attempts, OLD.claimed_by, OLD.failure_code, OLD.passed)
        OR OLD.judged_at IS NOT NULL THEN
        RAISE EXCEPTION 'a run ends once and is judged once' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'running' AND NEW.status = 'done' THEN
        SELECT count(*), count(*) FILTER (WHERE r.passed) INTO answered, NEW.passed
        FROM governance_evaluationresult r WHERE r.run_id = NEW.id;
        IF answered <> NEW.cases THEN
            RAISE EXCEPTION 'not every case of the run was asked' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER goes_on BEFORE UPDATE ON governance_evaluationrun
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION governance_evaluation_run_goes_on();

CREATE FUNCTION governance_evaluation_result_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM governance_evaluationrun r JOIN governance_evaluationcase c ON c.plan_id = r.plan_id
                   WHERE r.id = NEW.run_id AND c.id = NEW.case_id AND r.status = 'running'
                     AND c.added_at <= r.queued_at AND coalesce(c.retired_at > r.queued_at, true)) THEN
        RAISE EXCEPTION 'a result is of a case of a run that runs' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER counts BEFORE INSERT ON governance_evaluationresult
    FOR EACH ROW EXECUTE FUNCTION governance_evaluation_result_counts();

CREATE FUNCTION governance_evaluation_case_retires() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a case that is retired stays so' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER retires BEFORE UPDATE ON governance_evaluationcase FOR EACH ROW
    WHEN (OLD.retired_at IS NOT NULL AND OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION governance_evaluation_case_retires();
"""

# A run without a person is the timetable's: nobody queues one in its name.
SIGNED = """
CREATE POLICY signed ON governance_evaluationrun AS RESTRICTIVE FOR INSERT TO chancery_app
    WITH CHECK (coalesce(queued_by_id = chancery_user(), queued_by_id IS NULL AND chancery_user() IS NULL));
CREATE POLICY changed_by ON governance_evaluationplan AS RESTRICTIVE FOR UPDATE TO chancery_app
    USING (true) WITH CHECK (set_by_id = chancery_user());
"""

LINKS = [
    ("evaluationplan", "model_id", "governance_model"),
    ("evaluationplan", "api_key_id", "tenants_apikey"),
    ("evaluationcase", "plan_id", "governance_evaluationplan"),
    ("evaluationrun", "plan_id", "governance_evaluationplan"),
    ("evaluationrun", "approval_id", "governance_approval"),
    ("evaluationresult", "run_id", "governance_evaluationrun"),
    ("evaluationresult", "case_id", "governance_evaluationcase"),
]
STEP = "status, attempts, claimed_by, started_at, ended_at, passed, failure_code"


class Migration(migrations.Migration):
    dependencies = [("governance", "0023_evaluations")]

    operations = [
        *(migrations.RunSQL(statements, migrations.RunSQL.noop) for statements in (ASKED, STEPS)),
        protect(
            "governance_evaluationplan",
            app="SELECT, INSERT, UPDATE (api_key_id, every_hours, tolerance, is_active, set_by_id, set_at)",
            system="SELECT, INSERT",
            gateway="SELECT",
        ),
        protect(
            "governance_evaluationcase",
            app="SELECT, INSERT, UPDATE (retired_at)",
            system="SELECT, INSERT",
            gateway="SELECT",
        ),
        protect(
            "governance_evaluationrun",
            app="SELECT, INSERT, UPDATE (judged_at, is_baseline, has_drifted)",
            system="SELECT, INSERT",
            gateway=f"SELECT, UPDATE ({STEP})",
        ),
        protect("governance_evaluationresult", app="SELECT", system="SELECT", gateway="SELECT, INSERT"),
        *(same_tenant(f"governance_{table}", column, target) for table, column, target in LINKS),
        sign("governance_evaluationplan", "set_by_id"),
        sign("governance_evaluationcase", "added_by_id"),
        migrations.RunSQL(SIGNED, migrations.RunSQL.noop),
        capture("governance_evaluationplan", "evaluation_plan", parent="model_id"),
        capture("governance_evaluationcase", "evaluation_case", parent="plan_id"),
    ]
