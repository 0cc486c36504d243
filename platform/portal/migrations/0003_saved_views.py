"""Views of pages: private to their owner unless shared within the organisation, and changed by the owner alone."""

import django.db.models.deletion
import kit.clock
import kit.ids
from django.conf import settings
from django.db import migrations, models

from kit.row_security import protect

SHARED = "organization_id = chancery_organization() AND is_shared"


class Migration(migrations.Migration):

    dependencies = [
        ('portal', '0002_sign_in_attempts'),
        ('tenants', '0010_increases_ended'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('page', models.CharField(max_length=32)),
                ('name', models.CharField(max_length=100)),
                ('query', models.CharField(blank=True, max_length=2000)),
                ('is_shared', models.BooleanField(default=False)),
                ('is_default', models.BooleanField(default=False)),
                ('saved_at', models.DateTimeField(default=kit.clock.now, editable=False)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['page', 'name'],
                'constraints': [models.UniqueConstraint(fields=('organization', 'owner', 'page', 'name'), name='saved_view_name_is_unique'), models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('organization', 'owner', 'page'), name='saved_view_default_is_one'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='saved_view_has_a_name')],
            },
        ),
        protect("portal_savedview", person="owner_id", also_visible=SHARED, system="SELECT"),
    ]
