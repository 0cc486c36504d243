"""What a settlement is counted by, what was used beside plain tokens, and the transaction that wrote it."""

import audit.models.record
import django.contrib.postgres.fields
from django.db import migrations, models

from audit.sql import script


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_refusals")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[script("0006_dimensions")],
            state_operations=[
                migrations.AddField("settlement", "provider_id", models.UUIDField(null=True)),
                migrations.AddField("settlement", "use_case_id", models.UUIDField(null=True)),
                migrations.AddField("settlement", "subject_id", models.UUIDField(null=True)),
                migrations.AddField("settlement", "prompt_version_id", models.UUIDField(null=True)),
                migrations.AddField("settlement", "operation", models.TextField(default="chat", db_default="chat")),
                migrations.AddField("settlement", "tier", models.TextField(default="", db_default="")),
                migrations.AddField("settlement", "route", models.TextField(default="", db_default="")),
                migrations.AddField("settlement", "pipeline", models.TextField(default="direct", db_default="direct")),
                migrations.AddField("settlement", "cache", models.TextField(default="bypass", db_default="bypass")),
                migrations.AddField("settlement", "tags", django.contrib.postgres.fields.ArrayField(models.TextField(), default=list, db_default=[], size=None)),
                migrations.AddField("settlement", "error", models.TextField(null=True)),
                migrations.AddField("settlement", "latency_ms", models.IntegerField(null=True)),
                migrations.AddField("settlement", "first_event_ms", models.IntegerField(null=True)),
                migrations.AddField("settlement", "xid", audit.models.record.TransactionId(db_default=audit.models.record.CurrentTransaction())),
                migrations.AddField("correction", "xid", audit.models.record.TransactionId(db_default=audit.models.record.CurrentTransaction())),
                *(
                    operation
                    for model in ("settlement", "correction")
                    for operation in (
                        migrations.AddField(model, "further_quantities", models.JSONField(null=True)),
                        migrations.AddField(
                            model, "service_tier", models.TextField(default="standard", db_default="standard")
                        ),
                    )
                ),
                migrations.AddIndex("settlement", models.Index(fields=["xid"], name="settlement_of_transaction")),
                migrations.AddIndex("correction", models.Index(fields=["xid"], name="correction_of_transaction")),
            ],
        ),
    ]
