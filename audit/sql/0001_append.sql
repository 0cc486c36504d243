-- How rows come in. Nobody may INSERT; these functions set time and transaction themselves and refuse, row by row,
-- what the session's role may not say.

-- Held shared by every append and exclusively for a change of epoch, so that once a new epoch is visible every row
-- admitted under the old one is too. Comparing xids instead would wait for any open transaction of the cluster.
CREATE FUNCTION audit_admission_lock() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 4850167301;

-- In PL/pgSQL, so that appending does not plan and lock for what it seldom asks.
CREATE FUNCTION audit_was_requested(request uuid, organization uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM audit_record WHERE id = request AND organization_id = organization AND kind = 'requested');
END $$;

-- Records of inference, their settlements and sealed bodies, in one statement.
--
-- `records[i]` has `envelopes[i]`, `bodies[j]` has `ciphertexts[j]`; settlements and bodies name their record.
-- A record that `settles` is written only if its settlement is the first for the request.
-- Returns the records that were not written, and why:
--   forged   the role may not write this kind or name this actor
--   skewed   the id's time is more than five minutes off; that of an outcome which had to wait for the database may
--            lie anywhere after its request's
--   stale    admitted under an epoch that is over
--   known    the record, or a settlement of its request, was there already
CREATE FUNCTION audit_append(
    writer uuid, records json, envelopes bytea[], settlements json, bodies json, ciphertexts bytea[]
) RETURNS TABLE (id uuid, verdict text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    by_system boolean := pg_has_role(session_user, 'chancery_system', 'MEMBER');
    earliest uuid := audit_first_id(clock_timestamp() - interval '5 minutes');
    latest uuid := audit_first_id(clock_timestamp() + interval '5 minutes');
BEGIN
    PERFORM pg_advisory_xact_lock_shared(audit_admission_lock());
    RETURN QUERY
    WITH given AS MATERIALIZED (
        SELECT row.*, CASE
                WHEN row.kind NOT IN ('requested', 'completed', 'refused', 'failed', 'cancelled')
                     AND NOT (row.kind = 'outcome_unknown' AND by_system) THEN 'forged'
                WHEN row.actor_kind = 'user' THEN 'forged'
                WHEN row.id NOT BETWEEN earliest AND latest
                     AND NOT (row.id BETWEEN row.request_id AND latest AND row.id <> row.request_id
                              AND audit_was_requested(row.request_id, row.organization_id)) THEN 'skewed'
                WHEN row.epoch <> now.epoch THEN 'stale'
            END AS refusal
        FROM ROWS FROM (
            json_to_recordset(records) AS (
                id uuid, organization_id uuid, team_id uuid, request_id uuid, kind text, actor_kind text,
                actor_id uuid, settles boolean, epoch text, hold jsonb),
            unnest(envelopes)
        ) AS row (
            id, organization_id, team_id, request_id, kind, actor_kind, actor_id, settles, epoch, hold, envelope)
        LEFT JOIN audit_admission_epoch AS now ON now.organization_id = row.organization_id
    ),
    settled AS (
        INSERT INTO audit_settlement (
            request_id, organization_id, team_id, project_id, api_key_id, deployment_id, price_id, outcome_record_id,
            model, outcome, estimated, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
            cost_nano_usd, held_nano_usd, admitted_at, settled_at, budgets)
        SELECT given.request_id, given.organization_id, given.team_id, project_id, api_key_id, deployment_id, price_id,
               given.id, model, given.kind, estimated, input_tokens, cached_input_tokens, output_tokens,
               reasoning_tokens, cost_nano_usd, held_nano_usd, admitted_at, clock_timestamp(), budgets
        FROM given JOIN json_to_recordset(settlements) AS settlement (
            record_id uuid, project_id uuid, api_key_id uuid, deployment_id uuid, price_id uuid, model text,
            estimated boolean, input_tokens bigint, cached_input_tokens bigint, output_tokens bigint,
            reasoning_tokens bigint, cost_nano_usd bigint, held_nano_usd bigint, admitted_at timestamptz,
            budgets jsonb) ON settlement.record_id = given.id
        WHERE given.refusal IS NULL
        ON CONFLICT DO NOTHING RETURNING outcome_record_id
    ),
    written AS (
        INSERT INTO audit_record (
            id, organization_id, team_id, request_id, kind, action, actor_kind, actor_id, at, xid, writer, envelope,
            hold)
        SELECT id, organization_id, team_id, request_id, kind, 'inference.' || kind, actor_kind, actor_id,
               clock_timestamp(), pg_current_xact_id(), audit_append.writer, envelope, hold
        FROM given
        WHERE refusal IS NULL
          AND (settles IS NOT TRUE OR EXISTS (SELECT FROM settled WHERE settled.outcome_record_id = given.id))
        ON CONFLICT DO NOTHING RETURNING id
    ),
    sealed AS (
        INSERT INTO audit_body (record_id, part, organization_id, team_id, data_key_id, ciphertext)
        SELECT id, part, organization_id, team_id, data_key_id, ciphertext
        FROM given JOIN ROWS FROM (
            json_to_recordset(bodies) AS (record_id uuid, part text, data_key_id uuid), unnest(ciphertexts)
        ) AS body (record_id, part, data_key_id, ciphertext) ON body.record_id = given.id
        WHERE EXISTS (SELECT FROM written WHERE written.id = given.id)
    )
    SELECT given.id, COALESCE(refusal, 'known') FROM given
    WHERE NOT EXISTS (SELECT FROM written WHERE written.id = given.id);
END $$;

-- What became of an outcome that `audit_append` called known. Takes one record, with its settlement:
--   duplicate  it is the one that settled the request (an earlier attempt went through)
--   corrected  the request had been settled as unknown; the difference and the record are now written
--   settled    another outcome was first
CREATE FUNCTION audit_correct(
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
            cost_nano_usd bigint)
    ) AS given (
        id, request_id, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_nano_usd);
    SELECT * INTO STRICT first FROM audit_settlement WHERE request_id = late.request_id;
    IF first.outcome_record_id = late.id THEN
        RETURN 'duplicate';
    ELSIF first.outcome <> 'outcome_unknown' THEN
        RETURN 'settled';
    END IF;
    INSERT INTO audit_correction (
        request_id, organization_id, team_id, record_id, input_tokens, cached_input_tokens, output_tokens,
        reasoning_tokens, cost_nano_usd, difference_nano_usd, at)
    VALUES (
        late.request_id, first.organization_id, first.team_id, late.id, late.input_tokens, late.cached_input_tokens,
        late.output_tokens, late.reasoning_tokens, late.cost_nano_usd, late.cost_nano_usd - first.cost_nano_usd,
        clock_timestamp())
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN CASE WHEN EXISTS (SELECT FROM audit_correction WHERE record_id = late.id)
               THEN 'duplicate' ELSE 'settled' END;
    END IF;
    IF EXISTS (SELECT FROM audit_append(writer, records, envelopes, '[]', bodies, ciphertexts)) THEN
        RAISE EXCEPTION 'the late outcome of % cannot be recorded', late.request_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN 'corrected';
