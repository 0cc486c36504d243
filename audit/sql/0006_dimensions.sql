-- What a settlement is counted by, what was used beside plain tokens, and the transaction that wrote it: by that number alone nothing that is committed
-- late is missed, whatever its id or its time. Calls of before were chats, of no more than is known of them.

SET LOCAL chancery.ledger_ddl = 'on';

ALTER TABLE audit_settlement
    ADD COLUMN provider_id       uuid,
    ADD COLUMN use_case_id       uuid,
    ADD COLUMN subject_id        uuid,
    ADD COLUMN prompt_version_id uuid,
    ADD COLUMN operation         text    NOT NULL DEFAULT 'chat',
    ADD COLUMN tier              text    NOT NULL DEFAULT '',
    ADD COLUMN route             text    NOT NULL DEFAULT '',
    ADD COLUMN pipeline          text    NOT NULL DEFAULT 'direct',
    ADD COLUMN cache             text    NOT NULL DEFAULT 'bypass',
    ADD COLUMN tags              text[]  NOT NULL DEFAULT '{}',
    ADD COLUMN error             text,
    ADD COLUMN latency_ms        integer,
    ADD COLUMN first_event_ms    integer,
    ADD COLUMN further_quantities jsonb,
    ADD COLUMN service_tier      text    NOT NULL DEFAULT 'standard',
    ADD COLUMN xid               xid8    NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE audit_correction
    ADD COLUMN further_quantities jsonb,
    ADD COLUMN service_tier      text NOT NULL DEFAULT 'standard',
    ADD COLUMN xid               xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE INDEX settlement_of_transaction ON audit_settlement (xid);
CREATE INDEX correction_of_transaction ON audit_correction (xid);

-- As before, with the dimensions. What a worker of the version before leaves out is what was true of all its calls.
--
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
CREATE OR REPLACE FUNCTION audit_append(
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
            cost_nano_usd, held_nano_usd, admitted_at, settled_at, budgets, provider_id, use_case_id, subject_id,
            prompt_version_id, operation, tier, route, pipeline, cache, tags, error, latency_ms, first_event_ms,
            further_quantities, service_tier)
        SELECT given.request_id, given.organization_id, given.team_id, project_id, api_key_id, deployment_id, price_id,
               given.id, model, given.kind, estimated, input_tokens, cached_input_tokens, output_tokens,
               reasoning_tokens, cost_nano_usd, held_nano_usd, admitted_at, clock_timestamp(), budgets, provider_id,
               use_case_id, subject_id, prompt_version_id, COALESCE(operation, 'chat'), COALESCE(tier, ''),
               COALESCE(route, ''), COALESCE(pipeline, 'direct'), COALESCE(cache, 'bypass'), COALESCE(tags, '{}'),
               error, latency_ms, first_event_ms, further_quantities, COALESCE(service_tier, 'standard')
        FROM given JOIN json_to_recordset(settlements) AS settlement (
            record_id uuid, project_id uuid, api_key_id uuid, deployment_id uuid, price_id uuid, model text,
            estimated boolean, input_tokens bigint, cached_input_tokens bigint, output_tokens bigint,
            reasoning_tokens bigint, cost_nano_usd bigint, held_nano_usd bigint, admitted_at timestamptz,
            budgets jsonb, provider_id uuid, use_case_id uuid, subject_id uuid, prompt_version_id uuid, operation text,
            tier text, route text, pipeline text, cache text, tags text[], error text, latency_ms integer,
            first_event_ms integer, further_quantities jsonb, service_tier text) ON settlement.record_id = given.id
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
            cost_nano_usd bigint, further_quantities jsonb, service_tier text)
    ) AS given (
        id, request_id, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, cost_nano_usd,
        further_quantities, service_tier);
    SELECT * INTO STRICT first FROM audit_settlement WHERE request_id = late.request_id;
    IF first.outcome_record_id = late.id THEN
        RETURN 'duplicate';
    ELSIF first.outcome <> 'outcome_unknown' THEN
        RETURN 'settled';
    END IF;
    INSERT INTO audit_correction (
        request_id, organization_id, team_id, record_id, input_tokens, cached_input_tokens, output_tokens,
        reasoning_tokens, cost_nano_usd, difference_nano_usd, at, further_quantities, service_tier)
    VALUES (
        late.request_id, first.organization_id, first.team_id, late.id, late.input_tokens, late.cached_input_tokens,
        late.output_tokens, late.reasoning_tokens, late.cost_nano_usd, late.cost_nano_usd - first.cost_nano_usd,
        clock_timestamp(), late.further_quantities, COALESCE(late.service_tier, 'standard'))
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
