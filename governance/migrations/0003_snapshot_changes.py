"""Every change to what the gateway decides by is noted, by triggers, in the transaction that makes it."""

from django.db import migrations

# (table, kind, column of the object's id, columns whose change matters; empty for all)
SOURCES = [
    ("tenants_organization", "organization", "id", ""),
    ("tenants_apikey", "api_key", "id", ""),
    ("tenants_apikeysecret", "api_key", "api_key_id", "digest, expires_at, api_key_id"),
    ("tenants_identityprovider", "identity_provider", "id", ""),
    ("tenants_budget", "budget", "id", ""),
    ("tenants_ratelimit", "rate_limit", "id", ""),
    ("governance_provider", "provider", "id", ""),
    ("governance_model", "model", "id", ""),
    ("governance_deployment", "deployment", "id", ""),
    ("governance_price", "deployment", "deployment_id", ""),
    ("governance_route", "route", "id", ""),
    ("governance_routecandidate", "route", "route_id", ""),
    ("governance_approval", "approval", "id", ""),
]

TABLE = """
CREATE TABLE governance_snapshot_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind text NOT NULL,
    object_id uuid NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX governance_snapshot_change_xid ON governance_snapshot_change (xid);
REVOKE ALL ON governance_snapshot_change FROM PUBLIC;
GRANT SELECT ON governance_snapshot_change TO chancery_app, chancery_gateway;
GRANT SELECT, DELETE ON governance_snapshot_change TO chancery_system;

CREATE FUNCTION governance_note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    kind text := TG_ARGV[0];
    object uuid := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ->> TG_ARGV[1] ELSE to_jsonb(NEW) ->> TG_ARGV[1] END;
BEGIN
    INSERT INTO governance_snapshot_change (kind, object_id) VALUES (kind, object);
    PERFORM pg_notify('chancery_snapshot', '');
    RETURN NULL;
END $$;

GRANT SELECT, INSERT, UPDATE ON governance_gatewayprocess TO chancery_gateway;
GRANT SELECT, INSERT ON governance_snapshotacknowledgement TO chancery_gateway;
GRANT SELECT ON governance_gatewayprocess, governance_snapshotacknowledgement TO chancery_app;
GRANT SELECT, UPDATE, DELETE ON governance_gatewayprocess, governance_snapshotacknowledgement TO chancery_system;
"""


def note(table: str, kind: str, column: str, columns: str) -> str:
    update = f"UPDATE OF {columns}" if columns else "UPDATE"
    return (
        f"CREATE TRIGGER note_change AFTER INSERT OR DELETE OR {update} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION governance_note_change('{kind}', '{column}')"
    )


class Migration(migrations.Migration):
    dependencies = [("governance", "0002_row_security")]

    operations = [
        migrations.RunSQL(TABLE, migrations.RunSQL.noop),
        *(migrations.RunSQL(note(*source), migrations.RunSQL.noop) for source in SOURCES),
    ]
