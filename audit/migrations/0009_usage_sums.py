"""Sums of usage for callers of the gateway."""

from django.db import migrations

from audit.sql import script


class Migration(migrations.Migration):
    dependencies = [("audit", "0008_usage")]

    operations = [script("0009_usage_sums")]
