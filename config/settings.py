"""Settings, all from the environment; what is not set has a value for a machine of one's own.

| variable | meaning |
|---|---|
| DATABASE_URL, WEB_DATABASE_URL | the owner's and the web login's database; the latter's password is derived if unset |
| DATABASE_LOGIN | `owner` (management commands) or `web` (servers, workers): which of the two this process uses |
| REDIS_URL | broker and bells |
| SECRET_KEY_FILE, MASTER_KEY_FILE | files that hold the secrets; made by set-up |
| SANDBOX_URL | where the vendors' doors are in development |
| SIMULATION | 1 allows `advance_day` |
"""

from __future__ import annotations

import os
from pathlib import Path

import structlog

from config import database

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = Path(os.environ.get("LOCAL_DIR", BASE_DIR / ".local"))


def _secret(name: str) -> str:
    file = os.environ.get(f"{name}_FILE")
    if file and Path(file).is_file():
        return Path(file).read_text(encoding="utf-8").strip()
    return os.environ.get(name, "")


DEBUG = False
SIMULATION = os.environ.get("SIMULATION") == "1"
SECRET_KEY = _secret("SECRET_KEY") or "development-only-key-that-no-deployment-may-use"
SECRET_KEY_IS_DEVELOPMENT = SECRET_KEY.startswith("development-only")
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost,testserver").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if origin]

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "core",
    "tenants",
    "verification",
    "accounts",
    "lending",
    "config",
]
MIDDLEWARE = [
    "tenants.middleware.BankMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls_province"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Database: one connection, placed at one bank at a time (core.tenancy).
DATABASE_URL = os.environ.get("DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/lending")
OWNER_ADDRESS = database.parse(DATABASE_URL)
WEB_LOGIN = database.WEB_LOGIN
_web_url = os.environ.get("WEB_DATABASE_URL")
WEB_PASSWORD = database.parse(_web_url).password if _web_url else database.web_password(OWNER_ADDRESS.password)
WEB_ADDRESS = database.Address(
    host=OWNER_ADDRESS.host,
    port=OWNER_ADDRESS.port,
    name=OWNER_ADDRESS.name,
    user=WEB_LOGIN,
    password=WEB_PASSWORD,
)
DATABASE_ROLES = os.environ.get("DATABASE_LOGIN", "web") == "web"
DATABASES = {
    "default": database.django_settings(
        WEB_ADDRESS if DATABASE_ROLES else OWNER_ADDRESS,
        pool_size=int(os.environ.get("DATABASE_POOL", "16")) if DATABASE_ROLES else 0,
    )
}
DATABASE_ROUTERS = ["core.db.router.SchemaRouter"]
TENANT_MODEL = "tenants.Bank"
TENANT_LIMIT_SET_CALLS = True
PG_DUMP = os.environ.get("PG_DUMP") or database.find_pg_dump()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DIRECTORY_SECONDS = 3

# What a process caches belongs to the bank that it was made for: the theme's search would hand it to another.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "KEY_FUNCTION": "django_tenants.cache.make_key",
    }
}

# Redis: the broker of the bells. Nothing is kept there that could not be lost.
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
RING_BELLS = True
BELL_PREFIX = os.environ.get("BELL_PREFIX", "bell")
STEP_LEASE_SECONDS = int(os.environ.get("STEP_LEASE_SECONDS", "60"))

# Secrets and sealed objects.
MASTER_KEY_FILE = Path(os.environ.get("MASTER_KEY_FILE", LOCAL_DIR / "master.key"))
VAULT_ROOT = Path(os.environ.get("VAULT_ROOT", LOCAL_DIR / "vault"))

