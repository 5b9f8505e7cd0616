"""Turns are short for a block and as before afterwards, also after a failure."""

from __future__ import annotations

import sys

import pytest

from xinshu.kernel.turns import short_turns


def test_turns_are_short_inside_and_as_before_afterwards():
    before = sys.getswitchinterval()
    with short_turns():
        assert sys.getswitchinterval() < before
    assert sys.getswitchinterval() == before


def test_a_failure_leaves_them_as_before():
    before = sys.getswitchinterval()
    with pytest.raises(ZeroDivisionError), short_turns():
        1 / 0  # noqa: B018
    assert sys.getswitchinterval() == before
