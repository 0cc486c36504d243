-- Sums of usage as the gateway gives them to callers: of an organisation, or of one team of it, within bounds on quarters.
-- By day of a time zone or all at once, and by one dimension:
-- {"as_of": …, "sums": [[day, group, requests, errors, input, cached input, output, reasoning, nano_usd, estimated], …]}.
-- Amounts are text: to JSON's readers they may be too large.
CREATE FUNCTION audit_usage_sums(
    organization uuid, team uuid, since timestamptz, until timestamptz, time_zone text, group_by text, by_day boolean
) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH counted AS (
        SELECT CASE WHEN by_day THEN to_char(starts_at AT TIME ZONE time_zone, 'YYYY-MM-DD') END AS day,
               CASE group_by
                   WHEN 'model' THEN model
                   WHEN 'team' THEN combined.team_id::text
                   WHEN 'project' THEN project_id::text
                   WHEN 'key' THEN api_key_id::text
                   WHEN 'provider' THEN provider_id::text
                   WHEN 'deployment' THEN deployment_id::text
                   WHEN 'use_case' THEN use_case_id::text
                   WHEN 'operation' THEN operation
                   WHEN 'tier' THEN tier
                   WHEN 'route' THEN route
                   WHEN 'outcome' THEN outcome
               END AS grouped,
               kept.*, outcome
        FROM audit_usage_quarter AS kept JOIN audit_usage_combination AS combined ON combined.id = combination_id
        WHERE kept.organization_id = organization AND starts_at >= since AND starts_at < until
          AND (team IS NULL OR kept.team_id = team)
    ), summed AS (
        SELECT day, grouped, sum(requests) AS requests,
               COALESCE(sum(requests) FILTER (WHERE outcome <> 'completed'), 0) AS errors,
               sum(input_tokens) AS input_tokens, sum(cached_input_tokens) AS cached_input_tokens,
               sum(output_tokens) AS output_tokens, sum(reasoning_tokens) AS reasoning_tokens,
               sum(cost_nano_usd)::text AS cost_nano_usd, sum(estimated_nano_usd)::text AS estimated_nano_usd
        FROM counted GROUP BY day, grouped
    )
    SELECT jsonb_build_object(
        'as_of', (SELECT rolled_up_at FROM audit_usage_cursor),
        'sums', (
            SELECT COALESCE(jsonb_agg(jsonb_build_array(
                day, grouped, requests, errors, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
                cost_nano_usd, estimated_nano_usd) ORDER BY day, grouped), '[]')
            FROM summed));
$$;

REVOKE ALL ON FUNCTION audit_usage_sums FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_usage_sums TO chancery_gateway, chancery_system;
