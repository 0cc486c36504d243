#!/usr/bin/env python
"""Django's command line. `platform/` is a source root, so it joins the path here."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "platform"))

# These make what `portal.settings` needs, so they run before it can be read.
BEFORE_SETTINGS = {"up", "services", "bootstrap_database", "check_configuration", "restore"}

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    from portal.configuration import InvalidConfiguration
    from portal.env import InvalidSetting, MissingSetting

    if BEFORE_SETTINGS.intersection(sys.argv[1:2]):
        os.environ["DJANGO_SETTINGS_MODULE"] = "portal.embedded.settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        execute_from_command_line(sys.argv)
    except (InvalidConfiguration, InvalidSetting, MissingSetting) as failure:
        sys.exit(str(failure))
