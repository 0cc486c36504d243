"""What a worker has seen, so that it can be asked whether a change is in force."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0003_snapshot_changes")]

    operations = [
        migrations.AddField(
            model_name="gatewayprocess",
            name="seen",
            field=models.TextField(
                default="1:1:", help_text="The snapshot of PostgreSQL it decides by; at first, of nothing."
            ),
        ),
    ]
