"""The pictures of the guides: each is shown somewhere, made by `make screenshots`, and small."""

from __future__ import annotations

import re

from portal.reference.source import REPOSITORY
from tests.docs.screenshots import IMAGES, MOST_BYTES, SCENES
from tests.docs.test_links import DOCUMENTS

SHOWN = re.compile(r"!\[[^\]]+\]\(([^)]+\.png)\)")


def test_every_picture_is_of_a_scene_and_in_a_document() -> None:
    made = {IMAGES / f"{scene.picture}.png" for scene in SCENES}
    shown = {
        (document.parent / link).resolve() for document in DOCUMENTS for link in SHOWN.findall(document.read_text())
    }

    assert set(IMAGES.glob("*.png")) == made == shown


def test_no_picture_is_large() -> None:
    assert {path.name for path in (REPOSITORY / "docs").rglob("*.png") if path.stat().st_size > MOST_BYTES} == set()
