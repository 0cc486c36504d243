-- How requests ended: {"<id>": [input tokens, output tokens, nano_usd, [budget charged, …]]}, or {"<id>": null} for one
-- that is open. Unknown ones are absent.
CREATE OR REPLACE FUNCTION audit_outcomes(organization uuid, requests json) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH asked AS MATERIALIZED (
        SELECT array_agg(item::uuid) AS ids FROM json_array_elements_text(requests) AS item
    ), settled AS (
        SELECT request_id, jsonb_build_array(
            input_tokens, output_tokens, cost_nano_usd,
            (SELECT COALESCE(jsonb_agg(budget), '[]') FROM jsonb_object_keys(budgets) AS budget
             WHERE pg_input_is_valid(budget, 'uuid'))) AS outcome
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
