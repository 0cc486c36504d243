"""Which stage each open request waits in, kept as requests and decisions come."""

import django.db.models.deletion
from django.db import migrations, models

import kit.ids
from kit.row_security import protect, same_tenant

# After `keep` and `counts`, by their names: the stages are there then, and the decision has been found to count.
WAITS = """
CREATE FUNCTION governance_wait(r governance_approvalrequest) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    open_stage uuid := CASE WHEN r.status IN ('submitted', 'in_review') THEN governance_open_stage(r, NULL) END;
BEGIN
    IF open_stage IS NULL THEN
        DELETE FROM governance_waiting WHERE request_id = r.id;
    ELSE
        INSERT INTO governance_waiting (id, organization_id, request_id, stage_id)
        VALUES (audit_new_id(), r.organization_id, r.id, open_stage)
        ON CONFLICT (request_id) DO UPDATE SET stage_id = EXCLUDED.stage_id
        WHERE governance_waiting.stage_id <> EXCLUDED.stage_id;
    END IF;
END $$;

CREATE FUNCTION governance_request_waits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM governance_wait(NEW);
    RETURN NULL;
END $$;
CREATE TRIGGER waits AFTER INSERT OR UPDATE OF status, revision, content_hash ON governance_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION governance_request_waits();

CREATE FUNCTION governance_decision_waits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM governance_wait(r) FROM governance_approvalrequest r WHERE r.id = NEW.request_id;
    RETURN NULL;
END $$;
CREATE TRIGGER waits AFTER INSERT ON governance_decision
    FOR EACH ROW EXECUTE FUNCTION governance_decision_waits();

SELECT governance_wait(r) FROM governance_approvalrequest r;
SET CONSTRAINTS ALL IMMEDIATE;
"""

TABLE = "governance_waiting"


class Migration(migrations.Migration):

    dependencies = [
        ("governance", "0028_waiver_rules"),
        ("tenants", "0005_project_region"),
    ]

    operations = [
        migrations.CreateModel(
            name="Waiting",
            fields=[
                ("id", models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("organization", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.organization")),
                ("request", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="waiting", to="governance.approvalrequest")),
                ("stage", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="waiting", to="governance.requeststage")),
            ],
            options={"abstract": False},
        ),
        migrations.RunSQL(WAITS, migrations.RunSQL.noop),
        protect(TABLE, app="SELECT", system="SELECT"),
        same_tenant(TABLE, "request_id", "governance_approvalrequest"),
        same_tenant(TABLE, "stage_id", "governance_requeststage"),
    ]
