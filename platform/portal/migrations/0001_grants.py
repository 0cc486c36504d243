"""Tables of Django's own apps belong to no tenant: sessions, content types, one-time-password devices."""

from django.db import migrations

from kit.row_security import share

SHARED = ["django_session", "otp_totp_totpdevice", "django_admin_log"]
READ = ["django_content_type", "auth_permission", "auth_group", "auth_group_permissions", "django_migrations"]


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("sessions", "0001_initial"),
        ("otp_totp", "0003_add_timestamps"),
    ]

    operations = [
        *(share(table) for table in SHARED),
        *(share(table, "SELECT") for table in READ),
        migrations.RunSQL(
            "GRANT SELECT ON django_migrations TO chancery_gateway",
            "REVOKE SELECT ON django_migrations FROM chancery_gateway",
        ),
        migrations.RunSQL(
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO chancery_app, chancery_system, chancery_gateway",
            migrations.RunSQL.noop,
        ),
    ]
