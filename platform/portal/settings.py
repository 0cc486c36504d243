"""The one settings file. What differs between places comes from the environment (see `portal.env`) and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import django_stubs_ext
from django.templatetags.static import static
from django.urls import reverse_lazy

from kit import database_url
from portal import env

django_stubs_ext.monkeypatch()  # ModelAdmin[Model] and its kin are subscripted where they are defined

BASE_DIR = Path(__file__).resolve().parents[2]
HOME = env.home()

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY")
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.listing("CSRF_TRUSTED_ORIGINS", default=[])
BEHIND_TLS = env.flag("BEHIND_TLS", default=False)

# Which part of the product this process is: `gateway` (inference only), `portal` (people only) or `all`.
ROLE = env.text("CHANCERY_ROLE", default="all")

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
    "default": database_url.django(env.secret("DATABASE_URL")),
    "system": database_url.django(env.secret("DATABASE_URL_SYSTEM")),
    "gateway": database_url.django(env.secret("DATABASE_URL_GATEWAY")),
    "migrator": database_url.django(env.secret("DATABASE_URL_MIGRATOR", default=""), role="chancery_owner"),
}
GATEWAY_DSN = env.secret("DATABASE_URL_GATEWAY")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.secret("REDIS_URL")
BROKER_URL = env.secret("BROKER_URL", default=REDIS_URL)
CHANNELS_URL = env.secret("CHANNELS_URL", default=REDIS_URL)
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
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
X_FRAME_OPTIONS = "DENY"

# Django's own default says nothing of failed requests unless DEBUG is on.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"django": {"handlers": []}, "django.request": {"level": "ERROR"}},
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.api_auth.AccessTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "portal.api_errors.problem",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Chancery management API",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# Secrets. A pepper or field key is rotated by adding the next number.
KEY_PEPPERS: dict[str, str] = env.mapping("KEY_PEPPERS")
FIELD_KEY = bytes.fromhex(env.secret("FIELD_KEY"))
VAULT_ROOT_KEY = bytes.fromhex(env.secret("VAULT_ROOT_KEY"))
KEYSTORE_DIR = Path(env.text("KEYSTORE_DIR", default=str(HOME / "keystore")))

# The inference path. Defaults are the product's; docs/reference/settings.md lists them.
MAX_REQUEST_BYTES = env.integer("MAX_REQUEST_BYTES", default=20 * 1024 * 1024)
MAX_ANSWER_BYTES = env.integer("MAX_ANSWER_BYTES", default=16 * 1024 * 1024)
MAX_IN_FLIGHT = env.integer("MAX_IN_FLIGHT", default=2000)
UPSTREAM_CONNECT_SECONDS = env.integer("UPSTREAM_CONNECT_SECONDS", default=5)
UPSTREAM_IDLE_SECONDS = env.integer("UPSTREAM_IDLE_SECONDS", default=60)
UPSTREAM_TOTAL_SECONDS = env.integer("UPSTREAM_TOTAL_SECONDS", default=600)
HOLD_LEASE_SECONDS = env.integer("HOLD_LEASE_SECONDS", default=120)
SNAPSHOT_MAX_AGE_SECONDS = env.integer("SNAPSHOT_MAX_AGE_SECONDS", default=30)
EGRESS_ALLOWED_HOSTS = env.listing("EGRESS_ALLOWED_HOSTS", default=[])
EGRESS_ALLOWED_NETWORKS = env.listing("EGRESS_ALLOWED_NETWORKS", default=[])
HOSTED_SOCKET = env.text("HOSTED_SOCKET", default=str(HOME / "run" / "hosted.sock"))
LEAN_INFERENCE_PATH = env.flag("LEAN_INFERENCE_PATH", default=True)
TRUSTED_PROXIES = env.listing("TRUSTED_PROXIES", default=[])

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
