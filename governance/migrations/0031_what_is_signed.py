"""What is signed stays what it was, and nobody has a request decided with less care and decides on it, too.

A use case of high risk takes the high tier, unless an officer says why: also where nothing is answered, and where it has
become one since somebody asked.
"""

from django.db import migrations

TIER = """
CREATE FUNCTION governance_names_high(r governance_approvalrequest) RETURNS boolean LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM governance_usecase u
               WHERE u.organization_id = r.organization_id AND u.id = ANY (r.use_cases) AND u.ai_act_class = 'high');

CREATE OR REPLACE FUNCTION governance_tier_of_use_cases() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF governance_names_high(NEW) AND NOT governance_overridden(NEW) THEN
        RAISE EXCEPTION 'what is asked for a high-risk use case is computed to be high' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER tier_of_use_cases ON governance_approvalrequest;
CREATE TRIGGER tier_of_use_cases AFTER INSERT OR UPDATE OF use_cases, answers, computed_tier, risk_tier
    ON governance_approvalrequest FOR EACH ROW WHEN (coalesce(NEW.computed_tier, NEW.risk_tier) < 3)
    EXECUTE FUNCTION governance_tier_of_use_cases();
"""

# After `counts`, by its name. That a decision is made by a delegation is looked at there by the time that it states,
# which is the application's to say; here by the clock.
DECIDES = """
CREATE FUNCTION governance_decides_in_tier() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    r governance_approvalrequest;
BEGIN
    SELECT * INTO r FROM governance_approvalrequest WHERE id = NEW.request_id;
    IF EXISTS (SELECT FROM governance_tieroverride o
               WHERE o.request_id = r.id AND o.overridden_by_id IN (NEW.decided_by_id, NEW.decided_for_id)
                 AND o.from_tier > greatest(o.risk_tier, r.risk_tier)) THEN
        RAISE EXCEPTION 'whoever puts a request into a lower tier does not decide on it'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.verdict = 'approve' AND r.risk_tier < 3 AND governance_names_high(r)
        AND NOT EXISTS (SELECT FROM governance_tieroverride o
                        WHERE o.request_id = r.id AND o.revision = r.revision AND o.from_tier = 3) THEN
        RAISE EXCEPTION 'what is asked for a high-risk use case takes the high tier' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.decided_for_id <> NEW.decided_by_id AND NOT EXISTS (
        SELECT FROM governance_delegation g
        WHERE g.organization_id = r.organization_id AND g.delegator_id = NEW.decided_for_id
          AND g.delegate_id = NEW.decided_by_id AND g.ends_at > clock_timestamp()) THEN
        RAISE EXCEPTION 'nobody decides by a delegation that has ended' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER in_tier AFTER INSERT ON governance_decision
    FOR EACH ROW EXECUTE FUNCTION governance_decides_in_tier();

CREATE FUNCTION governance_granted_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.expires_at <= NEW.granted_at THEN
        RAISE EXCEPTION 'nothing is granted whose end is past' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER in_time AFTER INSERT ON governance_approval
    FOR EACH ROW EXECUTE FUNCTION governance_granted_in_time();
"""

# `governance.selectors.is_relied_on`
MEANING = """
CREATE FUNCTION governance_use_case_stays() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM governance_approval a WHERE a.organization_id = NEW.organization_id
               AND NEW.id = ANY (a.use_cases) AND a.ended_at IS NULL AND a.recertify_by > clock_timestamp())
        OR EXISTS (SELECT FROM governance_approvalrequest r WHERE r.organization_id = NEW.organization_id
                   AND NEW.id = ANY (r.use_cases) AND r.status IN ('submitted', 'in_review'))
        OR EXISTS (SELECT FROM governance_waiver w WHERE w.use_case_id = NEW.id
                   AND w.status <> 'ended' AND w.ends_at > clock_timestamp()) THEN
        RAISE EXCEPTION 'what a use case is for does not change while something approved relies on it'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER stays AFTER UPDATE ON governance_usecase
    FOR EACH ROW WHEN ((NEW.purpose, NEW.decides_about_persons)
        IS DISTINCT FROM (OLD.purpose, OLD.decides_about_persons))
    EXECUTE FUNCTION governance_use_case_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0030_approved_deployments")]

    operations = [migrations.RunSQL(statements, migrations.RunSQL.noop) for statements in (TIER, DECIDES, MEANING)]
