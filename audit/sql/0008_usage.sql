-- Usage by the quarter hour: what it is counted into, and what counts it.

-- The quarter hour of UTC that a request came in, as its id tells.
CREATE FUNCTION audit_quarter_of(request uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_timestamp(('x' || left(replace(request::text, '-', ''), 12))::bit(48)::bigint / 900000 * 900);

-- The first bucket whose end is not below so many milliseconds. Four of them to each doubling.
CREATE FUNCTION audit_latency_bucket(ms integer) RETURNS smallint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ceil(4 * ln(greatest(ms, 1)::double precision) / ln(2::double precision) - 1e-9)::smallint;

CREATE FUNCTION audit_label_id(organization uuid, team uuid, starts_at timestamptz, kind text, value text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN md5(ROW(organization, team, extract(epoch FROM starts_at)::bigint, kind, value)::text)::uuid;

-- Adds to the sums what `present` shows and `seen` does not, of requests within bounds. In custom plans: it is called for
-- the last minute of everything, and for everything of a day.
CREATE FUNCTION audit_count_usage(seen pg_snapshot, present pg_snapshot, earliest uuid, before uuid) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp
SET plan_cache_mode = force_custom_plan SET work_mem = '64MB' AS $$
DECLARE
    -- How many tags of an organisation are counted under their own names.
    most_tags constant integer := 500;
BEGIN
    WITH entry AS MATERIALIZED (
        SELECT settled.request_id, settled.organization_id, settled.team_id, project_id, api_key_id, provider_id,
               deployment_id, use_case_id, prompt_version_id, model, route, tier, operation, pipeline, cache, outcome,
               COALESCE(error, '') AS error, tags, subject_id, audit_quarter_of(settled.request_id) AS starts_at,
               1 AS requests, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_nano_usd,
               CASE WHEN estimated THEN cost_nano_usd ELSE 0 END AS estimated_nano_usd, held_nano_usd,
               CASE WHEN outcome = 'completed' THEN latency_ms END AS latency_ms,
               CASE WHEN outcome = 'completed' THEN first_event_ms END AS first_event_ms
        FROM audit_settlement AS settled
        WHERE settled.request_id >= earliest AND settled.request_id < before
          AND settled.xid >= pg_snapshot_xmin(seen) AND NOT pg_visible_in_snapshot(settled.xid, seen)
          AND pg_visible_in_snapshot(settled.xid, present)
        UNION ALL
        -- What a late truth changes, beside the settlement that it corrects.
        SELECT late.request_id, settled.organization_id, settled.team_id, project_id, api_key_id, provider_id,
               deployment_id, use_case_id, prompt_version_id, model, route, tier, operation, pipeline, cache, outcome,
               COALESCE(error, ''), tags, subject_id, audit_quarter_of(late.request_id), 0,
               late.input_tokens - settled.input_tokens, late.cached_input_tokens - settled.cached_input_tokens,
               late.output_tokens - settled.output_tokens, late.reasoning_tokens - settled.reasoning_tokens,
               late.difference_nano_usd, CASE WHEN estimated THEN -settled.cost_nano_usd ELSE 0 END, 0, NULL, NULL
        FROM audit_correction AS late JOIN audit_settlement AS settled USING (request_id)
        WHERE late.request_id >= earliest AND late.request_id < before
          AND late.xid >= pg_snapshot_xmin(seen) AND NOT pg_visible_in_snapshot(late.xid, seen)
          AND pg_visible_in_snapshot(late.xid, present)
    ), summed AS MATERIALIZED (
        SELECT md5(ROW(organization_id, team_id, project_id, api_key_id, provider_id, deployment_id, use_case_id,
                       prompt_version_id, model, route, tier, operation, pipeline, cache, outcome, error)::text)::uuid
                   AS combination_id,
               organization_id, team_id, project_id, api_key_id, provider_id, deployment_id, use_case_id,
               prompt_version_id, model, route, tier, operation, pipeline, cache, outcome, error, starts_at,
               sum(requests) AS requests, sum(input_tokens) AS input_tokens,
               sum(cached_input_tokens) AS cached_input_tokens, sum(output_tokens) AS output_tokens,
               sum(reasoning_tokens) AS reasoning_tokens, sum(cost_nano_usd) AS cost_nano_usd,
               sum(estimated_nano_usd) AS estimated_nano_usd, sum(held_nano_usd) AS held_nano_usd,
               COALESCE(sum(latency_ms), 0) AS latency_ms, count(latency_ms) AS timed
        FROM entry
        GROUP BY organization_id, team_id, project_id, api_key_id, provider_id, deployment_id, use_case_id,
                 prompt_version_id, model, route, tier, operation, pipeline, cache, outcome, error, starts_at
    ), combined AS (
        INSERT INTO audit_usage_combination (
            id, organization_id, team_id, project_id, api_key_id, provider_id, deployment_id, use_case_id,
            prompt_version_id, model, route, tier, operation, pipeline, cache, outcome, error)
        SELECT DISTINCT combination_id, organization_id, team_id, project_id, api_key_id, provider_id, deployment_id,
               use_case_id, prompt_version_id, model, route, tier, operation, pipeline, cache, outcome, error
        FROM summed ON CONFLICT DO NOTHING
    ), counted AS (
        INSERT INTO audit_usage_quarter AS kept (
            organization_id, starts_at, combination_id, team_id, requests, input_tokens, cached_input_tokens,
            output_tokens, reasoning_tokens, cost_nano_usd, estimated_nano_usd, held_nano_usd, latency_ms, timed)
        SELECT organization_id, starts_at, combination_id, team_id, requests, input_tokens, cached_input_tokens,
               output_tokens, reasoning_tokens, cost_nano_usd, estimated_nano_usd, held_nano_usd, latency_ms, timed
        FROM summed
        ON CONFLICT (organization_id, starts_at, combination_id) DO UPDATE SET
            requests = kept.requests + excluded.requests,
            input_tokens = kept.input_tokens + excluded.input_tokens,
            cached_input_tokens = kept.cached_input_tokens + excluded.cached_input_tokens,
            output_tokens = kept.output_tokens + excluded.output_tokens,
            reasoning_tokens = kept.reasoning_tokens + excluded.reasoning_tokens,
            cost_nano_usd = kept.cost_nano_usd + excluded.cost_nano_usd,
            estimated_nano_usd = kept.estimated_nano_usd + excluded.estimated_nano_usd,
            held_nano_usd = kept.held_nano_usd + excluded.held_nano_usd,
            latency_ms = kept.latency_ms + excluded.latency_ms,
            timed = kept.timed + excluded.timed
    ), tagged AS MATERIALIZED (
        SELECT entry.*, tag FROM entry CROSS JOIN LATERAL unnest(tags) AS tag
    ), unknown AS (
        SELECT organization_id, tag, row_number() OVER (PARTITION BY organization_id ORDER BY tag) AS place
        FROM (SELECT organization_id, tag FROM tagged EXCEPT SELECT organization_id, tag FROM audit_usage_tag) AS new
    ), named AS (
        INSERT INTO audit_usage_tag (organization_id, tag)
        SELECT organization_id, tag FROM unknown
        WHERE place <= most_tags - (
            SELECT count(*) FROM audit_usage_tag AS known WHERE known.organization_id = unknown.organization_id)
        RETURNING organization_id, tag
    ), labelled AS (
        SELECT DISTINCT ON (request_id, requests, COALESCE(named.tag, '(other)'))
               tagged.organization_id, team_id, starts_at, 'tag' AS kind, COALESCE(named.tag, '(other)') AS value,
               requests, input_tokens, output_tokens, cost_nano_usd
        FROM tagged LEFT JOIN (SELECT organization_id, tag FROM named UNION ALL TABLE audit_usage_tag) AS named
            USING (organization_id, tag)
        UNION ALL
        SELECT entry.organization_id, team_id, starts_at, 'end_user', COALESCE(subject.id::text, 'erased'),
               requests, input_tokens, output_tokens, cost_nano_usd
        FROM entry LEFT JOIN audit_subject AS subject
            ON subject.organization_id = entry.organization_id AND subject.id = entry.subject_id
        WHERE entry.subject_id IS NOT NULL
    ), kept_labels AS (
        INSERT INTO audit_usage_label AS kept (
            id, organization_id, team_id, starts_at, kind, value, requests, input_tokens, output_tokens, cost_nano_usd)
        SELECT audit_label_id(organization_id, team_id, starts_at, kind, value), organization_id, team_id, starts_at, kind,
               value, sum(requests), sum(input_tokens), sum(output_tokens), sum(cost_nano_usd)
        FROM labelled GROUP BY organization_id, team_id, starts_at, kind, value
        ON CONFLICT (id) DO UPDATE SET
            requests = kept.requests + excluded.requests,
            input_tokens = kept.input_tokens + excluded.input_tokens,
            output_tokens = kept.output_tokens + excluded.output_tokens,
            cost_nano_usd = kept.cost_nano_usd + excluded.cost_nano_usd
    )
    INSERT INTO audit_usage_latency AS kept (
        organization_id, starts_at, deployment_id, measured, bucket, provider_id, model, requests)
    SELECT organization_id, starts_at, deployment_id, measured, audit_latency_bucket(ms) AS bucket,
           min(provider_id::text)::uuid, min(model), count(*)
    FROM entry CROSS JOIN LATERAL (
        VALUES ('answer', entry.latency_ms), ('first_event', entry.first_event_ms)) AS timing (measured, ms)
    WHERE ms IS NOT NULL AND deployment_id IS NOT NULL
    GROUP BY organization_id, starts_at, deployment_id, measured, bucket
    ON CONFLICT (organization_id, starts_at, deployment_id, measured, bucket)
    DO UPDATE SET requests = kept.requests + excluded.requests;
END $$;

-- Takes the sums of those requests away, and makes them anew of what the cursor has seen.
CREATE FUNCTION audit_recount_usage(seen pg_snapshot, since timestamptz, until timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    nothing constant pg_snapshot := '3:3:';
BEGIN
    DELETE FROM audit_usage_quarter WHERE starts_at >= since AND starts_at < until;
    DELETE FROM audit_usage_label WHERE starts_at >= since AND starts_at < until;
    DELETE FROM audit_usage_latency WHERE starts_at >= since AND starts_at < until;
    PERFORM audit_count_usage(nothing, seen, audit_first_id(since), audit_first_id(until));
END $$;

-- Counts what was committed since the last time, whenever it was written and whatever its id, and then six hours of what
-- is to be counted afresh. The sums and the cursor change in one transaction: done twice, or killed, it counts once.
-- Takes about so many settlements at most, so that no transaction is long after a pause. Returns whether more is left.
--
-- A snapshot tells by number which transactions it shows, so one that is slow is counted as soon as it is committed, and
-- delays nobody.
CREATE FUNCTION audit_roll_up_usage(most integer DEFAULT 100000) RETURNS boolean
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
    UPDATE audit_usage_cursor SET seen = present, rolled_up_at = began, rebuild_from = kept.rebuild_from;
    RETURN has_more;
END $$;

-- Has everything counted afresh that came in since then; `audit_roll_up_usage` does it, bit by bit.
CREATE FUNCTION audit_rebuild_usage(since timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    oldest timestamptz := least(
        (SELECT audit_quarter_of(request_id) FROM audit_settlement ORDER BY request_id LIMIT 1),
        (SELECT min(starts_at) FROM audit_usage_quarter));
    newest timestamptz := date_bin('15 minutes', now(), 'epoch') + interval '15 minutes';
BEGIN
    since := greatest(date_bin('15 minutes', since, 'epoch'), oldest);
    IF oldest IS NOT NULL AND since < newest THEN
        UPDATE audit_usage_cursor SET rebuild_from = least(rebuild_from, since), rebuild_until = newest;
    END IF;
END $$;

-- Forgets who an end user was: what they cost goes on as that of somebody who was forgotten. In the transaction that ends
-- the subject, so that nothing is counted for it afterwards.
CREATE FUNCTION audit_erase_usage(organization uuid, subject uuid) RETURNS bigint
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
    RETURN folded;
END $$;

REVOKE ALL ON FUNCTION
    audit_quarter_of, audit_latency_bucket, audit_label_id, audit_count_usage, audit_recount_usage,
    audit_roll_up_usage, audit_rebuild_usage, audit_erase_usage FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_roll_up_usage, audit_rebuild_usage, audit_erase_usage TO chancery_system;

-- What was settled before is counted by the timetable, from the oldest on.
REVOKE ALL ON audit_usage_cursor FROM PUBLIC;
GRANT SELECT ON audit_usage_cursor TO chancery_app, chancery_system;
INSERT INTO audit_usage_cursor (id, seen, rolled_up_at) VALUES (1, pg_current_snapshot()::text, now());
SELECT audit_rebuild_usage('-infinity');
