"""Corrections of several kinds, more than one for a request, which budgets and sums of usage follow."""

from django.db import migrations, models

import kit.ids
from audit.sql import script


class Migration(migrations.Migration):
    dependencies = [("audit", "0010_usage_days")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[script("0011_corrections")],
            state_operations=[
                migrations.AddField(
                    "correction",
                    "id",
                    models.UUIDField(primary_key=True, default=kit.ids.new_id, editable=False, serialize=False),
                ),
                migrations.AlterField("correction", "request_id", models.UUIDField()),
                migrations.AddField(
                    "correction",
                    "kind",
                    models.TextField(
                        choices=[("late_truth", "the truth came late"), ("rerating", "rated anew")], default=""
                    ),
                    preserve_default=False,
                ),
                migrations.AddField("correction", "price_id", models.UUIDField(null=True)),
                migrations.AlterModelOptions("correction", {"ordering": ["id"]}),
                migrations.AddIndex("correction", models.Index(fields=["request_id"], name="correction_of_request")),
                migrations.AddConstraint(
                    "correction",
                    models.CheckConstraint(
                        condition=models.Q(kind__in=["late_truth", "rerating"]), name="correction_kind_is_known"
                    ),
                ),
                migrations.AddConstraint(
                    "correction",
                    models.CheckConstraint(
                        condition=~models.Q(kind="rerating") | models.Q(price_id__isnull=False),
                        name="correction_rated_has_a_price",
                    ),
                ),
                migrations.AddConstraint(
                    "correction",
                    models.UniqueConstraint(
                        fields=["request_id"], condition=models.Q(kind="late_truth"), name="correction_late_once"
                    ),
                ),
            ],
        ),
    ]
