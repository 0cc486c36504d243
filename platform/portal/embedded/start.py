"""How everything comes to life, in order. `manage.py up` and `manage.py services` are thin callers."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from secrets import token_hex, token_urlsafe
from typing import Any

from portal import variables
from portal.embedded import application, bootstrap, local_model, orphans, postgres, valkey
from portal.embedded.application import REPOSITORY
from portal.embedded.home import Home
from portal.embedded.progress import Progress
from portal.embedded.supervisor import StartFailed, Supervisor
from portal.setting import Setting

_SERVICE_SECONDS = 60.0
_WEB_SECONDS = 90.0
_GENERATED: tuple[tuple[Setting[Any], Callable[[], str]], ...] = (
    (variables.SECRET_KEY, lambda: token_urlsafe(48)),
    (variables.FIELD_KEY, lambda: token_hex(32)),
    (variables.VAULT_ROOT_KEY, lambda: token_hex(32)),
    (variables.KEY_PEPPERS, lambda: f"1:{token_hex(32)}"),
)
_ROLE_URLS = (
    variables.DATABASE_URL,
    variables.DATABASE_URL_SYSTEM,
    variables.DATABASE_URL_GATEWAY,
    variables.DATABASE_URL_MIGRATOR,
)


class PortTaken(Exception):
    """Something else listens where the web server should."""


class Start:
    """One start of one home. `environment` grows as things become known, and is published before anybody needs it."""

    def __init__(self, home: Home, supervisor: Supervisor, progress: Progress) -> None:
        self._home = home
        self._supervisor = supervisor
        self._progress = progress
        self._upstream = local_model.configure(home) if variables.LOCAL_MODEL.read() else None
        self.environment = {
            setting.name: home.secret(setting.name, generate)
            for setting, generate in _GENERATED
            if setting.given() is None
        }

    def services(self) -> None:
        """PostgreSQL and Valkey, or those given; roles and database."""
        admin_url, redis_url = variables.DATABASE_URL.given(), variables.REDIS_URL.given()
        database = None if admin_url else postgres.configure(self._home)
        broker = None if redis_url else valkey.configure(self._home)
        if broker:
            self._supervisor.start(broker.program)
        if database:
            with self._progress.step("PostgreSQL"):
                self._supervisor.start(database.program)
                self._supervisor.wait(database.program.name, _SERVICE_SECONDS)
        if broker:
            with self._progress.step("Valkey"):
                self._supervisor.wait(broker.program.name, _SERVICE_SECONDS)
            self.environment |= {"REDIS_URL": broker.url, "CHANNELS_URL": broker.url, "BROKER_URL": broker.broker_url}
        elif redis_url:
            self.environment |= _given(variables.REDIS_URL, variables.CHANNELS_URL, variables.BROKER_URL)
        self._bootstrap(database.admin_url if database else admin_url or "")
        self._home.publish(self.environment)

    def _bootstrap(self, admin_url: str) -> None:
        """Left out where the operator gives every role's URL: then the roles are made already."""
        given = _given(*_ROLE_URLS)
        if len(given) == len(_ROLE_URLS):
            self.environment |= given
            return
        with self._progress.step("Roles"):
            done = bootstrap.bootstrap(admin_url, bootstrap.passwords(self._home))
        self.environment |= done.urls.environment()
        for line in done.lacking:
            self._progress.line(f"    the administrator may not {line}")

    def start_model(self) -> None:
        """Returns at once; it loads while other things happen."""
        if self._upstream:
            self._supervisor.start(self._upstream.program)

    def await_model(self) -> None:
        """Where it cannot run, the dummy provider built into the gateway answers in its place."""
        try:
            if self._upstream:
                with self._progress.step("Local model"):
                    self._supervisor.wait(self._upstream.program.name, _SERVICE_SECONDS)
        except StartFailed as failure:
            self._progress.line(str(failure))
            self._upstream = None
        if self._upstream is None:
            self._progress.line("  Local model      not running: the built-in dummy provider answers in its place")

    def migrate(self) -> None:
        """Only when a migration or a dependency has changed since the last time; always for a database given."""
        wanted = _migrations_fingerprint()
        if variables.DATABASE_URL.given() is None and self._home.recall("migrated") == wanted:
            return
        with self._progress.step("Migrations", "done"):
            arguments = ("--database", "migrator", "--no-input")
            self._supervisor.run(application.command("migrate", *arguments, given=self.environment))
        self._home.remember("migrated", wanted)

    def seed(self, base_url: str) -> None:
        """The demo, on the first start."""
        model_url = self._upstream.url if self._upstream else ""
        seeded = [base_url, model_url]
        demo = self._home.path / "demo.json"
        if not variables.SEED_DEMO.read() or (demo.exists() and self._home.recall("seeded") == seeded):
            return
        arguments = ("--base-url", base_url, "--model-url", model_url)
        with self._progress.step("Demo", "seeded"):
            self._supervisor.run(application.command("seed_demo", *arguments, given=self.environment))
        self._home.remember("seeded", seeded)

    def serve(self, listener: socket.socket) -> None:
        """The product's own processes. Returns when the web server answers."""
        programs = [
            application.web(listener, self.environment),
            application.tasks(self._home, self.environment),
            application.hosted(self._home, self.environment),
        ]
        for program in programs:
            self._supervisor.start(program)
        with self._progress.step("Web"):
            self._supervisor.wait("web", _WEB_SECONDS)

    def introduce(self, base_url: str) -> None:
        """Tells the processes of each other, and the egress guard of the local model: it refuses all of loopback."""
        self.environment |= {"BASE_URL": base_url, "HOSTED_SOCKET": str(application.hosted_socket(self._home))}
        if self._upstream:
            allowed = variables.EGRESS_ALLOWED_HOSTS.read() if variables.EGRESS_ALLOWED_HOSTS.given() else []
            allowed.append(self._upstream.url.removeprefix("http://").removesuffix("/v1"))
            self.environment["EGRESS_ALLOWED_HOSTS"] = ",".join(allowed)
            self.environment |= {"LOCAL_MODEL_URL": self._upstream.url, "LOCAL_MODEL_KEY": self._upstream.key}
        self._home.publish(self.environment)


