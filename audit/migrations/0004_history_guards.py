"""A table whose changes are kept no more is noticed."""

from django.db import migrations

from audit.sql import script


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_refused")]

    operations = [script("0004_history_guards")]
