"""WSGI entry of the `web` process: `gunicorn xinshu.project.wsgi`."""

from django.core.wsgi import get_wsgi_application

from xinshu.project.environment import name_django_settings

name_django_settings()
application = get_wsgi_application()

from xinshu.project.frame import PORTAL  # noqa: E402 - Django's settings come first

PORTAL.read()
