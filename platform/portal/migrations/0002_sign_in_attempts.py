"""Counted sign-in attempts; of no tenant, since nobody is known yet when one is made."""

import django.db.models
from django.db import migrations, models

import kit.clock
from kit.row_security import share


class Migration(migrations.Migration):
    dependencies = [("portal", "0001_grants")]

    operations = [
        migrations.CreateModel(
            name="SignInAttempt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("subject", models.BinaryField()),
                ("address", models.GenericIPAddressField(null=True)),
                ("at", models.DateTimeField(default=kit.clock.now)),
            ],
            options={"indexes": [models.Index(fields=["at"], name="sign_in_attempt_at")]},
        ),
        share("portal_signinattempt", "SELECT, INSERT, DELETE"),
        migrations.RunSQL(
            "GRANT USAGE ON SEQUENCE portal_signinattempt_id_seq TO chancery_app, chancery_system",
            migrations.RunSQL.noop,
        ),
    ]
