"""Identifiers: verdicts, normalising, suggestions, and agreement with an independent implementation."""

from __future__ import annotations

import doctest
import importlib
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from xinshu.kernel import identifiers as ids
from xinshu.kernel.identifiers import citizen_id, org_code, reg_no, uscc

VECTORS = yaml.safe_load((Path(__file__).parent / "vectors.yaml").read_text(encoding="utf-8"))
TODAY = date(2026, 7, 1)
MODULES = {"uscc": uscc, "org_code": org_code, "citizen_id": citizen_id, "reg_no": reg_no}
CLASSES = {"uscc": ids.Uscc, "org_code": ids.OrgCode, "citizen_id": ids.CitizenId, "reg_no": ids.RegNo}
KINDS = sorted(CLASSES)
MESSY = st.text(
    alphabet=st.one_of(
        st.sampled_from("0123456789ABXZxaz０９ＡｚＸ－-‐ \t\u3000\u200b\ufeffſßıΩ９٣一"), st.characters()
    ),
    max_size=24,
)


def parse(kind: str, text: str):
    return ids.CitizenId.parse(text, TODAY) if kind == "citizen_id" else CLASSES[kind].parse(text)


@pytest.mark.parametrize("row", VECTORS["verdicts"], ids=lambda row: f"{row['kind']} {row['text']}")
def test_each_vector_gets_its_verdict(row):
    if row["reason"] is None:
        assert parse(row["kind"], row["text"]).value == row["text"]
        return
    with pytest.raises(ids.InvalidIdentifier) as caught:
        parse(row["kind"], row["text"])
    assert (caught.value.kind, caught.value.reason) == (row["kind"], row["reason"])


@pytest.mark.parametrize("row", VECTORS["from_15"], ids=lambda row: row["text"])
def test_old_citizen_numbers_are_converted(row):
    if row["out"] is None:
        with pytest.raises(ids.InvalidIdentifier) as caught:
            ids.CitizenId.parse(row["text"])
        assert caught.value.reason == "birth_date"
    else:
        assert ids.CitizenId.parse(row["text"]).value == row["out"]


@pytest.mark.parametrize("row", VECTORS["normalise"], ids=lambda row: ascii(row["text"]))
def test_spellings_are_normalised_to_a_valid_code(row):
    assert MODULES[row["kind"]].normalise(row["text"]) == row["out"]
    assert parse(row["kind"], row["text"]).value == row["out"]


