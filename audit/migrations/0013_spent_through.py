"""Pages tell what budgets have spent from what is counted, and what came since."""

from django.db import migrations

from audit.sql import script


class Migration(migrations.Migration):
    dependencies = [("audit", "0012_statements")]

    operations = [script("0013_spent_through")]
