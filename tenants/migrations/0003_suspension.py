"""Keys and teams can be suspended, and the gateway reads which teams are."""

from django.db import migrations, models

READ_TEAMS = """
CREATE POLICY gateway ON tenants_team TO chancery_gateway USING (true) WITH CHECK (true);
GRANT SELECT ON tenants_team TO chancery_gateway;
"""
UNREAD_TEAMS = """
REVOKE SELECT ON tenants_team FROM chancery_gateway;
DROP POLICY gateway ON tenants_team;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_row_security")]

    operations = [
        migrations.AddField("apikey", "suspended_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("team", "suspended_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.RunSQL(READ_TEAMS, UNREAD_TEAMS),
    ]
