"""The ledger's tables, their guards, and the functions that are the only way in."""

import audit.models.record
import kit.ids
from django.db import migrations, models

from audit.sql import script
from kit.row_security import install_functions, protect

# No tenant's business: the gateway reaches it through functions, the system role reads it.
INTERNAL = """
REVOKE ALL ON audit_writer, audit_admission_epoch, audit_rolled_up FROM PUBLIC;
INSERT INTO audit_rolled_up VALUES (1, '00000000-0000-0000-0000-000000000000');
ALTER TABLE audit_admission_epoch ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_admission_epoch FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON audit_admission_epoch TO chancery_owner USING (true) WITH CHECK (true);
CREATE POLICY system ON audit_admission_epoch FOR SELECT TO chancery_system USING (true);
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        install_functions(),
        migrations.SeparateDatabaseAndState(
            database_operations=[script("0001_tables")],
            state_operations=[
                migrations.CreateModel(
                    name='Record',
                    fields=[
                        ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                        ('organization_id', models.UUIDField()),
                        ('team_id', models.UUIDField(null=True)),
                        ('request_id', models.UUIDField(null=True)),
                        ('kind', models.TextField(choices=[('requested', 'requested'), ('completed', 'completed'), ('refused', 'refused'), ('failed', 'failed'), ('cancelled', 'cancelled'), ('outcome_unknown', 'outcome unknown'), ('act', 'act')])),
                        ('action', models.TextField()),
                        ('actor_kind', models.TextField()),
                        ('actor_id', models.UUIDField()),
                        ('object_kind', models.TextField(null=True)),
                        ('object_id', models.UUIDField(null=True)),
                        ('at', models.DateTimeField()),
                        ('xid', audit.models.record.TransactionId()),
                        ('writer', models.UUIDField(null=True)),
                        ('envelope', models.BinaryField()),
                        ('hold', models.JSONField(null=True)),
                    ],
                    options={
                        'db_table': 'audit_record',
                        'ordering': ['-id'],
                        'indexes': [models.Index(condition=models.Q(('kind', 'act'), ('id', models.F('request_id')), _connector='OR'), fields=['organization_id', 'id'], name='record_listed'), models.Index(condition=models.Q(('object_id__isnull', False)), fields=['object_id', 'id'], name='record_timeline')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['requested', 'completed', 'refused', 'failed', 'cancelled', 'outcome_unknown', 'act'])), name='record_kind_is_known'), models.CheckConstraint(condition=models.Q(('actor_kind__in', ['user', 'api_key', 'identity_provider', 'system'])), name='record_actor_kind_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'act'), ('request_id', None)), models.Q(models.Q(('kind', 'act'), _negated=True), ('request_id__isnull', False)), _connector='OR'), name='record_of_a_request_names_it'), models.CheckConstraint(condition=models.Q(models.Q(('object_id', None), ('object_kind', None)), models.Q(('object_id__isnull', False), ('object_kind__isnull', False)), _connector='OR'), name='record_object_has_kind_and_id')],
                    },
                ),
                migrations.CreateModel(
                    name='Settlement',
                    fields=[
                        ('input_tokens', models.BigIntegerField()),
                        ('cached_input_tokens', models.BigIntegerField()),
                        ('output_tokens', models.BigIntegerField()),
                        ('reasoning_tokens', models.BigIntegerField()),
                        ('cost_nano_usd', models.BigIntegerField()),
                        ('request_id', models.UUIDField(primary_key=True, serialize=False)),
                        ('organization_id', models.UUIDField()),
                        ('team_id', models.UUIDField(null=True)),
                        ('project_id', models.UUIDField(null=True)),
                        ('api_key_id', models.UUIDField(null=True)),
                        ('deployment_id', models.UUIDField(null=True)),
                        ('price_id', models.UUIDField(null=True)),
                        ('outcome_record_id', models.UUIDField()),
                        ('model', models.TextField()),
                        ('outcome', models.TextField()),
                        ('estimated', models.BooleanField()),
                        ('held_nano_usd', models.BigIntegerField()),
                        ('admitted_at', models.DateTimeField()),
                        ('settled_at', models.DateTimeField()),
                        ('budgets', models.JSONField()),
                    ],
                    options={
                        'db_table': 'audit_settlement',
                        'ordering': ['-request_id'],
                        'indexes': [models.Index(fields=['organization_id', 'request_id'], name='settlement_of_organization')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('cached_input_tokens__gte', 0), ('cost_nano_usd__gte', 0), ('held_nano_usd__gte', 0), ('input_tokens__gte', 0), ('output_tokens__gte', 0), ('reasoning_tokens__gte', 0)), name='settlement_is_not_negative')],
                    },
                ),
                migrations.CreateModel(
                    name='Body',
                    fields=[
                        ('pk', models.CompositePrimaryKey('record_id', 'part', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('record_id', models.UUIDField()),
                        ('part', models.TextField(choices=[('request', 'request'), ('response', 'response')])),
                        ('organization_id', models.UUIDField()),
                        ('team_id', models.UUIDField(null=True)),
                        ('data_key_id', models.UUIDField()),
                        ('ciphertext', models.BinaryField()),
                    ],
                    options={
                        'db_table': 'audit_body',
                        'constraints': [models.CheckConstraint(condition=models.Q(('part__in', ['request', 'response'])), name='body_part_is_known')],
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('input_tokens', models.BigIntegerField()),
                ('cached_input_tokens', models.BigIntegerField()),
                ('output_tokens', models.BigIntegerField()),
                ('reasoning_tokens', models.BigIntegerField()),
                ('cost_nano_usd', models.BigIntegerField()),
                ('request_id', models.UUIDField(primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('team_id', models.UUIDField(null=True)),
                ('record_id', models.UUIDField()),
                ('difference_nano_usd', models.BigIntegerField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'db_table': 'audit_correction',
                'indexes': [models.Index(fields=['organization_id', 'request_id'], name='correction_of_organization')],
            },
        ),
        migrations.CreateModel(
            name='DataKey',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('subject_id', models.UUIDField(null=True)),
                ('period', models.TextField()),
                ('wrapped', models.BinaryField()),
                ('tenant_key_version', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'audit_data_key',
                'constraints': [models.UniqueConstraint(fields=('organization_id', 'subject_id', 'period'), name='data_key_once_per_period', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='LiveWriter',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('seen_at', models.DateTimeField()),
                ('oldest_open_id', models.UUIDField(null=True)),
            ],
            options={
                'db_table': 'audit_writer',
            },
        ),
        migrations.CreateModel(
            name='AdmissionEpoch',
            fields=[
                ('organization_id', models.UUIDField(primary_key=True, serialize=False)),
                ('epoch', models.TextField()),
            ],
            options={
                'db_table': 'audit_admission_epoch',
            },
        ),
        migrations.CreateModel(
            name='Subject',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('digest', models.BinaryField()),
                ('created_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'audit_subject',
                'constraints': [models.UniqueConstraint(fields=('organization_id', 'digest'), name='subject_once')],
            },
        ),
        migrations.CreateModel(
            name='Spent',
            fields=[
                ('pk', models.CompositePrimaryKey('organization_id', 'budget_id', 'period', blank=True, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('budget_id', models.UUIDField()),
                ('period', models.TextField()),
                ('nano_usd', models.BigIntegerField()),
            ],
            options={
                'db_table': 'audit_spent',
            },
        ),
        migrations.CreateModel(
            name='RolledUp',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('through', models.UUIDField()),
            ],
            options={
                'db_table': 'audit_rolled_up',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='rolled_up_has_one_row')],
            },
        ),
        script("0001_guards"),
        protect("audit_data_key", app="SELECT", system="SELECT"),
        protect("audit_subject", app="SELECT", system="SELECT"),
        protect("audit_spent", app="SELECT", system="SELECT"),
        migrations.RunSQL(INTERNAL),
        script("0001_append"),
        script("0001_admission"),
        script("0001_integrity"),
        script("0001_grants"),
    ]