@pytest.mark.parametrize("row", VECTORS["suggest"], ids=lambda row: row["text"])
def test_suggestions(row):
    assert MODULES[row["kind"]].suggest(row["text"]) == row["out"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_valid_code_gets_no_suggestion(kind):
    valid = next(row["text"] for row in VECTORS["verdicts"] if row["kind"] == kind and row["reason"] is None)
    assert MODULES[kind].suggest(valid) is None


@pytest.mark.parametrize("kind", KINDS)
@given(text=MESSY)
def test_normalise_is_idempotent(kind, text):
    once = MODULES[kind].normalise(text)
    assert MODULES[kind].normalise(once) == once


@pytest.mark.parametrize("kind", KINDS)
@given(text=MESSY)
def test_any_text_is_accepted_or_refused_with_our_error(kind, text):
    try:
        value = CLASSES[kind].parse(text).value
    except ids.InvalidIdentifier:
        assert not CLASSES[kind].is_valid(text)
    else:
        assert CLASSES[kind].is_valid(text)
        assert CLASSES[kind].parse(value).value == value
        assert CLASSES[kind].parse(CLASSES[kind](value).format()).value == value


@given(
    head=st.sampled_from(sorted(ids.USCC_CATEGORIES)),
    region=st.from_regex(r"[0-9]{6}", fullmatch=True),
    body=st.text(ids.USCC_ALPHABET, min_size=8, max_size=8),
    last=st.sampled_from(ids.USCC_ALPHABET),
)
def test_a_uscc_suggestion_is_valid_and_differs_in_the_last_character_only(head, region, body, last):
    org = body + org_code.check_character(body)
    text = head + region + org + last
    suggested = uscc.suggest(text)
    if suggested is None:
        assert ids.Uscc.is_valid(text)
    else:
        assert ids.Uscc.parse(suggested).org_code_is_valid
        assert suggested[:17] == text[:17]
        assert suggested[17] != text[17]


@pytest.mark.parametrize("kind", ["org_code", "reg_no", "citizen_id"])
@given(data=st.data())
def test_other_suggestions_are_valid(kind, data):
    shape = {
        "org_code": r"[0-9A-Z]{9}",
        "reg_no": r"[0-9]{15}",
        "citizen_id": r"[0-9]{6}18[0-9]{2}0[1-9]1[0-9][0-9X]{4}",
    }
    text = data.draw(st.from_regex(shape[kind], fullmatch=True))
    suggested = MODULES[kind].suggest(text)
    if suggested is not None:
        assert CLASSES[kind].is_valid(suggested)
        assert not CLASSES[kind].is_valid(text)
        assert suggested[:-1] == text[:-1]


@pytest.mark.parametrize(
    ("text", "suggested"),
    [
        pytest.param("48320100123456788", None, id="17 characters"),
        pytest.param(ids.Uscc.PLACEHOLDER, None, id="the placeholder: its first characters are no category"),
    ],
)
def test_no_uscc_is_suggested_for(text, suggested):
    assert uscc.suggest(text) is suggested


def test_an_unknown_category_is_refused_after_the_check_character():
    body = "48" + "320100" + "123456788"
    with pytest.raises(ids.InvalidIdentifier) as caught:
        ids.Uscc.parse(body + uscc.check_character(body))
    assert caught.value.reason == "category"
    assert "48" in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("91320594123456788６\n7", id="a line end inside"),
        pytest.param("913205941234567886\x00", id="a NUL at the end"),
        pytest.param("91320594123456788\u0666", id="an Arabic-Indic digit"),
        pytest.param("9132 0594 1234 5678 86", id="gaps"),
        pytest.param("", id="empty"),
        pytest.param("9" * 100_000, id="very long"),
    ],
)
def test_hostile_codes_are_a_wrong_shape(text):
    with pytest.raises(ids.InvalidIdentifier) as caught:
        ids.Uscc.parse(text)
    assert (caught.value.reason, caught.value.expected) == ("shape", None)


def test_parts_of_a_uscc():
    code = ids.Uscc.parse("91320594123456788 6".replace(" ", ""))
    assert (code.category, code.region, code.org_code, code.org_code_is_valid) == ("91", "320594", "123456788", True)
    assert code.format() == str(code.value)


def test_a_failing_organisation_part_does_not_refuse_the_code():
    body = "91320594" + "123456789"
    assert ids.Uscc.parse(body + uscc.check_character(body)).org_code_is_valid is False


def test_an_identifier_cannot_be_built_around_the_checks():
    with pytest.raises(ids.InvalidIdentifier):
        ids.Uscc("913205941234567887")


def test_the_error_names_the_expected_character_and_not_the_personal_number():
    with pytest.raises(ids.InvalidIdentifier) as caught:
        ids.CitizenId.parse("320101189001010016")
    assert caught.value.expected == "5"
    assert "32010118900101001" not in repr(vars(caught.value)) + str(caught.value)


def test_the_repr_of_a_citizen_number_hides_it():
    assert "11010519491231002" not in repr(ids.CitizenId.parse("11010519491231002X"))


def test_birth_date_and_region():
    number = ids.CitizenId.parse("11010519491231002X")
    assert (number.birth_date, number.region) == (date(1949, 12, 31), "110105")


@pytest.mark.parametrize(
    ("today", "valid"),
    [(None, True), (date(2099, 1, 1), True), (date(2098, 12, 31), False)],
    ids=["no day given", "born today", "born tomorrow"],
)
def test_a_future_birth_date(today, valid):
    number = "32010120990101001"
    assert ids.CitizenId.is_valid(number + citizen_id.check_character(number), today) is valid


