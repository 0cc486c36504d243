"""More for a budget, for a while: asked for by one and decided by another, once."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import kit.ids
from audit.history.capture import capture
from kit.row_security import protect, same_tenant, sign

# What is asked is not rewritten, a decision neither; and a new row waits.
DECIDED_ONCE = """
CREATE FUNCTION tenants_increase_is_decided_once() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.is_granted IS NOT NULL THEN
        RAISE EXCEPTION 'an increase is asked for before it is decided' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.is_granted IS NOT NULL THEN
        RAISE EXCEPTION 'an increase is decided once' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decided_once BEFORE INSERT OR UPDATE ON tenants_budgetincrease
    FOR EACH ROW EXECUTE FUNCTION tenants_increase_is_decided_once();
CREATE POLICY decided ON tenants_budgetincrease AS RESTRICTIVE FOR UPDATE TO chancery_app
    WITH CHECK (decided_by_id IS NULL OR decided_by_id = chancery_user());
"""
UNDONE = """
DROP POLICY decided ON tenants_budgetincrease;
DROP TRIGGER decided_once ON tenants_budgetincrease;
DROP FUNCTION tenants_increase_is_decided_once();
"""
TABLE = "tenants_budgetincrease"


def _refers(to, **options):
    options.setdefault("related_name", "+")
    return models.ForeignKey(to=to, on_delete=django.db.models.deletion.PROTECT, **options)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0007_budgets"), ("audit", "0002_history")]

    operations = [
        migrations.AddConstraint(
            "budget", models.UniqueConstraint(fields=["organization", "id"], name="budget_in_organization")
        ),
        migrations.CreateModel(
            name="BudgetIncrease",
            fields=[
                ("id", models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("amount_nano_usd", models.BigIntegerField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.TextField()),
                ("asked_at", models.DateTimeField()),
                ("is_granted", models.BooleanField(blank=True, null=True)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("answer", models.TextField(blank=True, default="")),
                ("asked_by", _refers(settings.AUTH_USER_MODEL)),
                ("budget", _refers("tenants.budget", related_name="increases")),
                ("decided_by", _refers(settings.AUTH_USER_MODEL, blank=True, null=True)),
                ("organization", _refers("tenants.organization")),
                ("team", _refers("tenants.team", blank=True, null=True)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(condition=Q(amount_nano_usd__gt=0), name="increase_is_more"),
                    models.CheckConstraint(condition=Q(ends_at__gt=F("asked_at")), name="increase_ends_later"),
                    models.CheckConstraint(condition=~Q(reason=""), name="increase_has_a_reason"),
                    models.CheckConstraint(
                        condition=~Q(decided_by=F("asked_by")), name="increase_decider_is_not_asker"
                    ),
                    models.CheckConstraint(
                        condition=Q(is_granted__isnull=True, decided_by__isnull=True, decided_at__isnull=True)
                        | Q(is_granted__isnull=False, decided_by__isnull=False, decided_at__isnull=False)
                        & ~Q(answer=""),
                        name="increase_is_decided_whole",
                    ),
                ],
            },
        ),
        protect(
            TABLE,
            team="team_id",
            app="SELECT, INSERT, UPDATE (is_granted, decided_by_id, decided_at, answer)",
            system="SELECT, INSERT, UPDATE",
            gateway="SELECT",
        ),
        sign(TABLE, "asked_by_id"),
        same_tenant(TABLE, "team_id", "tenants_team"),
        same_tenant(TABLE, "budget_id", "tenants_budget"),
        capture(TABLE, "budget_increase", team="team_id", parent="budget_id"),
        migrations.RunSQL(DECIDED_ONCE, UNDONE),
    ]
