-- Corrections of several kinds, more than one for a request: a truth that came late, and a price that was not the one in
-- force. What was settled is never changed; what it costs is the settlement and all its corrections.

SET LOCAL chancery.ledger_ddl = 'on';

ALTER TABLE audit_correction
    ADD COLUMN id       uuid NOT NULL DEFAULT audit_new_id(),
    ADD COLUMN kind     text NOT NULL DEFAULT 'late_truth',
    ADD COLUMN price_id uuid,
    ADD CONSTRAINT correction_kind_is_known CHECK (kind IN ('late_truth', 'rerating')),
    ADD CONSTRAINT correction_rated_has_a_price CHECK (kind <> 'rerating' OR price_id IS NOT NULL),
    DROP CONSTRAINT audit_correction_pkey,
    ADD PRIMARY KEY (id);
ALTER TABLE audit_correction ALTER COLUMN kind DROP DEFAULT;
CREATE UNIQUE INDEX correction_late_once ON audit_correction (request_id) WHERE kind = 'late_truth';
CREATE INDEX correction_of_request ON audit_correction (request_id);

-- What budgets have spent follows the corrections that were just made in the name of a record: of requests that audit_spent
-- counts at once, of later ones when they are counted. The row of the bound is held, so that it does not move meanwhile.
CREATE FUNCTION audit_charge_corrections(made_by uuid, first uuid, last uuid) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    bound uuid;
BEGIN
    SELECT through INTO STRICT bound FROM audit_rolled_up FOR SHARE;
    INSERT INTO audit_spent (organization_id, budget_id, period, nano_usd)
    SELECT settled.organization_id, budget::uuid, period, sum(difference_nano_usd)
    FROM audit_correction AS made JOIN audit_settlement AS settled USING (request_id)
    CROSS JOIN LATERAL jsonb_each_text(budgets) AS charge (budget, period)
    WHERE made.request_id BETWEEN first AND last AND made.request_id < bound AND made.record_id = made_by
      AND pg_input_is_valid(budget, 'uuid')
    GROUP BY settled.organization_id, budget, period
    ON CONFLICT (organization_id, budget_id, period) DO UPDATE SET nano_usd = audit_spent.nano_usd + excluded.nano_usd;
END $$;

-- As before; a late truth keeps the price that it was worked out by.
--
-- What became of an outcome that `audit_append` called known. Takes one record, with its settlement:
--   duplicate  it is the one that settled the request (an earlier attempt went through)
--   corrected  the request had been settled as unknown; the difference and the record are now written
--   settled    another outcome was first
CREATE OR REPLACE FUNCTION audit_correct(
    writer uuid, records json, envelopes bytea[], settlements json, bodies json, ciphertexts bytea[]
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    late record;
    first audit_settlement;
BEGIN
    SELECT * INTO STRICT late FROM ROWS FROM (
        json_to_recordset(records) AS (id uuid, request_id uuid),
        json_to_recordset(settlements) AS (
            input_tokens bigint, cached_input_tokens bigint, output_tokens bigint, reasoning_tokens bigint,
            cost_nano_usd bigint, further_quantities jsonb, service_tier text, price_id uuid)
    ) AS given (
        id, request_id, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_nano_usd,
        further_quantities, service_tier, price_id);
    SELECT * INTO STRICT first FROM audit_settlement WHERE request_id = late.request_id;
    IF first.outcome_record_id = late.id THEN
        RETURN 'duplicate';
    ELSIF first.outcome <> 'outcome_unknown' THEN
        RETURN 'settled';
    END IF;
    INSERT INTO audit_correction (
        request_id, organization_id, team_id, record_id, input_tokens, cached_input_tokens, output_tokens,
        reasoning_tokens, cost_nano_usd, difference_nano_usd, at, further_quantities, service_tier, kind, price_id)
    VALUES (
        late.request_id, first.organization_id, first.team_id, late.id, late.input_tokens, late.cached_input_tokens,
        late.output_tokens, late.reasoning_tokens, late.cost_nano_usd, late.cost_nano_usd - first.cost_nano_usd,
        clock_timestamp(), late.further_quantities, COALESCE(late.service_tier, 'standard'), 'late_truth',
        late.price_id)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM audit_correction WHERE record_id = late.id)
               THEN 'duplicate' ELSE 'settled' END;
    END IF;
    PERFORM audit_charge_corrections(late.id, late.request_id, late.request_id);
    IF EXISTS (SELECT FROM audit_append(writer, records, envelopes, '[]', bodies, ciphertexts)) THEN
        RAISE EXCEPTION 'the late outcome of % cannot be recorded', late.request_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN 'corrected';
