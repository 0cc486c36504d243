"""Second wall: forced row-level security, grants per role, foreign keys that stay within a tenant."""

from django.db import migrations

from kit.row_security import protect, same_tenant

# A person is visible to itself, to whoever signs in under that address, and to the members of its organisations.
USER_POLICIES = """
ALTER TABLE tenants_user ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants_user FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON tenants_user TO chancery_owner USING (true) WITH CHECK (true);
CREATE POLICY system ON tenants_user TO chancery_system USING (true) WITH CHECK (true);
CREATE POLICY app_read ON tenants_user FOR SELECT TO chancery_app USING (
    id = chancery_user()
    OR email = nullif(current_setting('chancery.email', true), '')
    OR EXISTS (SELECT 1 FROM tenants_membership m
               WHERE m.user_id = tenants_user.id AND m.organization_id = chancery_organization())
);
CREATE POLICY app_insert ON tenants_user FOR INSERT TO chancery_app WITH CHECK (chancery_organization() IS NOT NULL);
CREATE POLICY app_update ON tenants_user FOR UPDATE TO chancery_app USING (
    id = chancery_user()
    OR EXISTS (SELECT 1 FROM tenants_membership m
               WHERE m.user_id = tenants_user.id AND m.organization_id = chancery_organization())
);
REVOKE ALL ON tenants_user FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE ON tenants_user TO chancery_app;
GRANT SELECT, INSERT, UPDATE ON tenants_user TO chancery_system;
"""

OWN_TOKEN = "encode(digest, 'hex') = nullif(current_setting('chancery.token', true), '')"
OWN_MEMBERSHIP = "user_id = chancery_user()"
OWN_ORGANIZATION = (
    "EXISTS (SELECT 1 FROM tenants_membership m "
    "WHERE m.organization_id = tenants_organization.id AND m.user_id = chancery_user())"
)
OWN_TEAM = "EXISTS (SELECT 1 FROM tenants_membership m WHERE m.team_id = tenants_team.id AND m.user_id = chancery_user())"
CREDENTIALS = ["tenants_apikey", "tenants_identityprovider"]
ALLOTMENTS = ["tenants_budget", "tenants_ratelimit"]


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial"), ("audit", "0001_initial")]

    operations = [
        protect("tenants_organization", organization="id", also_visible=OWN_ORGANIZATION, gateway="SELECT",
                app="SELECT, INSERT, UPDATE"),
        protect("tenants_team", team="id", also_visible=OWN_TEAM, app="SELECT, INSERT, UPDATE"),
        protect("tenants_project", team="team_id", app="SELECT, INSERT, UPDATE"),
        protect("tenants_membership", team="team_id", also_visible=OWN_MEMBERSHIP),
        protect("tenants_personalaccesstoken", person="user_id", also_visible=OWN_TOKEN, app="SELECT, INSERT, UPDATE"),
        *(protect(table, team="team_id", app="SELECT, INSERT, UPDATE", gateway="SELECT") for table in CREDENTIALS),
        protect("tenants_apikeysecret", team_of=("tenants_apikey", "api_key_id"), app="SELECT, INSERT, UPDATE",
                gateway="SELECT, UPDATE (last_seen_at)"),
        *(protect(table, team="team_id", gateway="SELECT") for table in ALLOTMENTS),
        migrations.RunSQL(USER_POLICIES, migrations.RunSQL.noop),
        same_tenant("tenants_project", "team_id", "tenants_team"),
        same_tenant("tenants_membership", "team_id", "tenants_team"),
        *(
            same_tenant(table, column, target)
            for table in [*CREDENTIALS, *ALLOTMENTS]
            for column, target in [("team_id", "tenants_team"), ("project_id", "tenants_project")]
        ),
        *(same_tenant(table, "api_key_id", "tenants_apikey") for table in [*ALLOTMENTS, "tenants_apikeysecret"]),
    ]
