"""A model's life, held by the database: the steps of a deprecation, and the day by which an approval is recertified."""

from django.db import migrations, models

from audit.history.capture import capture
from kit.row_security import same_tenant

# `governance.review.RECERTIFY_DAYS`, for tiers of which no rule says how long an approval holds.
RECERTIFY_DAYS = """
CREATE FUNCTION governance_recertify_days(organization uuid, tier integer) RETURNS integer LANGUAGE sql STABLE
RETURN coalesce(
    (SELECT r.recertify_days FROM governance_reviewrule r
     WHERE r.organization_id = organization AND r.risk_tier = tier ORDER BY r.number DESC LIMIT 1),
    CASE WHEN tier < 3 THEN 365 ELSE 180 END);
"""

# What was approved before is blocked for nobody at once: it has a quarter at least. The triggers rest, or an approval
# that has ended would refuse the change.
BACKFILL = """
ALTER TABLE governance_approval DISABLE TRIGGER USER;
UPDATE governance_approval a SET recertify_by = least(
    greatest(a.granted_at + make_interval(hours => 24 * governance_recertify_days(a.organization_id, r.risk_tier)),
             now() + interval '90 days'),
    a.expires_at)
FROM governance_approvalrequest r WHERE r.id = a.request_id;
ALTER TABLE governance_approval ENABLE TRIGGER USER, ENABLE ALWAYS TRIGGER capture;
"""

BEGINS = """
CREATE FUNCTION governance_approval_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM governance_model m WHERE m.id = NEW.model_id
               AND (m.life = 'retired' OR m.sunset_at <= NEW.granted_at)) THEN
        RAISE EXCEPTION 'a retired model is not approved' USING ERRCODE = 'check_violation';
    END IF;
    NEW.recertify_by := least(
        NEW.granted_at + make_interval(hours => 24 * governance_recertify_days(NEW.organization_id, (
            SELECT r.risk_tier FROM governance_approvalrequest r WHERE r.id = NEW.request_id))),
        NEW.expires_at);
    RETURN NEW;
END $$;
CREATE TRIGGER begins BEFORE INSERT ON governance_approval
    FOR EACH ROW EXECUTE FUNCTION governance_approval_begins();

CREATE FUNCTION governance_recertified_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an approval is not prolonged; another one takes its place' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER recertified_anew BEFORE UPDATE ON governance_approval
    FOR EACH ROW WHEN (NEW.recertify_by IS DISTINCT FROM OLD.recertify_by)
    EXECUTE FUNCTION governance_recertified_anew();
GRANT UPDATE (noticed_days) ON governance_approval TO chancery_app;
"""

# The sunset is kept by the clock of the database too: what was over once is not called again.
LIFE = """
CREATE FUNCTION governance_model_life() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.life <> 'registered' THEN
            RAISE EXCEPTION 'a model begins as registered' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.life, NEW.deprecated_at, NEW.sunset_at, NEW.successor_id, NEW.deprecation_reason)
        IS NOT DISTINCT FROM (OLD.life, OLD.deprecated_at, OLD.sunset_at, OLD.successor_id, OLD.deprecation_reason) THEN
        RETURN NEW;
    END IF;
    IF (OLD.life, NEW.life) NOT IN (('registered', 'deprecated'), ('deprecated', 'deprecated'),
                                    ('deprecated', 'registered'), ('deprecated', 'retired')) THEN
        RAISE EXCEPTION 'a model that is % does not become %', OLD.life, NEW.life USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.life <> 'retired' AND OLD.sunset_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'a model whose sunset has passed is only retired' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.life = 'deprecated' AND NEW.successor_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM governance_model s WHERE s.id = NEW.successor_id AND s.life = 'registered') THEN
        RAISE EXCEPTION 'a successor is in service itself' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER life BEFORE INSERT OR UPDATE ON governance_model
    FOR EACH ROW EXECUTE FUNCTION governance_model_life();
GRANT UPDATE (life, deprecated_at, sunset_at, successor_id, deprecation_reason) ON governance_model TO chancery_app;
"""

RENEWS_THE_SAME = """
ALTER TABLE governance_approvalrequest ADD CONSTRAINT request_renews_an_approval_of_its_model
    FOREIGN KEY (renews_id, model_id) REFERENCES governance_approval (id, model_id);
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0011_life")]

    operations = [
        migrations.RunSQL(RECERTIFY_DAYS, migrations.RunSQL.noop),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        migrations.AlterField("approval", "recertify_by", models.DateTimeField(editable=False)),
        *(migrations.RunSQL(statements, migrations.RunSQL.noop) for statements in (BEGINS, LIFE, RENEWS_THE_SAME)),
        same_tenant("governance_model", "successor_id", "governance_model"),
        same_tenant("governance_approvalrequest", "renews_id", "governance_approval"),
        capture("governance_model", "model", ignored=["fingerprint"]),
    ]
