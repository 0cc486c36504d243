"""Every change of what an organisation consists of is kept, with what was there before."""

from django.db import migrations

from audit.history.capture import capture


class Migration(migrations.Migration):
    dependencies = [("tenants", "0003_suspension"), ("audit", "0002_history")]

    operations = [
        capture("tenants_organization", "organization", organization="id"),
        capture("tenants_team", "team", team="id"),
        capture("tenants_project", "project", team="team_id"),
        capture("tenants_membership", "membership", team="team_id", parent="user_id"),
        capture("tenants_apikey", "api_key", team="team_id"),
        # When a secret was last seen is noted by the gateway, at every call.
        capture("tenants_apikeysecret", "api_key_secret", parent="api_key_id", team_of="tenants_apikey",
                secret=["digest"], ignored=["last_seen_at"]),
        capture("tenants_identityprovider", "identity_provider", team="team_id"),
        capture("tenants_budget", "budget", team="team_id"),
        capture("tenants_ratelimit", "rate_limit", team="team_id"),
    ]
