"""Django's handle on the room."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Records 信息."""

    name = "xinshu.records"
    label = "records"
    verbose_name = "信息"
    default_auto_field = "django.db.models.BigAutoField"
