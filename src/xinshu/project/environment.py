"""Reading the environment: the only module of the program that does.

Apart from `settings`, so that commands which need no database (`xinshu check`) can have the settings without Django and
without anything being written to the state folder.
"""

from __future__ import annotations

import logging
import os

from xinshu.kernel.logs import configure_logs
from xinshu.kernel.settings import Settings

_DJANGO_SETTINGS = "xinshu.project.settings"


def read_settings() -> Settings:
    """The program's settings. Raises SettingInvalid, which names the variable."""
    return Settings.from_env(os.environ)


def configure_logging(level: str) -> None:
    """The program's logs, without what procrastinate says at every start of every process."""
    configure_logs(level)
    for name in ("procrastinate.blueprints", "procrastinate.periodic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def tell_children(**variables: str) -> None:
    """Settings for the programs this one starts; its own were read before."""
    os.environ.update(variables)


def name_django_settings(module: str = _DJANGO_SETTINGS) -> None:
    """Tell Django, in this process and its children, which settings module is ours."""
    os.environ["DJANGO_SETTINGS_MODULE"] = module
