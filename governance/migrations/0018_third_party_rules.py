"""Third-party files, agreements, model cards and other systems belong to their organisation, and their past stays."""

from django.db import migrations

from audit.history.capture import capture
from kit.row_security import protect, same_tenant, sign

FILE = (
    "is_own, location, retention_days, trains_on_data, sub_processors, function_supported, criticality, "
    "substitutability, exit_plan, audited_on, contact"
)
SYSTEM = "name, vendor, purpose, owner_id, ai_act_class, max_data_class, review_on, retired_at, fingerprint"

STAYS_OVER = """
CREATE FUNCTION governance_stays_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what is over does not change' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER stays_over BEFORE UPDATE ON governance_agreement
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION governance_stays_over();
CREATE TRIGGER stays_over BEFORE UPDATE ON governance_othersystem
    FOR EACH ROW WHEN (OLD.retired_at IS NOT NULL) EXECUTE FUNCTION governance_stays_over();
"""
UNDONE = """
DROP TRIGGER stays_over ON governance_agreement;
DROP TRIGGER stays_over ON governance_othersystem;
DROP FUNCTION governance_stays_over();
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0017_third_parties")]

    operations = [
        migrations.RunSQL(STAYS_OVER, UNDONE),
        protect("governance_thirdpartyfile", app=f"SELECT, INSERT, UPDATE ({FILE})", system="SELECT, INSERT"),
        protect("governance_agreement", app="SELECT, INSERT, UPDATE (ended_at)", system="SELECT, INSERT"),
        protect("governance_modelcard", app="SELECT, INSERT", system="SELECT, INSERT"),
        protect("governance_othersystem", app=f"SELECT, INSERT, UPDATE ({SYSTEM})", system="SELECT, INSERT"),
        same_tenant("governance_thirdpartyfile", "provider_id", "governance_provider"),
        same_tenant("governance_agreement", "provider_id", "governance_provider"),
        same_tenant("governance_modelcard", "model_id", "governance_model"),
        sign("governance_modelcard", "written_by_id"),
        capture("governance_model", "model", ignored=["fingerprint"]),  # said again for its new columns
        capture("governance_thirdpartyfile", "third_party_file", parent="provider_id"),
        capture("governance_agreement", "agreement", parent="provider_id"),
        capture("governance_modelcard", "model_card", parent="model_id"),
        capture("governance_othersystem", "system", ignored=["fingerprint"]),
    ]
