"""ASGI entry, for servers that speak it. The program itself starts the WSGI one."""

from django.core.asgi import get_asgi_application

from xinshu.project.environment import name_django_settings

name_django_settings()
application = get_asgi_application()
