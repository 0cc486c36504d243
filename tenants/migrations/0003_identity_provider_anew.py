from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_row_security")]

    operations = [
        migrations.RemoveConstraint(model_name="identityprovider", name="identity_provider_issuer_and_audience"),
        migrations.AddConstraint(
            model_name="identityprovider",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at__isnull", True)),
                fields=("issuer", "audience"),
                name="identity_provider_issuer_and_audience",
            ),
        ),
    ]
