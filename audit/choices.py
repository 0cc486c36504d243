"""What a record can be."""

from __future__ import annotations

from typing import Literal

from django.db.models import TextChoices


class Kind(TextChoices):
    """A request has one `requested` (unless refused before) and one outcome; an act stands for itself."""

    REQUESTED = "requested", "requested"
    COMPLETED = "completed", "completed"
    REFUSED = "refused", "refused"
    FAILED = "failed", "failed"
    CANCELLED = "cancelled", "cancelled"
    OUTCOME_UNKNOWN = "outcome_unknown", "outcome unknown"
    ACT = "act", "act"


class Part(TextChoices):
    """Which side of a call a body is."""

    REQUEST = "request", "request"
    RESPONSE = "response", "response"


class Correcting(TextChoices):
    """Why a settlement is corrected."""

    LATE_TRUTH = "late_truth", "the truth came late"
    RERATING = "rerating", "rated anew"


class Operation(TextChoices):
    """What happened to a governed row, or would have if it had not been refused."""

    INSERT = "insert", "made"
    UPDATE = "update", "changed"
    DELETE = "delete", "deleted"
    REFUSE = "refuse", "left as it was"


Outcome = Literal["completed", "refused", "failed", "cancelled", "outcome_unknown"]
CallerKind = Literal["api_key", "identity_provider", "system"]
BodyPart = Literal["request", "response"]
