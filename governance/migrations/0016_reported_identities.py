"""What deployments say they are. The gateway hears it and writes it down; drift brings a recertification forward."""

import django.db.models.deletion
from django.db import migrations, models

import kit.ids
from kit.row_security import protect, same_tenant

# One that drifted is recertified sooner; nothing prolongs an approval but another one.
SOONER = """
DROP TRIGGER recertified_anew ON governance_approval;
CREATE TRIGGER recertified_anew BEFORE UPDATE ON governance_approval
    FOR EACH ROW WHEN (NEW.recertify_by > OLD.recertify_by)
    EXECUTE FUNCTION governance_recertified_anew();
GRANT UPDATE (recertify_by) ON governance_approval TO chancery_app;
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0015_exact_versions")]

    operations = [
        migrations.CreateModel(
            name="ReportedIdentity",
            fields=[
                (
                    "id",
                    models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False),
                ),
                ("model", models.CharField(max_length=200)),
                ("fingerprint", models.CharField(max_length=200)),
                ("first_heard_at", models.DateTimeField()),
                ("looked_at", models.DateTimeField(null=True)),
                (
                    "deployment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="identities",
                        to="governance.deployment",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.organization"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "reported identities",
                "ordering": ["first_heard_at", "id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("looked_at__isnull", True)), fields=["id"], name="identity_to_look_at"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("deployment", "model", "fingerprint"), name="identity_is_heard_once"
                    )
                ],
            },
        ),
        protect(
            "governance_reportedidentity", app="SELECT, UPDATE (looked_at)", system="SELECT", gateway="SELECT, INSERT"
        ),
        same_tenant("governance_reportedidentity", "deployment_id", "governance_deployment"),
        migrations.RunSQL(SOONER, migrations.RunSQL.noop),
    ]
