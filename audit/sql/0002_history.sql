-- What every change of a governed row said before and after, whoever made it and by whatever way.

-- Attached by `audit_capture`, whose terms are its argument. Values of secret columns are named, never kept; a change of
-- ignored columns alone is none. Runs as the owner, so that nobody else needs the right to write here.
CREATE FUNCTION audit_capture_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    terms jsonb := TG_ARGV[0];
    was jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) END;
    became jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE to_jsonb(NEW) END;
    present jsonb := CASE WHEN TG_OP = 'DELETE' THEN was ELSE became END;
    changed text[] := ARRAY(
        SELECT name FROM jsonb_object_keys(present) AS name
        WHERE NOT terms -> 'ignored' ? name
          AND COALESCE(was -> name, 'null') <> COALESCE(became -> name, 'null') ORDER BY name);
    shown text[] := ARRAY(SELECT name FROM unnest(changed) AS name WHERE NOT terms -> 'secret' ? name);
    team uuid := present ->> (terms ->> 'team');
BEGIN
    IF changed = '{}' THEN
        RETURN NULL;
    END IF;
    IF terms ? 'team_of' THEN  -- strictly: a row whose team nobody can tell would be shown to all of them
        EXECUTE format('SELECT team_id FROM %I WHERE id = $1', terms ->> 'team_of')
            INTO STRICT team USING (present ->> (terms ->> 'parent'))::uuid;
    END IF;
    INSERT INTO audit_history (
        id, organization_id, team_id, object_kind, object_id, parent_id, operation, before, after, secret,
        actor_kind, actor_id, address, request_id, database_role, xid, at)
    VALUES (
        audit_new_id(), (present ->> (terms ->> 'organization'))::uuid, team, terms ->> 'kind',
        (present ->> 'id')::uuid, (present ->> (terms ->> 'parent'))::uuid, lower(TG_OP),
        CASE WHEN TG_OP <> 'INSERT' THEN audit_values(was, shown) END,
        CASE WHEN TG_OP <> 'DELETE' THEN audit_values(became, shown) END,
        ARRAY(SELECT name FROM unnest(changed) AS name WHERE terms -> 'secret' ? name),
        CASE WHEN chancery_user() IS NOT NULL THEN 'user'
             WHEN chancery_organization() IS NOT NULL THEN 'system' ELSE 'role' END,
        chancery_user(), nullif(current_setting('chancery.address', true), '')::inet,
        nullif(current_setting('chancery.request', true), '')::uuid, session_user, pg_current_xact_id(),
        clock_timestamp());
    RETURN NULL;
END $$;

CREATE FUNCTION audit_values(fields jsonb, names text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN (SELECT COALESCE(jsonb_object_agg(name, fields -> name), '{}') FROM unnest(names) AS name);

-- Begins to capture a table, or goes on under other terms. An UPDATE that names ignored columns alone fires nothing.
CREATE FUNCTION audit_capture(governed regclass, terms jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    watched text := (
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = governed AND attnum > 0 AND NOT attisdropped AND NOT terms -> 'ignored' ? attname);
BEGIN
    EXECUTE format('DROP TRIGGER IF EXISTS capture ON %s', governed);
    EXECUTE format('CREATE TRIGGER capture AFTER INSERT OR DELETE OR UPDATE %s ON %s
                    FOR EACH ROW EXECUTE FUNCTION audit_capture_change(%L)',
                   CASE WHEN terms -> 'ignored' = '[]' THEN '' ELSE 'OF ' || watched END, governed, terms);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER capture', governed);
END $$;

-- What is there may be emptied, for a person who asks to be forgotten, and otherwise stays.
CREATE FUNCTION audit_guard_history() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    emptied constant text[] := '{before,after,address,erased_at}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.erased_at IS NOT NULL AND to_jsonb(NEW) - emptied = to_jsonb(OLD) - emptied
           AND (NEW.before IS NULL OR NEW.before IS NOT DISTINCT FROM OLD.before)
           AND (NEW.after IS NULL OR NEW.after IS NOT DISTINCT FROM OLD.after)
           AND (NEW.address IS NULL OR NEW.address IS NOT DISTINCT FROM OLD.address) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'history is not changed: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER emptied_only BEFORE UPDATE ON audit_history FOR EACH ROW EXECUTE FUNCTION audit_guard_history();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON audit_history
    FOR EACH STATEMENT EXECUTE FUNCTION audit_guard_history();
ALTER TABLE audit_history ENABLE ALWAYS TRIGGER emptied_only, ENABLE ALWAYS TRIGGER kept;

-- Forgets a person in one organisation's history and counts the rows it emptied. Rows that name the person, such as
-- memberships, requests and decisions with their words, lose what they said; rows of the person's own making lose the
-- address. Who did it stays an id, as in the ledger.
CREATE FUNCTION audit_erase_history(organization uuid, subject uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    person constant jsonb := jsonb_build_object('person', subject);
    named constant jsonpath := '$.** ? (@ == $person)';
    emptied bigint;
BEGIN
    UPDATE audit_history AS kept SET
        before = CASE WHEN found.is_named THEN NULL ELSE kept.before END,
        after = CASE WHEN found.is_named THEN NULL ELSE kept.after END,
        address = CASE WHEN kept.actor_id = subject THEN NULL ELSE kept.address END,
        erased_at = clock_timestamp()
    FROM (
        SELECT id, object_id = subject OR COALESCE(parent_id = subject, false)
                   OR COALESCE(jsonb_path_exists(before, named, person), false)
                   OR COALESCE(jsonb_path_exists(after, named, person), false) AS is_named
        FROM audit_history WHERE organization_id = organization
    ) AS found
    WHERE kept.id = found.id
      AND (found.is_named AND (kept.before IS NOT NULL OR kept.after IS NOT NULL)
           OR kept.actor_id = subject AND kept.address IS NOT NULL);
    GET DIAGNOSTICS emptied = ROW_COUNT;
    RETURN emptied;
END $$;

REVOKE ALL ON FUNCTION
    audit_capture_change, audit_values, audit_capture, audit_guard_history, audit_erase_history FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_erase_history TO chancery_system;
