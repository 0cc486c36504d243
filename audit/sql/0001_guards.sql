-- Append-only, per partition: neither TRUNCATE triggers nor row-level security, policies or grants are inherited.

CREATE FUNCTION audit_deny_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % of % refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

-- Denies change and forces row-level security. Statement triggers fire for the table the statement names, so the
-- parent needs them for itself; ALWAYS, or session_replication_role = replica would switch them off.
CREATE FUNCTION audit_seal_table(guarded regclass) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER deny_change BEFORE UPDATE OR DELETE OR TRUNCATE ON %s
                    FOR EACH STATEMENT EXECUTE FUNCTION audit_deny_change()', guarded);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER deny_change', guarded);
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC', guarded);
END $$;

-- Who may read through the parent. A partition gets no policy and no grant: nobody reads it by its own name.
CREATE FUNCTION audit_open_for_reading(guarded regclass) RETURNS void LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    EXECUTE format('CREATE POLICY owner ON %s TO chancery_owner USING (true) WITH CHECK (true)', guarded);
    EXECUTE format('CREATE POLICY app ON %s FOR SELECT TO chancery_app
                    USING (organization_id = chancery_organization() AND chancery_team_visible(team_id))', guarded);
    EXECUTE format('CREATE POLICY system ON %s FOR SELECT TO chancery_system USING (true)', guarded);
    EXECUTE format('GRANT SELECT ON %s TO chancery_app, chancery_system', guarded);
END $$;

SELECT audit_seal_table(guarded), audit_open_for_reading(guarded)
FROM unnest('{audit_record,audit_settlement,audit_body,audit_correction}'::regclass[]) AS guarded;

-- The smallest UUIDv7 of a millisecond; `kit.ids.first_id_at` in SQL.
CREATE FUNCTION audit_first_id(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid;

-- A new UUIDv7 of the present microsecond (RFC 9562 §6.2, method 3), so that acts of one millisecond keep their order.
CREATE FUNCTION audit_new_id() RETURNS uuid LANGUAGE sql VOLATILE
RETURN (SELECT (lpad(to_hex(us / 1000), 12, '0') || '7' || lpad(to_hex(us % 1000 * 4096 / 1000), 3, '0')
                || substr(replace(gen_random_uuid()::text, '-', ''), 17))::uuid
        FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us) AS present);

-- Makes one partition beside its parent and attaches it: ATTACH, unlike CREATE … PARTITION OF, lets writers go on.
CREATE FUNCTION audit_make_partition(parent regclass, since timestamptz, until timestamptz) RETURNS text
LANGUAGE plpgsql SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    part text := format('%s_%s', parent, to_char(since, 'YYYYMMDD'));
BEGIN
    IF to_regclass(part) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %s INCLUDING ALL)', part, parent);
    PERFORM audit_seal_table(part::regclass);
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   parent, part, audit_first_id(since), audit_first_id(until));
    RETURN part;
END $$;

-- Makes what is missing between two moments and names it: months of records and settlements, weeks of bodies,
-- which are kept for a shorter time.
CREATE FUNCTION audit_make_partitions(since timestamptz, until timestamptz) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET timezone = 'UTC' SET lock_timeout = '5s' AS $$
DECLARE
    before text := COALESCE(current_setting('chancery.ledger_ddl', true), '');
BEGIN
    PERFORM set_config('chancery.ledger_ddl', 'on', true);
    RETURN QUERY
    SELECT made FROM (VALUES ('audit_record', 'month'), ('audit_settlement', 'month'), ('audit_body', 'week'))
           AS parent (name, width)
    CROSS JOIN LATERAL generate_series(date_trunc(width, since), until, ('1 ' || width)::interval) AS first
    CROSS JOIN LATERAL audit_make_partition(name::regclass, first, first + ('1 ' || width)::interval) AS made
    WHERE made IS NOT NULL;
    PERFORM set_config('chancery.ledger_ddl', before, true);
END $$;

-- Statistics of the parents, which autovacuum does not keep.
CREATE FUNCTION audit_analyze() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE audit_record, audit_settlement, audit_body;
END $$;

SELECT audit_make_partitions(now() - interval '7 days', now() + interval '35 days');
