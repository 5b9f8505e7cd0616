"""How near two texts are: edits counted by hand, and the same whatever both begin and end with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinshu.subjects.likeness import closeness


@pytest.mark.parametrize(
    ("one", "other", "edits", "longest"),
    [
        ("恒瑞纺织", "恒瑞纺织", 0.0, 4),
        ("恒瑞纺织", "恒瑞纺", 1.0, 4),
        ("恒瑞纺织", "恒端纺织", 1.0, 4),
        ("恒瑞纺织", "恒锐纺织", 0.25, 4),  # read the same
        ("恒瑞纺织", "瑞恒纺织", 1.0, 4),  # in the wrong order
        ("恒恒瑞", "恒瑞", 1.0, 3),  # a repeated character is one too many, at either end
        ("恒瑞瑞", "恒瑞", 1.0, 3),
        ("恒瑞", "", 2.0, 2),
    ],
)
def test_edits_are_counted_per_character_of_the_longer(one: str, other: str, edits: float, longest: int) -> None:
    assert closeness(one, other) == pytest.approx(1 - edits / longest)
    assert closeness(other, one) == closeness(one, other)


NAMES = st.text("恒瑞锐纺", max_size=6)


@given(NAMES, NAMES, NAMES, NAMES)
def test_what_both_begin_and_end_with_takes_no_edit(one: str, other: str, before: str, after: str) -> None:
    longest = max(len(one), len(other))
    edits = (1 - closeness(one, other)) * longest
    whole = longest + len(before) + len(after)
    again = (1 - closeness(before + one + after, before + other + after)) * whole
    assert again == pytest.approx(edits)