# Vendors. In development the sandbox answers; at a bank only these values differ.
SANDBOX_URL = os.environ.get("SANDBOX_URL", "http://127.0.0.1:8900")
WECHAT_URL = os.environ.get("WECHAT_URL", f"{SANDBOX_URL}/wechat")
WECHAT_APPID = os.environ.get("WECHAT_APPID", "wx0000000000000001")
WECHAT_SECRET = _secret("WECHAT_SECRET") or f"sandbox-{WECHAT_APPID}"
SMS_URL = os.environ.get("SMS_URL", f"{SANDBOX_URL}/sms/v1")
TENCENT_ENDPOINT = os.environ.get("TENCENT_ENDPOINT", SANDBOX_URL)
TENCENT_RULE_ID = os.environ.get("TENCENT_RULE_ID", "1")
# Each bank has its own account at Tencent: `{bank}` stands for its code, `{secret_id}` for the id that follows from it.
TENCENT_SECRET_ID = os.environ.get("TENCENT_SECRET_ID", "AKID{bank}")
TENCENT_SECRET_KEY = _secret("TENCENT_SECRET_KEY") or "sandbox-{secret_id}"
GATEWAY_URL = os.environ.get("GATEWAY_URL", f"{SANDBOX_URL}/gateway/v1")
GATEWAY_KEY = _secret("GATEWAY_KEY") or "sandbox-gateway-key"
# A bank whose gateway has a key of its own: `{bank}` stands for its code; a bank without such a file has the common key.
GATEWAY_BANK_KEY_FILE = os.environ.get("GATEWAY_BANK_KEY_FILE", "")
TSA_URL = os.environ.get("TSA_URL", f"{SANDBOX_URL}/tsa")
TSA_ROOTS_FILE = os.environ.get("TSA_ROOTS_FILE")  # PEM roots of the authorities; the sandbox's own only in SIMULATION
VENDOR_READ_SECONDS = float(os.environ.get("VENDOR_READ_SECONDS", "10"))

# Language and time: Chinese for people, Shanghai for days, UTC in the database.
LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]

STATIC_URL = "/static/"
EDITOR_DIR = BASE_DIR / ".local" / "editor" / "static"  # the visual editor of decision models, where it was built
STATICFILES_DIRS = [EDITOR_DIR] if EDITOR_DIR.is_dir() else []
STATIC_ROOT = os.environ.get("STATIC_ROOT")  # where collectstatic puts them; without it they come from the packages
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/jdm/[0-9a-f]{12}/"  # the folder's name changes with the bundle

AUTHENTICATION_BACKENDS = ["tenants.rights.StaffBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_REDIRECT_URL = "admin:index"  # of the site that one has logged in to: a bank's, or the province's
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 11 * 1024 * 1024
UPLOAD_MAX_BYTES = 10 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.rest.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["core.rest.body.BodyParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "core.rest.openapi.ContractSchema",
    "EXCEPTION_HANDLER": "core.rest.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "UNICODE_JSON": True,
    "COERCE_DECIMAL_TO_STRING": True,
    "DATETIME_FORMAT": "iso-8601",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "农商银行线上贷款接口",
    "DESCRIPTION": "The contract between the mini-program and the banks. Base of a bank: `/b/{bank}/api/v1/`.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_URLCONF": "config.urls_contract",
    "SCHEMA_PATH_PREFIX": r"/b/{bank}/api/v1|/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [],  # the words of a field stand where the field is, not under a made-up name
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
}

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ],
    wrapper_class=structlog.make_filtering_bound_logger(int(os.environ.get("LOG_LEVEL", "20"))),
    logger_factory=structlog.PrintLoggerFactory(),
    cache_logger_on_first_use=False,
)
# The admin's theme. Values that begin with "config." are callables, asked for each request.
UNFOLD = {
    "SITE_TITLE": "config.look.site_title",
    "SITE_HEADER": "config.look.site_header",
    "SITE_SUBHEADER": "config.look.site_subheader",
    "SITE_SYMBOL": "account_balance",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "config.look.icon"}],
    "ENVIRONMENT": "config.look.stage",
    "DASHBOARD_CALLBACK": "config.dashboard.show",
    "STYLES": ["config.look.style_sheet"],
    "SCRIPTS": ["config.look.script"],
    "LOGIN": {"image": "config.look.login_picture"},
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "SIDEBAR": {"show_search": True},
    "COLORS": {
        "primary": {
            "50": "oklch(97.9% .021 166.113)",
            "100": "oklch(95% .052 163.051)",
            "200": "oklch(90.5% .093 164.15)",
            "300": "oklch(84.5% .143 164.978)",
            "400": "oklch(76.5% .177 163.223)",
            "500": "oklch(64.6% .15 162.48)",
            "600": "oklch(52.6% .125 163.225)",
            "700": "oklch(46.8% .11 165.612)",
            "800": "oklch(41.2% .09 166.913)",
            "900": "oklch(36.8% .075 168.94)",
            "950": "oklch(26.2% .051 172.552)",
        }
    },
}
