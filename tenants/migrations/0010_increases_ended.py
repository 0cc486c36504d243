"""More for a budget is ended before its time, by one person and once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

# What is asked is not rewritten; a new row waits, is decided once, and ended once.
STEPS = """
CREATE OR REPLACE FUNCTION tenants_increase_is_decided_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.is_granted IS NOT NULL OR NEW.ended_at IS NOT NULL THEN
            RAISE EXCEPTION 'an increase is asked for before it is decided' USING ERRCODE = 'check_violation';
        END IF;
    ELSIF OLD.ended_at IS NOT NULL OR OLD.is_granted IS FALSE THEN
        RAISE EXCEPTION 'an increase that is over stays as it is' USING ERRCODE = 'check_violation';
    ELSIF OLD.is_granted AND (OLD.is_granted, OLD.decided_by_id, OLD.decided_at, OLD.answer)
          IS DISTINCT FROM (NEW.is_granted, NEW.decided_by_id, NEW.decided_at, NEW.answer) THEN
        RAISE EXCEPTION 'an increase is decided once' USING ERRCODE = 'check_violation';
    ELSIF OLD.is_granted IS NULL AND NEW.is_granted IS NOT NULL AND NEW.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'an increase is decided or taken back' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
DROP POLICY decided ON tenants_budgetincrease;
CREATE POLICY decided ON tenants_budgetincrease AS RESTRICTIVE FOR UPDATE TO chancery_app
    WITH CHECK (coalesce(ended_by_id, decided_by_id, chancery_user()) = chancery_user());
GRANT UPDATE (ended_by_id, ended_at, end_reason) ON tenants_budgetincrease TO chancery_app;
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0009_time_zones_told")]

    operations = [
        migrations.AddField(
            "budgetincrease",
            "ended_by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField("budgetincrease", "ended_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("budgetincrease", "end_reason", models.TextField(blank=True, default="")),
        migrations.AddConstraint(
            "budgetincrease",
            models.CheckConstraint(
                condition=Q(ended_by__isnull=True, ended_at__isnull=True, end_reason="")
                | Q(ended_by__isnull=False, ended_at__isnull=False) & ~Q(end_reason=""),
                name="increase_is_ended_whole",
            ),
        ),
        migrations.RunSQL(STEPS, migrations.RunSQL.noop),
    ]
