"""Every setting an operator can give, by what it is about. Nothing else of the environment is read.

A value is taken from the environment, else from what `manage.py up` published in `$CHANCERY_HOME/runtime.json`, else it
is the default. `docs/reference/settings.md` is this file as a table (`manage.py reference`).
"""

from __future__ import annotations

from portal import env
from portal.setting import Setting, choice, flag, integer, listing, numbered_secrets, secret, text

MIB = 1024 * 1024
_ROLE_MADE = "`manage.py bootstrap_database` makes the role; `--show-urls` prints the address."
_NO_DATABASE = "While PostgreSQL is away calls are refused with 503 `ledger_unavailable` or, soon, `snapshot_stale`."

# The process
ROLE = choice(
    "CHANCERY_ROLE",
    "Which part of the product this process is: `gateway` answers `/v1` alone, `portal` the pages and `/api` alone.",
    default="all",
    choices=("all", "gateway", "portal"),
)
HOST = text("HOST", "The address `manage.py up` listens on.", default="127.0.0.1")
PORT = integer(
    "PORT", "The port `manage.py up` listens on.", default=8000, fails="Where it is taken, the start says so."
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
TRUSTED_PROXIES = listing(
    "TRUSTED_PROXIES",
    "Networks (CIDR) whose `X-Forwarded-For` is believed.",
    fails="Without it a key's networks and the sign-in lockout see the proxy's address for everybody.",
)

# State on one machine
HOME = Setting(
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
SEED_DEMO = flag("SEED_DEMO", "Whether `manage.py up` seeds the demo on its first start.", default=True)

# PostgreSQL
DATABASE_URL = secret(
    "DATABASE_URL",
    "PostgreSQL as the role `chancery_app`, for the portal. To `manage.py up` alone it may be an administrator's: "
    "then the roles are made and their addresses handed on.",
    default_is="the embedded one, under `manage.py up`",
    fails=_NO_DATABASE,
)
DATABASE_URL_SYSTEM = secret(
    "DATABASE_URL_SYSTEM",
    f"The same database as `chancery_system`, for tasks and commands. {_ROLE_MADE}",
    default_is="made by `manage.py up`",
    fails="Tasks fail and are tried again at their next time.",
)
DATABASE_URL_GATEWAY = secret(
    "DATABASE_URL_GATEWAY",
    f"The same database as `chancery_gateway`. A direct connection: `LISTEN` does not pass a transaction pooler. "
    f"{_ROLE_MADE}",
    default_is="made by `manage.py up`",
    fails=_NO_DATABASE,
)
DATABASE_URL_MIGRATOR = secret(
    "DATABASE_URL_MIGRATOR",
    f"The same database as `chancery_migrator`; needed by `manage.py migrate --database migrator` alone. {_ROLE_MADE}",
    default="",
)
DATABASE_ADMIN_URL = secret(
    "DATABASE_ADMIN_URL", "An administrator's address, for `bootstrap_database` where `--admin-url` is not given."
)
DATABASE_PASSWORDS: dict[str, Setting[str]] = {
    role: secret(
        f"DATABASE_PASSWORD_{role.upper()}",
        f"The password that the role `chancery_{role}` is given.",
        default_is="generated into `secrets.json`",
    )
    for role in ("migrator", "app", "system", "gateway")
}

# Redis or Valkey
REDIS_URL = secret(
    "REDIS_URL",
    "The Redis-compatible server of limits and budgets: `redis://`, `rediss://` or `unix://`.",
    default_is="the embedded Valkey, under `manage.py up`",
    fails="While it is away calls are refused with 503 `admission_unavailable`; what it lost is rebuilt from "
    "PostgreSQL before the next call.",
)
BROKER_URL = secret(
    "BROKER_URL",
    "Celery's broker.",
    default_is="that of `REDIS_URL`",
    fails="While it is away tasks wait: orphaned calls keep their money held, sums of spend are not rolled up.",
)
CHANNELS_URL = secret(
    "CHANNELS_URL",
    "Where hints to open pages travel.",
    default_is="that of `REDIS_URL`",
    fails="While it is away pages are not told of changes and show them when they are fetched again.",
)

# Secrets
SECRET_KEY = secret(
    "SECRET_KEY",
    "Signs sessions and forms.",
    default_is="generated by `manage.py up`",
    fails="A new one signs everybody out.",
)
KEY_PEPPERS = numbered_secrets(
    "KEY_PEPPERS",
    "Under which the digests of API keys and access tokens are made, as `1:<64 hex digits>`. The highest number is "
    "used for new ones.",
    default_is="generated by `manage.py up`",
    fails="A key whose pepper is gone is refused with 401 `invalid_api_key`.",
)
FIELD_KEY = secret(
    "FIELD_KEY",
    "Seals the providers' credentials: 64 hex digits.",
    default_is="generated by `manage.py up`",
    fails="With another one no credential opens, and the providers that have one count as suspended.",
)
VAULT_ROOT_KEY = secret(
    "VAULT_ROOT_KEY",
    "Seals the tenants' keys in the keystore: 64 hex digits.",
    default_is="generated by `manage.py up`",
    fails="With another one no body can be sealed or opened: 503 `ledger_unavailable`.",
)
FIELD_KEY_BEFORE = secret("FIELD_KEY_BEFORE", "The field key before, for `manage.py reseal` alone.", default="")
VAULT_ROOT_KEY_BEFORE = secret(
    "VAULT_ROOT_KEY_BEFORE", "The root key before, for `manage.py reseal` alone.", default=""
)
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
MAX_IN_FLIGHT = integer(
    "MAX_IN_FLIGHT",
    "Calls that a worker has open at once.",
    default=2000,
    fails="Beyond it: 503 `overloaded`.",
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
SNAPSHOT_MAX_AGE_SECONDS = integer(
    "SNAPSHOT_MAX_AGE_SECONDS",
    "How long a worker goes on deciding without hearing from the database that nothing has changed.",
    default=30,
    unit="seconds",
    fails="Beyond it, and after this process was stopped for a while: 503 `snapshot_stale`, and `/ready` is not ready.",
)
LEAN_INFERENCE_PATH = flag(
    "LEAN_INFERENCE_PATH", "Whether `/v1` has its own handler; else Django's, at several times the cost.", default=True
)

# What may be connected to
EGRESS_ALLOWED_HOSTS = listing(
    "EGRESS_ALLOWED_HOSTS",
    "`host:port` of upstreams on private networks or loopback. Link-local and metadata addresses stay closed.",
    fails="A provider at an address that is not public and not listed is never connected to: 502 `upstream_error`.",
)
EGRESS_ALLOWED_NETWORKS = listing(
    "EGRESS_ALLOWED_NETWORKS", "Networks (CIDR) that may be connected to though they are not public."
)
HOSTED_SOCKET = text(
    "HOSTED_SOCKET",
    "The unix socket of the process that speaks to providers with a dialect of their own.",
    default_is="`$CHANCERY_HOME/run/hosted.sock`",
    fails="Without that process, providers of the kind `hosted` answer 502 `upstream_error`.",
)
