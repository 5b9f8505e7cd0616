"""Django's settings of the gateway: those of the website but for the way a request takes. No session, no cookie."""

from __future__ import annotations

from xinshu.project import settings as website
from xinshu.project.settings import *  # noqa: F403

_FOR_PEOPLE = ("allauth", "django_htmx", "xinshu.web")  # allauth asks for its middleware
INSTALLED_APPS = [each for each in website.INSTALLED_APPS if not each.startswith(_FOR_PEOPLE)]
AUTHENTICATION_BACKENDS = []
TEMPLATES = []
ROOT_URLCONF = "xinshu.project.gateway.urls"
WSGI_APPLICATION = "xinshu.project.gateway.wsgi.application"
MIDDLEWARE = [
    "xinshu.project.middleware.TraceMiddleware",
    "xinshu.project.middleware.HeadersMiddleware",
    "xinshu.project.middleware.DoorMiddleware",
    "xinshu.project.gateway.rate.GatewayRateMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