@pytest.mark.parametrize(("year", "valid"), [("1800", True), ("1799", False), ("0000", False)])
def test_the_first_birth_year(year, valid):
    body = "320101" + year + "0101001"
    assert ids.CitizenId.is_valid(body + citizen_id.check_character(body)) is valid


@pytest.mark.parametrize("text", ["", "12345678901234", "1234567890123456", "12345678901234X"])
def test_only_fifteen_digits_are_an_old_number(text):
    with pytest.raises(ValueError, match="15 digits"):
        citizen_id.from_15(text)


@pytest.mark.parametrize(("digit", "holder"), [("3", "domestic"), ("5", "foreign_invested"), ("6", "individual")])
def test_the_first_sequence_digit_names_the_holder(digit, holder):
    body = "320100" + digit + "0001234"
    assert ids.RegNo(body + reg_no.check_digit(body)).holder == holder


def test_an_organisation_code_is_written_with_a_hyphen():
    assert ids.OrgCode.parse("748204660").format() == "74820466-0"
    assert not ids.OrgCode.is_valid("7482-04660")


def test_the_exported_weights_are_those_of_the_standards():
    """The printed tables; the modules compute two of them."""
    assert ids.USCC_WEIGHTS == (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    assert ids.CITIZEN_ID_WEIGHTS == (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    assert len(ids.USCC_ALPHABET) == len(set(ids.USCC_ALPHABET)) == 31


def stdnum_examples(module: str) -> list[tuple[str, bool]]:
    """(number, whether the doctest expects it to pass) of a python-stdnum module, read from its docstring."""
    examples = doctest.DocTestParser().get_examples(importlib.import_module(module).__doc__ or "")
    return [
        (example.source.split("'")[1], example.exc_msg is None)
        for example in examples
        if example.source.startswith("validate(")
    ]


@pytest.mark.parametrize(
    ("module", "kind"), [("stdnum.cn.uscc", ids.Uscc), ("stdnum.cn.ric", ids.CitizenId)], ids=["uscc", "ric"]
)
def test_the_documented_examples_of_python_stdnum_get_the_same_verdict(module, kind):
    examples = stdnum_examples(module)
    assert examples
    assert [(number, kind.is_valid(number)) for number, _ in examples] == examples


@pytest.mark.parametrize("row", [row for row in VECTORS["verdicts"] if row["kind"] == "uscc"], ids=lambda r: r["text"])
def test_python_stdnum_agrees_on_our_usccs_within_its_limits(row):
    """Known limit: it wants a digit in first place, so it refuses authorities A, N and Y of the present table."""
    stdnum = importlib.import_module("stdnum.cn.uscc")
    known_limit = row["text"][0] in "ANY"
    assert stdnum.is_valid(row["text"]) is (row["reason"] is None and not known_limit)


@pytest.mark.parametrize(
    "row", [row for row in VECTORS["verdicts"] if row["kind"] == "citizen_id"], ids=lambda r: r["text"]
)
def test_python_stdnum_never_accepts_a_citizen_number_we_refuse_for_its_digits(row):
    """Known limits: it refuses regions missing from its table and does not know today or the 15 digits; so only its
    acceptance says something, except for a birth date in the future."""
    stdnum = importlib.import_module("stdnum.cn.ric")
    if stdnum.is_valid(row["text"]):
        assert ids.CitizenId.is_valid(row["text"])


@given(body=st.from_regex(r"[0-9]{17}", fullmatch=True))
def test_check_characters_agree_with_python_stdnum(body):
    ric, code = importlib.import_module("stdnum.cn.ric"), importlib.import_module("stdnum.cn.uscc")
    assert citizen_id.check_character(body) == ric.calc_check_digit(body + "0")
    assert uscc.check_character(body) == code.calc_check_digit(body)


@given(body=st.from_regex(r"[0-9]{14}", fullmatch=True))
def test_registration_check_digits_agree_with_python_stdnum(body):
    assert reg_no.check_digit(body) == importlib.import_module("stdnum.iso7064.mod_11_10").calc_check_digit(body)
