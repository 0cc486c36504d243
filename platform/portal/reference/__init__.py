"""`docs/reference`, made from the code: `manage.py reference` writes the pages, a test fails when one is stale."""
