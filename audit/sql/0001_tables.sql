-- The partitioned tables. The id is a UUIDv7 and the partition key: rows arrive in order of the key, so that an
-- insert touches the right edge of few small indexes whatever lies to the left of it.

SET LOCAL chancery.ledger_ddl = 'on';

CREATE TABLE audit_record (
    id              uuid        NOT NULL,
    organization_id uuid        NOT NULL,
    team_id         uuid,
    request_id      uuid,
    kind            text        NOT NULL,
    action          text        NOT NULL,
    actor_kind      text        NOT NULL,
    actor_id        uuid        NOT NULL,
    object_kind     text,
    object_id       uuid,
    at              timestamptz NOT NULL,
    xid             xid8        NOT NULL,
    writer          uuid,
    envelope        bytea       NOT NULL,
    hold            jsonb,
    PRIMARY KEY (id),
    CONSTRAINT record_kind_is_known CHECK (
        kind IN ('requested', 'completed', 'refused', 'failed', 'cancelled', 'outcome_unknown', 'act')),
    CONSTRAINT record_actor_kind_is_known CHECK (actor_kind IN ('user', 'api_key', 'identity_provider', 'system')),
    CONSTRAINT record_of_a_request_names_it CHECK ((kind = 'act') = (request_id IS NULL)),
    CONSTRAINT record_object_has_kind_and_id CHECK ((object_kind IS NULL) = (object_id IS NULL))
) PARTITION BY RANGE (id);

-- What a list begins with: acts, and the first record of each request. Outcomes are found through the settlement.
CREATE INDEX record_listed ON audit_record (organization_id, id) WHERE (kind = 'act' OR id = request_id);
CREATE INDEX record_timeline ON audit_record (object_id, id) WHERE (object_id IS NOT NULL);

CREATE TABLE audit_settlement (
    request_id          uuid        NOT NULL,
    organization_id     uuid        NOT NULL,
    team_id             uuid,
    project_id          uuid,
    api_key_id          uuid,
    deployment_id       uuid,
    price_id            uuid,
    outcome_record_id   uuid        NOT NULL,
    model               text        NOT NULL,
    outcome             text        NOT NULL,
    estimated           boolean     NOT NULL,
    input_tokens        bigint      NOT NULL,
    cached_input_tokens bigint      NOT NULL,
    output_tokens       bigint      NOT NULL,
    reasoning_tokens    bigint      NOT NULL,
    cost_nano_usd       bigint      NOT NULL,
    held_nano_usd       bigint      NOT NULL,
    admitted_at         timestamptz NOT NULL,
    settled_at          timestamptz NOT NULL,
    budgets             jsonb       NOT NULL,
    PRIMARY KEY (request_id),
    CONSTRAINT settlement_is_not_negative CHECK (
        input_tokens >= 0 AND cached_input_tokens >= 0 AND output_tokens >= 0 AND reasoning_tokens >= 0
        AND cost_nano_usd >= 0 AND held_nano_usd >= 0)
) PARTITION BY RANGE (request_id);

CREATE INDEX settlement_of_organization ON audit_settlement (organization_id, request_id);

CREATE TABLE audit_body (
    record_id       uuid  NOT NULL,
    part            text  NOT NULL,
    organization_id uuid  NOT NULL,
    team_id         uuid,
    data_key_id     uuid  NOT NULL,
    ciphertext      bytea STORAGE EXTERNAL NOT NULL,  -- ciphertext does not compress
    PRIMARY KEY (record_id, part),
    CONSTRAINT body_part_is_known CHECK (part IN ('request', 'response'))
) PARTITION BY RANGE (record_id);
