"""The timetable's scheduler: as many may run as one likes, one of them sends.

Whoever holds a lock in PostgreSQL leads. The lock is its session's: it is free again when the leader dies, stops or
loses the database, and the next to look takes it. Between two leaders a task may be sent twice, which all of them bear.
"""

from __future__ import annotations

import logging
from typing import Any

import psycopg
from celery.beat import PersistentScheduler

from portal import variables

logger = logging.getLogger(__name__)

_LOCK = 0x63686179_62656174  # "chay" "beat": advisory locks have numbers for names
_LOOK_AGAIN_SECONDS = 5.0


class LeaderScheduler(PersistentScheduler):  # type: ignore[misc]
    """For `celery beat` and for a worker with `--beat`."""

    _session: psycopg.Connection | None = None

    def tick(self, *args: Any, **options: Any) -> float:
        """Seconds until it wants to be called again."""
        if not self._leads():
            return _LOOK_AGAIN_SECONDS
        wanted: float = min(super().tick(*args, **options), _LOOK_AGAIN_SECONDS)
        return wanted

    def close(self) -> None:
        self._resign()
        super().close()

    def _leads(self) -> bool:
        try:
            if self._session is None:
                self._session = self._elected()
            else:
                self._session.execute("SELECT 1")
        except psycopg.Error as failure:
            logger.warning("the timetable waits for PostgreSQL (%s)", type(failure).__name__)
            self._resign()
        return self._session is not None

    def _elected(self) -> psycopg.Connection | None:
        """The session that holds the lock, or none where another one does."""
        session = psycopg.connect(
            variables.DATABASE_URL_SYSTEM.read(), autocommit=True, connect_timeout=5, application_name="chancery-beat"
        )
        row = session.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
        if row is not None and row[0]:
            logger.info("this process runs the timetable")
            return session
        session.close()
        return None

    def _resign(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
