"""Usage by the day of the organisation's time zone."""

import django.db.models.deletion
from django.db import migrations, models

from audit.sql import script
from kit.row_security import protect


class Migration(migrations.Migration):
    dependencies = [("audit", "0009_usage_sums")]

    operations = [
        migrations.CreateModel(
            name='UsageZone',
            fields=[
                ('organization_id', models.UUIDField(primary_key=True, serialize=False)),
                ('time_zone', models.TextField()),
                ('remade_until', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'audit_usage_zone',
            },
        ),
        migrations.CreateModel(
            name='UsageDay',
            fields=[
                ('organization_id', models.UUIDField()),
                ('team_id', models.UUIDField(null=True)),
                ('requests', models.BigIntegerField()),
                ('input_tokens', models.BigIntegerField()),
                ('cached_input_tokens', models.BigIntegerField()),
                ('output_tokens', models.BigIntegerField()),
                ('reasoning_tokens', models.BigIntegerField()),
                ('cost_nano_usd', models.BigIntegerField()),
                ('estimated_nano_usd', models.BigIntegerField()),
                ('held_nano_usd', models.BigIntegerField()),
                ('latency_ms', models.BigIntegerField()),
                ('timed', models.BigIntegerField()),
                ('pk', models.CompositePrimaryKey('organization_id', 'day', 'combination_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('combination', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='days', to='audit.usagecombination')),
            ],
            options={
                'db_table': 'audit_usage_day',
            },
        ),
        migrations.CreateModel(
            name='UsageLabelDay',
            fields=[
                ('organization_id', models.UUIDField()),
                ('team_id', models.UUIDField(null=True)),
                ('requests', models.BigIntegerField()),
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('kind', models.TextField()),
                ('value', models.TextField()),
                ('input_tokens', models.BigIntegerField()),
                ('output_tokens', models.BigIntegerField()),
                ('cost_nano_usd', models.BigIntegerField()),
                ('day', models.DateField()),
            ],
            options={
                'db_table': 'audit_usage_label_day',
                'indexes': [models.Index(fields=['organization_id', 'kind', 'day'], name='usage_label_day_of_org')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['tag', 'end_user'])), name='usage_label_day_kind_is_known')],
            },
        ),
        protect("audit_usage_zone", app="SELECT", system="SELECT"),
        protect("audit_usage_day", team="team_id", app="SELECT", system="SELECT"),
        protect("audit_usage_label_day", team="team_id", app="SELECT", system="SELECT"),
        script("0010_usage_days"),
    ]
