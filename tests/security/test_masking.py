"""The one masker: names, numbers, addresses; and free text in which somebody wrote a number."""

from __future__ import annotations

import random

import pytest

from xinshu.kernel.identifiers.citizen_id import check_character
from xinshu.security.masking import mask, mask_numbers, mask_numbers_of, mask_personal_numbers, passes_luhn


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        pytest.param("name", "张三", "张*", id="two characters"),
        pytest.param("name", "张小三", "张**", id="three"),
        pytest.param("name", "欧阳小三", "欧**", id="compound surname"),
        pytest.param("name", "买买提·吐尔逊江", "买**", id="with a dot"),
        pytest.param("name", "丁", "丁*", id="one character"),
        pytest.param("id", "990102188901010017", "9****************7", id="eighteen digits"),
        pytest.param("id", "99010218890101001X", "9****************X", id="X"),
        pytest.param("id", "99010218890101001x", "9****************x", id="small x"),
        pytest.param("id", "990102890101001", "9*************1", id="fifteen digits"),
        pytest.param("id", "12", "**", id="too short to show an end"),
        pytest.param("phone", "13800138000", "138****8000", id="mobile"),
        pytest.param("phone", "8000", "****", id="short phone"),
        pytest.param("account", "6222020000000001234", "***************1234", id="card"),
        pytest.param("account", "1234", "****", id="short account"),
        pytest.param("address", "示例省A市B县建设路12号3栋", "示例省A市B县****", id="to the county"),
        pytest.param("address", "建设路12号", "建设路****", id="no county"),
        pytest.param("name", "", "", id="empty"),
        pytest.param("none", "公开", "公开", id="public"),
    ],
)
def test_a_value_is_masked_by_its_kind(kind, value, shown):
    assert mask(value, kind) == shown


def _number(random_number: random.Random) -> str:
    body = (
        f"1101{random_number.randrange(1, 10):02}19{random_number.randrange(50, 99)}0{random_number.randrange(1, 10)}"
    )
    body = f"{body}1{random_number.randrange(10)}{random_number.randrange(1000):03}"
    kind = random_number.choice(["citizen", "fifteen", "mobile", "card"])
    if kind == "citizen":
        return body + check_character(body)
    if kind == "fifteen":
        return body[:6] + body[8:]
    if kind == "mobile":
        return f"138{random_number.randrange(10**8):08}"
    card = f"62{random_number.randrange(10**16):016}"
    return next(f"{card}{last}" for last in range(10) if passes_luhn(f"{card}{last}"))


def _written(number: str, random_number: random.Random) -> str:
    """The number as people write it: plain, in full-width digits, with spaces or hyphens between."""
    manner = random_number.randrange(4)
    if manner == 1:
        return number.translate(str.maketrans("0123456789X", "０１２３４５６７８９Ｘ"))
    if manner == 2:
        return " ".join(number[i : i + 4] for i in range(0, len(number), 4))
    return "-".join(number[i : i + 6] for i in range(0, len(number), 6)) if manner == 3 else number


@pytest.mark.parametrize(
    "around", ["经查{}违规", "身份证号：{}。", "{}", "({})", "a\n{}\tb", "，电话{}，住址不详", "共2份，{}等"]
)
def test_in_two_hundred_texts_every_number_of_a_person_is_masked(around):
    dice = random.Random(f"masking {around}")
    for _ in range(200):
        written = _written(_number(dice), dice)
        text = around.format(written)
        masked = mask_numbers(text)
        assert written not in masked, text
        run = masked.replace(around.split("{}")[0], "").replace(around.split("{}")[1], "")
        assert sum(each.isdigit() for each in run) <= 2, (text, masked)
        assert mask_numbers_of([text, "x", text]) == [masked, "x", masked]
        assert written not in mask_personal_numbers(text), text


@pytest.mark.parametrize(
    "text",
    [
        "罚款20000元",
        "2026-09-03至2027-09-03",
        "京市监罚〔2026〕1234号",
        "第3条第2款",
        "面积12.5平方米",
        "91990000MA00000012",
    ],
)
def test_ordinary_numbers_stay(text):
    assert mask_numbers(text) == text


def test_for_the_public_other_long_numbers_stay():
    dice = random.Random("clean")
    clean = [
        f"合同编号{dice.randrange(10**13, 10**14)}，金额{dice.randrange(10**6)}元，{dice.randrange(2000, 2030)}年"
        for _ in range(500)
    ] + [
        f"监督电话0{dice.randrange(10, 999)}-{dice.randrange(10**7, 10**8)}，共{dice.randrange(10**10)}件"
        for _ in range(500)
    ]
    changed = [text for text in clean if mask_personal_numbers(text) != text]
    assert len(changed) <= 10, changed  # one in a hundred, security.md section 5
