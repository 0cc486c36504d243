"""Row-level security and grants as migration operations. Every tenant-owned table passes through `protect`.

Roles, none of them superuser or BYPASSRLS (docs/adr/0002; `manage.py bootstrap_database` makes them):

    chancery_owner    NOLOGIN; owns every table; migrations run as it, so it has an explicit policy under FORCE
    chancery_app      the portal: one organisation and the visible teams of it
    chancery_system   tasks and commands: every tenant, by an explicit policy
    chancery_gateway  the gateway: reads compiled configuration of every tenant, writes through functions only
"""

from __future__ import annotations

from django.db import migrations

FUNCTIONS = """
CREATE OR REPLACE FUNCTION chancery_organization() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('chancery.organization', true), '')::uuid;
CREATE OR REPLACE FUNCTION chancery_user() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('chancery.user', true), '')::uuid;
CREATE OR REPLACE FUNCTION chancery_team_visible(team uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(
        team IS NULL
        OR current_setting('chancery.teams', true) = '*'
        OR team::text = ANY (string_to_array(current_setting('chancery.teams', true), ',')), false);
CREATE OR REPLACE FUNCTION chancery_team_entered(team uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(
        current_setting('chancery.teams', true) = '*'
        OR team::text = ANY (string_to_array(current_setting('chancery.teams', true), ',')), false);
"""

DROP_FUNCTIONS = """
DROP FUNCTION chancery_team_entered(uuid);
DROP FUNCTION chancery_team_visible(uuid);
DROP FUNCTION chancery_user();
DROP FUNCTION chancery_organization();
"""


def install_functions() -> migrations.RunSQL:
    """The functions that policies read the entered scope with."""
    return migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS)


def protect(
    table: str,
    *,
    organization: str = "organization_id",
    team: str | None = None,
    team_of: tuple[str, str] | None = None,
    person: str | None = None,
    also_visible: str = "",
    app: str = "SELECT, INSERT, UPDATE, DELETE",
    system: str = "SELECT, INSERT, UPDATE, DELETE",
    gateway: str = "",
) -> migrations.RunSQL:
    """Forces row-level security on a table and grants each role what it needs.

    `organization` and `team` name the owning columns; whoever has entered some teams only reads what all teams
    share and does not write it. `team_of` is the table whose team owns the row, and the column that refers to it.
    `person` names the column of the one person whose row it is; without a person (commands) it is not asked.
    `also_visible` is an SQL condition under which the portal may read a row of no entered organisation.
    `gateway` lists the gateway's privileges, which hold across tenants: `SELECT`, or with columns
    `UPDATE (last_seen_at)`.
    """
    own = f"{organization} = chancery_organization()"
    if person:
        own += f" AND coalesce({person} = chancery_user(), chancery_user() IS NULL)"
    readable = own + _of_team("chancery_team_visible", table, team, team_of)
    writable = own + _of_team("chancery_team_entered", table, team, team_of)
    if also_visible:
        readable = f"({readable}) OR ({also_visible})"
    statements = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY owner ON {table} TO chancery_owner USING (true) WITH CHECK (true)",
        f"CREATE POLICY app_read ON {table} FOR SELECT TO chancery_app USING ({readable})",
        f"CREATE POLICY app_write ON {table} TO chancery_app USING ({writable}) WITH CHECK ({writable})",
        f"CREATE POLICY system ON {table} TO chancery_system USING (true) WITH CHECK (true)",
        f"REVOKE ALL ON {table} FROM PUBLIC",
        f"GRANT {app} ON {table} TO chancery_app",
        f"GRANT {system} ON {table} TO chancery_system",
    ]
    if gateway:
        statements += [
            f"CREATE POLICY gateway ON {table} TO chancery_gateway USING (true) WITH CHECK (true)",
            f"GRANT {gateway} ON {table} TO chancery_gateway",
        ]
    undo = [
        *(
            f"DROP POLICY IF EXISTS {policy} ON {table}"
            for policy in ("owner", "app_read", "app_write", "system", "gateway")
        ),
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    ]
    return migrations.RunSQL(tuple(statements), tuple(undo))


def sign(table: str, column: str) -> migrations.RunSQL:
    """The portal puts in only rows that name, in this column, the person who acts."""
    return migrations.RunSQL(
        f"CREATE POLICY signed ON {table} AS RESTRICTIVE FOR INSERT TO chancery_app "
        f"WITH CHECK ({column} = chancery_user())",
        f"DROP POLICY signed ON {table}",
    )


def share(table: str, privileges: str = "SELECT, INSERT, UPDATE, DELETE") -> migrations.RunSQL:
    """Grants the portal and the system role a table that belongs to no tenant (sessions, users, devices)."""
    return migrations.RunSQL(
        f"GRANT {privileges} ON {table} TO chancery_app, chancery_system",
        f"REVOKE {privileges} ON {table} FROM chancery_app, chancery_system",
    )


def same_tenant(table: str, column: str, target: str) -> migrations.RunSQL:
    """A foreign key over (organization_id, column), so that a row cannot point into another tenant.

    The target needs a unique constraint on (organization_id, id).
    """
    name = f"{table}_{column}_same_tenant"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (organization_id, {column}) "
        f"REFERENCES {target} (organization_id, id) DEFERRABLE INITIALLY IMMEDIATE",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


def _of_team(function: str, table: str, team: str | None, team_of: tuple[str, str] | None) -> str:
    if team:
        return f" AND {function}({team})"
    if team_of:
        parent, column = team_of
        return (
            f" AND EXISTS (SELECT FROM {parent} AS parent "
            f"WHERE parent.id = {table}.{column} AND {function}(parent.team_id))"
        )
    return ""
