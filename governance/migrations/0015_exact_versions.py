"""What was approved is not exchanged under its approval, whoever tries: another version is another entry."""

from django.db import migrations

EXACT = """
CREATE FUNCTION governance_stays_exact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what may have been approved is not exchanged; it is registered anew'
        USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER stays_exact BEFORE UPDATE ON governance_model
    FOR EACH ROW WHEN ((NEW.slug, NEW.version) IS DISTINCT FROM (OLD.slug, OLD.version))
    EXECUTE FUNCTION governance_stays_exact();
CREATE TRIGGER stays_exact BEFORE UPDATE ON governance_deployment
    FOR EACH ROW WHEN ((NEW.model_id, NEW.provider_id, NEW.upstream_model, NEW.region)
        IS DISTINCT FROM (OLD.model_id, OLD.provider_id, OLD.upstream_model, OLD.region))
    EXECUTE FUNCTION governance_stays_exact();
"""
LOOSE = """
DROP TRIGGER stays_exact ON governance_deployment;
DROP TRIGGER stays_exact ON governance_model;
DROP FUNCTION governance_stays_exact();
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0014_evidence_asked")]

    operations = [migrations.RunSQL(EXACT, LOOSE)]
