"""How long the portal takes for its pages where the register and the inbox are full.

    python -m tests.bench.pages [--models N] [--looks N] [--directory D]

One portal process over a database of its own, one browser that looks at each page in turn. Counted is from the request
to the last byte of the answer; pages are drawn whole, without caches. Prints a table; ends with 1 where a page misses
the bar.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from tests.bench.looking import look, markdown, portal, seed
from tests.bench.output import say
from tests.bench.peers import DEFAULT_DIRECTORY
from tests.support import services

BAR_MS = 300.0
# Who looks at what. {model}, {request} and {provider} are some in the middle.
PAGES: list[tuple[str, str]] = [
    ("officer", "/approvals/"),
    ("officer", "/approvals/?tab=overdue"),
    ("officer", "/approvals/?tab=decided"),
    ("officer", "/approvals/?tab=others&sort=tier&page=3"),
    ("officer", "/approvals/?model=model-07&claimed=nobody"),
    ("administrator", "/approvals/?tab=asked"),
    ("officer", "/approvals/{request}/"),
    ("administrator", "/approvals/new/"),
    ("administrator", "/approvals/new/?q=model-07"),
    ("administrator", "/approvals/new/?model={model}"),
    ("officer", "/due/"),
    ("officer", "/notices/"),
    ("officer", "/alerts/"),
    ("officer", "/alert-rules/"),
    ("officer", "/evidence/"),
    ("officer", "/evidence/?tab=expiring"),
    ("officer", "/evidence/new/"),
    ("officer", "/third-parties/"),
    ("officer", "/third-parties/{provider}/"),
    ("officer", "/models/{model}/life/"),
    ("officer", "/models/{model}/card/"),
    ("officer", "/shadow-use/"),
    ("administrator", "/inventory/"),
    ("officer", "/revocations/"),
    ("auditor", "/requests/"),
    ("auditor", "/acts/"),
    ("officer", "/history/?object={model}"),
    ("officer", "/admin/governance/model/"),
    ("officer", "/admin/governance/model/?q=model-05&p=3"),
    ("officer", "/admin/governance/model/{model}/change/"),
    ("officer", "/admin/governance/approval/"),
    ("officer", "/admin/governance/approvalrequest/"),
    ("officer", "/admin/governance/deployment/"),
    ("officer", "/admin/governance/price/"),
    ("officer", "/admin/governance/usecase/"),
    ("officer", "/admin/governance/othersystem/"),
    ("officer", "/search/?q=model-0077"),
    ("officer", "/search/?q=nothing-like-it"),
    ("officer", "/counts/"),
    ("administrator", "/teams/new/"),
    ("administrator", "/"),
    ("administrator", "/operations/"),
    ("administrator", "/operations/savings/"),
    ("administrator", "/admin/"),
    ("team lead", "/"),
    ("administrator", "/spend/"),
    ("administrator", "/spend/?period=90&by=key"),
    ("administrator", "/spend/?by=end_user"),
    ("team lead", "/spend/?by=model"),
    ("officer", "/api/models/?limit=50"),
    ("officer", "/api/approval-requests/?limit=50"),
    ("officer", "/api/approvals/?limit=50"),
    ("officer", "/api/evidence/?limit=50"),
]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.bench.pages", description=__doc__)
    parser.add_argument("--models", type=int, default=10_000)
    parser.add_argument("--looks", type=int, default=40, help="at each page")
    parser.add_argument("--directory", type=Path, default=DEFAULT_DIRECTORY, help="where the run takes place")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    home = options.directory.resolve() / "run"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    running = services.start(home / "services")
    try:
        environment = running.clone("pages")
        say(f"seeding {options.models:,} models")
        seeded = seed(environment, "pages_seed", str(options.models))
        with portal(environment, home) as url:
            looked = [look(url, who, page, seeded, options.looks, BAR_MS) for who, page in PAGES]
    finally:
        running.stop()
    sys.stdout.write(f"{markdown(looked)}\nBar: p95 of every page at most {BAR_MS:.0f} ms.\n")
    return int(any(one.is_late for one in looked))


if __name__ == "__main__":
    sys.exit(main())
