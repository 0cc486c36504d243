"""Limits per hour and day, of input and output apart; limits and budgets for each team, project, key or end user."""

from django.core.validators import MaxValueValidator
from django.db import migrations, models
from django.db.models import Q

MOST = 10**12
KNOWN = ("requests_per_minute", "tokens_per_minute", "concurrency")
ADDED = tuple(
    name
    for quantity in ("requests", "input_tokens", "output_tokens", "tokens")
    for window in ("minute", "hour", "day")
    if (name := f"{quantity}_per_{window}") not in KNOWN
)
IN_ORDER = (
    *("requests_per_minute", "requests_per_hour", "requests_per_day"),
    *("input_tokens_per_minute", "input_tokens_per_hour", "input_tokens_per_day"),
    *("output_tokens_per_minute", "output_tokens_per_hour", "output_tokens_per_day"),
    *("tokens_per_minute", "tokens_per_hour", "tokens_per_day", "concurrency"),
)
EACH_IS_WITHIN = (
    Q(each__in=["", "end_user"])
    | Q(each="team", team__isnull=True)
    | Q(each="project", project__isnull=True, api_key__isnull=True)
    | Q(each="key", api_key__isnull=True)
)
EXACT = Q()
for name in IN_ORDER:
    EXACT &= Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__lte": MOST})


def _ceiling():
    return models.PositiveBigIntegerField(blank=True, null=True, validators=[MaxValueValidator(MOST)])


def _each():
    return models.CharField(
        "for each",
        blank=True,
        choices=[
            ("team", "Each team"),
            ("project", "Each project"),
            ("key", "Each key"),
            ("end_user", "Each end user"),
        ],
        default="",
        help_text="Empty: it binds all of them together. Else each of them by itself, those to come included.",
        max_length=8,
    )


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_project_region")]

    operations = [
        migrations.RemoveConstraint("ratelimit", "rate_limit_once_per_level"),
        migrations.AddField("budget", "each", _each()),
        migrations.AddField("ratelimit", "each", _each()),
        *(migrations.AddField("ratelimit", name, _ceiling()) for name in ADDED),
        *(migrations.AlterField("ratelimit", name, _ceiling()) for name in KNOWN),
        migrations.AddConstraint(
            "budget", models.CheckConstraint(condition=EACH_IS_WITHIN, name="budget_each_is_within_its_level")
        ),
        migrations.AddConstraint(
            "ratelimit",
            models.UniqueConstraint(
                fields=["organization", "team", "project", "api_key", "each"],
                name="rate_limit_once_per_level",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            "ratelimit", models.CheckConstraint(condition=EACH_IS_WITHIN, name="rate_limit_each_is_within_its_level")
        ),
        migrations.AddConstraint(
            "ratelimit", models.CheckConstraint(condition=EXACT, name="rate_limit_ceilings_are_exact")
        ),
    ]
