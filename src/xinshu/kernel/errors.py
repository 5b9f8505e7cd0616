"""The root of every error a person may see.

Each subclass has a stable public `code` (never reused), a Chinese `message` and a Chinese `fix`. A test walks all
subclasses: unique code, a row in the edge's status table, a line in docs/errors.md.
"""

from __future__ import annotations


class XinshuError(Exception):
    """Something a person has to know. `message` says what happened, `fix` what to do; both Chinese."""

    code = "xinshu.error"

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class SettingInvalid(XinshuError):
    """An environment variable is missing or cannot be read; the message names the variable."""

    code = "setting.invalid"


class ProfileInvalid(XinshuError):
    """A file of a profile cannot be used; the message names file, key and line."""

    code = "profile.invalid"
