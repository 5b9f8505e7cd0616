"""Django's handle on the room."""

from django.apps import AppConfig


class CollectionConfig(AppConfig):
    """Collection 归集."""

    name = "xinshu.collection"
    label = "collection"
    verbose_name = "归集"
    default_auto_field = "django.db.models.BigAutoField"
