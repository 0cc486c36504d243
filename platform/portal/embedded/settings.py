"""Django's settings for the commands that run before there is a database (`up`, `services`, `bootstrap_database`).

`portal.settings` needs what these commands make. Nothing is installed here but the commands themselves.
"""

INSTALLED_APPS = ["portal.embedded.apps.CommandsOnly"]
USE_TZ = True
