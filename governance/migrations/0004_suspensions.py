"""The story of suspensions, and by which snapshot of the database a worker acknowledged."""

import django.db.models.deletion
from django.db import migrations, models

import kit.ids
from kit.row_security import protect, same_tenant

KINDS = [
    ("provider", "Provider"),
    ("model", "Model"),
    ("deployment", "Deployment"),
    ("approval", "Permission"),
    ("key", "API key"),
    ("team", "Team"),
    ("organization", "Organisation"),
    ("everything", "Everything"),
]

# One names who suspends, and who lets go on. An organisation cannot stop the installation, nor start it.
SIGNED = """
CREATE POLICY begun ON governance_suspension AS RESTRICTIVE FOR INSERT TO chancery_app
    WITH CHECK (begun_by_id IS NOT DISTINCT FROM chancery_user() AND subject_kind <> 'everything');
CREATE POLICY ended ON governance_suspension AS RESTRICTIVE FOR UPDATE TO chancery_app
    USING (subject_kind <> 'everything')
    WITH CHECK (ended_at IS NULL OR ended_by_id IS NOT DISTINCT FROM chancery_user());
"""
UNSIGNED = """
DROP POLICY ended ON governance_suspension;
DROP POLICY begun ON governance_suspension;
"""

ENDED_ONCE = """
CREATE FUNCTION governance_suspension_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a suspension that has ended does not change' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER ends_once BEFORE UPDATE ON governance_suspension
    FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION governance_suspension_ends_once();
"""

NOTE = """
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE ON governance_suspension
    FOR EACH ROW EXECUTE FUNCTION governance_note_change('suspension', 'id');
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE OF suspended_at ON tenants_team
    FOR EACH ROW EXECUTE FUNCTION governance_note_change('team', 'id');
"""


def person() -> models.ForeignKey:
    return models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.user")


class Migration(migrations.Migration):
    dependencies = [("governance", "0003_snapshot_changes"), ("tenants", "0003_suspension")]

    operations = [
        migrations.AddField(
            "snapshotacknowledgement",
            "seen",
            models.TextField(default="1:1:", help_text="PostgreSQL's snapshot that it decides by from then on."),
        ),
        migrations.AddIndex(
            "snapshotacknowledgement", models.Index(fields=["acknowledged_at"], name="acknowledgement_by_time")
        ),
        migrations.CreateModel(
            "Suspension",
            [
                ("id", models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("subject_kind", models.CharField(choices=KINDS, max_length=16)),
                ("subject_id", models.UUIDField()),
                ("reason", models.TextField()),
                ("cuts_calls", models.BooleanField(default=False)),
                ("act_id", models.UUIDField(editable=False)),
                ("begun_at", models.DateTimeField(editable=False)),
                ("ended_at", models.DateTimeField(editable=False, null=True)),
                ("end_reason", models.TextField(blank=True)),
                ("begun_by", person()),
                ("ended_by", person()),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.organization"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.team",
                    ),
                ),
            ],
            options={"ordering": ["-id"]},
        ),
        migrations.AddConstraint(
            "suspension",
            models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("organization", "subject_kind", "subject_id"),
                name="one_suspension_in_force_per_subject",
            ),
        ),
        migrations.AddConstraint(
            "suspension",
            models.CheckConstraint(condition=models.Q(("reason", ""), _negated=True), name="suspension_has_a_reason"),
        ),
        migrations.AddConstraint(
            "suspension",
            models.CheckConstraint(
                condition=models.Q(
                    ("ended_at__isnull", True), models.Q(("end_reason", ""), _negated=True), _connector="OR"
                ),
                name="end_of_suspension_has_a_reason",
            ),
        ),
        protect(
            "governance_suspension",
            team="team_id",
            app="SELECT, INSERT, UPDATE (ended_by_id, ended_at, end_reason)",
            system="SELECT, INSERT, UPDATE",
            gateway="SELECT",
        ),
        same_tenant("governance_suspension", "team_id", "tenants_team"),
        migrations.RunSQL(SIGNED, UNSIGNED),
        migrations.RunSQL(ENDED_ONCE, migrations.RunSQL.noop),
        migrations.RunSQL(NOTE, migrations.RunSQL.noop),
    ]
