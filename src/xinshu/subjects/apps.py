"""Django's handle on the room."""

from django.apps import AppConfig


class SubjectsConfig(AppConfig):
    """Subjects 主体."""

    name = "xinshu.subjects"
    label = "subjects"
    verbose_name = "主体"
    default_auto_field = "django.db.models.BigAutoField"
