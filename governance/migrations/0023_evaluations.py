"""What a model is asked again and again, and what came of it."""

import django.core.validators
import django.db.models.deletion
import kit.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0022_exchanged_versions'),
        ('tenants', '0005_project_region'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='EvaluationPlan',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('api_key_id', models.UUIDField()),
                ('every_hours', models.PositiveSmallIntegerField(default=24, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(2160)])),
                ('tolerance', models.PositiveSmallIntegerField(default=5, help_text='Percentage points that a run may pass less than the first one under the approval.', validators=[django.core.validators.MaxValueValidator(100)])),
                ('is_active', models.BooleanField(default=True, help_text='Whether the timetable has it run.')),
                ('set_at', models.DateTimeField(editable=False)),
                ('model', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='evaluation_plan', to='governance.model')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
                ('set_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['set_at'],
            },
        ),
        migrations.CreateModel(
            name='EvaluationCase',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100)),
                ('prompt', models.TextField()),
                ('expectation', models.CharField(choices=[('contains', 'Contains a text'), ('equals', 'Is a text'), ('matches', 'Matches a pattern'), ('json', 'Is JSON of a schema')], max_length=16)),
                ('expected', models.TextField()),
                ('added_at', models.DateTimeField(editable=False)),
                ('retired_at', models.DateTimeField(editable=False, null=True)),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='governance.evaluationplan')),
            ],
            options={
                'ordering': ['name', 'id'],
            },
        ),
        migrations.CreateModel(
            name='EvaluationRun',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('queued_at', models.DateTimeField()),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='queued', max_length=8)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('claimed_by', models.UUIDField(null=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('cases', models.PositiveSmallIntegerField(default=0)),
                ('passed', models.PositiveSmallIntegerField(null=True)),
                ('failure_code', models.CharField(blank=True, max_length=64)),
                ('judged_at', models.DateTimeField(null=True)),
                ('is_baseline', models.BooleanField(default=False)),
                ('has_drifted', models.BooleanField(default=False)),
                ('approval', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='governance.approval')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='governance.evaluationplan')),
                ('queued_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-queued_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='EvaluationResult',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('passed', models.BooleanField()),
                ('request_id', models.UUIDField()),
                ('code', models.CharField(blank=True, help_text='Why it did not pass.', max_length=32)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='results', to='governance.evaluationcase')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='results', to='governance.evaluationrun')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddConstraint(
            model_name='evaluationplan',
            constraint=models.UniqueConstraint(fields=('organization', 'id'), name='evaluation_plan_in_organization'),
        ),
        migrations.AddConstraint(
            model_name='evaluationplan',
            constraint=models.CheckConstraint(condition=models.Q(('every_hours__gte', 1), ('every_hours__lte', 2160)), name='evaluation_plan_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='evaluationplan',
            constraint=models.CheckConstraint(condition=models.Q(('tolerance__lte', 100)), name='evaluation_tolerance_is_a_percentage'),
        ),
        migrations.AddConstraint(
            model_name='evaluationcase',
            constraint=models.UniqueConstraint(fields=('organization', 'id'), name='evaluation_case_in_organization'),
        ),
        migrations.AddConstraint(
            model_name='evaluationcase',
            constraint=models.UniqueConstraint(condition=models.Q(('retired_at__isnull', True)), fields=('plan', 'name'), name='evaluation_case_has_its_name'),
        ),
        migrations.AddIndex(
            model_name='evaluationrun',
            index=models.Index(condition=models.Q(('status__in', ['queued', 'running'])), fields=['queued_at'], name='evaluation_run_to_do'),
        ),
        migrations.AddIndex(
            model_name='evaluationrun',
            index=models.Index(condition=models.Q(('ended_at__isnull', False), ('judged_at__isnull', True)), fields=['ended_at'], name='evaluation_run_to_judge'),
        ),
        migrations.AddConstraint(
            model_name='evaluationrun',
            constraint=models.UniqueConstraint(fields=('organization', 'id'), name='evaluation_run_in_organization'),
        ),
        migrations.AddConstraint(
            model_name='evaluationrun',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['queued', 'running'])), fields=('plan',), name='one_open_evaluation_run_of_a_plan'),
        ),
        migrations.AddConstraint(
            model_name='evaluationrun',
            constraint=models.CheckConstraint(condition=models.Q(('cases__gte', 1)), name='evaluation_run_asks_something'),
        ),
        migrations.AddConstraint(
            model_name='evaluationrun',
            constraint=models.CheckConstraint(condition=models.Q(('attempts__lte', 2)), name='evaluation_run_is_tried_twice'),
        ),
        migrations.AddConstraint(
            model_name='evaluationrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('status__in', ['queued', 'running'])), models.Q(('ended_at__isnull', False), ('status__in', ['done', 'failed'])), _connector='OR'), name='evaluation_run_ends_once'),
        ),
        migrations.AddConstraint(
            model_name='evaluationrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('passed__isnull', False), ('status', 'done')), models.Q(models.Q(('status', 'done'), _negated=True), ('passed__isnull', True)), _connector='OR'), name='evaluation_run_that_is_done_has_its_figure'),
        ),
        migrations.AddConstraint(
            model_name='evaluationrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'failed'), models.Q(('failure_code', ''), _negated=True)), models.Q(models.Q(('status', 'failed'), _negated=True), ('failure_code', '')), _connector='OR'), name='evaluation_run_that_fails_says_why'),
        ),
        migrations.AddConstraint(
            model_name='evaluationrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('has_drifted', False), ('is_baseline', False), ('judged_at__isnull', True)), models.Q(('judged_at__isnull', False), ('status', 'done')), models.Q(('has_drifted', False), ('is_baseline', False), ('status', 'failed')), _connector='OR'), name='evaluation_run_is_judged_at_its_end'),
        ),
        migrations.AddConstraint(
            model_name='evaluationresult',
            constraint=models.UniqueConstraint(fields=('run', 'case'), name='one_evaluation_result_of_a_case'),
        ),
    ]
