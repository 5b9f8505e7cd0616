"""Django's settings, made from ours. Only `xinshu.project` touches them; docs/settings.md lists what can be set."""

from __future__ import annotations

from functools import partial
from typing import Any

from xinshu.project.databases import databases
from xinshu.project.environment import read_settings
from xinshu.project.secret_key import secret_key
from xinshu.security.crypto import Suite, start_crypto
from xinshu.security.identity.rules import configure, load_identity

XINSHU = read_settings()
configure(partial(load_identity, XINSHU))
start_crypto(XINSHU.crypto_provider, XINSHU.sm2_provider, Suite(XINSHU.crypto_suite))  # or the program does not start

# A room with tables is one line here, in the order of docs/architecture.md.
ROOMS = [
    "xinshu.security",
    "xinshu.catalogue",
    "xinshu.subjects",
    "xinshu.records",
    "xinshu.collection",
    "xinshu.disclosure",
]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "django_htmx",
    *ROOMS,
    "xinshu.web.parts",
    "xinshu.web.portal",
    "xinshu.web.console",
    "xinshu.web.space",
]

PROCRASTINATE_IMPORT_PATHS = ["xinshu.bootstrap.tasks"]  # what the task worker does by itself

DEBUG = False
SECRET_KEY = secret_key(XINSHU.home)
ALLOWED_HOSTS = list(XINSHU.allowed_hosts)
ROOT_URLCONF = "xinshu.project.urls"
WSGI_APPLICATION = "xinshu.project.wsgi.application"
DATABASES = databases(XINSHU)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "xinshu.project.middleware.TraceMiddleware",
    "xinshu.project.middleware.HeadersMiddleware",
    "xinshu.project.middleware.DoorMiddleware",
    "xinshu.project.rate.RateMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "xinshu.security.identity.sessions.SessionMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "xinshu.project.frame.frame",
            ],
        },
    }
]

AUTH_USER_MODEL = "security.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/c"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "xinshu.security.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False  # the session ends with the browser, at the latest after SESSION_COOKIE_AGE
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "20/30m/ip,5/30m/key"}
MFA_ADAPTER = "xinshu.security.identity.factors.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {"authenticate": "xinshu.security.identity.factors.CodeForm"}
MFA_ALLOW_UNVERIFIED_EMAIL = True  # there is no e-mail
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "security_cache"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "xinshu.security.identity.passwords.PasswordPolicy"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # served from the packages themselves; no collectstatic step

# Cookies become Secure in HeadersMiddleware when the request came by TLS: a trial on 127.0.0.1 has none.
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "xinshu.web.console.account.expired"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60  # sent over TLS only
SECURE_HSTS_INCLUDE_SUBDOMAINS = True

LOGGING_CONFIG = "xinshu.project.environment.configure_logging"
LOGGING = XINSHU.log_level
