from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from governance.models import ProviderKind
from kit import clock
from portal import variables
from portal.demo import dossier, history, seed
from portal.demo.cast import LOCAL_MODEL, ROUTE


class Command(BaseCommand):
    help = (
        "Seeds two demo organisations once, and writes what scripts need to $CHANCERY_HOME/demo.json (0600). "
        "Run again, it only follows the local model and the gateway to their present addresses."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--base-url", default="http://127.0.0.1:8000", help="where the gateway will answer")
        parser.add_argument("--model-url", default="", help="OpenAI-compatible server; empty for the built-in dummy")
        parser.add_argument("--model-name", default=LOCAL_MODEL, help="the model's name at that server")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = settings.HOME / "demo.json"
        upstream = _upstream(options["model_url"], options["model_name"])
        if target.exists():
            content = json.loads(target.read_text())
            for organization_id in content["organizations"].values():
                seed.repoint(UUID(organization_id), upstream)
        else:
            content = self._seed(upstream)
        key = content["api_keys"][0]["key"]
        _write(target, {**content, "base_url": options["base_url"], "curl": curl(options["base_url"], key)})

    def _seed(self, upstream: seed.Upstream) -> dict[str, Any]:
        now = clock.now()
        seeded = seed.seed(upstream, now)
        past = history.write(seeded.organizations, now)
        for founded in seeded.organizations:
            dossier.compile_for(founded, now)
        self.stdout.write(f"demo: {len(seeded.users)} people in 2 organisations, {past} calls of the past weeks")
        return {
            "organizations": {one.company.slug: str(one.organization.id) for one in seeded.organizations},
            "users": seeded.users,
            "api_keys": seeded.api_keys,
            "model": ROUTE,
        }


def curl(base_url: str, key: str) -> str:
    """A call that works as it stands."""
    body = json.dumps({"model": ROUTE, "messages": [{"role": "user", "content": "Say hello in one sentence."}]})
    return (
        f"curl -s {base_url}/v1/chat/completions "
        f"-H 'authorization: Bearer {key}' -H 'content-type: application/json' -d '{body}'"
    )


def _upstream(url: str, name: str) -> seed.Upstream:
    if not url:
        return seed.Upstream(ProviderKind.DUMMY, "", "", "dummy")
    credential = variables.LOCAL_MODEL_KEY.read()
    if not credential:
        raise CommandError("LOCAL_MODEL_KEY must hold the key of the server that --model-url names.")
    return seed.Upstream(ProviderKind.OPENAI_COMPATIBLE, url, credential, name)


def _write(target: Path, content: dict[str, Any]) -> None:
    """Whole or not at all, for its owner alone."""
    aside = target.with_suffix(".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
    aside.replace(target)
