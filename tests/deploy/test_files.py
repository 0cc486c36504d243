"""What the deployment's files name exists: settings, paths, commands, secrets."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal import variables
from portal.embedded.application import REPOSITORY

DEPLOY = REPOSITORY / "platform" / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PRODUCT = {name: service for name, service in SERVICES.items() if service["image"].startswith("chancery:")}
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
OF_PYTHON = {"PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "DJANGO_SETTINGS_MODULE"}
OF_PIP = {"PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK"}


def settings() -> set[str]:
    declared = variables.declared()
    return {one.name for one in declared} | {f"{one.name}_FILE" for one in declared if one.is_secret}


@pytest.mark.parametrize("name", PRODUCT)
def test_every_variable_of_a_container_is_a_declared_setting(name: str) -> None:
    assert set(PRODUCT[name].get("environment", {})) <= settings()


@pytest.mark.parametrize("name", PRODUCT)
def test_a_container_is_given_the_secrets_it_reads_and_no_other(name: str) -> None:
    files = {str(value) for value in PRODUCT[name].get("environment", {}).values() if "/run/secrets/" in str(value)}
    assert {path.removeprefix("/run/secrets/") for path in files} == set(PRODUCT[name].get("secrets", ()))


def test_every_variable_of_the_image_is_known() -> None:
    stages = re.findall(r"^ENV ((?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE)
    named = {name for stage in stages for name in re.findall(r"([A-Z_]+)=", stage)}
    assert named <= settings() | OF_PYTHON | OF_PIP


def test_every_path_the_image_copies_exists_and_is_not_ignored() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    copies = re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    paths = {path for copy in copies for path in copy.split()}
    assert len(paths) > 8
    for path in paths:
        assert (REPOSITORY / path).exists(), path
        assert f"!{path}" in ignored, path


def test_what_the_image_copies_is_enough_to_start(tmp_path: Path) -> None:
    for line in re.findall(r"^COPY (?!--)(.+ /opt/chancery/app\S*)$", DOCKERFILE, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            place = tmp_path / target.removeprefix("/opt/chancery/app").strip("/")
            found = REPOSITORY / source
            if found.is_dir():
                shutil.copytree(found, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(found, place)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}/platform:{tmp_path}"}
    script = "import portal.asgi, portal.celery, portal.embedded.web; print(portal.__file__)"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))


def test_the_image_runs_as_nobody_in_particular() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", final, re.MULTILINE)
    assert "apt-get" not in final
    assert "--require-hashes" in DOCKERFILE


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_hardened_and_bounded(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"cpus", "memory"} <= service["deploy"]["resources"]["limits"].keys()
    assert set(service.get("networks", ())) <= COMPOSE["networks"].keys()
    assert set(service.get("depends_on", ())) <= SERVICES.keys()


def test_data_cannot_be_reached_from_outside() -> None:
    assert COMPOSE["networks"]["data"] == {"internal": True}
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["edge"]
    assert SERVICES["postgres"]["networks"] == SERVICES["valkey"]["networks"] == ["data"]
    assert {name for name in PRODUCT if "database_admin_url" in _secrets(name)} == {"bootstrap", "backup"}


def test_every_secret_is_made(tmp_path: Path) -> None:
    script = tmp_path / "new-secrets"
    script.write_text((DEPLOY / "new-secrets").read_text())
    subprocess.run(["/bin/sh", str(script), "portal.example"], check=True, capture_output=True)
    made = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == set(COMPOSE["secrets"])
    for name in ("field_key", "vault_root_key"):
        assert variables.FIELD_KEY.allows(made[name])
    for name in ("database_url", "database_url_system", "database_url_gateway", "database_url_migrator"):
        role = name.removeprefix("database_url").strip("_") or "app"
        assert made[name].startswith(f"postgresql://chancery_{role}:{made[f'database_password_{role}']}@postgres/")
    again = subprocess.run(["/bin/sh", str(script), "portal.example"], capture_output=True)
    assert again.returncode, "secrets are never made twice"


def _secrets(name: str) -> list[str]:
    return list(PRODUCT[name].get("secrets", ()))
