-- Which tables' changes are kept and on what terms, so that one whose changes are kept no more is missed.
CREATE TABLE audit_captured (
    name text PRIMARY KEY,
    terms jsonb NOT NULL
);
REVOKE ALL ON audit_captured FROM PUBLIC;

-- A trigger's argument, as the catalogue keeps it: with a zero byte behind it.
CREATE FUNCTION audit_terms_of(arguments bytea) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN convert_from(substring(arguments FOR octet_length(arguments) - 1), 'UTF8')::jsonb;

INSERT INTO audit_captured (name, terms)
SELECT tgrelid::regclass::text, audit_terms_of(tgargs)
FROM pg_trigger WHERE tgname = 'capture' AND tgfoid = to_regproc('audit_capture_change');

CREATE OR REPLACE FUNCTION audit_capture(governed regclass, terms jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    watched text := (
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = governed AND attnum > 0 AND NOT attisdropped AND NOT terms -> 'ignored' ? attname);
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS capture ON %s', governed);
    EXECUTE format('CREATE TRIGGER capture AFTER INSERT OR DELETE OR UPDATE %s ON %s
                    FOR EACH ROW EXECUTE FUNCTION audit_capture_change(%L)',
                   CASE WHEN terms -> 'ignored' = '[]' THEN '' ELSE 'OF ' || watched END, governed, terms);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER capture', governed);
    INSERT INTO audit_captured AS known (name, terms) VALUES (governed::text, audit_capture.terms)
    ON CONFLICT (name) DO UPDATE SET terms = excluded.terms;
END $$;

-- As `audit_integrity`, of the history and of what fills it.
CREATE FUNCTION audit_history_integrity() RETURNS TABLE (severity text, subject text, problem text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
SELECT 'error', name, 'is missing' FROM audit_captured WHERE to_regclass(name) IS NULL
UNION ALL
SELECT 'error', name, 'keeps no history' FROM audit_captured
WHERE to_regclass(name) IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_trigger
    WHERE tgrelid = to_regclass(name) AND tgname = 'capture' AND tgenabled = 'A' AND tgqual IS NULL
      AND tgfoid = to_regproc('audit_capture_change') AND audit_terms_of(tgargs) = terms
      AND tgtype = 1 | 4 | 8 | 16)  -- after insert, delete, update; per row
UNION ALL
SELECT 'error', 'audit_history', format('is not guarded by the trigger %s', guard)
FROM unnest('{emptied_only,kept}'::name[]) AS guard
WHERE NOT EXISTS (
    SELECT FROM pg_trigger
    WHERE tgrelid = to_regclass('audit_history') AND tgname = guard AND tgenabled = 'A' AND tgqual IS NULL
      AND tgfoid = to_regproc('audit_guard_history'))
UNION ALL
SELECT 'error', relname, 'does not belong to chancery_owner' FROM pg_class
WHERE oid IN (to_regclass('audit_history'), to_regclass('audit_captured'))
  AND pg_get_userbyid(relowner) <> 'chancery_owner'
UNION ALL
SELECT 'error', relname, 'row-level security is not forced' FROM pg_class
WHERE oid = to_regclass('audit_history') AND NOT (relrowsecurity AND relforcerowsecurity)
UNION ALL
SELECT 'error', relname, format('%s may %s', COALESCE(NULLIF(grantee, 0)::regrole::text, 'everybody'), privilege_type)
FROM pg_class CROSS JOIN LATERAL aclexplode(relacl)
WHERE oid IN (to_regclass('audit_history'), to_regclass('audit_captured'))
  AND grantee <> relowner AND privilege_type <> 'SELECT'
$$;

REVOKE ALL ON FUNCTION audit_terms_of, audit_history_integrity FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_history_integrity TO chancery_app, chancery_system, chancery_gateway;
