"""Matching lists: what is linked, what is proposed, what is left alone. Expectations written by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.plugins.main_path import make_uscc
from tests.subjects.test_parts import WORDS

from xinshu.kernel.text import normalise_name
from xinshu.subjects.matching import NameIndex, NameRow
from xinshu.subjects.resolution import Asked, resolve_list


def row(number: int, name: str, status: str = "存续", *, current: bool = True) -> NameRow:
    code = make_uscc(number)
    return NameRow(code, name, normalise_name(name), current, status, status != "存续", code[8:17])


INDEX = NameIndex(
    [
        row(1, "A市恒瑞纺织有限公司"),
        row(1, "A市鼎盛针织厂", current=False),
        row(2, "B市华达建材有限公司"),
        row(3, "C市福安物流有限公司", "注销"),
        row(4, "A市恒瑞纺织有限公司A东区分公司"),
        row(5, "A市同名百货店"),
        row(6, "A市同名百货店"),
        row(8, "同德物流有限公司"),
        row(9, "C市同德物流有限公司"),
        row(10, "同福物流有限公司"),
        row(11, "D市旋丰农机农民专业合作社"),
        row(7, "锦程（D市）软件有限公司"),
    ],
    WORDS,
)


def answer(name: str, code: str = ""):
    return next(iter(resolve_list([Asked(name, code)], INDEX)))


LINKED = {
    "exact": ("A市恒瑞纺织有限公司", "", 1),
    "width and spaces": ("　Ａ市恒瑞 纺织有限公司", "", 1),
    "brackets": ("锦程(D市)软件有限公司", "", 7),
    "no region, nobody of that name elsewhere": ("同福物流有限公司", "", 10),
    "no region, but its code": ("同德物流有限公司", make_uscc(8), 8),
    "code and name": ("A市恒瑞纺织有限公司", make_uscc(1), 1),
    "code and former name": ("A市鼎盛针织厂", make_uscc(1), 1),
    "code alone": ("", make_uscc(3), 3),
    "organisation code with a hyphen": ("B市华达建材有限公司", f"{make_uscc(2)[8:16]}-{make_uscc(2)[16]}", 2),
}


@pytest.mark.parametrize(("name", "code", "subject"), LINKED.values(), ids=LINKED)
def test_linked(name, code, subject):
    found = answer(name, code)
    assert (found.decision, [each.uscc for each in found.candidates]) == ("linked", [make_uscc(subject)])


SUGGESTED = {
    "former name": ("A市鼎盛针织厂", "", 1, "曾用名"),
    "closed": ("C市福安物流有限公司", "", 3, "注销或吊销"),
    "two of one name": ("A市同名百货店", "", 5, "同名"),
    "homophone": ("A市恒锐纺织有限公司", "", 1, "同音不同字"),
    "short form": ("恒瑞纺织", "", 1, "一方未写行政区划"),
    "no region, somebody has it with one": ("同德物流有限公司", "", 8, "冠有行政区划"),
    "long form and region left out": ("旋丰农机", "", 11, "一方未写组织形式"),
    "a character of the trade name lost": ("B市华建材有限公司", "", 2, "B市"),
    "region moved": ("D市锦程软件有限公司", "", 7, "字号同为“锦程”"),
    "form changed": ("B市华达建材有限责任公司", "", 2, "组织形式相同"),
    "code of another name": ("B市华达建材有限公司", make_uscc(1), 1, "名称不符"),
    "wrong code, exact name": ("B市华达建材有限公司", make_uscc(2)[:-1] + "0", 2, "代码"),
    "unknown code, exact name": ("B市华达建材有限公司", make_uscc(99), 2, "没有代码"),
}


@pytest.mark.parametrize(("name", "code", "subject", "told"), SUGGESTED.values(), ids=SUGGESTED)
def test_suggested_never_linked(name, code, subject, told):
    found = answer(name, code)
    assert (found.decision, found.candidates[0].uscc) == ("suggested", make_uscc(subject))
    assert told in found.words


def test_a_branch_does_not_stand_for_its_parent_nor_the_other_way():
    found = answer("A市恒瑞纺织有限公司A西区分公司")
    assert found.decision != "linked"
    assert all(each.uscc != make_uscc(1) for each in found.candidates)


@pytest.mark.parametrize("name", ["", "A", "上海无人知道研究院", "有限公司", "((((", "9" * 150])
def test_nothing_near(name):
    assert answer(name).decision == "none"


def test_answers_keep_the_order_of_the_list():
    asked = [Asked("A市恒锐纺织有限公司"), Asked(""), Asked("B市华达建材有限公司"), Asked("恒瑞纺织")]
    assert [each.decision for each in resolve_list(asked, INDEX)] == ["suggested", "none", "linked", "suggested"]


def test_an_empty_registry_knows_nobody():
    assert [each.decision for each in resolve_list([Asked("甲乙纺织有限公司")], NameIndex([], WORDS))] == ["none"]


def test_several_processes_give_the_same_answers():
    program = (
        "from xinshu.bootstrap.installation import django_ready\n"
        "django_ready()\n"
        "from tests.subjects.test_resolution import INDEX\n"
        "from xinshu.subjects.resolution import Asked, resolve_list\n"
        "names = ['A市恒锐纺织有限公司', 'B市华达建材有限公司', '恒瑞纺织', ''] * 3000\n"
        "asked = [Asked(name) for name in names]\n"
        "one, two = (list(resolve_list(asked, INDEX, processes=n)) for n in (1, 2))\n"
        "assert one == two and len(one) == len(names)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
