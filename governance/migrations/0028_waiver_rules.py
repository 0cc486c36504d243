"""What the database holds to about waivers: half a year, three people, and that nothing is rewritten."""

from django.db import migrations

from audit.history.capture import capture
from kit.row_security import protect, same_tenant, sign

# In one's own right: nobody signs for somebody who has delegated their reviewing.
SHARED = """
CREATE FUNCTION governance_holds(person uuid, roles text[], organization uuid, team uuid) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM tenants_user u JOIN tenants_membership m ON m.user_id = u.id
               WHERE u.id = person AND u.is_active AND m.organization_id = organization
                 AND m.role = ANY (roles) AND (m.team_id IS NULL OR m.team_id = team));
CREATE OR REPLACE FUNCTION governance_decides(person uuid, roles text[], g governance_breakglass) RETURNS boolean
LANGUAGE sql STABLE
RETURN governance_holds(person, roles, g.organization_id, g.team_id);
ALTER FUNCTION governance_break_glass_signed_at() RENAME TO governance_exception_signed_at;
"""

# What the waiver hangs by is held until the waiver is there to be ended with it. One whose time has run out does not
# keep the next waiting.
BEGINS = """
CREATE FUNCTION governance_waiver_begins() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    a governance_approval;
    u governance_usecase;
BEGIN
    SELECT * INTO a FROM governance_approval
    WHERE id = NEW.approval_id AND organization_id = NEW.organization_id FOR SHARE;
    SELECT * INTO u FROM governance_usecase
    WHERE id = NEW.use_case_id AND organization_id = NEW.organization_id FOR SHARE;
    IF a.ended_at IS NOT NULL OR u.retired_at IS NOT NULL OR u.ai_act_class = 'prohibited' THEN
        RAISE EXCEPTION 'nothing is waived of what has ended' USING ERRCODE = 'check_violation';
    END IF;
    NEW.team_id := u.team_id;
    NEW.asked_at := clock_timestamp();
    NEW.ends_at := NEW.asked_at + make_interval(days => NEW.days);
    NEW.status := 'asked';
    NEW.in_force_at := NULL;
    NEW.ended_at := NULL;
    UPDATE governance_waiver SET status = 'ended', ended_at = ends_at
    WHERE approval_id = NEW.approval_id AND organization_id = NEW.organization_id
      AND status <> 'ended' AND ends_at <= NEW.asked_at;
    RETURN NEW;
END $$;
CREATE TRIGGER begins BEFORE INSERT ON governance_waiver
    FOR EACH ROW EXECUTE FUNCTION governance_waiver_begins();
"""

