"""The app: its templates and static files."""

from django.apps import AppConfig


class SpaceConfig(AppConfig):
    """Templates under `space/`, static files under `/static/space/`; no tables."""

    name = "xinshu.web.space"
    label = "space"
