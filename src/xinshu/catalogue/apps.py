"""Django's handle on the room."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """Catalogue 目录."""

    name = "xinshu.catalogue"
    label = "catalogue"
    verbose_name = "目录"
    default_auto_field = "django.db.models.SmallAutoField"
