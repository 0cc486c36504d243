"""Evidence, which is added and withdrawn and never changed; its files apart, sealed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import kit.ids
from audit.history.capture import capture
from kit.row_security import protect, same_tenant, sign

WITHDRAWN_FOR_GOOD = """
CREATE FUNCTION governance_withdrawn_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'evidence that is withdrawn stays so' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER withdrawn_for_good BEFORE UPDATE ON governance_evidence FOR EACH ROW
    WHEN (OLD.withdrawn_at IS NOT NULL AND OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION governance_withdrawn_for_good();
"""

class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0009_notices'),
        ('tenants', '0004_history'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('evaluation', 'Evaluation'), ('red_team', 'Red-team test'), ('dpia', 'Data protection impact assessment'), ('security_review', 'Security review'), ('licence', 'Licence'), ('contract', 'Contract'), ('model_card', 'Model card'), ('other', 'Other')], max_length=24)),
                ('title', models.CharField(max_length=200)),
                ('metric', models.CharField(blank=True, max_length=100)),
                ('value', models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True)),
                ('threshold', models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True)),
                ('passed', models.BooleanField(blank=True, null=True)),
                ('sha256', models.CharField(editable=False, max_length=64)),
                ('size_bytes', models.PositiveIntegerField(default=0, editable=False)),
                ('media_type', models.CharField(blank=True, editable=False, max_length=64)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('added_at', models.DateTimeField(editable=False)),
                ('withdrawn_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('withdrawal_reason', models.TextField(blank=True)),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('model', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='governance.model')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
                ('provider', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='governance.provider')),
                ('withdrawn_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'evidence',
                'ordering': ['-added_at'],
            },
        ),
        migrations.CreateModel(
            name='EvidenceFile',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('sealed', models.BinaryField()),
                ('evidence', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='file', to='governance.evidence')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.UniqueConstraint(fields=('organization', 'id'), name='evidence_in_organization'),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.CheckConstraint(condition=models.Q(('model__isnull', False), ('provider__isnull', False), _connector='OR'), name='evidence_is_about_something'),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('size_bytes__gt', 0), models.Q(('media_type', ''), _negated=True)), models.Q(('passed__isnull', False), models.Q(('metric', ''), _negated=True)), _connector='OR'), name='evidence_is_a_file_or_a_result'),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__isnull', True), ('expires_at__gt', models.F('added_at')), _connector='OR'), name='evidence_is_good_when_it_is_added'),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn_at__isnull', True), models.Q(('withdrawal_reason', ''), _negated=True), _connector='OR'), name='evidence_is_withdrawn_with_a_reason'),
        ),
        protect(
            "governance_evidence",
            app="SELECT, INSERT, UPDATE (withdrawn_at, withdrawn_by_id, withdrawal_reason)",
            system="SELECT, INSERT, UPDATE (withdrawn_at, withdrawn_by_id, withdrawal_reason)",
        ),
        protect("governance_evidencefile", app="SELECT, INSERT", system="SELECT, INSERT, UPDATE (sealed)"),
        same_tenant("governance_evidence", "model_id", "governance_model"),
        same_tenant("governance_evidence", "provider_id", "governance_provider"),
        same_tenant("governance_evidencefile", "evidence_id", "governance_evidence"),
        sign("governance_evidence", "added_by_id"),
        migrations.RunSQL(WITHDRAWN_FOR_GOOD, migrations.RunSQL.noop),
        capture("governance_evidence", "evidence", parent="model_id"),
        capture("governance_evidencefile", "evidence_file", parent="evidence_id", secret=["sealed"]),
    ]
