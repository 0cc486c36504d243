"""Every setting an operator can give, by what it is about. Nothing else of the environment is read.

A value is taken from the environment, else from what `manage.py up` published in `$CHANCERY_HOME/runtime.json`, else it
is the default. `docs/reference/settings.md` is this file as a table (`manage.py reference`).
"""

from __future__ import annotations

from typing import Any

from portal import env, setting
from portal.setting import choice, flag, integer, key, listing, networks, numbered_keys, ratio, secret, text, url

MIB = 1024 * 1024
_ROLE_MADE = "`manage.py bootstrap_database` makes the role; `--show-urls` prints the address."
_POSTGRES = ("postgresql://", "postgres://")
_REDIS = ("redis://", "rediss://", "unix://")
ROLES = ("all", "gateway", "portal")
_WITH_PAGES = ("all", "portal")
_NO_DATABASE = "While PostgreSQL is away calls are refused with 503 `ledger_unavailable` or, soon, `snapshot_stale`."

# The process
ROLE = choice(
    "CHANCERY_ROLE",
    "Which part of the product this process is: `gateway` answers `/v1` alone, `portal` the pages and `/api` alone.",
    default="all",
    choices=ROLES,
)
HOST = text("HOST", "The address `manage.py up` listens on.", default="127.0.0.1")
PORT = integer(
    "PORT", "The port `manage.py up` listens on.", default=8000, most=65535, fails="If it is taken, the start says so."
)
WEB_WORKERS = integer(
    "WEB_WORKERS", "Web processes that `manage.py up` starts; each has a snapshot of its own.", default=1
)
DEBUG = flag("DEBUG", "Django's debug pages. They show settings and code: never where others reach it.", default=False)
ALLOWED_HOSTS = listing(
    "ALLOWED_HOSTS",
    "Host names the portal answers to.",
    default=("localhost", "127.0.0.1", "[::1]"),
    fails="Pages under another name are answered with 400; `/v1`, `/health` and `/ready` do not look at it.",
)
CSRF_TRUSTED_ORIGINS = listing(
    "CSRF_TRUSTED_ORIGINS", "Origins, with scheme, that forms of the portal may be sent from besides its own."
)
BEHIND_TLS = flag(
    "BEHIND_TLS",
    "A proxy ends TLS in front: cookies are sent over TLS only, HSTS is announced, `X-Forwarded-Proto` is believed.",
    default=False,
)
TRUSTED_PROXIES = networks(
    "TRUSTED_PROXIES",
    "Networks (CIDR) whose `X-Forwarded-For` is believed.",
    fails="Without it a key's networks and the sign-in lockout see the proxy's address for everybody.",
)

# E-mail
_WEB = ("http://", "https://")
PUBLIC_URL = url("PUBLIC_URL", "Where people open the portal; e-mails link there.", schemes=_WEB, default="")
EMAIL_HOST = text(
    "EMAIL_HOST",
    "The mail server (SMTP) that notices leave by. Empty: there is no e-mail.",
    default="",
    fails="While it is away e-mails wait, each for a day at most; notices stand in the portal in any case.",
)
EMAIL_PORT = integer("EMAIL_PORT", "Its port.", default=587, most=65535)
EMAIL_SECURITY = choice("EMAIL_SECURITY", "Its TLS.", default="starttls", choices=("tls", "starttls", "none"))
EMAIL_HOST_USER = text("EMAIL_HOST_USER", "Who signs in to it. Empty: nobody.", default="")
EMAIL_HOST_PASSWORD = secret("EMAIL_HOST_PASSWORD", "With what password.", default="")
EMAIL_FROM = text("EMAIL_FROM", "The sender of e-mails.", default="Chancery <chancery@localhost>")

# State on one machine
HOME = setting.Setting(
    "CHANCERY_HOME",
    "The state directory: generated secrets, embedded databases, logs, keystore.",
    lambda _: env.home(),
    "path",
    default_is="`.chancery` beside `manage.py`",
)
SERVICES_USER = text(
    "SERVICES_USER",
    "Whom the embedded PostgreSQL and Valkey run as when started by root; the owner of the state directory goes first.",
    default="nobody",
)
LOCAL_MODEL = flag(
    "LOCAL_MODEL",
    "Whether `manage.py up` runs the small local model.",
    default=True,
    fails="Where it cannot run, the built-in dummy provider answers in its place and the start says so.",
)
LOCAL_MODEL_KEY = secret(
    "LOCAL_MODEL_KEY", "The key of the server that `seed_demo --model-url` names. `manage.py up` makes one.", default=""
)
CHANCERY_TOKEN = secret(
    "CHANCERY_TOKEN", "The personal access token in whose holder's name `manage.py apply` and `export` act.", default=""
)
SEED_DEMO = flag("SEED_DEMO", "Whether `manage.py up` seeds the demo on its first start.", default=True)

