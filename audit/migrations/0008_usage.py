"""Usage by the quarter hour, and what counts it."""

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

from audit.sql import script
from kit.row_security import protect


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_outcomes")]

    operations = [
        migrations.CreateModel(
            name='UsageTag',
            fields=[
                ('pk', models.CompositePrimaryKey('organization_id', 'tag', blank=True, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('tag', models.TextField()),
            ],
            options={
                'db_table': 'audit_usage_tag',
            },
        ),
        migrations.CreateModel(
            name='UsageCombination',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('team_id', models.UUIDField(null=True)),
                ('project_id', models.UUIDField(null=True)),
                ('api_key_id', models.UUIDField(null=True)),
                ('provider_id', models.UUIDField(null=True)),
                ('deployment_id', models.UUIDField(null=True)),
                ('use_case_id', models.UUIDField(null=True)),
                ('prompt_version_id', models.UUIDField(null=True)),
                ('model', models.TextField()),
                ('route', models.TextField()),
                ('tier', models.TextField()),
                ('operation', models.TextField()),
                ('pipeline', models.TextField()),
                ('cache', models.TextField()),
                ('outcome', models.TextField()),
                ('error', models.TextField()),
            ],
            options={
                'db_table': 'audit_usage_combination',
                'indexes': [models.Index(fields=['organization_id'], name='usage_combination_of_org')],
            },
        ),
        migrations.CreateModel(
            name='UsageCursor',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('seen', models.TextField()),
                ('rolled_up_at', models.DateTimeField()),
                ('rebuild_from', models.DateTimeField(null=True)),
                ('rebuild_until', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'audit_usage_cursor',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='usage_cursor_has_one_row')],
            },
        ),
        migrations.CreateModel(
            name='UsageLabel',
            fields=[
                ('organization_id', models.UUIDField()),
                ('team_id', models.UUIDField(null=True)),
                ('starts_at', models.DateTimeField()),
                ('requests', models.BigIntegerField()),
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('kind', models.TextField()),
                ('value', models.TextField()),
                ('input_tokens', models.BigIntegerField()),
                ('output_tokens', models.BigIntegerField()),
                ('cost_nano_usd', models.BigIntegerField()),
            ],
            options={
                'db_table': 'audit_usage_label',
                'indexes': [models.Index(fields=['organization_id', 'kind', 'starts_at'], name='usage_label_of_organization'), django.contrib.postgres.indexes.BrinIndex(fields=['starts_at'], name='usage_label_by_time')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['tag', 'end_user'])), name='usage_label_kind_is_known')],
            },
        ),
        migrations.CreateModel(
            name='UsageLatency',
            fields=[
                ('pk', models.CompositePrimaryKey('organization_id', 'starts_at', 'deployment_id', 'measured', 'bucket', blank=True, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('starts_at', models.DateTimeField()),
                ('deployment_id', models.UUIDField()),
                ('measured', models.TextField()),
                ('bucket', models.SmallIntegerField()),
                ('provider_id', models.UUIDField(null=True)),
                ('model', models.TextField()),
                ('requests', models.BigIntegerField()),
            ],
            options={
                'db_table': 'audit_usage_latency',
                'indexes': [django.contrib.postgres.indexes.BrinIndex(fields=['starts_at'], name='usage_latency_by_time')],
                'constraints': [models.CheckConstraint(condition=models.Q(('measured__in', ['answer', 'first_event'])), name='usage_latency_measured_is_known')],
            },
        ),
        migrations.CreateModel(
            name='UsageQuarter',
            fields=[
                ('organization_id', models.UUIDField()),
                ('team_id', models.UUIDField(null=True)),
                ('starts_at', models.DateTimeField()),
                ('requests', models.BigIntegerField()),
                ('pk', models.CompositePrimaryKey('organization_id', 'starts_at', 'combination_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('input_tokens', models.BigIntegerField()),
                ('cached_input_tokens', models.BigIntegerField()),
                ('output_tokens', models.BigIntegerField()),
                ('reasoning_tokens', models.BigIntegerField()),
                ('cost_nano_usd', models.BigIntegerField()),
                ('estimated_nano_usd', models.BigIntegerField()),
                ('held_nano_usd', models.BigIntegerField()),
                ('latency_ms', models.BigIntegerField()),
                ('timed', models.BigIntegerField()),
                ('combination', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='quarters', to='audit.usagecombination')),
            ],
            options={
                'db_table': 'audit_usage_quarter',
                'indexes': [django.contrib.postgres.indexes.BrinIndex(fields=['starts_at'], name='usage_quarter_by_time')],
            },
        ),
        protect("audit_usage_combination", team="team_id", app="SELECT", system="SELECT"),
        protect("audit_usage_quarter", team="team_id", app="SELECT", system="SELECT"),
        protect("audit_usage_label", team="team_id", app="SELECT", system="SELECT"),
        protect("audit_usage_latency", app="SELECT", system="SELECT"),
        protect("audit_usage_tag", app="SELECT", system="SELECT"),
        script("0008_usage"),
    ]