@contextmanager
def _started(home: Home, progress: Progress) -> Iterator[tuple[Start, Supervisor]]:
    home.create()
    with home.exclusive():
        for name in orphans.stop(home):
            progress.line(f"  stopped {name}, left by an earlier start")
        with Supervisor(home, progress.line) as supervisor:
            yield Start(home, supervisor, progress), supervisor
            progress.line("Stopping …")


def up(home: Home, progress: Progress) -> None:
    """All of it, until a signal asks to stop. Raises `AlreadyRunning`, `PortTaken`, `StartFailed`, `Stopped`."""
    host, port = variables.HOST.read(), variables.PORT.read()
    with _started(home, progress) as (start, supervisor), _listener(host, port) as listener:
        start.start_model()
        start.services()
        start.migrate()
        start.await_model()
        base_url = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
        start.introduce(base_url)
        start.seed(base_url)
        start.serve(listener)
        for line in _invitation(home, base_url):
            progress.line(line)
        home.declare_ready()
        supervisor.watch()


def services(home: Home, progress: Progress) -> None:
    """PostgreSQL and Valkey alone, until a signal asks to stop; what else runs is someone else's affair."""
    with _started(home, progress) as (start, supervisor):
        start.services()
        progress.line(f"Ready. CHANCERY_HOME={home.path} lets every command find them. Ctrl-C stops them.")
        home.declare_ready()
        supervisor.watch()


@contextmanager
def services_for_a_while(home: Home, progress: Progress) -> Iterator[tuple[str, dict[str, str]]]:
    """The administrator's address of PostgreSQL, and what processes of ours need to know: of services given or running
    already, else of those started here and stopped at the end."""
    admin_url = variables.DATABASE_ADMIN_URL.given()
    if admin_url is not None:
        yield admin_url, {}
    elif home.supervisor() is not None:
        yield postgres.configure(home).admin_url, home.recall("environment")
    else:
        with _started(home, progress) as (start, _):
            start.services()
            yield postgres.configure(home).admin_url, start.environment


def _given(*settings: Setting[str]) -> dict[str, str]:
    return {setting.name: value for setting in settings if (value := setting.given()) is not None}


@contextmanager
def _listener(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as failure:
        raise PortTaken(f"{host}:{port} cannot be listened on ({failure.strerror}). PORT chooses another.") from None
    with listener:
        yield listener


def _migrations_fingerprint() -> str:
    """Of our migrations, and of the lock file for those of our dependencies."""
    digest = hashlib.sha256((REPOSITORY / "requirements.lock").read_bytes())
    for app in ("platform/portal", "tenants", "governance", "gateway", "audit"):
        for path in sorted((REPOSITORY / app / "migrations").glob("*.py")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _invitation(home: Home, base_url: str) -> list[str]:
    try:
        demo = json.loads((home.path / "demo.json").read_text())
    except FileNotFoundError:
        return ["", f"Chancery is at {base_url}. Ctrl-C stops it."]
    people = [f"  {user['role']:20} {user['email']:28} {user['password']}" for user in demo["users"][:6]]
    return [
        *("", f"Chancery is at {base_url}. Sign in as one of", "", *people, ""),
        "  `.venv/bin/python manage.py demo` shows everybody, with the secrets of their one-time codes.",
        *(
            "",
            "Call a model:",
            "",
            f"  {demo['curl'].replace(demo['base_url'], base_url)}",
            "",
            f"Logs are in {home.logs}. Ctrl-C stops all of it.",
        ),
    ]