END $$;

INSERT INTO audit_spent (organization_id, budget_id, period, nano_usd)
SELECT settled.organization_id, budget::uuid, period, sum(difference_nano_usd)
FROM audit_correction JOIN audit_settlement AS settled USING (request_id)
CROSS JOIN LATERAL jsonb_each_text(budgets) AS charge (budget, period)
WHERE request_id < (SELECT through FROM audit_rolled_up) AND pg_input_is_valid(budget, 'uuid')
GROUP BY settled.organization_id, budget, period
ON CONFLICT (organization_id, budget_id, period) DO UPDATE SET nano_usd = audit_spent.nano_usd + excluded.nano_usd;

-- As before, with corrections: audit_spent has those of the requests that it counts.
--
-- Adds to audit_spent what was settled since the last time. What is older than every open request is settled for good,
-- so it is counted here and never again; the rest is counted afresh by whoever asks. Takes at most so many settlements,
-- so that no transaction is long after a pause. Returns whether more are left.
CREATE OR REPLACE FUNCTION audit_roll_up(most integer DEFAULT 100000) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    since uuid;
    bound uuid;
    settled uuid := audit_oldest_open();
BEGIN
    SELECT through INTO STRICT since FROM audit_rolled_up FOR UPDATE;
    IF settled <= since THEN
        RETURN false;
    END IF;
    bound := least(settled, (
        SELECT request_id FROM audit_settlement WHERE request_id >= since ORDER BY request_id OFFSET most LIMIT 1));
    INSERT INTO audit_spent (organization_id, budget_id, period, nano_usd)
    SELECT organization_id, budget::uuid, period, sum(nano_usd)
    FROM (
        SELECT organization_id, budgets, cost_nano_usd AS nano_usd FROM audit_settlement
        WHERE request_id >= since AND request_id < bound
        UNION ALL
        SELECT settled.organization_id, budgets, difference_nano_usd
        FROM audit_correction JOIN audit_settlement AS settled USING (request_id)
        WHERE request_id >= since AND request_id < bound
    ) AS charged CROSS JOIN LATERAL jsonb_each_text(budgets) AS charge (budget, period)
    WHERE pg_input_is_valid(budget, 'uuid')
    GROUP BY organization_id, budget, period
    ON CONFLICT (organization_id, budget_id, period)
    DO UPDATE SET nano_usd = audit_spent.nano_usd + excluded.nano_usd;
    UPDATE audit_rolled_up SET through = bound;
    RETURN bound < settled;
END $$;

