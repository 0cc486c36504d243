"""Closed sets of the tenants app."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """What a membership lets a person do; see `tenants.permissions` for the acts."""

    ADMINISTRATOR = "administrator", "Administrator"
    COMPLIANCE_OFFICER = "compliance_officer", "Compliance officer"
    AUDITOR = "auditor", "Auditor"
    TEAM_LEAD = "team_lead", "Team lead"
    DEVELOPER = "developer", "Developer"
    READ_ONLY = "read_only", "Read-only"


class Period(models.TextChoices):
    """How often a budget starts again, in the organisation's time zone."""

    DAY = "day", "Day"
    WEEK = "week", "Week"
    MONTH = "month", "Month"
    QUARTER = "quarter", "Quarter"
    TOTAL = "total", "Total"


class AtStop(models.TextChoices):
    """What becomes of a call that does not fit a budget."""

    BLOCK = "block", "Refuse the call"
    WARN = "warn", "Let it pass, and say so"
    DOWNGRADE = "downgrade", "Use a cheaper model"


class Each(models.TextChoices):
    """Of whom every single one has an allowance of its own."""

    TEAM = "team", "Each team"
    PROJECT = "project", "Each project"
    KEY = "key", "Each key"
    END_USER = "end_user", "Each end user"


class Scope(models.TextChoices):
    """What a key may be used for."""

    INFERENCE = "inference", "Call models"
    MODELS_READ = "models:read", "List models"
    COSTS_ORGANIZATION = "costs:organisation", "See costs of the whole organisation"
