"""Claims, comments and escalations: what is said is not changed, and the system alone escalates."""

import django.contrib.postgres.fields
import django.db.models.deletion
import kit.ids
from django.conf import settings
from django.db import migrations, models

from audit.history.capture import capture
from kit.row_security import protect, same_tenant, sign

# A claim ends once. What it says of whom and when is not rewritten.
ENDS_ONCE = """
CREATE FUNCTION governance_claim_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at THEN
        RAISE EXCEPTION 'a claim ends once' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ends_once BEFORE UPDATE ON governance_claim
    FOR EACH ROW EXECUTE FUNCTION governance_claim_ends_once();
"""
LINKS = [
    ("claim", "request_id", "approvalrequest"),
    ("comment", "request_id", "approvalrequest"),
    ("escalation", "request_id", "approvalrequest"),
    ("escalation", "stage_id", "requeststage"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0020_break_glass_rules'),
        ('tenants', '0004_history'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Escalation',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('escalated_at', models.DateTimeField(editable=False)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='escalations', to='governance.approvalrequest')),
                ('stage', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='escalation', to='governance.requeststage')),
            ],
            options={
                'ordering': ['-escalated_at'],
            },
        ),
        migrations.CreateModel(
            name='Claim',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('claimed_at', models.DateTimeField(editable=False)),
                ('ended_at', models.DateTimeField(editable=False, null=True)),
                ('claimed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='claims', to='governance.approvalrequest')),
            ],
            options={
                'ordering': ['-claimed_at'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('request',), name='one_claim_in_force_per_request'), models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('ended_at__gte', models.F('claimed_at')), _connector='OR'), name='claim_ends_after_it_begins')],
            },
        ),
        migrations.CreateModel(
            name='Comment',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('text', models.TextField()),
                ('mentions', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, help_text='People who are told of it.', size=None)),
                ('written_at', models.DateTimeField(editable=False)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='comments', to='governance.approvalrequest')),
                ('written_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['written_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='comment_says_something')],
            },
        ),
        migrations.RunSQL(ENDS_ONCE, migrations.RunSQL.noop),
        protect("governance_claim", app="SELECT, INSERT, UPDATE (ended_at)", system="SELECT, INSERT, UPDATE"),
        protect("governance_comment", app="SELECT, INSERT", system="SELECT, INSERT"),
        protect("governance_escalation", app="SELECT", system="SELECT, INSERT"),
        *(same_tenant(f"governance_{table}", column, f"governance_{target}") for table, column, target in LINKS),
        sign("governance_claim", "claimed_by_id"),
        sign("governance_comment", "written_by_id"),
        capture("governance_claim", "claim", parent="request_id"),
        capture("governance_comment", "comment", parent="request_id"),
        capture("governance_escalation", "escalation", parent="request_id"),
    ]