# The lock makes signatures on one waiver wait for each other. Those of people who have left since do not count.
SIGNATURE_COUNTS = """
CREATE TRIGGER signed_now BEFORE INSERT ON governance_waiversignature
    FOR EACH ROW EXECUTE FUNCTION governance_exception_signed_at();

CREATE FUNCTION governance_waiver_signature_counts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    deciders text[] := '{compliance_officer,administrator}';
    w governance_waiver;
    has_signed boolean;
    signers integer;
    officers integer;
BEGIN
    SELECT * INTO w FROM governance_waiver WHERE id = NEW.waiver_id FOR NO KEY UPDATE;
    IF NEW.signed_hash <> w.content_hash THEN
        RAISE EXCEPTION 'a signature is on what is asked' USING ERRCODE = 'check_violation';
    END IF;
    IF w.status = 'ended' OR w.ends_at <= NEW.signed_at THEN
        RAISE EXCEPTION 'a waiver that is over is neither signed nor ended' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'end' THEN
        SELECT EXISTS (SELECT FROM governance_waiversignature s WHERE s.waiver_id = w.id AND s.id <> NEW.id
                       AND s.kind = 'sign' AND s.signed_by_id = NEW.signed_by_id) INTO has_signed;
        IF NOT (NEW.signed_by_id = w.asked_by_id OR has_signed
                OR governance_holds(NEW.signed_by_id, '{compliance_officer}', w.organization_id, w.team_id)) THEN
            RAISE EXCEPTION 'a waiver is ended by one of those who asked for and signed it, or by an officer'
                USING ERRCODE = 'check_violation';
        END IF;
        UPDATE governance_waiver SET status = 'ended', ended_at = NEW.signed_at WHERE id = w.id;
        RETURN NULL;
    END IF;
    IF w.status <> 'asked' THEN
        RAISE EXCEPTION 'a waiver that does not wait is not signed' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.signed_by_id = w.asked_by_id THEN
        RAISE EXCEPTION 'whoever asks for a waiver does not sign it' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT governance_holds(NEW.signed_by_id, deciders, w.organization_id, w.team_id) THEN
        RAISE EXCEPTION 'a waiver is signed by somebody whose role decides' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT governance_holds(w.asked_by_id, deciders || '{team_lead,developer}'::text[], w.organization_id, w.team_id)
    THEN
        RAISE EXCEPTION 'whoever asked may ask no more' USING ERRCODE = 'check_violation';
    END IF;
    SELECT count(*) FILTER (WHERE governance_holds(s.signed_by_id, deciders, w.organization_id, w.team_id)),
           count(*) FILTER (WHERE governance_holds(
               s.signed_by_id, '{compliance_officer}', w.organization_id, w.team_id))
    INTO signers, officers
    FROM governance_waiversignature s WHERE s.waiver_id = w.id AND s.kind = 'sign';
    IF signers >= 2 AND officers >= 1 THEN
        UPDATE governance_waiver SET status = 'in_force', in_force_at = NEW.signed_at WHERE id = w.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER counts AFTER INSERT ON governance_waiversignature
    FOR EACH ROW EXECUTE FUNCTION governance_waiver_signature_counts();
"""

ENDS_WITH = """
CREATE FUNCTION governance_waiver_ends_with() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE governance_waiver SET status = 'ended', ended_at = least(ends_at, clock_timestamp())
    WHERE NEW.id = CASE TG_TABLE_NAME WHEN 'governance_approval' THEN approval_id ELSE use_case_id END
      AND status <> 'ended';
    RETURN NULL;
END $$;
CREATE TRIGGER ends_waivers AFTER UPDATE OF ended_at ON governance_approval
    FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL) EXECUTE FUNCTION governance_waiver_ends_with();
CREATE TRIGGER ends_waivers AFTER UPDATE OF retired_at, ai_act_class ON governance_usecase
    FOR EACH ROW WHEN (NEW.retired_at IS NOT NULL OR NEW.ai_act_class = 'prohibited')
    EXECUTE FUNCTION governance_waiver_ends_with();
"""

NOTE = """
CREATE TRIGGER note_change AFTER UPDATE OF status, ends_at ON governance_waiver
    FOR EACH ROW WHEN (NEW.in_force_at IS NOT NULL)
    EXECUTE FUNCTION governance_note_change('waiver', 'id');
CREATE TRIGGER note_removal AFTER DELETE ON governance_waiver
    FOR EACH ROW EXECUTE FUNCTION governance_note_change('waiver', 'id');
"""

WAIVER, SIGNATURE = "governance_waiver", "governance_waiversignature"


class Migration(migrations.Migration):
    dependencies = [("governance", "0027_waivers")]

    operations = [
        *(
            migrations.RunSQL(statements, migrations.RunSQL.noop)
            for statements in (SHARED, BEGINS, SIGNATURE_COUNTS, ENDS_WITH, NOTE)
        ),
        protect(WAIVER, team="team_id", app="SELECT, INSERT", system="SELECT, INSERT", gateway="SELECT"),
        protect(SIGNATURE, team_of=(WAIVER, "waiver_id"), app="SELECT, INSERT", system="SELECT, INSERT"),
        same_tenant(WAIVER, "approval_id", "governance_approval"),
        same_tenant(WAIVER, "use_case_id", "governance_usecase"),
        same_tenant(WAIVER, "team_id", "tenants_team"),
        same_tenant(SIGNATURE, "waiver_id", WAIVER),
        sign(WAIVER, "asked_by_id"),
        sign(SIGNATURE, "signed_by_id"),
        capture(WAIVER, "waiver", team="team_id"),
        capture(SIGNATURE, "waiver_signature", parent="waiver_id", team_of=WAIVER),
    ]
