"""The gateway hears of more for a budget as of the budget itself."""

from django.db import migrations

NOTE = """
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE ON tenants_budgetincrease
    FOR EACH ROW EXECUTE FUNCTION governance_note_change('budget', 'budget_id');
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0034_model_estimates"), ("tenants", "0008_increases")]

    operations = [migrations.RunSQL(NOTE, "DROP TRIGGER note_change ON tenants_budgetincrease")]
