-- What the gateway keeps beside the ledger: epochs, heartbeats, data keys; and what it reads to rebuild its counters.

-- Everything admitted under the epochs before is committed and visible when this has committed.
CREATE FUNCTION audit_begin_epoch(organization uuid, new_epoch text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(audit_admission_lock());
    INSERT INTO audit_admission_epoch VALUES (organization, new_epoch)
    ON CONFLICT (organization_id) DO UPDATE SET epoch = excluded.epoch;
END $$;

-- A writer is alive, and no request it has open is older than `oldest`. Not worth waiting for the disk.
CREATE FUNCTION audit_beat(writer uuid, oldest uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    INSERT INTO audit_writer VALUES (writer, clock_timestamp(), oldest)
    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, oldest_open_id = excluded.oldest_open_id;
END $$;

-- The key of an organisation (or of a subject in it) for a period: the one given, unless another was first.
CREATE FUNCTION audit_obtain_data_key(
    id uuid, organization_id uuid, subject_id uuid, period text, wrapped bytea, tenant_key_version integer
) RETURNS SETOF audit_data_key LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO audit_data_key (id, organization_id, subject_id, period, wrapped, tenant_key_version, created_at)
    VALUES (audit_obtain_data_key.id, audit_obtain_data_key.organization_id, audit_obtain_data_key.subject_id,
            audit_obtain_data_key.period, audit_obtain_data_key.wrapped, audit_obtain_data_key.tenant_key_version,
            clock_timestamp())
    ON CONFLICT (organization_id, subject_id, period) DO NOTHING;
    RETURN QUERY SELECT * FROM audit_data_key AS kept
    WHERE kept.organization_id = audit_obtain_data_key.organization_id
      AND kept.subject_id IS NOT DISTINCT FROM audit_obtain_data_key.subject_id
      AND kept.period = audit_obtain_data_key.period;
END $$;

-- The random id that stands for a person: the one given, unless the person has one.
CREATE FUNCTION audit_obtain_subject(new_id uuid, organization uuid, keyed_digest bytea) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_subject (id, organization_id, digest, created_at)
    VALUES (new_id, organization, keyed_digest, clock_timestamp())
    ON CONFLICT (organization_id, digest) DO NOTHING;
    RETURN (SELECT id FROM audit_subject WHERE organization_id = organization AND digest = keyed_digest);
END $$;

-- No request that is still open is older: each writer vouches for its own up to its last beat, and after that beat
-- it can have written none whose id was more than five minutes old.
CREATE FUNCTION audit_oldest_open() RETURNS uuid LANGUAGE sql STABLE SET search_path = public, pg_temp
RETURN least(
    audit_first_id(now() - interval '5 minutes'),
    (SELECT audit_first_id(min(seen_at) - interval '5 minutes') FROM audit_writer),
    (SELECT oldest_open_id FROM audit_writer ORDER BY oldest_open_id LIMIT 1));

-- The names of the periods that may still be charged, anywhere on earth: a day back, and whatever comes later.
CREATE FUNCTION audit_is_current(period text) RETURNS boolean LANGUAGE sql STABLE
RETURN period = 'total' OR period >= to_char(
    (now() AT TIME ZONE 'UTC') - interval '1 day',
    CASE length(period) WHEN 10 THEN 'YYYY-MM-DD' WHEN 8 THEN 'IYYY-"W"IW' ELSE 'YYYY-MM' END);

-- Adds to audit_spent what was settled since the last time. What is older than every open request is settled for good,
-- so it is counted here and never again; the rest is counted afresh by whoever asks. Takes at most so many settlements,
-- so that no transaction is long after a pause. Returns whether more are left.
CREATE FUNCTION audit_roll_up(most integer DEFAULT 100000) RETURNS boolean
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
    SELECT organization_id, budget::uuid, period, sum(cost_nano_usd)
    FROM audit_settlement CROSS JOIN LATERAL jsonb_each_text(budgets) AS charge (budget, period)
    WHERE request_id >= since AND request_id < bound AND pg_input_is_valid(budget, 'uuid')
    GROUP BY organization_id, budget, period
    ON CONFLICT (organization_id, budget_id, period)
    DO UPDATE SET nano_usd = audit_spent.nano_usd + excluded.nano_usd;
    UPDATE audit_rolled_up SET through = bound;
    RETURN bound < settled;
END $$;

-- Everything the counters of an organisation are made of, of one snapshot:
-- {"spent": [[budget, period, nano_usd], …], "open": [[request_id, team_id, hold], …]}.
CREATE FUNCTION audit_balances(organization uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH charged AS (
        SELECT budgets, cost_nano_usd AS nano_usd FROM audit_settlement
        WHERE organization_id = organization AND request_id >= (SELECT through FROM audit_rolled_up)
        UNION ALL
        SELECT budgets, difference_nano_usd FROM audit_correction JOIN audit_settlement USING (request_id)
        WHERE audit_correction.organization_id = organization
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

-- How requests ended: {"<id>": [tokens, nano_usd]}, or {"<id>": null} for one that is open. Unknown ones are absent.
CREATE FUNCTION audit_outcomes(organization uuid, requests json) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH asked AS MATERIALIZED (
        SELECT array_agg(item::uuid) AS ids FROM json_array_elements_text(requests) AS item
    ), settled AS (
        SELECT request_id, jsonb_build_array(input_tokens + output_tokens, cost_nano_usd) AS outcome
        FROM audit_settlement
        WHERE organization_id = organization AND request_id = ANY ((SELECT ids FROM asked)::uuid[])
    )
    SELECT COALESCE(jsonb_object_agg(request_id, outcome), '{}') FROM (
        SELECT request_id, outcome FROM settled
        UNION ALL
        SELECT id, NULL FROM audit_record
        WHERE organization_id = organization AND kind = 'requested' AND id = ANY ((SELECT ids FROM asked)::uuid[])
          AND NOT EXISTS (SELECT FROM settled WHERE settled.request_id = id)
    ) AS found;
$$;
