-- The first request that audit_spent does not count yet: whoever sums up budgets adds those from there on.
CREATE FUNCTION audit_spent_through() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
RETURN (SELECT through FROM audit_rolled_up);

REVOKE ALL ON FUNCTION audit_spent_through FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_spent_through TO chancery_app, chancery_system;