# PostgreSQL
DATABASE_URL = url(
    "DATABASE_URL",
    "PostgreSQL as the role `chancery_app`, for the portal. To `manage.py up` alone it may be an administrator's: "
    "then the roles are made and their addresses handed on.",
    default_is="the embedded one, under `manage.py up`",
    fails=_NO_DATABASE,
    schemes=_POSTGRES,
    needed_by=_WITH_PAGES,
)
DATABASE_URL_SYSTEM = url(
    "DATABASE_URL_SYSTEM",
    f"The same database as `chancery_system`, for tasks and commands. {_ROLE_MADE}",
    default_is="made by `manage.py up`",
    fails="Tasks fail and are tried again at their next time.",
    schemes=_POSTGRES,
    needed_by=_WITH_PAGES,
)
DATABASE_URL_GATEWAY = url(
    "DATABASE_URL_GATEWAY",
    f"The same database as `chancery_gateway`. A direct connection: `LISTEN` does not pass a transaction pooler. "
    f"{_ROLE_MADE}",
    default_is="made by `manage.py up`",
    fails=_NO_DATABASE,
    schemes=_POSTGRES,
    needed_by=ROLES,
)
DATABASE_URL_MIGRATOR = url(
    "DATABASE_URL_MIGRATOR",
    f"The same database as `chancery_migrator`; needed by `manage.py migrate --database migrator` alone. {_ROLE_MADE}",
    default="",
    schemes=_POSTGRES,
)
DATABASE_ADMIN_URL = secret(
    "DATABASE_ADMIN_URL", "An administrator's address, for `bootstrap_database` where `--admin-url` is not given."
)
DATABASE_URL_BACKUP = url(
    "DATABASE_URL_BACKUP",
    "The same database as `chancery_backup`, which reads every row and writes none, for `manage.py backup` alone.",
    default="",
    schemes=_POSTGRES,
    fails="Without it `backup` makes the role with DATABASE_ADMIN_URL, or in the embedded PostgreSQL.",
)
DATABASE_PASSWORDS: dict[str, setting.Setting[str]] = {
    role: secret(
        f"DATABASE_PASSWORD_{role.upper()}",
        f"The password that the role `chancery_{role}` is given.",
        default_is="generated into `secrets.json`",
    )
    for role in ("migrator", "app", "system", "gateway")
}

# Redis or Valkey
REDIS_URL = url(
    "REDIS_URL",
    "The Redis-compatible server of limits and budgets: `redis://`, `rediss://` or `unix://`.",
    default_is="the embedded Valkey, under `manage.py up`",
    fails="While it is away calls are refused with 503 `admission_unavailable`; what it lost is rebuilt from "
    "PostgreSQL before the next call.",
    schemes=_REDIS,
    needed_by=ROLES,
)
BROKER_URL = secret(
    "BROKER_URL",
    "Celery's broker.",
    default_is="that of `REDIS_URL`",
    fails="While it is away tasks wait: orphaned calls keep their money held, sums of spend are not rolled up.",
)
CHANNELS_URL = url(
    "CHANNELS_URL",
    "Where hints to open pages travel.",
    default_is="that of `REDIS_URL`",
    fails="While it is away pages are not told of changes and show them when they are fetched again.",
    schemes=_REDIS,
)

# Secrets
SECRET_KEY = secret(
    "SECRET_KEY",
    "Signs sessions and forms.",
    default_is="generated by `manage.py up`",
    fails="A new one signs everybody out.",
    allows=lambda value: len(value) >= 32,
    must_be="32 characters or more",
    needed_by=_WITH_PAGES,
)
KEY_PEPPERS = numbered_keys(
    "KEY_PEPPERS",
    "Under which the digests of API keys and access tokens are made, as `1:<64 hex digits>`. The highest number is "
    "used for new ones.",
    default_is="generated by `manage.py up`",
    fails="A key whose pepper is gone is refused with 401 `invalid_api_key`.",
    needed_by=ROLES,
)
FIELD_KEY = key(
    "FIELD_KEY",
    "Seals the providers' credentials: 64 hex digits.",
    default_is="generated by `manage.py up`",
    fails="With another one no credential opens, and the providers that have one count as suspended.",
    needed_by=ROLES,
)
VAULT_ROOT_KEY = key(
    "VAULT_ROOT_KEY",
    "Seals the tenants' keys in the keystore: 64 hex digits.",
    default_is="generated by `manage.py up`",
    fails="With another one no body can be sealed or opened: 503 `ledger_unavailable`.",
    needed_by=ROLES,
)
FIELD_KEY_BEFORE = key("FIELD_KEY_BEFORE", "The field key before, for `manage.py reseal` alone.", default="")
VAULT_ROOT_KEY_BEFORE = key("VAULT_ROOT_KEY_BEFORE", "The root key before, for `manage.py reseal` alone.", default="")
KEYSTORE_DIR = text(
    "KEYSTORE_DIR",
    "The keystore: the tenants' keys, each sealed under `VAULT_ROOT_KEY`. Shared by all gateway machines, and never "
    "backed up beside the database.",
    default_is="`$CHANCERY_HOME/keystore`",
    fails="Lost, every prompt and answer on record is lost; the records themselves verify all the same.",
)

