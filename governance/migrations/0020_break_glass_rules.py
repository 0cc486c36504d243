"""What the database holds to about break glass: hours, three people, one at a time, and that nothing is rewritten."""

from django.db import migrations

from audit.history.capture import capture
from kit.row_security import protect, same_tenant, sign

# Refusals come after the policies, so that a row of another organisation is denied before anything is said about it.
# One that nobody countersigned in time is over; it does not keep the next emergency waiting.
BEGINS = """
CREATE FUNCTION governance_break_glass_begins() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    NEW.asked_at := clock_timestamp();
    NEW.ends_at := NEW.asked_at + make_interval(hours => NEW.hours);
    NEW.status := 'asked';
    NEW.in_force_at := NULL;
    NEW.ended_at := NULL;
    NEW.finding := '';
    UPDATE governance_breakglass SET status = 'ended', ended_at = ends_at
    WHERE model_id = NEW.model_id AND organization_id = NEW.organization_id
      AND status = 'asked' AND ends_at <= NEW.asked_at;
    RETURN NEW;
END $$;
CREATE TRIGGER begins BEFORE INSERT ON governance_breakglass
    FOR EACH ROW EXECUTE FUNCTION governance_break_glass_begins();
"""

# In one's own right: nobody signs for somebody who has delegated their reviewing.
DECIDES = """
CREATE FUNCTION governance_decides(person uuid, roles text[], g governance_breakglass) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM tenants_user u JOIN tenants_membership m ON m.user_id = u.id
               WHERE u.id = person AND u.is_active AND m.organization_id = g.organization_id
                 AND m.role = ANY (roles) AND (m.team_id IS NULL OR m.team_id = g.team_id));
"""

# The lock makes signatures on one break glass wait for each other, and lets foreign keys to it be checked meanwhile.
SIGNATURE_COUNTS = """
CREATE FUNCTION governance_break_glass_signed_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.signed_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER signed_now BEFORE INSERT ON governance_breakglasssignature
    FOR EACH ROW EXECUTE FUNCTION governance_break_glass_signed_at();

CREATE FUNCTION governance_break_glass_signature_counts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    deciders text[] := '{compliance_officer,administrator}';
    g governance_breakglass;
    countersigner uuid;
    is_over boolean;
BEGIN
    SELECT * INTO g FROM governance_breakglass WHERE id = NEW.break_glass_id FOR NO KEY UPDATE;
    SELECT s.signed_by_id INTO countersigner FROM governance_breakglasssignature s
    WHERE s.break_glass_id = g.id AND s.kind = 'countersign' AND s.id <> NEW.id;
    is_over := g.status = 'ended' OR g.ends_at <= NEW.signed_at;
    IF NEW.signed_hash <> g.content_hash THEN
        RAISE EXCEPTION 'a signature is on what is asked' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'end' THEN
        IF is_over THEN
            RAISE EXCEPTION 'break glass that is over is not ended' USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.signed_by_id NOT IN (g.asked_by_id, coalesce(countersigner, g.asked_by_id))
            AND NOT governance_decides(NEW.signed_by_id, '{compliance_officer}', g) THEN
            RAISE EXCEPTION 'break glass is ended by one of the two who opened it, or by an officer'
                USING ERRCODE = 'check_violation';
        END IF;
        UPDATE governance_breakglass SET status = 'ended', ended_at = NEW.signed_at WHERE id = g.id;
        RETURN NULL;
    END IF;
    IF NEW.signed_by_id IN (g.asked_by_id, coalesce(countersigner, g.asked_by_id)) THEN
        RAISE EXCEPTION 'three different people ask, countersign and review' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT governance_decides(NEW.signed_by_id, deciders, g) THEN
        RAISE EXCEPTION 'break glass is signed by somebody whose role decides' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind = 'countersign' THEN
        IF is_over OR g.status <> 'asked' THEN
            RAISE EXCEPTION 'break glass that does not wait is not countersigned' USING ERRCODE = 'check_violation';
        END IF;
        IF NOT governance_decides(g.asked_by_id, deciders, g) THEN
            RAISE EXCEPTION 'whoever asked decides no more' USING ERRCODE = 'check_violation';
        END IF;
        UPDATE governance_breakglass SET status = 'in_force', in_force_at = NEW.signed_at WHERE id = g.id;
        RETURN NULL;
    END IF;
    IF g.in_force_at IS NULL OR g.finding <> '' THEN
        RAISE EXCEPTION 'break glass is reviewed once, after it was countersigned' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE governance_breakglass SET finding = NEW.kind WHERE id = g.id;
    IF NEW.kind = 'unjustified' AND NOT is_over THEN
        UPDATE governance_breakglass SET status = 'ended', ended_at = NEW.signed_at WHERE id = g.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER counts AFTER INSERT ON governance_breakglasssignature
    FOR EACH ROW EXECUTE FUNCTION governance_break_glass_signature_counts();
"""

# The kill switch is the stronger one: what was opened before it was thrown is shut.
SUSPENSION_ENDS_IT = """
CREATE FUNCTION governance_suspension_ends_break_glass() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE governance_breakglass SET status = 'ended', ended_at = least(ends_at, clock_timestamp())
    WHERE model_id = NEW.id AND status <> 'ended';
    RETURN NULL;
END $$;
CREATE TRIGGER ends_break_glass AFTER UPDATE OF suspended_at ON governance_model
    FOR EACH ROW WHEN (OLD.suspended_at IS NULL AND NEW.suspended_at IS NOT NULL)
    EXECUTE FUNCTION governance_suspension_ends_break_glass();
"""

NOTE = """
CREATE TRIGGER note_change AFTER UPDATE OF status, ends_at ON governance_breakglass
    FOR EACH ROW WHEN (NEW.in_force_at IS NOT NULL)
    EXECUTE FUNCTION governance_note_change('break_glass', 'id');
CREATE TRIGGER note_removal AFTER DELETE ON governance_breakglass
    FOR EACH ROW EXECUTE FUNCTION governance_note_change('break_glass', 'id');
"""

GLASS, SIGNATURE = "governance_breakglass", "governance_breakglasssignature"


class Migration(migrations.Migration):
    dependencies = [("governance", "0019_break_glass")]

    operations = [
        *(
            migrations.RunSQL(statements, migrations.RunSQL.noop)
            for statements in (BEGINS, DECIDES, SIGNATURE_COUNTS, SUSPENSION_ENDS_IT, NOTE)
        ),
        protect(GLASS, team="team_id", app="SELECT, INSERT", system="SELECT, INSERT", gateway="SELECT"),
        protect(SIGNATURE, team_of=(GLASS, "break_glass_id"), app="SELECT, INSERT", system="SELECT, INSERT"),
        same_tenant(GLASS, "model_id", "governance_model"),
        same_tenant(GLASS, "team_id", "tenants_team"),
        same_tenant(SIGNATURE, "break_glass_id", GLASS),
        sign(GLASS, "asked_by_id"),
        sign(SIGNATURE, "signed_by_id"),
        capture(GLASS, "break_glass", team="team_id"),
        capture(SIGNATURE, "break_glass_signature", parent="break_glass_id", team_of=GLASS),
    ]
