"""Whatever a deployment begins to name is taken in by the workers at once: an approval may cover it no more."""

from django.db import migrations

NOTE = """
CREATE TRIGGER note_change AFTER INSERT ON governance_reportedidentity
    FOR EACH ROW WHEN (NEW.model <> '') EXECUTE FUNCTION governance_note_change('deployment', 'deployment_id');
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0021_discussion")]

    operations = [
        migrations.RunSQL(NOTE, "DROP TRIGGER note_change ON governance_reportedidentity"),
    ]
