"""The history of governed rows: a table that triggers write and nobody else, and that can be emptied."""

import audit.models.record
import django.contrib.postgres.fields
import kit.ids
from django.db import migrations, models

from audit.sql import script
from kit.row_security import protect


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('organization_id', models.UUIDField()),
                ('team_id', models.UUIDField(null=True)),
                ('object_kind', models.TextField()),
                ('object_id', models.UUIDField()),
                ('parent_id', models.UUIDField(null=True)),
                ('operation', models.TextField(choices=[('insert', 'made'), ('update', 'changed'), ('delete', 'deleted')])),
                ('before', models.JSONField(null=True)),
                ('after', models.JSONField(null=True)),
                ('secret', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ('actor_kind', models.TextField()),
                ('actor_id', models.UUIDField(null=True)),
                ('address', models.GenericIPAddressField(null=True)),
                ('request_id', models.UUIDField(null=True)),
                ('database_role', models.TextField()),
                ('xid', audit.models.record.TransactionId()),
                ('at', models.DateTimeField()),
                ('erased_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'audit_history',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['object_id', 'id'], name='history_of_object'), models.Index(condition=models.Q(('parent_id__isnull', False)), fields=['parent_id', 'id'], name='history_of_parts'), models.Index(fields=['xid'], name='history_of_transaction')],
                'constraints': [models.CheckConstraint(condition=models.Q(('operation__in', ['insert', 'update', 'delete'])), name='history_operation_is_known')],
            },
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(condition=models.Q(('kind', 'act')), fields=['xid'], name='record_act_of_transaction'),
        ),
        protect("audit_history", team="team_id", app="SELECT", system="SELECT"),
        script("0002_history"),
    ]
