"""Finding subjects by what people and hostile clients type."""

from __future__ import annotations

import pytest

from xinshu.subjects.errors import SubjectNotFound
from xinshu.subjects.queries import find_subject, search

HOSTILE = {"NUL": "\0", "control": "\x01\x1f", "C1 control": "\x80", "delete": "\x7f", "half a pair": "\ud800"}


def between(text: str, mark: str) -> str:
    """The mark before, in the middle of and after the text."""
    return f"{mark}{text[:2]}{mark}{text[2:]}{mark}"


@pytest.fixture
def stocked(world):
    world.register([world.registration(1), world.registration(2, 企业名称="A市第1纺织有限公司分公司")])
    return world


@pytest.mark.parametrize("mark", [pytest.param(mark, id=name) for name, mark in HOSTILE.items()])
def test_characters_the_database_refuses_are_left_out(stocked, mark):
    code = stocked.company(1)
    assert find_subject(between(code, mark)).uscc == code
    assert find_subject(between(find_subject(code).public_id, mark)).uscc == code
    assert [hit.uscc for hit in search(between(code, mark))] == [code]
    assert [hit.uscc for hit in search(between("A市第1纺织有限公司", mark))] == [code, stocked.company(2)]
    assert search(mark * 3) == []
    with pytest.raises(SubjectNotFound):
        find_subject(mark)


@pytest.mark.parametrize("text", ["", "A", "%", "__", "没有这样的企业", "\\", "A' OR 1=1 --"])
def test_what_is_not_there_is_not_found(stocked, text):
    assert search(text) == []
    with pytest.raises(SubjectNotFound):
        find_subject(text)


def test_exact_names_come_first(stocked):
    assert [(hit.uscc, hit.matched) for hit in search("Ａ市第1纺织有限公司")] == [
        (stocked.company(1), "名称"),
        (stocked.company(2), "名称开头"),
    ]
