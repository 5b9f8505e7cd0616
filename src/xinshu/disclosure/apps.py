"""Django's registration of the room."""

from django.apps import AppConfig


class DisclosureConfig(AppConfig):
    """Query registration, approvals, consents, copies handed out."""

    name = "xinshu.disclosure"
    label = "disclosure"
    verbose_name = "共享"
