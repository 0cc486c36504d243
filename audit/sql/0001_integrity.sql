-- Whether every guard still stands: what is found missing, weakened or added.
CREATE FUNCTION audit_integrity() RETURNS TABLE (severity text, subject text, problem text)
LANGUAGE sql STABLE SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
WITH parent (name, width) AS (
    VALUES ('audit_record', 'month'), ('audit_settlement', 'month'), ('audit_body', 'week'), ('audit_correction', NULL)
),
guarded AS (
    SELECT relation.* FROM parent
    CROSS JOIN LATERAL (SELECT to_regclass(name) AS oid UNION SELECT relid FROM pg_partition_tree(to_regclass(name))) AS member
    JOIN pg_class AS relation ON relation.oid = member.oid
),
expected_partition AS (
    SELECT name, format('%s_%s', name, to_char(first, 'YYYYMMDD')) AS part FROM parent
    CROSS JOIN LATERAL generate_series(
        (SELECT min(to_timestamp(right(relname, 8), 'YYYYMMDD')) FROM guarded
         WHERE relispartition AND relname LIKE name || '\_%'),
        now() + interval '7 days', ('1 ' || width)::interval) AS first
    WHERE width IS NOT NULL
)
SELECT 'error', name, 'is missing' FROM parent WHERE to_regclass(name) IS NULL
UNION ALL
SELECT 'error', part, 'is missing or not attached' FROM expected_partition
WHERE NOT EXISTS (SELECT FROM guarded WHERE relname = part AND relispartition)
UNION ALL
SELECT 'error', relname, 'does not belong to chancery_owner' FROM guarded
WHERE pg_get_userbyid(relowner) <> 'chancery_owner'
UNION ALL
SELECT 'error', relname, 'row-level security is not forced' FROM guarded
WHERE NOT (relrowsecurity AND relforcerowsecurity)
UNION ALL
SELECT 'error', relname, 'has a rewrite rule' FROM guarded WHERE relhasrules
UNION ALL
SELECT 'error', relname, 'change is not denied' FROM guarded
WHERE NOT EXISTS (
    SELECT FROM pg_trigger
    WHERE tgrelid = guarded.oid AND tgname = 'deny_change' AND tgenabled = 'A' AND tgqual IS NULL
      AND tgfoid = to_regproc('audit_deny_change')
      AND tgtype = 2 | 8 | 16 | 32)  -- before delete, update, truncate; per statement
UNION ALL
SELECT 'error', relname, format('has the trigger %s', tgname) FROM guarded
JOIN pg_trigger ON tgrelid = guarded.oid AND tgname <> 'deny_change' AND NOT tgisinternal
UNION ALL
SELECT 'error', relname, format('has the policies %s', policies) FROM guarded
CROSS JOIN LATERAL (
    SELECT COALESCE(string_agg(polname, ',' ORDER BY polname), '') AS policies
    FROM pg_policy WHERE polrelid = guarded.oid) AS present
WHERE policies <> CASE WHEN relispartition THEN '' ELSE 'app,owner,system' END
UNION ALL
SELECT 'error', relname, format('%s may %s', COALESCE(NULLIF(grantee, 0)::regrole::text, 'everybody'), privilege_type)
FROM guarded CROSS JOIN LATERAL aclexplode(relacl)
WHERE grantee <> relowner AND (privilege_type <> 'SELECT' OR relispartition)
UNION ALL
SELECT 'error', proname, 'can be called by everybody' FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'audit\_%' AND prosecdef
  AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))
UNION ALL
SELECT 'error', proname, 'does not belong to chancery_owner' FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'audit\_%' AND prosecdef
  AND pg_get_userbyid(proowner) <> 'chancery_owner'
UNION ALL
SELECT 'warning', evtname, 'is not installed: ALTER and DROP of the ledger are not refused'
FROM unnest('{audit_guard_alter,audit_guard_drop}'::name[]) AS evtname
WHERE NOT EXISTS (SELECT FROM pg_event_trigger AS installed
                  WHERE installed.evtname = evtname.evtname AND evtenabled = 'A');
$$;
