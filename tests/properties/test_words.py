"""Identifiers and text normalisation: laws that hold for any text."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xinshu.kernel.identifiers import CitizenId, InvalidIdentifier, OrgCode, RegNo, Uscc, citizen_id, org_code, uscc
from xinshu.kernel.text import (
    INVISIBLE,
    WHITE_SPACE,
    has_full_width_alnum,
    is_garbled,
    is_placeholder,
    normalise_cell,
    normalise_name,
    upper_ascii,
)

fixed = settings(max_examples=300, deadline=None, derandomize=True)
NASTY = st.text(st.sampled_from(WHITE_SPACE + INVISIBLE + "０ｚＡ（）()〔·•a示Ａſß女\ufa0e"), max_size=12)
TEXT = st.one_of(st.text(max_size=20), NASTY)
CLASSES = [Uscc, OrgCode, RegNo, CitizenId]


@fixed
@given(TEXT)
def test_normalising_twice_is_normalising_once(text):
    for normalise in (normalise_cell, normalise_name, upper_ascii):
        assert normalise(normalise(text)) == normalise(text)


@fixed
@given(TEXT)
def test_a_normal_cell_has_no_blank_edges_nor_anything_invisible(text):
    cell = normalise_cell(text)
    assert cell == cell.strip(WHITE_SPACE)
    assert not set(cell) & set(INVISIBLE)
    assert not has_full_width_alnum(cell)


@fixed
@given(TEXT, TEXT)
def test_names_compare_piece_by_piece(one, other):
    assert normalise_name(one + other) == normalise_name(one) + normalise_name(other)
    assert normalise_name(normalise_cell(one)) == normalise_name(one)


@fixed
@given(TEXT)
def test_judging_a_text_never_fails(text):
    assert is_garbled(text) in (True, False)
    assert is_placeholder(text) == is_placeholder(normalise_cell(text))


@fixed
@given(text=st.one_of(TEXT, st.text("0123456789ABCDEFGHXxOSVIZ-", min_size=8, max_size=19)))
@pytest.mark.parametrize("kind", CLASSES, ids=lambda each: each.__name__)
def test_an_identifier_is_valid_or_says_why(kind, text):
    if kind.is_valid(text):
        found = kind.parse(text)
        assert kind.parse(found.value) == found
    else:
        with pytest.raises(InvalidIdentifier) as problem:
            kind.parse(text)
        assert problem.value.reason


@fixed
@given(region=st.integers(100_000, 999_999), body=st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=8, max_size=8))
def test_one_changed_character_of_a_credit_code_is_noticed(region, body):
    number = f"91{region}{body}{org_code.check_character(body)}"
    number += uscc.check_character(number)
    assert Uscc.is_valid(number)
    for place in range(8, 17):
        for other in "0A":
            if number[place] != other:
                assert not Uscc.is_valid(number[:place] + other + number[place + 1 :])


@fixed
@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2020, 1, 1)), st.integers(0, 999))
def test_a_citizen_id_holds_its_birthday(birthday, order):
    number = f"110101{birthday:%Y%m%d}{order:03d}"
    number += citizen_id.check_character(number)
    assert CitizenId.parse(number.lower()).value == number
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    assert not CitizenId.is_valid(wrong)
