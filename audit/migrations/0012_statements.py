"""Statements of months."""

from django.db import migrations, models

from audit.sql import script
from kit.row_security import protect


class Migration(migrations.Migration):
    dependencies = [("audit", "0011_corrections")]

    operations = [
        migrations.CreateModel(
            name="Statement",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("organization_id", models.UUIDField()),
                ("owner_id", models.UUIDField()),
                ("month", models.DateField()),
                ("time_zone", models.TextField()),
                ("closed_at", models.DateTimeField()),
                ("content", models.JSONField()),
                ("digest", models.TextField()),
                ("spent_nano_usd", models.BigIntegerField()),
                ("corrected_nano_usd", models.BigIntegerField()),
            ],
            options={
                "db_table": "audit_statement",
                "ordering": ["-month", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization_id", "owner_id", "month"), name="statement_once_a_month"
                    )
                ],
            },
        ),
        protect("audit_statement", team="owner_id", app="SELECT", system="SELECT"),
        script("0012_statements"),
    ]
