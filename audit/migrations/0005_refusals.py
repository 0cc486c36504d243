"""Acts that were refused: from where they were tried, in the history."""

from django.db import migrations, models

from audit.sql import script


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_history_guards")]

    operations = [
        migrations.AlterField(
            "change",
            "operation",
            models.TextField(
                choices=[("insert", "made"), ("update", "changed"), ("delete", "deleted"), ("refuse", "left as it was")]
            ),
        ),
        migrations.RemoveConstraint("change", "history_operation_is_known"),
        migrations.AddConstraint(
            "change",
            models.CheckConstraint(
                condition=models.Q(("operation__in", ["insert", "update", "delete", "refuse"])),
                name="history_operation_is_known",
            ),
        ),
        script("0005_refusals"),
    ]
