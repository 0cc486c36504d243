"""Refusals of an organisation are found without reading its other records."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_history")]

    operations = [
        migrations.AddIndex(
            model_name="record",
            index=models.Index(
                condition=models.Q(("kind", "refused")), fields=["organization_id", "id"], name="record_refused"
            ),
        ),
    ]
