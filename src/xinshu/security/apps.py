"""Django's registration of the room."""

from django.apps import AppConfig


class SecurityConfig(AppConfig):
    """Users and organisations; its first migration makes the database roles."""

    name = "xinshu.security"
    label = "security"
    verbose_name = "安全"