END $$;

-- A governance act, in the transaction of the change it records; returns its id, which is made here, so that there
-- is none to forge. The portal's role acts for the entered organisation
-- and as the entered user; where nobody has entered (commands), as the system.
CREATE FUNCTION audit_append_act(
    organization_id uuid, team_id uuid, action text, actor_kind text, actor_id uuid, object_kind text, object_id uuid,
    envelope bytea
) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    id uuid := audit_new_id();
BEGIN
    IF NOT pg_has_role(session_user, 'chancery_system', 'MEMBER') THEN
        IF organization_id IS DISTINCT FROM chancery_organization() THEN
            RAISE EXCEPTION 'an act is recorded for the entered organisation only' USING ERRCODE = '42501';
        END IF;
        IF (actor_kind, actor_id) IS DISTINCT FROM ('user', chancery_user())
           AND NOT (actor_kind = 'system' AND chancery_user() IS NULL) THEN
            RAISE EXCEPTION 'an act is recorded for the entered user only' USING ERRCODE = '42501';
        END IF;
    END IF;
    IF action !~ '^[a-z_]+(\.[a-z_]+)+$' OR action LIKE 'inference.%' THEN
        RAISE EXCEPTION 'not the name of an act: %', action USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO audit_record VALUES (
        id, organization_id, team_id, NULL, 'act', action, actor_kind, actor_id, object_kind, object_id,
        clock_timestamp(), pg_current_xact_id(), NULL, envelope, NULL);
    RETURN id;
END $$;
