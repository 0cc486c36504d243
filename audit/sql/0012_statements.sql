-- A statement is put in by the task that closes months, and stays as it is.

SET LOCAL chancery.ledger_ddl = 'on';
SELECT audit_seal_table('audit_statement');

CREATE FUNCTION audit_close_statement(
    organization uuid, owner uuid, month date, time_zone text, content jsonb, digest text, spent bigint, corrected bigint
) RETURNS uuid LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    INSERT INTO audit_statement (
        id, organization_id, owner_id, month, time_zone, closed_at, content, digest, spent_nano_usd, corrected_nano_usd)
    VALUES (audit_new_id(), organization, owner, month, time_zone, clock_timestamp(), content, digest, spent, corrected)
    RETURNING id
$$;

REVOKE ALL ON FUNCTION audit_close_statement FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_close_statement TO chancery_system;