-- Everything the counters of an organisation are made of, of one snapshot:
-- {"spent": [[budget, period, nano_usd], …], "open": [[request_id, team_id, hold], …]}.
CREATE OR REPLACE FUNCTION audit_balances(organization uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH charged AS (
        SELECT budgets, cost_nano_usd AS nano_usd FROM audit_settlement
        WHERE organization_id = organization AND request_id >= (SELECT through FROM audit_rolled_up)
        UNION ALL
        SELECT budgets, difference_nano_usd FROM audit_correction JOIN audit_settlement USING (request_id)
        WHERE audit_correction.organization_id = organization
          AND request_id >= (SELECT through FROM audit_rolled_up)
    ), spent AS (
        SELECT budget_id, period, sum(nano_usd) AS nano_usd FROM (
            SELECT budget_id::text, period, nano_usd FROM audit_spent WHERE organization_id = organization
            UNION ALL
            SELECT budget, period, nano_usd
            FROM charged CROSS JOIN LATERAL jsonb_each_text(budgets) AS charge (budget, period)
        ) AS part
        WHERE audit_is_current(period) AND pg_input_is_valid(budget_id, 'uuid')
        GROUP BY budget_id, period
    ), open AS (
        SELECT id, team_id, hold FROM audit_record AS requested
        WHERE organization_id = organization AND id = request_id AND kind = 'requested' AND id >= audit_oldest_open()
          AND NOT EXISTS (SELECT FROM audit_settlement AS settled WHERE settled.request_id = requested.id)
    )
    SELECT jsonb_build_object(
        'spent', (SELECT COALESCE(jsonb_agg(jsonb_build_array(budget_id, period, nano_usd)), '[]') FROM spent),
        'open', (SELECT COALESCE(jsonb_agg(jsonb_build_array(id, team_id, hold)), '[]') FROM open));
$$;


-- Rates requests anew: `ratings` are objects of `request_id`, `price_id` and `cost_nano_usd`, what it costs by that price.
-- What differs from what it costs so far is written as a correction, in the name of the act on record; the counters of the
-- organisation are made again from the books before the next call is let through. Returns how many were corrected, and by
-- how much in all. Requests of which nobody knows what they used are left as they are.
CREATE FUNCTION audit_rerate(organization uuid, act uuid, ratings json, OUT corrected bigint, OUT changed_nano_usd numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
    first uuid;
    last uuid;
BEGIN
    IF NOT pg_has_role(session_user, 'chancery_system', 'MEMBER')
       AND organization IS DISTINCT FROM chancery_organization() THEN
        RAISE EXCEPTION 'prices are corrected for the entered organisation only' USING ERRCODE = '42501';
    END IF;
    IF NOT EXISTS (
        SELECT FROM audit_record WHERE id = act AND organization_id = organization AND kind = 'act'
           AND action = 'governance.price.rerated' AND xid = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'nobody is on record as having this done' USING ERRCODE = '42501';
    END IF;
    -- One after the other: each goes by all that is corrected before.
    LOCK TABLE audit_correction IN SHARE ROW EXCLUSIVE MODE;
    WITH given AS (
        SELECT * FROM json_to_recordset(ratings) AS (request_id uuid, price_id uuid, cost_nano_usd bigint)
    ), present AS (
        SELECT settled.request_id, settled.organization_id, settled.team_id, given.price_id, given.cost_nano_usd,
               given.cost_nano_usd - settled.cost_nano_usd - COALESCE((
                   SELECT sum(difference_nano_usd) FROM audit_correction AS before
                   WHERE before.request_id = settled.request_id), 0) AS difference,
               COALESCE(late.input_tokens, settled.input_tokens) AS input_tokens,
               COALESCE(late.cached_input_tokens, settled.cached_input_tokens) AS cached_input_tokens,
               COALESCE(late.output_tokens, settled.output_tokens) AS output_tokens,
               COALESCE(late.reasoning_tokens, settled.reasoning_tokens) AS reasoning_tokens,
               CASE WHEN late.id IS NULL THEN settled.further_quantities ELSE late.further_quantities END AS further,
               COALESCE(late.service_tier, settled.service_tier) AS service_tier
        FROM given
        JOIN audit_settlement AS settled USING (request_id)
        LEFT JOIN audit_correction AS late ON late.request_id = settled.request_id AND late.kind = 'late_truth'
        WHERE settled.organization_id = organization AND (settled.outcome <> 'outcome_unknown' OR late.id IS NOT NULL)
    ), written AS (
        INSERT INTO audit_correction (
            request_id, organization_id, team_id, record_id, input_tokens, cached_input_tokens, output_tokens,
            reasoning_tokens, cost_nano_usd, difference_nano_usd, at, further_quantities, service_tier, kind, price_id)
        SELECT request_id, organization_id, team_id, act, input_tokens, cached_input_tokens, output_tokens,
               reasoning_tokens, cost_nano_usd, present.difference, clock_timestamp(), further, service_tier, 'rerating',
               price_id
        FROM present WHERE present.difference <> 0
        RETURNING request_id, difference_nano_usd
    )
    SELECT count(*), COALESCE(sum(difference_nano_usd), 0), min(request_id::text), max(request_id::text)
    INTO corrected, changed_nano_usd, first, last FROM written;
    IF corrected > 0 THEN
        PERFORM audit_charge_corrections(act, first, last);
        PERFORM audit_begin_epoch(organization, 'rerated.' || act::text);
    END IF;
END $$;

REVOKE ALL ON FUNCTION audit_charge_corrections, audit_rerate FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_rerate TO chancery_app, chancery_system;

-- As of before; adds to the days what it adds to quarters, and all that corrections change.
CREATE OR REPLACE FUNCTION audit_count_usage(seen pg_snapshot, present pg_snapshot, earliest uuid, before uuid) RETURNS void
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
        -- What a correction changes, beside the settlement that it corrects. Only a late truth changes what was used, and
        -- that it was estimated.
        SELECT late.request_id, settled.organization_id, settled.team_id, project_id, api_key_id, provider_id,
               deployment_id, use_case_id, prompt_version_id, model, route, tier, operation, pipeline, cache, outcome,
               COALESCE(error, ''), tags, subject_id, audit_quarter_of(late.request_id), 0,
               CASE kind WHEN 'late_truth' THEN late.input_tokens - settled.input_tokens ELSE 0 END,
               CASE kind WHEN 'late_truth' THEN late.cached_input_tokens - settled.cached_input_tokens ELSE 0 END,
               CASE kind WHEN 'late_truth' THEN late.output_tokens - settled.output_tokens ELSE 0 END,
               CASE kind WHEN 'late_truth' THEN late.reasoning_tokens - settled.reasoning_tokens ELSE 0 END,
               late.difference_nano_usd,
               CASE WHEN NOT estimated THEN 0
                    WHEN kind = 'late_truth' THEN -settled.cost_nano_usd
                    WHEN outcome <> 'outcome_unknown' THEN late.difference_nano_usd
                    ELSE 0 END,
               0, NULL, NULL
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
    ), days AS (
        INSERT INTO audit_usage_day AS kept (
            organization_id, day, combination_id, team_id, requests, input_tokens, cached_input_tokens,
            output_tokens, reasoning_tokens, cost_nano_usd, estimated_nano_usd, held_nano_usd, latency_ms, timed)
        SELECT organization_id, (starts_at AT TIME ZONE time_zone)::date AS day, combination_id, team_id, sum(requests),
               sum(input_tokens), sum(cached_input_tokens), sum(output_tokens), sum(reasoning_tokens),
               sum(cost_nano_usd), sum(estimated_nano_usd), sum(held_nano_usd), sum(latency_ms), sum(timed)
        FROM summed JOIN audit_usage_zone USING (organization_id)
        GROUP BY organization_id, day, combination_id, team_id
        ON CONFLICT (organization_id, day, combination_id) DO UPDATE SET
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
    ), named_sums AS MATERIALIZED (
        SELECT organization_id, team_id, starts_at, kind, value, sum(requests) AS requests,
               sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
               sum(cost_nano_usd) AS cost_nano_usd
        FROM labelled GROUP BY organization_id, team_id, starts_at, kind, value
    ), kept_labels AS (
        INSERT INTO audit_usage_label AS kept (
            id, organization_id, team_id, starts_at, kind, value, requests, input_tokens, output_tokens, cost_nano_usd)
        SELECT audit_label_id(organization_id, team_id, starts_at, kind, value), organization_id, team_id, starts_at, kind,
               value, requests, input_tokens, output_tokens, cost_nano_usd
        FROM named_sums
        ON CONFLICT (id) DO UPDATE SET
            requests = kept.requests + excluded.requests,
            input_tokens = kept.input_tokens + excluded.input_tokens,
            output_tokens = kept.output_tokens + excluded.output_tokens,
            cost_nano_usd = kept.cost_nano_usd + excluded.cost_nano_usd
    ), kept_label_days AS (
        INSERT INTO audit_usage_label_day AS kept (
            id, organization_id, team_id, day, kind, value, requests, input_tokens, output_tokens, cost_nano_usd)
        SELECT audit_label_day_id(organization_id, team_id, day, kind, value), organization_id, team_id, day, kind, value,
               sum(requests), sum(input_tokens), sum(output_tokens), sum(cost_nano_usd)
        FROM (
            SELECT named_sums.*, (starts_at AT TIME ZONE time_zone)::date AS day
            FROM named_sums JOIN audit_usage_zone USING (organization_id)) AS dated
        GROUP BY organization_id, team_id, day, kind, value
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
