"""Rows of the ledger hold ids and labels, no foreign keys: they outlive what they name.

Nothing here is saved through the ORM. Rows come in by the functions and triggers of `audit/sql` alone.
"""

from audit.models.body import Body, DataKey, Subject
from audit.models.change import Change
from audit.models.record import Record
from audit.models.settlement import Correction, RolledUp, Settlement, Spent
from audit.models.statement import Statement
from audit.models.usage import (
    UsageCombination,
    UsageCursor,
    UsageDay,
    UsageLabel,
    UsageLabelDay,
    UsageLatency,
    UsageQuarter,
    UsageTag,
    UsageZone,
)
from audit.models.writer import AdmissionEpoch, LiveWriter

__all__ = [
    "AdmissionEpoch",
    "Body",
    "Change",
    "Correction",
    "DataKey",
    "LiveWriter",
    "Record",
    "RolledUp",
    "Settlement",
    "Spent",
    "Statement",
    "Subject",
    "UsageCombination",
    "UsageCursor",
    "UsageDay",
    "UsageLabel",
    "UsageLabelDay",
    "UsageLatency",
    "UsageQuarter",
    "UsageTag",
    "UsageZone",
]
