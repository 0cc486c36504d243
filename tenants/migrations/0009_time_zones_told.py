"""The ledger is told where the days of an organisation begin, by which it sums up usage."""

from django.db import migrations

TELL = """
CREATE FUNCTION tenants_tell_time_zone() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM audit_tell_usage_zone(NEW.id, NEW.time_zone);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION tenants_tell_time_zone FROM PUBLIC;
CREATE TRIGGER tell_time_zone AFTER INSERT OR UPDATE OF time_zone ON tenants_organization
    FOR EACH ROW EXECUTE FUNCTION tenants_tell_time_zone();
SELECT audit_tell_usage_zone(id, time_zone) FROM tenants_organization;
"""
UNDONE = """
DROP TRIGGER tell_time_zone ON tenants_organization;
DROP FUNCTION tenants_tell_time_zone();
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0008_increases"), ("audit", "0010_usage_days")]

    operations = [migrations.RunSQL(TELL, UNDONE)]
