"""Moments on the admin's pages as on our own: 24 hours, no commas."""

from __future__ import annotations

DATETIME_FORMAT = "d M Y H:i"
SHORT_DATETIME_FORMAT = DATETIME_FORMAT
DATE_FORMAT = "d M Y"
TIME_FORMAT = "H:i"
