"""The pictures of the guides, made anew: `make screenshots`.

An installation of its own with the demo, Chromium at a fixed size, in the light colours. Nothing is drawn by hand, so a
picture shows what the product shows; which picture is of which page stands in `SCENES`.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from django_otp.oath import TOTP
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from portal.embedded.application import REPOSITORY
from tests.bench.processes import free_port
from tests.docs.packed import packed
from tests.support.chromium import launched

IMAGES = REPOSITORY / "docs" / "guides" / "images"
MOST_BYTES = 150_000
_SIZE: ViewportSize = {"width": 1280, "height": 800}
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")


def _follow(name: str) -> Callable[[Page], None]:
    return lambda page: page.get_by_role("main").get_by_role("link", name=name).first.click()


def _nothing(page: Page) -> None:
    """The page as it opens."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture: of which page, seen by whom of the demo, after what is done there."""

    picture: str
    person: str
    address: str
    then: Callable[[Page], None] = _nothing


SCENES = (
    Scene("decision", "olivia", "/approvals/", _follow("smollm2-360m-instruct")),
    Scene("inbox", "olivia", "/approvals/"),
    Scene("exceptions", "olivia", "/exceptions/"),
    Scene("break-glass", "olivia", "/exceptions/?tab=ended", _follow("smollm2-360m-instruct")),
    Scene("waiver", "olivia", "/exceptions/?tab=in_force", _follow("dummy-echo")),
    Scene("evidence", "olivia", "/evidence/"),
    Scene("due", "olivia", "/due/"),
    Scene("end-of-life", "admin", "/due/", _follow("smollm-135m-instruct")),
    Scene("revocations", "olivia", "/revocations/"),
    Scene("notices", "olivia", "/notices/"),
    Scene("third-party", "olivia", "/third-parties/", _follow("Nimbus AI")),
    Scene("inventory", "admin", "/inventory/"),
    Scene("shadow-use", "olivia", "/shadow-use/"),
)


def main() -> None:
    with _installation() as demo, sync_playwright() as playwright:
        _ask_for_what_is_not_there(demo)
        chromium = launched(playwright)
        pages = {person: _signed_in(chromium, demo, person) for person in {scene.person for scene in SCENES}}
        blank = chromium.new_page()
        for scene in SCENES:
            page = pages[scene.person]
            page.goto(scene.address)
            scene.then(page)
            page.wait_for_load_state("networkidle")
            picture = packed(blank, page.screenshot(animations="disabled"))
            (IMAGES / f"{scene.picture}.png").write_bytes(picture)
            sys.stdout.write(f"{scene.picture}.png: {len(picture) // 1000} kB of {page.url}\n")


@contextmanager
def _installation() -> Iterator[dict[str, Any]]:
    """What the demo says of itself. Wiped away at the end; its home is where the services' account can pass."""
    home = Path(tempfile.mkdtemp(prefix="chancery-pictures-"))
    home.chmod(0o711)
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    paths = f"{REPOSITORY / 'platform'}{os.pathsep}{REPOSITORY}"
    own = {"CHANCERY_HOME": str(home), "PORT": str(free_port()), "LOCAL_MODEL": "0", "PYTHONPATH": paths}
    environment = {**inherited, **own}
    try:
        _manage(environment, "up", "--detach")
        yield json.loads((home / "demo.json").read_text())
    finally:
        _manage(environment, "services", "stop")
        shutil.rmtree(home, ignore_errors=True)


def _manage(environment: dict[str, str], *arguments: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, stdout=subprocess.DEVNULL)


def _ask_for_what_is_not_there(demo: dict[str, Any]) -> None:
    """So that there is shadow use to see."""
    for key, model in ((0, "gpt-9"), (0, "gpt-9"), (1, "meta/llama-9")):
        headers = {"authorization": f"Bearer {demo['api_keys'][key]['key']}"}
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
        httpx.post(f"{demo['base_url']}/v1/chat/completions", headers=headers, json=body, timeout=30)


def _signed_in(chromium: Browser, demo: dict[str, Any], person: str) -> Page:
    user = next(user for user in demo["users"] if user["email"] == f"{person}@acme.example")
    page = chromium.new_context(base_url=demo["base_url"], viewport=_SIZE, color_scheme="light").new_page()
    page.goto("/sign-in/")
    page.get_by_label("E-mail").fill(user["email"])
    page.get_by_label("Password").fill(user["password"])
    page.locator("button.primary").click()
    code = TOTP(base64.b32decode(user["totp_secret"])).token()
    page.locator("form input:not([type=hidden])").fill(f"{code:06d}")
    page.locator("button.primary").click()
    page.get_by_role("navigation").first.wait_for()
    return page


if __name__ == "__main__":
    main()
