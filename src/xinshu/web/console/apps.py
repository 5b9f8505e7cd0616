"""The app: its templates and static files."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Templates under `console/`, static files under `/static/console/`; no tables."""

    name = "xinshu.web.console"
    label = "console"
