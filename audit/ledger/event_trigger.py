"""Event triggers that refuse ALTER and DROP of the ledger's tables. Only a superuser may create them.

`SQL` is run once per database when its roles are made, before or after the migrations; managed databases that
do not allow it get a warning from `audit_integrity()` instead. Imports nothing, so that a bootstrap without
Django can use it.

A migration that must change these tables says so first, in its own transaction: `SET LOCAL chancery.ledger_ddl =
'on'`. That stops accidents and haste, not an administrator with intent: against the latter stand the seals.
"""

from __future__ import annotations

SQL = r"""
-- A schema apart: DROP SCHEMA public would take the guard away before it could refuse.
CREATE SCHEMA IF NOT EXISTS chancery_guard;

CREATE OR REPLACE FUNCTION chancery_guard.refuse_ddl() RETURNS event_trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- The table, or something on it: `public.audit_record`, `deny_change on public.audit_body_20261116`.
    guarded constant text := '\maudit_(record|settlement|body|correction)(_\d{8})?$';
    touched text;
BEGIN
    IF current_setting('chancery.ledger_ddl', true) = 'on' THEN
        RETURN;
    END IF;
    IF TG_EVENT = 'sql_drop' THEN
        SELECT object_identity INTO touched FROM pg_event_trigger_dropped_objects()
        WHERE object_type IN ('table', 'trigger', 'policy', 'rule') AND object_identity ~ guarded;
    ELSE
        -- A renamed table is known by the trigger it carries.
        SELECT object_identity INTO touched FROM pg_event_trigger_ddl_commands()
        WHERE object_identity ~ guarded
           OR EXISTS (SELECT FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
                      WHERE tgrelid = objid AND proname = 'audit_deny_change');
    END IF;
    IF touched IS NOT NULL THEN
        RAISE EXCEPTION 'the ledger is append-only: % of % refused', TG_TAG, touched
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

DROP EVENT TRIGGER IF EXISTS audit_guard_alter;
CREATE EVENT TRIGGER audit_guard_alter ON ddl_command_end
    WHEN TAG IN ('ALTER TABLE', 'CREATE TRIGGER', 'ALTER TRIGGER', 'CREATE RULE', 'ALTER RULE', 'CREATE POLICY',
                 'ALTER POLICY')
    EXECUTE FUNCTION chancery_guard.refuse_ddl();
ALTER EVENT TRIGGER audit_guard_alter ENABLE ALWAYS;

DROP EVENT TRIGGER IF EXISTS audit_guard_drop;
CREATE EVENT TRIGGER audit_guard_drop ON sql_drop EXECUTE FUNCTION chancery_guard.refuse_ddl();
ALTER EVENT TRIGGER audit_guard_drop ENABLE ALWAYS;
"""
