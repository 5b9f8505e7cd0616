"""The app: its templates and static files."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Templates under `portal/`, static files under `/static/portal/`; no tables."""

    name = "xinshu.web.portal"
    label = "portal"
