"""Notices: each of one person, put in by the database for those who may see what they are about."""

import django.db.models.deletion
import kit.ids
from django.conf import settings
from django.db import migrations, models

from kit.row_security import protect

# The one way in. Whoever tells may see neither the people's other notices nor how they want to be told; the database
# leaves out whoever has left, has no role that sees the subject, or is of other teams than it concerns.
TELL = """
CREATE FUNCTION governance_tell(
    organization uuid, people uuid[], kind text, subject_kind text, subject uuid, at timestamptz, once text,
    roles text[], teams uuid[]
) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    told integer;
BEGIN
    IF organization IS DISTINCT FROM chancery_organization()
       AND NOT pg_has_role(session_user, 'chancery_system', 'MEMBER') THEN
        RAISE EXCEPTION 'people of the entered organisation alone are told' USING ERRCODE = '42501';
    END IF;
    INSERT INTO governance_notice (
        id, organization_id, person_id, kind, subject_kind, subject_id, once, at, mail, mail_attempts)
    SELECT audit_new_id(), organization, u.id, kind, subject_kind, subject, once, at,
           CASE p.way WHEN 'portal' THEN 'none' WHEN 'digest' THEN 'digest' ELSE 'due' END, 0
    FROM tenants_user u
    LEFT JOIN governance_noticepreference p
        ON p.organization_id = organization AND p.person_id = u.id AND p.kind = governance_tell.kind
    WHERE u.id = ANY (people) AND u.is_active AND EXISTS (
        SELECT FROM tenants_membership m
        WHERE m.organization_id = organization AND m.user_id = u.id AND m.role = ANY (roles)
          AND (m.team_id IS NULL OR teams = '{}' OR m.team_id = ANY (teams)))
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS told = ROW_COUNT;
    RETURN told;
END $$;
REVOKE ALL ON FUNCTION governance_tell FROM PUBLIC;
GRANT EXECUTE ON FUNCTION governance_tell TO chancery_app, chancery_system;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0008_use_cases'),
        ('tenants', '0004_history'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=32)),
                ('subject_kind', models.CharField(max_length=32)),
                ('subject_id', models.UUIDField()),
                ('once', models.CharField(editable=False, max_length=200, null=True)),
                ('at', models.DateTimeField(editable=False)),
                ('read_at', models.DateTimeField(editable=False, null=True)),
                ('mail', models.CharField(choices=[('due', 'Due'), ('digest', 'In the next digest'), ('handed', 'Handed to the mail server'), ('sent', 'Sent'), ('none', 'Not by e-mail'), ('failed', 'Not delivered')], default='due', editable=False, max_length=8)),
                ('mail_attempts', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('mail_after', models.DateTimeField(editable=False, null=True)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['organization', 'person', '-id'], name='notice_of_person'), models.Index(condition=models.Q(('mail__in', ['due', 'digest'])), fields=['mail'], name='notice_to_mail')],
                'constraints': [models.UniqueConstraint(fields=('organization', 'person', 'once'), name='notice_is_told_once')],
            },
        ),
        migrations.CreateModel(
            name='NoticePreference',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=32)),
                ('way', models.CharField(choices=[('portal', 'On the page alone'), ('mail', 'By e-mail at once'), ('digest', 'In the daily e-mail')], max_length=8)),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['kind'],
                'constraints': [models.UniqueConstraint(fields=('organization', 'person', 'kind'), name='notice_preference_is_unique')],
            },
        ),
        protect("governance_notice", person="person_id", app="SELECT, UPDATE (read_at)", system="SELECT, UPDATE"),
        protect("governance_noticepreference", person="person_id", system="SELECT"),
        migrations.RunSQL(TELL, migrations.RunSQL.noop),
    ]
