"""Second wall, and the rules of approval that hold whatever the application does."""

from django.db import migrations

from kit.row_security import protect, same_tenant, sign

# What may change once a row is there. A model, a deployment or a request that was approved stays what it was.
CHANGEABLE = {
    "provider": "kind, base_url, credential, suspended_at",
    "model": "suspended_at",
    "deployment": "suspended_at",
    "approvalrequest": "status",
    "approval": "suspended_at, ended_at",
}
LINKS = [
    ("deployment", "model_id", "model"),
    ("deployment", "provider_id", "provider"),
    ("price", "deployment_id", "deployment"),
    ("routecandidate", "route_id", "route"),
    ("routecandidate", "deployment_id", "deployment"),
    ("approvalrequest", "model_id", "model"),
    ("approval", "model_id", "model"),
    ("approval", "request_id", "approvalrequest"),
    ("decision", "request_id", "approvalrequest"),
]

# The requester named on a decision is the request's own, so the check constraint beside it cannot be talked around.
DECISION_NAMES_THE_REQUESTER = """
ALTER TABLE governance_decision ADD CONSTRAINT decision_names_the_requester
    FOREIGN KEY (request_id, requested_by_id) REFERENCES governance_approvalrequest (id, requested_by_id);
"""

REQUEST_STEPS = """
CREATE FUNCTION governance_request_steps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'submitted' THEN
        RAISE EXCEPTION 'an approval request that is % does not change', OLD.status USING ERRCODE = 'check_violation';
    END IF;
    IF to_jsonb(NEW) - 'status' <> to_jsonb(OLD) - 'status' THEN
        RAISE EXCEPTION 'what a request asks for does not change; withdraw it and ask anew'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER steps BEFORE UPDATE ON governance_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION governance_request_steps();
"""

# An approval is granted only where somebody other than the requester has signed what the request now asks.
GRANTED_BY_DECISION = """
CREATE FUNCTION governance_granted_by_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM governance_decision d JOIN governance_approvalrequest r ON r.id = d.request_id
        WHERE r.id = NEW.request_id AND r.status = 'approved' AND r.model_id = NEW.model_id
          AND r.teams = NEW.teams AND r.regions = NEW.regions AND r.max_data_class = NEW.max_data_class
          AND r.expires_at IS NOT DISTINCT FROM NEW.expires_at
          AND d.verdict = 'approve' AND d.signed_hash = r.content_hash
    ) THEN
        RAISE EXCEPTION 'no decision grants this approval' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER granted_by_decision BEFORE INSERT OR UPDATE OF teams, regions, max_data_class, expires_at, model_id, request_id
    ON governance_approval FOR EACH ROW EXECUTE FUNCTION governance_granted_by_decision();
"""

# Suspension is taken back, an end is not: whatever took an approval's place would otherwise be joined by it.
ENDED_FOR_GOOD = """
CREATE FUNCTION governance_ended_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an approval that has ended does not change' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER ended_for_good BEFORE UPDATE ON governance_approval
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION governance_ended_for_good();
"""

class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial"), ("tenants", "0002_row_security")]

    operations = [
        *(
            protect(f"governance_{table}", gateway="SELECT", app=f"SELECT, INSERT, UPDATE ({columns})")
            for table, columns in CHANGEABLE.items()
        ),
        protect("governance_price", gateway="SELECT", app="SELECT, INSERT"),
        protect("governance_routecandidate", team_of=("governance_route", "route_id"), gateway="SELECT"),
        protect("governance_route", team="team_id", gateway="SELECT"),
        protect("governance_decision", app="SELECT, INSERT", system="SELECT, INSERT"),
        *(same_tenant(f"governance_{table}", column, f"governance_{target}") for table, column, target in LINKS),
        same_tenant("governance_route", "team_id", "tenants_team"),
        migrations.RunSQL(DECISION_NAMES_THE_REQUESTER, migrations.RunSQL.noop),
        migrations.RunSQL(REQUEST_STEPS, migrations.RunSQL.noop),
        migrations.RunSQL(GRANTED_BY_DECISION, migrations.RunSQL.noop),
        migrations.RunSQL(ENDED_FOR_GOOD, migrations.RunSQL.noop),
        sign("governance_approvalrequest", "requested_by_id"),
        sign("governance_decision", "decided_by_id"),
    ]
