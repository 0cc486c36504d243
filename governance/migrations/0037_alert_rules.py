"""Who may do what with alerts: the timetable opens, updates and resolves; people acknowledge, mute and set rules."""

from django.db import migrations

from audit.history.capture import capture
from kit.row_security import protect, same_tenant, sign

RULE, ALERT, MUTE = "governance_alertrule", "governance_alert", "governance_alertmute"
CHANNEL, MESSAGE = "governance_alertchannel", "governance_alertmessage"

# The portal's role serves people and the timetable alike: whoever acts tells them apart.
BY_ITSELF = f"""
CREATE POLICY by_itself ON {ALERT} AS RESTRICTIVE FOR INSERT TO chancery_app
    WITH CHECK (chancery_user() IS NULL);
CREATE POLICY of_the_whole ON {ALERT} AS RESTRICTIVE FOR SELECT TO chancery_app
    USING (chancery_team_entered(team_id) OR kind IN ('latency', 'errors', 'cache'));

CREATE FUNCTION governance_alert_changes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF chancery_user() IS NOT NULL AND (
        (to_jsonb(NEW) - '{{acknowledged_by_id,acknowledged_at}}'::text[])
            <> (to_jsonb(OLD) - '{{acknowledged_by_id,acknowledged_at}}'::text[])
        OR NEW.acknowledged_by_id IS DISTINCT FROM chancery_user()) THEN
        RAISE EXCEPTION 'a person acknowledges an alert, and changes nothing else of it'
            USING ERRCODE = 'check_violation';
    END IF;
    IF chancery_user() IS NOT NULL AND OLD.acknowledged_by_id IS NOT NULL THEN
        RAISE EXCEPTION 'an alert is acknowledged once' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER changes BEFORE UPDATE ON {ALERT} FOR EACH ROW EXECUTE FUNCTION governance_alert_changes();

CREATE FUNCTION governance_alert_mute_changes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF NEW.ends_at > OLD.ends_at THEN
        RAISE EXCEPTION 'what is muted is not muted for longer: say why anew' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER changes BEFORE UPDATE ON {MUTE} FOR EACH ROW EXECUTE FUNCTION governance_alert_mute_changes();
"""
# The one way in for what is told of an alert: whoever acknowledges one of their team need not see the channels of the
# organisation. What was opened in silence is resolved in silence.
MESSAGES = f"""
CREATE POLICY tried ON {MESSAGE} AS RESTRICTIVE FOR INSERT TO chancery_app
    WITH CHECK (alert_id IS NULL AND event = 'test' AND state = 'due' AND attempts = 0);
CREATE FUNCTION governance_tell_channels(alert uuid, event text, at timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_variable
DECLARE
    told integer;
BEGIN
    INSERT INTO {MESSAGE} (
        id, organization_id, channel_id, alert_id, event, count, state, attempts, answer, created_at, due_at)
    SELECT audit_new_id(), c.organization_id, c.id, a.id, event, 1, 'due', 0, '', at, at
    FROM {ALERT} a JOIN {CHANNEL} c ON c.organization_id = a.organization_id
    WHERE a.id = alert AND a.organization_id = chancery_organization() AND c.is_active
      AND (c.team_id IS NULL OR c.team_id = a.team_id) AND c.least_severity <= a.severity
      AND (event IN ('opened', 'worsened') OR EXISTS (
          SELECT FROM {MESSAGE} m
          WHERE m.channel_id = c.id AND m.alert_id = a.id AND m.event IN ('opened', 'worsened')));
    GET DIAGNOSTICS told = ROW_COUNT;
    RETURN told;
END $$;
REVOKE ALL ON FUNCTION governance_tell_channels FROM PUBLIC;
GRANT EXECUTE ON FUNCTION governance_tell_channels TO chancery_app;
"""
UNTOLD = f"""
DROP FUNCTION governance_tell_channels(uuid, text, timestamptz);
DROP POLICY tried ON {MESSAGE};
"""
UNDONE = f"""
DROP TRIGGER changes ON {MUTE};
DROP FUNCTION governance_alert_mute_changes();
DROP TRIGGER changes ON {ALERT};
DROP FUNCTION governance_alert_changes();
DROP POLICY of_the_whole ON {ALERT};
DROP POLICY by_itself ON {ALERT};
"""
# Of these it is only kept that they went on.
FIGURES = ["seen", "expected", "bound", "drivers", "seen_at"]


class Migration(migrations.Migration):
    dependencies = [("governance", "0036_alerts"), ("audit", "0002_history"), ("tenants", "0001_initial")]

    operations = [
        protect(
            RULE,
            team="team_id",
            app="SELECT, INSERT, UPDATE (is_active, severity, parameters, roles, set_by_id, set_at)",
            system="SELECT, INSERT",
        ),
        protect(
            ALERT,
            team="team_id",
            app="SELECT, INSERT, UPDATE (severity, finding, level, unit, seen, expected, bound, drivers, seen_at, resolved_at, "
            "acknowledged_by_id, acknowledged_at)",
            system="SELECT, INSERT",
        ),
        protect(MUTE, team="team_id", app="SELECT, INSERT, UPDATE (ends_at)", system="SELECT, INSERT"),
        protect(
            CHANNEL,
            team="team_id",
            app="SELECT, INSERT, UPDATE (name, host, sealed, least_severity, is_active, set_by_id)",
            system="SELECT, INSERT, UPDATE (sealed)",
        ),
        protect(
            MESSAGE, team_of=(CHANNEL, "channel_id"), app="SELECT, INSERT", system="SELECT, INSERT, UPDATE, DELETE"
        ),
        *(same_tenant(table, "team_id", "tenants_team") for table in (RULE, ALERT, MUTE, CHANNEL)),
        same_tenant(MESSAGE, "channel_id", CHANNEL),
        same_tenant(MESSAGE, "alert_id", ALERT),
        sign(RULE, "set_by_id"),
        sign(MUTE, "muted_by_id"),
        sign(CHANNEL, "set_by_id"),
        capture(RULE, "alert_rule", team="team_id"),
        capture(ALERT, "alert", team="team_id", ignored=FIGURES),
        capture(MUTE, "alert_mute", team="team_id"),
        capture(CHANNEL, "alert_channel", team="team_id", secret=["sealed"]),
        migrations.RunSQL(BY_ITSELF, UNDONE),
        migrations.RunSQL(MESSAGES, UNTOLD),
    ]
