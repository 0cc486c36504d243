"""Where an application runs: a fact that administrators set, and that the gateway reads."""

import django.core.validators
from django.db import migrations, models

READ_PROJECTS = """
CREATE POLICY gateway ON tenants_project TO chancery_gateway USING (true) WITH CHECK (true);
GRANT SELECT ON tenants_project TO chancery_gateway;
"""
UNREAD_PROJECTS = """
REVOKE SELECT ON tenants_project FROM chancery_gateway;
DROP POLICY gateway ON tenants_project;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_history")]

    operations = [
        migrations.AddField(
            "project",
            "region",
            models.CharField(
                blank=True,
                default="",
                help_text="Where the application runs, such as eu or us. Empty: where the organisation is at home.",
                max_length=32,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[A-Za-z0-9_.:/+-]+$", "Letters, digits and _ . : / + - only: it goes on record as it is."
                    )
                ],
            ),
        ),
        migrations.RunSQL(READ_PROJECTS, UNREAD_PROJECTS),
    ]
