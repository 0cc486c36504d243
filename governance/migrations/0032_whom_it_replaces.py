"""Whoever completes an approval decides for everybody whom the one in force binds, since it ends that one."""

from django.db import migrations

REPLACES = """
CREATE FUNCTION governance_decides_for_all_bound() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    r governance_approvalrequest;
    in_force governance_approval;
BEGIN
    SELECT * INTO r FROM governance_approvalrequest WHERE id = NEW.request_id;
    SELECT * INTO in_force FROM governance_approval
    WHERE model_id = r.model_id AND ended_at IS NULL AND recertify_by > clock_timestamp();
    IF NOT FOUND OR NOT governance_is_complete(r) THEN
        RETURN NULL;
    END IF;
    r.teams := in_force.teams;
    IF NOT governance_has_role(
        NEW.decided_for_id, (SELECT roles FROM governance_requeststage WHERE id = NEW.stage_id), r) THEN
        RAISE EXCEPTION 'an approval is taken the place of by somebody who decides for all whom it binds'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER replaces AFTER INSERT ON governance_decision
    FOR EACH ROW WHEN (NEW.verdict = 'approve') EXECUTE FUNCTION governance_decides_for_all_bound();
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0031_what_is_signed")]

    operations = [migrations.RunSQL(REPLACES, migrations.RunSQL.noop)]
