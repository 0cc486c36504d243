"""How calls ended, with input and output apart and the budgets they were charged to: for holds that outlive a worker."""

from django.db import migrations

from audit.sql import script


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_dimensions")]

    operations = [script("0007_outcomes")]
