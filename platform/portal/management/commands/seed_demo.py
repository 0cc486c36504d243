from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from governance.models import ProviderKind
from kit import clock
from portal.demo import history, seed


class Command(BaseCommand):
    help = "Seeds two demo organisations once, and writes what scripts need to $CHANCERY_HOME/demo.json (0600)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default="http://127.0.0.1:8000", help="where the gateway will answer")
        parser.add_argument("--model-url", default="", help="OpenAI-compatible server; empty for the built-in dummy")
        parser.add_argument("--model-name", default=seed.LOCAL_MODEL, help="the model's name at that server")
        parser.add_argument("--no-history", action="store_true", help="without the weeks of past usage")

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = settings.HOME / "demo.json"
        if target.exists():
            self.stdout.write("demo: already seeded")
            return
        upstream = self._upstream(options)
        now = clock.now()
        seeded = seed.seed(upstream, now)
        if not options["no_history"]:
            history.write(now)
        content = {
            "base_url": options["base_url"],
            "users": seeded.users,
            "api_keys": seeded.api_keys,
            "model": seed.ROUTE,
            "curl": curl(options["base_url"], seed.first_key(seeded)),
        }
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=2)
        self.stdout.write(f"demo: {len(seeded.users)} people in 2 organisations")

    def _upstream(self, options: dict[str, Any]) -> seed.Upstream:
        if not options["model_url"]:
            return seed.Upstream(ProviderKind.DUMMY, "", "", "dummy")
        credential = os.environ.get("LOCAL_MODEL_KEY", "")
        if not credential:
            raise CommandError("LOCAL_MODEL_KEY must hold the key of the server that --model-url names.")
        return seed.Upstream(ProviderKind.OPENAI_COMPATIBLE, options["model_url"], credential, options["model_name"])


def curl(base_url: str, key: str) -> str:
    """A call that works as it stands."""
    body = json.dumps({"model": seed.ROUTE, "messages": [{"role": "user", "content": "Say hello in one sentence."}]})
    return (
        f"curl -s {base_url}/v1/chat/completions "
        f"-H 'authorization: Bearer {key}' -H 'content-type: application/json' -d '{body}'"
    )
