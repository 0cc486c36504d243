-- An act that was refused changes no row. From where it was tried is kept in the history all the same, where it can be
-- erased, beside the ledger's record of it and in its transaction. Only for the person who has entered.
CREATE FUNCTION audit_capture_refusal(object_kind text, object_id uuid, parent_id uuid, team_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    IF chancery_organization() IS NULL OR chancery_user() IS NULL THEN
        RAISE EXCEPTION 'a refusal is kept of the entered user only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO audit_history (
        id, organization_id, team_id, object_kind, object_id, parent_id, operation, before, after, secret,
        actor_kind, actor_id, address, request_id, database_role, xid, at)
    VALUES (
        audit_new_id(), chancery_organization(), team_id, object_kind, object_id, parent_id, 'refuse', NULL, '{}', '{}',
        'user', chancery_user(), nullif(current_setting('chancery.address', true), '')::inet,
        nullif(current_setting('chancery.request', true), '')::uuid, session_user, pg_current_xact_id(),
        clock_timestamp());
END $$;

REVOKE ALL ON FUNCTION audit_capture_refusal FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_capture_refusal TO chancery_app;
