"""The one settings file. What differs between places comes from `portal.variables` and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django_stubs_ext
from django.templatetags.static import static
from django.urls import reverse_lazy

from kit import database_url, logs
from portal import configuration, variables
from portal.setting import Setting

django_stubs_ext.monkeypatch()  # ModelAdmin[Model] and its kin are subscripted where they are defined

configuration.require()  # everything that is wrong, at once

BASE_DIR = Path(__file__).resolve().parents[2]
HOME = variables.HOME.read()

ROLE = variables.ROLE.read()


def _where_needed(setting: Setting[str]) -> str:
    """Empty in a process whose role can do without: what it is not given it cannot leak."""
    return setting.read() if ROLE in setting.needed_by else ""


DEBUG = variables.DEBUG.read()
SECRET_KEY = _where_needed(variables.SECRET_KEY)
ALLOWED_HOSTS = variables.ALLOWED_HOSTS.read()
CSRF_TRUSTED_ORIGINS = variables.CSRF_TRUSTED_ORIGINS.read()
BEHIND_TLS = variables.BEHIND_TLS.read()

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "portal.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "channels",
    "ninja",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "audit",
    "tenants",
    "governance",
    "gateway",
    "portal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.RequestIds",
    "portal.middleware.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "portal.middleware.ActingAs",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.navigation.chrome",
            ],
        },
    },
]

# Each role connects as itself (see `kit.row_security`). The first is the portal's and Django's default.
DATABASES = {
    "default": database_url.django(_where_needed(variables.DATABASE_URL)),
    "system": database_url.django(_where_needed(variables.DATABASE_URL_SYSTEM)),
    "gateway": database_url.django(variables.DATABASE_URL_GATEWAY.read()),
    "migrator": database_url.django(variables.DATABASE_URL_MIGRATOR.read(), role="chancery_owner"),
}
GATEWAY_DSN = variables.DATABASE_URL_GATEWAY.read()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = variables.REDIS_URL.read()
BROKER_URL = variables.BROKER_URL.read(REDIS_URL)
CHANNELS_URL = variables.CHANNELS_URL.read(REDIS_URL)
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [CHANNELS_URL]}},
}
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "UTC"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["portal.sign_in.EmailBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
OTP_TOTP_ISSUER = "Chancery"

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # forms and Swagger UI are given the token, no script reads it
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
# A browser takes a cookie of such a name over TLS only, for this very host: a sibling domain cannot plant one.
_OF_THIS_HOST = "__Host-" if BEHIND_TLS else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_OF_THIS_HOST}sessionid", f"{_OF_THIS_HOST}csrftoken"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
X_FRAME_OPTIONS = "DENY"

# One line of JSON for each record where nobody reads along. Django's own default says nothing of failed requests
# unless DEBUG is on.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"}
        if logs.for_terminal()
        else {"class": "kit.logs.LineHandler"}
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"django": {"handlers": []}, "django.request": {"level": "ERROR"}, "celery": {"level": "INFO"}},
}
REQUEST_LOG = variables.REQUEST_LOG.read()
METRICS_DIR = HOME / "run" / "metrics"
METRICS_PORT = variables.METRICS_PORT.read()
METRICS_TOKEN = variables.METRICS_TOKEN.read()
METRICS_BY_ORGANIZATION = variables.METRICS_BY_ORGANIZATION.read()
OTEL_EXPORTER_OTLP_ENDPOINT = variables.OTEL_EXPORTER_OTLP_ENDPOINT.read()
OTEL_EXPORTER_OTLP_HEADERS = variables.OTEL_EXPORTER_OTLP_HEADERS.read()
OTEL_TRACES_SAMPLER_ARG = variables.OTEL_TRACES_SAMPLER_ARG.read()
OTEL_SERVICE_NAME = variables.OTEL_SERVICE_NAME.read()
HEARTBEAT_MAX_AGE_SECONDS = variables.HEARTBEAT_MAX_AGE_SECONDS.read()
HOST = variables.HOST.read()

PUBLIC_URL = variables.PUBLIC_URL.read()
EMAIL_HOST = variables.EMAIL_HOST.read()
EMAIL_PORT = variables.EMAIL_PORT.read()
EMAIL_HOST_USER = variables.EMAIL_HOST_USER.read()
EMAIL_HOST_PASSWORD = variables.EMAIL_HOST_PASSWORD.read()
EMAIL_USE_TLS = variables.EMAIL_SECURITY.read() == "starttls"
EMAIL_USE_SSL = variables.EMAIL_SECURITY.read() == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = variables.EMAIL_FROM.read()

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["portal.formats"]

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

# A file is kept in memory, up to what a piece of evidence may have, and sealed before it reaches a disk.
FILE_UPLOAD_HANDLERS = ["governance.attachments.CappedUpload"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 11 * 1024 * 1024
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.api_auth.AccessTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    # JSON alone: no page that executes what it shows, and no body that another site's form could send.
    "DEFAULT_PARSER_CLASSES": ["tenants.rest.parser.BoundedJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "tenants.rest.paging.Pages",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "tenants.rest.schema.Described",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS would tell of forms that are not what is taken
    "EXCEPTION_HANDLER": "portal.api_errors.problem",
}
# An inventory of 2 MB, in base64 or as a form sends it back.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
SPECTACULAR_SETTINGS = {
    "TITLE": "Chancery management API",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "RoleEnum": "tenants.models.choices.Role",
        "ProviderKindEnum": "governance.models.choices.ProviderKind",
        "RiskTierEnum": ["low", "medium", "high"],
        "EvidenceKindEnum": "governance.models.choices.EvidenceKind",
        "AgreementKindEnum": "governance.models.choices.AgreementKind",
        "SignatureKindEnum": "governance.models.choices.SignatureKind",
        "ExceptionStatusEnum": "governance.models.choices.ExceptionStatus",
        "AlertKindEnum": "governance.models.alert_choices.AlertKind",
        "ChannelKindEnum": "governance.models.alert_choices.ChannelKind",
        "SeverityEnum": "governance.rest.alerts.SEVERITIES",
        "WaiverStepEnum": "governance.models.choices.WaiverStep",
    },
}

# Secrets.
KEY_PEPPERS: dict[str, str] = variables.KEY_PEPPERS.read()
FIELD_KEY = bytes.fromhex(variables.FIELD_KEY.read())
VAULT_ROOT_KEY = bytes.fromhex(variables.VAULT_ROOT_KEY.read())
KEYSTORE_DIR = Path(variables.KEYSTORE_DIR.read(str(HOME / "keystore")))

# The inference path.
MAX_REQUEST_BYTES = variables.MAX_REQUEST_BYTES.read()
MAX_ANSWER_BYTES = variables.MAX_ANSWER_BYTES.read()
REQUEST_ARRIVAL_SECONDS = variables.REQUEST_ARRIVAL_SECONDS.read()
MAX_IN_FLIGHT = variables.MAX_IN_FLIGHT.read()
MAX_WAITING = variables.MAX_WAITING.read()
WAIT_SECONDS = variables.WAIT_SECONDS.read()
UPSTREAM_CONNECT_SECONDS = variables.UPSTREAM_CONNECT_SECONDS.read()
UPSTREAM_IDLE_SECONDS = variables.UPSTREAM_IDLE_SECONDS.read()
UPSTREAM_TOTAL_SECONDS = variables.UPSTREAM_TOTAL_SECONDS.read()
HOLD_LEASE_SECONDS = variables.HOLD_LEASE_SECONDS.read()
ADMISSION_WITHOUT_REDIS = variables.ADMISSION_WITHOUT_REDIS.read()
SNAPSHOT_MAX_AGE_SECONDS = variables.SNAPSHOT_MAX_AGE_SECONDS.read()
EGRESS_ALLOWED_HOSTS = variables.EGRESS_ALLOWED_HOSTS.read()
EGRESS_ALLOWED_NETWORKS = variables.EGRESS_ALLOWED_NETWORKS.read()
HOSTED_SOCKET = variables.HOSTED_SOCKET.read(str(HOME / "run" / "hosted.sock"))
VERSION_DRIFT = variables.VERSION_DRIFT.read()
LEAN_INFERENCE_PATH = variables.LEAN_INFERENCE_PATH.read()
RUN_PROBES = variables.RUN_PROBES.read()
TRUSTED_PROXIES = variables.TRUSTED_PROXIES.read()

# The colours are those of static/portal/portal.css.
UNFOLD = {
    "SITE_TITLE": "Chancery",
    "SITE_HEADER": "Chancery",
    "SITE_URL": "/",
    "SITE_ICON": lambda request: static("portal/seal.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("portal/seal.svg")}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "portal.navigation.ribbon",
    "DASHBOARD_CALLBACK": "portal.dashboard.fill",
    "STYLES": [lambda request: static("portal/admin.css")],
    "SCRIPTS": [lambda request: static("portal/live.js")],
    "ACCOUNT": {"navigation": [{"title": "Account and access tokens", "link": reverse_lazy("account")}]},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "portal.navigation.sidebar",
    },
    "COLORS": {
        "primary": {
            "50": "#eef7f8",
            "100": "#d5ebee",
            "200": "#aed8de",
            "300": "#79bdc8",
            "400": "#459baa",
            "500": "#2b7f8f",
            "600": "#236878",
            "700": "#215563",
            "800": "#214753",
            "900": "#203c47",
            "950": "#10272f",
        },
    },
}
