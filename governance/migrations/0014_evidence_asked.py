"""What evidence a decision takes: asked for by review rules, frozen with the stages, attached to a request's revision.

The database lets nobody approve without it, unless they say why.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import kit.ids
from audit.history.capture import capture
from kit.row_security import protect, same_tenant

# `governance.completeness.DEFAULTS`, for organisations that have set no rule of their own. Requests that wait keep
# what they were submitted with, which is nothing.
FREEZE = """
CREATE FUNCTION governance_default_evidence(tier integer) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE tier WHEN 1 THEN '{}'::text[] WHEN 2 THEN '{evaluation}'::text[]
    ELSE '{evaluation,red_team,dpia}'::text[] END;

CREATE FUNCTION governance_freeze_evidence() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    tier integer := (SELECT risk_tier FROM governance_approvalrequest WHERE id = NEW.request_id);
BEGIN
    NEW.evidence := coalesce(
        (SELECT r.evidence FROM governance_reviewrule r
         WHERE r.organization_id = NEW.organization_id AND r.risk_tier = tier ORDER BY r.number DESC LIMIT 1),
        governance_default_evidence(tier));
    RETURN NEW;
END $$;
CREATE TRIGGER freeze_evidence BEFORE INSERT ON governance_requeststage
    FOR EACH ROW EXECUTE FUNCTION governance_freeze_evidence();
"""

# Runs after the policies, so that a row of another organisation is denied before anything is said about it.
ATTACH = """
CREATE FUNCTION governance_attached_before_decisions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    r governance_approvalrequest;
BEGIN
    SELECT * INTO r FROM governance_approvalrequest WHERE id = NEW.request_id FOR NO KEY UPDATE;
    IF NEW.revision <> r.revision OR r.status IN ('approved', 'rejected', 'withdrawn')
        OR EXISTS (SELECT FROM governance_decision d WHERE d.request_id = r.id AND d.revision = r.revision) THEN
        RAISE EXCEPTION 'evidence is attached to a revision before anybody decides on it'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM governance_evidence e WHERE e.id = NEW.evidence_id
          AND (e.model_id = r.model_id OR EXISTS (
              SELECT FROM governance_deployment d WHERE d.model_id = r.model_id AND d.provider_id = e.provider_id)))
    THEN
        RAISE EXCEPTION 'evidence is about the model or one of its providers' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER before_decisions AFTER INSERT ON governance_requestevidence
    FOR EACH ROW EXECUTE FUNCTION governance_attached_before_decisions();
"""

# One piece that has failed is not outweighed by another of its kind.
DECIDE = """
CREATE FUNCTION governance_lacking(stage governance_requeststage, at timestamptz) RETURNS text[]
LANGUAGE sql STABLE
RETURN ARRAY(
    SELECT asked.kind FROM unnest(stage.evidence) AS asked(kind)
    WHERE NOT coalesce((
        SELECT bool_or(e.withdrawn_at IS NULL AND (e.expires_at IS NULL OR e.expires_at > at)
                       AND e.passed IS DISTINCT FROM false)
           AND NOT bool_or(e.withdrawn_at IS NULL AND e.passed IS FALSE)
        FROM governance_requestevidence a JOIN governance_evidence e ON e.id = a.evidence_id
        WHERE a.request_id = stage.request_id AND a.revision = stage.revision AND e.kind = asked.kind), false));

CREATE FUNCTION governance_decides_on_evidence() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    stage governance_requeststage;
    lacking text[];
BEGIN
    SELECT * INTO stage FROM governance_requeststage WHERE id = NEW.stage_id;
    lacking := governance_lacking(stage, greatest(NEW.decided_at, clock_timestamp()));
    IF NEW.verdict = 'approve' AND btrim(NEW.waiver) = '' AND lacking <> '{}' THEN
        RAISE EXCEPTION 'nobody approves without % and without a reason', array_to_string(lacking, ', ')
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER on_evidence AFTER INSERT ON governance_decision
    FOR EACH ROW EXECUTE FUNCTION governance_decides_on_evidence();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0013_conditions'),
        ('tenants', '0004_history'),
    ]

    operations = [
        migrations.AddField(
            model_name='decision',
            name='waiver',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='requeststage',
            name='evidence',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('evaluation', 'Evaluation'), ('red_team', 'Red-team test'), ('dpia', 'Data protection impact assessment'), ('security_review', 'Security review'), ('licence', 'Licence'), ('contract', 'Contract'), ('model_card', 'Model card'), ('other', 'Other')], max_length=24), blank=True, default=list, size=None),
        ),
        migrations.AddField(
            model_name='reviewrule',
            name='evidence',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('evaluation', 'Evaluation'), ('red_team', 'Red-team test'), ('dpia', 'Data protection impact assessment'), ('security_review', 'Security review'), ('licence', 'Licence'), ('contract', 'Contract'), ('model_card', 'Model card'), ('other', 'Other')], max_length=24), blank=True, default=list, size=None),
        ),
        migrations.CreateModel(
            name='RequestEvidence',
            fields=[
                ('id', models.UUIDField(default=kit.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('revision', models.PositiveIntegerField()),
                ('evidence', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='governance.evidence')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.organization')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='attached', to='governance.approvalrequest')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('request', 'revision', 'evidence'), name='evidence_is_attached_once')],
            },
        ),
        *(migrations.RunSQL(statements, migrations.RunSQL.noop) for statements in (FREEZE, ATTACH, DECIDE)),
        protect("governance_requestevidence", app="SELECT, INSERT", system="SELECT, INSERT"),
        same_tenant("governance_requestevidence", "request_id", "governance_approvalrequest"),
        same_tenant("governance_requestevidence", "evidence_id", "governance_evidence"),
        capture("governance_requestevidence", "request_evidence", parent="request_id"),
    ]
