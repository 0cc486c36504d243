-- Usage by the day of the organisation's time zone: what is counted by the quarter hour, added up, so that a month is read
-- from few rows. Quarters are the truth of days as settlements are that of quarters. An organisation whose zone nobody told
-- has no days. What counts them is `audit_count_usage` in 0011_corrections.sql.

CREATE FUNCTION audit_label_day_id(organization uuid, team uuid, day date, kind text, value text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN md5(ROW(organization, team, day - '2000-01-01'::date, kind, value)::text)::uuid;

-- Where the days of an organisation begin. Those of before are made anew by the next counts; until they are, they are not
-- read. Also of a new one: calls may be counted before the transaction that tells of it is committed. A zone that this
-- server does not know is none.
CREATE FUNCTION audit_tell_usage_zone(organization uuid, zone text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM now() AT TIME ZONE zone;
    INSERT INTO audit_usage_zone AS kept (organization_id, time_zone, remade_until)
    VALUES (organization, zone, 'epoch')
    ON CONFLICT (organization_id) DO UPDATE SET time_zone = excluded.time_zone, remade_until = 'epoch'
    WHERE kept.time_zone <> excluded.time_zone;
EXCEPTION WHEN invalid_parameter_value THEN
    DELETE FROM audit_usage_zone WHERE organization_id = organization;
END $$;

-- Makes the days anew of quarters that lie within bounds, or in part: of one organisation, or of all.
CREATE FUNCTION audit_remake_usage_days(only_of uuid, since timestamptz, until timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp
SET plan_cache_mode = force_custom_plan SET work_mem = '64MB' AS $$
DECLARE
    -- The days of every zone that lie within bounds or in part.
    earliest constant timestamptz := since - interval '2 days';
    latest constant timestamptz := until + interval '2 days';
    before constant timestamptz := until - interval '1 microsecond';
BEGIN
    DELETE FROM audit_usage_day AS made USING audit_usage_zone AS zone
    WHERE made.organization_id = zone.organization_id AND (only_of IS NULL OR zone.organization_id = only_of)
      AND day >= (since AT TIME ZONE time_zone)::date AND day <= (before AT TIME ZONE time_zone)::date;
    DELETE FROM audit_usage_label_day AS made USING audit_usage_zone AS zone
    WHERE made.organization_id = zone.organization_id AND (only_of IS NULL OR zone.organization_id = only_of)
      AND day >= (since AT TIME ZONE time_zone)::date AND day <= (before AT TIME ZONE time_zone)::date;
    INSERT INTO audit_usage_day (
        organization_id, day, combination_id, team_id, requests, input_tokens, cached_input_tokens,
        output_tokens, reasoning_tokens, cost_nano_usd, estimated_nano_usd, held_nano_usd, latency_ms, timed)
    SELECT organization_id, (starts_at AT TIME ZONE time_zone)::date AS of_day, combination_id, team_id, sum(requests),
           sum(input_tokens), sum(cached_input_tokens), sum(output_tokens), sum(reasoning_tokens), sum(cost_nano_usd),
           sum(estimated_nano_usd), sum(held_nano_usd), sum(latency_ms), sum(timed)
    FROM audit_usage_quarter JOIN audit_usage_zone USING (organization_id)
    WHERE (only_of IS NULL OR organization_id = only_of) AND starts_at >= earliest AND starts_at < latest
      AND (starts_at AT TIME ZONE time_zone)::date >= (since AT TIME ZONE time_zone)::date
      AND (starts_at AT TIME ZONE time_zone)::date <= (before AT TIME ZONE time_zone)::date
    GROUP BY organization_id, of_day, combination_id, team_id;
    INSERT INTO audit_usage_label_day (
        id, organization_id, team_id, day, kind, value, requests, input_tokens, output_tokens, cost_nano_usd)
    SELECT audit_label_day_id(organization_id, team_id, of_day, kind, value), organization_id, team_id, of_day, kind, value,
           sum(requests), sum(input_tokens), sum(output_tokens), sum(cost_nano_usd)
    FROM (
        SELECT label.*, (starts_at AT TIME ZONE time_zone)::date AS of_day, time_zone
        FROM audit_usage_label AS label JOIN audit_usage_zone USING (organization_id)
        WHERE (only_of IS NULL OR organization_id = only_of) AND starts_at >= earliest AND starts_at < latest) AS dated
    WHERE of_day >= (since AT TIME ZONE time_zone)::date AND of_day <= (before AT TIME ZONE time_zone)::date
    GROUP BY organization_id, team_id, of_day, kind, value;
END $$;

-- Makes a month of days anew of an organisation whose zone was told or has changed. Returns whether more is left.
CREATE FUNCTION audit_remake_usage_zone() RETURNS boolean
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    zone audit_usage_zone;
    ends timestamptz;
BEGIN
    UPDATE audit_usage_zone AS told SET remade_until = NULL
    WHERE remade_until = 'epoch'
      AND NOT EXISTS (SELECT FROM audit_usage_quarter AS kept WHERE kept.organization_id = told.organization_id)
      AND NOT EXISTS (SELECT FROM audit_usage_day AS kept WHERE kept.organization_id = told.organization_id);
    SELECT * INTO zone FROM audit_usage_zone WHERE remade_until IS NOT NULL LIMIT 1 FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF zone.remade_until = 'epoch' THEN
        DELETE FROM audit_usage_day WHERE organization_id = zone.organization_id;
        DELETE FROM audit_usage_label_day WHERE organization_id = zone.organization_id;
        zone.remade_until := (
            SELECT min(starts_at) FROM audit_usage_quarter WHERE organization_id = zone.organization_id);
    END IF;
    IF zone.remade_until IS NOT NULL THEN
        ends := zone.remade_until + interval '31 days';
        PERFORM audit_remake_usage_days(zone.organization_id, zone.remade_until, ends);
    END IF;
    UPDATE audit_usage_zone SET remade_until = CASE WHEN ends < now() + interval '1 day' THEN ends END
    WHERE organization_id = zone.organization_id;
    RETURN EXISTS (SELECT FROM audit_usage_zone WHERE remade_until IS NOT NULL);
END $$;

-- Takes the sums of those requests away, and makes them anew of what the cursor has seen;
-- then the days that they lie in.
CREATE OR REPLACE FUNCTION audit_recount_usage(seen pg_snapshot, since timestamptz, until timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    nothing constant pg_snapshot := '3:3:';
BEGIN
    DELETE FROM audit_usage_quarter WHERE starts_at >= since AND starts_at < until;
    DELETE FROM audit_usage_label WHERE starts_at >= since AND starts_at < until;
    DELETE FROM audit_usage_latency WHERE starts_at >= since AND starts_at < until;
    PERFORM audit_count_usage(nothing, seen, audit_first_id(since), audit_first_id(until));
    PERFORM audit_remake_usage_days(NULL, since, until);
END $$;

-- As of before, and then has some days made anew, where there are any to be.
CREATE OR REPLACE FUNCTION audit_roll_up_usage(most integer DEFAULT 100000) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    kept audit_usage_cursor;
    seen pg_snapshot;
    present pg_snapshot;
    began timestamptz;
    last xid8;
    has_more boolean := false;
    until timestamptz;
BEGIN
    SELECT * INTO STRICT kept FROM audit_usage_cursor FOR UPDATE;
    seen := kept.seen;
    began := clock_timestamp();
    present := pg_current_snapshot();
    IF pg_snapshot_xmax(present) < pg_snapshot_xmax(seen) THEN
        RAISE EXCEPTION 'this server has not made the transactions that usage is counted by: restored without manage.py restore?';
    END IF;
    SELECT xid INTO last FROM audit_settlement WHERE xid >= pg_snapshot_xmax(seen) ORDER BY xid OFFSET most - 1 LIMIT 1;
    IF last < pg_snapshot_xmin(present) THEN
        has_more := true;
        present := format('%1$s:%1$s:', last::text::numeric + 1);
    END IF;
    PERFORM audit_count_usage(
        seen, present, '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff');
    IF kept.rebuild_from IS NOT NULL AND NOT has_more THEN
        until := least(kept.rebuild_from + interval '6 hours', kept.rebuild_until);
        PERFORM audit_recount_usage(present, kept.rebuild_from, until);
        has_more := until < kept.rebuild_until;
        kept.rebuild_from := CASE WHEN has_more THEN until END;
    ELSIF has_more THEN
        began := kept.rolled_up_at;
    END IF;
    IF NOT has_more THEN
        has_more := audit_remake_usage_zone();
    END IF;
    UPDATE audit_usage_cursor SET seen = present, rolled_up_at = began, rebuild_from = kept.rebuild_from;
    RETURN has_more;
END $$;

-- As of before, of days too.
CREATE OR REPLACE FUNCTION audit_erase_usage(organization uuid, subject uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    folded bigint;
BEGIN
    PERFORM FROM audit_usage_cursor FOR UPDATE;
    WITH gone AS (
        DELETE FROM audit_usage_label
        WHERE organization_id = organization AND kind = 'end_user' AND value = subject::text RETURNING *
    ), kept AS (
        INSERT INTO audit_usage_label AS kept (
            id, organization_id, team_id, starts_at, kind, value, requests, input_tokens, output_tokens, cost_nano_usd)
        SELECT audit_label_id(organization_id, team_id, starts_at, kind, 'erased'), organization_id, team_id, starts_at,
               kind, 'erased', requests, input_tokens, output_tokens, cost_nano_usd
        FROM gone
        ON CONFLICT (id) DO UPDATE SET
            requests = kept.requests + excluded.requests,
            input_tokens = kept.input_tokens + excluded.input_tokens,
            output_tokens = kept.output_tokens + excluded.output_tokens,
            cost_nano_usd = kept.cost_nano_usd + excluded.cost_nano_usd
    )
    SELECT count(*) INTO folded FROM gone;
    WITH gone AS (
        DELETE FROM audit_usage_label_day
        WHERE organization_id = organization AND kind = 'end_user' AND value = subject::text RETURNING *
    )
    INSERT INTO audit_usage_label_day AS kept (
        id, organization_id, team_id, day, kind, value, requests, input_tokens, output_tokens, cost_nano_usd)
    SELECT audit_label_day_id(organization_id, team_id, day, kind, 'erased'), organization_id, team_id, day, kind,
           'erased', requests, input_tokens, output_tokens, cost_nano_usd
    FROM gone
    ON CONFLICT (id) DO UPDATE SET
        requests = kept.requests + excluded.requests,
        input_tokens = kept.input_tokens + excluded.input_tokens,
        output_tokens = kept.output_tokens + excluded.output_tokens,
        cost_nano_usd = kept.cost_nano_usd + excluded.cost_nano_usd;
    RETURN folded;
END $$;

REVOKE ALL ON FUNCTION
    audit_label_day_id, audit_tell_usage_zone, audit_remake_usage_days, audit_remake_usage_zone FROM PUBLIC;
