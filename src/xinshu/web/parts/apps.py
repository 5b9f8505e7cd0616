"""The app: its templates, filters and static files."""

from django.apps import AppConfig


class PartsConfig(AppConfig):
    """Templates under `parts/`, static files under `/static/parts/`; no tables."""

    name = "xinshu.web.parts"
    label = "parts"
