-- Who may call what.
DO $$
DECLARE
    made regprocedure;
BEGIN
    FOR made IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'audit\_%'
                AND pg_get_userbyid(proowner) = current_user LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', made);
    END LOOP;
END $$;

GRANT EXECUTE ON FUNCTION
    audit_append, audit_correct, audit_beat, audit_obtain_data_key, audit_obtain_subject,
    audit_begin_epoch, audit_balances, audit_outcomes, audit_roll_up, audit_integrity
    TO chancery_gateway;
GRANT EXECUTE ON FUNCTION audit_append_act, audit_integrity, audit_first_id TO chancery_app;
GRANT EXECUTE ON FUNCTION
    audit_append, audit_correct, audit_append_act, audit_beat, audit_obtain_data_key, audit_obtain_subject,
    audit_begin_epoch, audit_balances, audit_outcomes, audit_oldest_open, audit_roll_up,
    audit_first_id, audit_make_partitions, audit_analyze, audit_integrity
    TO chancery_system;

GRANT SELECT ON audit_admission_epoch, audit_writer, audit_rolled_up TO chancery_system;
GRANT DELETE ON audit_writer TO chancery_system;
