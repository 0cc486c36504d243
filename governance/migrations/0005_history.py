"""Every change of the register and of what is approved is kept, with what was there before."""

from django.db import migrations

from audit.history.capture import capture


class Migration(migrations.Migration):
    dependencies = [("governance", "0004_suspensions"), ("audit", "0002_history")]

    operations = [
        capture("governance_provider", "provider", secret=["credential"]),
        capture("governance_model", "model", ignored=["fingerprint"]),  # which follows from name and description
        capture("governance_deployment", "deployment", parent="model_id"),
        capture("governance_price", "price", parent="deployment_id"),
        capture("governance_route", "route", team="team_id"),
        capture("governance_routecandidate", "route_candidate", parent="route_id", team_of="governance_route"),
        capture("governance_approvalrequest", "approval_request", parent="model_id"),
        capture("governance_decision", "decision", parent="request_id"),
        capture("governance_approval", "approval", parent="model_id"),
        capture("governance_suspension", "suspension", team="team_id", parent="subject_id"),
    ]