# Bounds of the inference path
MAX_REQUEST_BYTES = integer(
    "MAX_REQUEST_BYTES",
    "The largest body of a call.",
    default=20 * MIB,
    unit="bytes",
    fails="Beyond it: 413 `request_too_large`, before the body is complete.",
)
MAX_ANSWER_BYTES = integer(
    "MAX_ANSWER_BYTES",
    "The largest whole answer, and the largest single event of a stream, taken from an upstream.",
    default=16 * MIB,
    unit="bytes",
    fails="Beyond it the call fails with 502 `upstream_error`.",
)
REQUEST_ARRIVAL_SECONDS = integer(
    "REQUEST_ARRIVAL_SECONDS",
    "How long a request may take to arrive whole, body included, and a connection to begin its first.",
    default=60,
    unit="seconds",
    fails="Longer, and the connection is closed, with 408 where nothing has been answered on it yet.",
)
MAX_IN_FLIGHT = integer(
    "MAX_IN_FLIGHT", "Calls that a worker has open at once.", default=2000, fails="Beyond it: 503 `overloaded`."
)
MAX_WAITING = integer(
    "MAX_WAITING",
    "Calls with a priority that wait in a worker for a limit that refuses them for a moment.",
    default=256,
    fails="Beyond it they are refused at once, the last of the organisation that has most of them first.",
)
WAIT_SECONDS = integer(
    "WAIT_SECONDS", "For how long such a call waits; 0: none does.", default=2, least=0, most=60, unit="seconds"
)
UPSTREAM_CONNECT_SECONDS = integer(
    "UPSTREAM_CONNECT_SECONDS",
    "For connecting to an upstream.",
    default=5,
    unit="seconds",
    fails="Then the next deployment is tried; if there is none, 504 `upstream_timeout`.",
)
UPSTREAM_IDLE_SECONDS = integer(
    "UPSTREAM_IDLE_SECONDS",
    "The longest silence inside an answer.",
    default=60,
    unit="seconds",
    fails="Then the call fails; what was received until then is paid for.",
)
UPSTREAM_TOTAL_SECONDS = integer(
    "UPSTREAM_TOTAL_SECONDS", "The longest a call upstream may take.", default=600, unit="seconds", fails="As above."
)
HOLD_LEASE_SECONDS = integer(
    "HOLD_LEASE_SECONDS",
    "How long a hold lasts without being renewed; a running call renews its own three times as often.",
    default=120,
    unit="seconds",
    least=3,
    fails="When it is over the call's place and tokens are free again; its money stays held until the ledger says "
    "what became of it.",
)
ADMISSION_WITHOUT_REDIS = choice(
    "ADMISSION_WITHOUT_REDIS",
    "What becomes of calls that no budget binds while Redis is away: `local_share` admits them by each worker's own "
    "share of the limits, `refuse` none. Calls with a budget are refused either way.",
    default="local_share",
    choices=("local_share", "refuse"),
    fails="Refused are 503 `admission_unavailable`. With `refuse`, `/ready` is not ready.",
)
SNAPSHOT_MAX_AGE_SECONDS = integer(
    "SNAPSHOT_MAX_AGE_SECONDS",
    "How long a worker goes on deciding without hearing from the database that nothing has changed.",
    default=30,
    unit="seconds",
    fails="Beyond it, and after this process was stopped for a while: 503 `snapshot_stale`, and `/ready` is not ready.",
)
DRAIN_NOTICE_SECONDS = integer(
    "DRAIN_NOTICE_SECONDS",
    "How long a web process that is asked to stop still takes connections while `/ready` says `draining`: as long as "
    "the load balancer needs to notice.",
    default=0,
    least=0,
    unit="seconds",
    fails="Too short, and the balancer sends callers where nobody listens any more.",
)
DRAIN_SECONDS = integer(
    "DRAIN_SECONDS",
    "How long calls that run may still take after that. A second SIGTERM ends the waiting.",
    default=30,
    unit="seconds",
    fails="Then they end with 503 `server_stopping`, a stream with that as its last event, and cost what had come.",
)
VERSION_DRIFT = choice(
    "VERSION_DRIFT",
    "What happens when a deployment's answers begin to name another model: `void` ends the approval there at once, "
    "`recertify` has it recertified within a month, for providers that name aliases and versions by turns.",
    default="void",
    choices=("void", "recertify"),
    fails="With `void`, 403 `condition_version` until the model is approved anew.",
)
LEAN_INFERENCE_PATH = flag(
    "LEAN_INFERENCE_PATH", "Whether `/v1` has its own handler; else Django's, at several times the cost.", default=True
)
RUN_PROBES = flag("RUN_PROBES", "Whether a gateway process runs probes of models beside its calls.", default=True)

