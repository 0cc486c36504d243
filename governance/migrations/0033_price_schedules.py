"""Prices with as many rates as there are: cache writes, reasoning, audio, service tiers, long inputs, a discount.

What could not be charged by is no price, whoever writes it: see `audit.pricing.schedule`, which this repeats.
"""

from django.db import migrations, models

WHOLE = """
CREATE FUNCTION governance_rates_are_whole(further jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH rate AS (
        SELECT item, item ->> 'component' AS component, item ->> 'service_tier' AS tier,
               item ->> 'above_input_tokens' AS above
        FROM jsonb_array_elements(CASE jsonb_typeof(further) WHEN 'array' THEN further ELSE '[]' END) AS item
    )
    SELECT jsonb_typeof(further) = 'array'
       AND NOT EXISTS (
            SELECT FROM rate WHERE NOT coalesce(
                jsonb_typeof(item) = 'object'
                AND item - '{component,service_tier,above_input_tokens,nano_usd}'::text[] = '{}'
                AND component = ANY ('{input,cached_input,cache_write,cache_write_1h,audio_input,image_input,output,
                    reasoning,audio_output,image_output,request,image,web_search,gpu_second}'::text[])
                AND tier = ANY ('{standard,batch,flex,priority}'::text[])
                AND jsonb_typeof(item -> 'above_input_tokens') = 'number' AND above ~ '^[0-9]{1,10}$'
                AND jsonb_typeof(item -> 'nano_usd') = 'number'
                AND item ->> 'nano_usd' ~ '^([0-9]{1,15}|10{15})$'
                AND NOT (tier = 'standard' AND above = '0'
                         AND component = ANY ('{input,cached_input,output,request}'::text[])), false))
       AND NOT EXISTS (SELECT FROM rate GROUP BY component, tier, above HAVING count(*) > 1)
       AND NOT EXISTS (
            SELECT FROM rate WHERE (tier, above) <> ('standard', '0')
            GROUP BY tier, above HAVING count(*) FILTER (WHERE component IN ('input', 'output')) < 2);
$$;
ALTER TABLE governance_price ADD CONSTRAINT price_rates_are_whole CHECK (governance_rates_are_whole(further_rates));
"""


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0032_whom_it_replaces'),
        ('tenants', '0005_project_region'),
    ]

    operations = [
        migrations.AddField(
            model_name='price',
            name='discount_ppm',
            field=models.PositiveIntegerField(default=0, help_text='Agreed with the provider, off everything.', verbose_name='discount, parts per million'),
        ),
        migrations.AddField(
            model_name='price',
            name='further_rates',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='price',
            name='reference',
            field=models.CharField(blank=True, help_text='Where it is found: a price list, a contract.', max_length=200),
        ),
        migrations.AddConstraint(
            model_name='price',
            constraint=models.CheckConstraint(condition=models.Q(('discount_ppm__lte', 1000000)), name='price_discount_is_at_most_everything'),
        ),
        migrations.RunSQL(WHOLE, migrations.RunSQL.noop),
    ]
