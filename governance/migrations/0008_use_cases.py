"""Use cases, and what holds of them whatever the application does."""

import django.core.validators
import django.db.models.deletion
import kit.clock
import kit.ids
from django.conf import settings
from django.db import migrations, models

from audit.history.capture import capture
from kit.row_security import protect, same_tenant

# Runs after the policies, so that a row of another organisation is denied before anything is said about it.
STANDS = """
CREATE FUNCTION governance_use_case_stands() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.retired_at IS NOT NULL THEN
        RAISE EXCEPTION 'a use case that is retired does not change' USING ERRCODE = 'check_violation';
    END IF;
    IF (TG_OP = 'INSERT' OR NEW.owner_id <> OLD.owner_id) AND NOT EXISTS (
        SELECT FROM tenants_membership m
        WHERE m.organization_id = NEW.organization_id AND m.user_id = NEW.owner_id) THEN
        RAISE EXCEPTION 'the owner of a use case is a member of its organisation' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER stands AFTER INSERT OR UPDATE ON governance_usecase
    FOR EACH ROW EXECUTE FUNCTION governance_use_case_stands();
"""

NOTE = """
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE OF ai_act_class, retired_at ON governance_usecase
    FOR EACH ROW EXECUTE FUNCTION governance_note_change('use_case', 'id');
"""

CHANGEABLE = "name, purpose, ai_act_class, decides_about_persons, owner_id, retired_at"


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0007_review_rules'),
        ('tenants', '0004_history'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='UseCase',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('slug', models.CharField(help_text='What callers name, by x-chancery-use-case.', max_length=64, validators=[django.core.validators.RegexValidator('^[a-z0-9][a-z0-9._:/-]*$', 'Lower-case letters, digits and . _ : / - only.')])),
                ('name', models.CharField(max_length=200)),
                ('purpose', models.TextField(help_text='What it does, for whom, and what follows from its answers.')),
                ('ai_act_class', models.CharField(choices=[('prohibited', 'Prohibited'), ('high', 'High risk'), ('limited', 'Limited risk'), ('minimal', 'Minimal risk')], help_text='Prohibited: Article 5. High: Article 6 with Annexes I and III. Limited: Article 50, transparency. Minimal: none of these.', max_length=16, verbose_name='EU AI Act class')),
                ('decides_about_persons', models.BooleanField(default=False, help_text='Whether its answers decide, or help to decide, about natural persons.')),
                ('created_at', models.DateTimeField(default=kit.clock.now, editable=False)),
                ('retired_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
                ('owner', models.ForeignKey(help_text='Who answers for it. A member of the organisation.', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.team')),
            ],
            options={
                'ordering': ['slug'],
                'constraints': [models.UniqueConstraint(fields=('organization', 'slug'), name='use_case_slug_is_unique'), models.UniqueConstraint(fields=('organization', 'id'), name='use_case_in_organization'), models.CheckConstraint(condition=models.Q(('purpose', ''), _negated=True), name='use_case_has_a_purpose')],
            },
        ),
        protect(
            "governance_usecase",
            team="team_id",
            app=f"SELECT, INSERT, UPDATE ({CHANGEABLE})",
            system="SELECT, INSERT, UPDATE",
            gateway="SELECT",
        ),
        same_tenant("governance_usecase", "team_id", "tenants_team"),
        migrations.RunSQL(STANDS, migrations.RunSQL.noop),
        migrations.RunSQL(NOTE, migrations.RunSQL.noop),
        capture("governance_usecase", "use_case", team="team_id"),
    ]