# What the operator sees
REQUEST_LOG = text(
    "REQUEST_LOG",
    "Where the line of JSON goes that each request of `/v1` leaves: `stderr`, `off`, or the path of a file.",
    default="stderr",
    fails="Lines that cannot be written in time are lost and counted (`chancery_log_lines_lost_total`); no call waits.",
)
METRICS_PORT = integer(
    "METRICS_PORT",
    "A port of its own for `/metrics`, on `HOST`; 0 for none.",
    default=0,
    least=0,
    most=65535,
    fails="Where it is taken by something else there are no metrics on it, and the log says so.",
)
METRICS_TOKEN = secret(
    "METRICS_TOKEN",
    "The bearer token that `/metrics` asks for, on `PORT` too, and for which `/ready` goes into detail. Without it and "
    "`METRICS_PORT` there is no such page.",
    default="",
)
METRICS_BY_ORGANIZATION = flag(
    "METRICS_BY_ORGANIZATION", "Whether metrics name organisations (by id) with what their calls cost.", default=False
)
OTEL_EXPORTER_OTLP_ENDPOINT = url(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "The base address of an OpenTelemetry collector that takes OTLP over HTTP, for a trace of each call. It is "
    "connected to wherever it is: the lists of what may be connected to are for addresses from the register.",
    schemes=("http://", "https://"),
    default="",
    fails="While it is away spans are dropped and the log says so once; no call waits.",
)
OTEL_EXPORTER_OTLP_HEADERS = secret(
    "OTEL_EXPORTER_OTLP_HEADERS",
    "Headers for the collector, as `name=value,name=value`, percent-encoded.",
    default="",
    allows=lambda value: all("=" in pair for pair in value.split(",") if pair.strip()),
    must_be="name=value pairs, separated by commas",
)
OTEL_TRACES_SAMPLER_ARG = ratio(
    "OTEL_TRACES_SAMPLER_ARG",
    "The share of traces that is kept, 0 to 1, of those that begin here; a caller's own trace is kept if the caller "
    "keeps it.",
    default=1.0,
)
OTEL_SERVICE_NAME = text("OTEL_SERVICE_NAME", "What this service is called in traces.", default="chancery")
HEARTBEAT_MAX_AGE_SECONDS = integer(
    "HEARTBEAT_MAX_AGE_SECONDS",
    "How long after their last sign of life the task worker and the timetable count as gone.",
    default=60,
    least=20,
    unit="seconds",
    fails="Beyond it `/ready` names them, with status 200: calls are answered without them.",
)

# What may be connected to
EGRESS_ALLOWED_HOSTS = listing(
    "EGRESS_ALLOWED_HOSTS",
    "`host:port` of upstreams on private networks or loopback. Link-local and metadata addresses stay closed.",
    fails="A provider at an address that is not public and not listed is never connected to: 502 `upstream_error`.",
)
EGRESS_ALLOWED_NETWORKS = networks(
    "EGRESS_ALLOWED_NETWORKS", "Networks (CIDR) that may be connected to though they are not public."
)
HOSTED_SOCKET = text(
    "HOSTED_SOCKET",
    "The unix socket of the process that speaks to providers with a dialect of their own.",
    default_is="`$CHANCERY_HOME/run/hosted.sock`",
    fails="Without that process, providers of the kind `hosted` answer 502 `upstream_error`.",
)


def declared() -> list[setting.Setting[Any]]:
    """All of them."""
    found = [*globals().values(), *DATABASE_PASSWORDS.values()]
    return [each for each in found if isinstance(each, setting.Setting)]
