"""WSGI entry of the `gateway` process: `gunicorn xinshu.project.gateway.wsgi`."""

from django.core.wsgi import get_wsgi_application

from xinshu.project.environment import name_django_settings

name_django_settings("xinshu.project.gateway.settings")
application = get_wsgi_application()
