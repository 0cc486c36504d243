"""Budgets of a use case, a model or a tag, per quarter; what they do where a call does not fit."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import migrations, models
from django.db.models import Q

import tenants.models.money

NAME = RegexValidator(r"^[A-Za-z0-9_.:/+@-]+$", "Letters, digits and _ . : / + @ - only.")
# Of an array Django would ask in Python alone.
THRESHOLDS = """
ALTER TABLE tenants_budget ADD CONSTRAINT budget_thresholds_are_percentages
CHECK (1 <= ALL (thresholds) AND 1000 >= ALL (thresholds) AND cardinality(thresholds) <= 10)
"""
NO_THRESHOLDS = "ALTER TABLE tenants_budget DROP CONSTRAINT budget_thresholds_are_percentages"


def _text(length, help_text="", name=None, validators=(NAME,)):
    return models.CharField(
        name, blank=True, default="", help_text=help_text, max_length=length, validators=list(validators)
    )


class Migration(migrations.Migration):
    dependencies = [("tenants", "0006_limits")]

    operations = [
        migrations.AddField("budget", "use_case", _text(64, "Only calls for this use case.")),
        migrations.AddField("budget", "model", _text(200, "Only this model.")),
        migrations.AddField("budget", "tag", _text(64, "Only calls with this tag.", validators=())),
        migrations.AddField(
            "budget",
            "thresholds",
            ArrayField(
                models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(1000)]),
                blank=True,
                default=tenants.models.money.usual_thresholds,
                help_text="Per cent of the limit that somebody should hear of.",
                size=10,
            ),
        ),
        migrations.AddField(
            "budget",
            "at_stop",
            models.CharField(
                "when a call does not fit",
                choices=[
                    ("block", "Refuse the call"),
                    ("warn", "Let it pass, and say so"),
                    ("downgrade", "Use a cheaper model"),
                ],
                default="block",
                max_length=9,
            ),
        ),
        migrations.AddField(
            "budget",
            "downgrade_model",
            _text(
                200, "The model or route that is used instead, where it is approved for the caller.", "cheaper model"
            ),
        ),
        migrations.AddField(
            "budget",
            "downgrade_at_percent",
            models.PositiveSmallIntegerField(
                "other models up to",
                default=100,
                help_text="Per cent of the limit that other models may use; the rest is the cheaper one's.",
            ),
        ),
        migrations.AddField("budget", "per_request_nano_usd", models.BigIntegerField(blank=True, null=True)),
        migrations.AddField(
            "budget",
            "expected_requests",
            models.PositiveBigIntegerField(
                blank=True, help_text="Calls expected per period, which the cost of one is compared with.", null=True
            ),
        ),
        migrations.AlterField(
            "budget",
            "period",
            models.CharField(
                choices=[
                    ("day", "Day"),
                    ("week", "Week"),
                    ("month", "Month"),
                    ("quarter", "Quarter"),
                    ("total", "Total"),
                ],
                default="month",
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            "budget",
            models.CheckConstraint(
                condition=Q(at_stop="downgrade") ^ Q(downgrade_model=""),
                name="budget_downgrades_to_a_model",
                violation_error_message="A budget that downgrades names the cheaper model, and no other budget does.",
            ),
        ),
        migrations.AddConstraint(
            "budget",
            models.CheckConstraint(
                condition=Q(downgrade_at_percent__gte=1, downgrade_at_percent__lte=100),
                name="budget_downgrades_within_its_limit",
            ),
        ),
        migrations.AddConstraint(
            "budget",
            models.CheckConstraint(
                condition=Q(per_request_nano_usd__isnull=True) | Q(per_request_nano_usd__gte=0),
                name="budget_per_request_is_not_negative",
            ),
        ),
        migrations.RunSQL(THRESHOLDS, NO_THRESHOLDS),
    ]
