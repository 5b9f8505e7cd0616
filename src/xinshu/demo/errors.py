"""Errors of the demo room."""

from __future__ import annotations

from xinshu.kernel.errors import XinshuError


class DemoTooSmall(XinshuError):
    """The numbers asked for cannot give rows that differ from each other, or make no sense."""

    code = "demo.too_small"


class WordsInvalid(XinshuError):
    """demo.yaml or texts.yaml of the profile cannot be used; the message names file and key."""

    code = "demo.words_invalid"
