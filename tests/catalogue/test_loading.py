"""Reading item files: a right one, each kind of fault at its line, hostile files, overriding by a later profile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from xinshu.catalogue.domain import CodeList, CodeValue
from xinshu.catalogue.errors import CatalogueInvalid, UnknownItem
from xinshu.catalogue.loading import (
    find_item,
    load_catalogue,
    load_code_lists,
    load_item_file,
    validate_dir,
)
from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import open_profile

PROFILES = Path(__file__).parents[2] / "profiles"
LISTS = {"KINDS": CodeList("KINDS", "类别", (CodeValue("罚款"), CodeValue("警告", ("01",))))}
RIGHT = """\
name: fine
title: 罚款
fields:
  - name: MC
    title: 名称
    type: string
    constraints: {required: true, maxLength: 20}
    xinshu: {name: subject_name, kind: name, access: public, mask: none, aliases: [企业名称]}
  - name: LB
    title: 类别
    type: string
    xinshu: {name: kinds, kind: codes, list: KINDS, access: public, mask: none, example: 罚款}
  - name: JE
    title: 金额
    type: number
    xinshu: {name: amount, kind: amount, access: public, mask: none, usual_amount: 10}
  - name: RQ
    title: 日期
    type: date
    xinshu: {name: decided_on, kind: date, access: public, mask: none, past_only: true}
  - name: ZJ
    title: 证件号码
    type: string
    xinshu: {name: id_no, kind: id_number, access: gov, mask: id}
xinshu:
  version: "2026.1"
  effective_from: 2026-04-01
  access: public
  key: [MC, counterpart]
  roles: {counterpart_name: MC, event_date: RQ, id_no: ZJ}
  rules:
    - {rule: amount.required, fields: [JE], when: [{field: LB, any_of: [罚款]}]}
  publicity: {by: penalty, kinds_field: LB}
"""


def _line(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_a_right_file_is_the_item_it_declares(tmp_path):
    (path := tmp_path / "fine.yaml").write_text(RIGHT, encoding="utf-8")
    item = load_item_file(path, LISTS)
    assert (item.item, item.version, item.key) == ("fine", "2026.1", ("MC", "counterpart"))
    assert item.field("MC").required
    assert item.field("MC").max_length == 20
    assert item.field("LB").values == LISTS["KINDS"].values
    assert item.field("JE").usual_amount == 10
    assert item.rules[0].when[0].any_of == ("罚款",)


def test_no_field_is_more_open_than_its_item(tmp_path):
    narrow = RIGHT.replace("  access: public\n  key", "  access: authorised\n  key").replace("by: penalty", "by: none")
    (path := tmp_path / "fine.yaml").write_text(narrow, encoding="utf-8")
    with pytest.raises(CatalogueInvalid) as caught:
        load_item_file(path, LISTS)
    assert {each.key for each in caught.value.faults} == {f"fields[{number}].xinshu.access" for number in range(4)}
    path.write_text(narrow.replace("access: public", "access: gov"), encoding="utf-8")
    assert load_item_file(path, LISTS).access == "authorised"


@pytest.mark.parametrize(
    ("before", "after", "key", "words"),
    [
        pytest.param("access: gov", "access: goverment", "fields[4].xinshu.access", "goverment", id="access spelled wrongly"),
        pytest.param("access: gov", "access: pub", "fields[4].xinshu.access", "缩写", id="access shortened"),
        pytest.param("access: gov, ", "", "fields[4].xinshu", "缺少 access", id="no access"),
        pytest.param(", mask: id", "", "fields[4].xinshu", "缺少 mask", id="no mask"),
        pytest.param("mask: id", "mask: none", "fields[4].xinshu.mask", "必须脱敏", id="id number unmasked"),
        pytest.param("access: gov", "access: public", "fields[4].xinshu.access", "不得公开", id="id number public"),
        pytest.param("kind: name", "kind: nam", "fields[0].xinshu.kind", "不能是 nam", id="unknown kind"),
        pytest.param("past_only: true", "past: true", "fields[3].xinshu.past", "不认识的键 past", id="unknown key"),
        pytest.param("title: 罚款", "titel: 罚款\ntitle: 罚款", "titel", "不认识的键 titel", id="unknown top key"),
        pytest.param("past_only: true", "past_only: 是", "fields[3].xinshu.past_only", "true 或 false", id="wrong flag"),
        pytest.param("maxLength: 20", "maxLength: 很长", "fields[0].constraints.maxLength", "整数", id="wrong length"),
        pytest.param("maxLength: 20", "maxLength: 0", "fields[0].constraints.maxLength", "整数", id="length zero"),
        pytest.param("usual_amount: 10", "usual_amount: .inf", "fields[2].xinshu.usual_amount", "大于零", id="infinite"),
        pytest.param("title: 名称", "title: 2026", "fields[0].title", "应为文字", id="number for a text"),
        pytest.param("[企业名称]", "企业名称", "fields[0].xinshu.aliases", "应为列表", id="text for a list"),
        pytest.param("list: KINDS", "list: KIND", "fields[1].xinshu.list", "没有代码表 KIND", id="unknown list"),
        pytest.param("list: KINDS, ", "", "fields[1].xinshu.kind", "要有代码表", id="coded without a list"),
        pytest.param("example: 罚款", "example: 拘留", "fields[1].xinshu.example", "不在代码表", id="example not listed"),
        pytest.param("event_date: RQ", "event_date: RQI", "xinshu.roles.event_date", "没有数据项 RQI", id="role absent"),
        pytest.param("event_date: RQ", "event_date: JE", "xinshu.roles.event_date", "不能充当", id="role of wrong kind"),
        pytest.param("key: [MC, ", "key: [MD, ", "xinshu.key[0]", "没有数据项 MD", id="key part absent"),
        pytest.param("key: [MC, counterpart]", "key: []", "xinshu.key", "自然键为空", id="no key"),
        pytest.param("fields: [JE]", "fields: [JX]", "xinshu.rules[0].fields[0]", "没有数据项 JX", id="rule on nothing"),
        pytest.param("any_of: [罚款]", "any_of: [罚金]", "xinshu.rules[0].when[0].any_of[0]", "没有取值 罚金", id="value"),
        pytest.param("any_of: [罚款]", "absent: false", "xinshu.rules[0].when[0]", "只有一个判断", id="no test"),
        pytest.param("rule: amount.required", "rule: amount.req", "xinshu.rules[0].rule", "不能是", id="unknown rule"),
        pytest.param("fields: [JE]", "fields: [MC]", "xinshu.rules[0].fields", "一个金额", id="amount rule on a name"),
        pytest.param("kinds_field: LB", "kinds_field: LX", "xinshu.publicity.kinds_field", "没有数据项 LX", id="kinds"),
        pytest.param("by: penalty", "by: permit", "xinshu.publicity", "ends_on", id="permit without an end"),
        pytest.param("by: penalty", "by: sometimes", "xinshu.publicity.by", "不能是 sometimes", id="publicity way"),
        pytest.param("name: LB", "name: MC", "fields[1].name", "已经是 MC", id="code twice"),
        pytest.param("title: 类别", "title: 名 称", "fields[1].title", "已经是 MC", id="title twice, but for a space"),
        pytest.param("title: 类别", "title: 企业名称", "fields[1].title", "企业名称", id="alias is a title"),
        pytest.param("name: kinds", "name: amount", "fields[2].xinshu.name", "amount 重复", id="code-side name twice"),
        pytest.param("type: number", "type: string", "fields[2].type", "type 应为 number", id="type against kind"),
        pytest.param('"2026.1"', "2026.1", "xinshu.version", "应为文字", id="version unquoted"),
        pytest.param('"2026.1"', '"第一版"', "xinshu.version", "版本", id="version"),
        pytest.param("2026-04-01", "2026-04-31", "xinshu.effective_from", "应为日期", id="no such day"),
        pytest.param("name: fine", "name: fines", "name", "与文件名", id="name is not the file's"),
        pytest.param("title: 罚款", "title: 罚款\ntitle: 罚金", "title", "键重复", id="key twice"),
        pytest.param(", past_only: true", ", usual_amount: 3", "fields[3].xinshu.usual_amount", "只用于", id="misplaced"),
    ],
)  # fmt: skip
def test_a_fault_names_file_key_and_line(tmp_path, before, after, key, words):
    assert RIGHT.count(before) >= 1
    text = RIGHT.replace(before, after, 1)
    (path := tmp_path / "fine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueInvalid) as caught:
        load_item_file(path, LISTS)
    fault = next(each for each in caught.value.faults if each.key == key)
    assert words in fault.message
    assert fault.fix
    assert fault.file == "fine.yaml"
    assert 1 <= fault.line <= text.count("\n")
    assert isinstance(caught.value, ProfileInvalid)


def test_the_line_is_the_line_of_the_value(tmp_path):
    text = RIGHT.replace("event_date: RQ", "event_date: RQI")
    (path := tmp_path / "fine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueInvalid) as caught:
        load_item_file(path, LISTS)
    assert [each.line for each in caught.value.faults] == [_line(text, "RQI")]


def test_all_faults_of_a_folder_are_told_at_once(tmp_path):
    (tmp_path / "fine.yaml").write_text(RIGHT, encoding="utf-8")
    broken = RIGHT.replace("name: fine", "name: other").replace("access: gov", "access: gouv")
    (tmp_path / "other.yaml").write_text(broken.replace("key: [MC", "key: [MX"), encoding="utf-8")
    assert [(each.file, each.key) for each in validate_dir(tmp_path, LISTS)] == [
        ("other.yaml", "fields[4].xinshu.access"),
        ("other.yaml", "xinshu.key[0]"),
    ]


def test_a_right_folder_has_no_faults():
    assert validate_dir(PROFILES / "base/catalogue") == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"name: [", "YAML", id="unclosed bracket"),
        pytest.param("name: 罚款".encode("gb18030"), "UTF-8", id="another encoding"),
        pytest.param(b"", "为空", id="empty"),
        pytest.param(b"- 1\n- 2\n", "键值对", id="a list"),
        pytest.param(b"[" * 20_000, "", id="deep nesting"),
        pytest.param(b"a: &a [x]\nb: !!python/object/apply:os.system [ls]\n", "不认识", id="python tag"),
        pytest.param(b"#" * (1 << 20) + b"\nname: x", "1 MB", id="too large"),
        pytest.param(b"name: \x00", "控制字符", id="control character"),
    ],
)
def test_a_hostile_file_is_refused_with_a_fault(tmp_path, content, words):
    (path := tmp_path / "fine.yaml").write_bytes(content)
    with pytest.raises(CatalogueInvalid) as caught:
        load_item_file(path, LISTS)
    assert any(words in each.message or words in each.fix for each in caught.value.faults)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("K: {title: 类, values: [甲, {value: 乙, aliases: [甲]}]}", "甲 重复", id="alias of another"),
        pytest.param("K: {title: 类, values: []}", "没有取值", id="no values"),
        pytest.param("K: {values: [甲]}", "缺少 title", id="no title"),
    ],
)
def test_a_wrong_code_list_is_a_fault(tmp_path, text, words):
    (tmp_path / "_code_lists.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "fine.yaml").write_text(RIGHT, encoding="utf-8")
    faults = validate_dir(tmp_path, LISTS)
    assert [each.file for each in faults] == ["_code_lists.yaml"]
    assert words in faults[0].message


def test_missing_and_empty_folders_are_faults(tmp_path):
    assert "不是文件夹" in validate_dir(tmp_path / "none")[0].message
    assert "没有事项文件" in validate_dir(tmp_path)[0].message


def test_a_later_profile_replaces_items_and_lists_by_name(tmp_path):
    shutil.copytree(PROFILES / "base", tmp_path / "base")
    own = tmp_path / "region" / "catalogue"
    own.mkdir(parents=True)
    (own.parent / "region.yaml").write_text("extends: base\n", encoding="utf-8")
    (own / "_code_lists.yaml").write_text("KINDS: {title: 类别, values: [罚款]}\n", encoding="utf-8")
    tax = RIGHT.replace("name: fine", "name: tax-credit-a")
    (own / "tax-credit-a.yaml").write_text(tax, encoding="utf-8")
    profile = open_profile("region", tmp_path)
    catalogue = load_catalogue(profile)
    assert set(catalogue) == set(load_catalogue(open_profile("base", tmp_path)))
    assert catalogue["tax-credit-a"].title == "罚款"
    assert {"KINDS", "CFLB"} <= set(load_code_lists(profile))


def test_a_fault_in_a_profile_names_the_folder_too(tmp_path):
    shutil.copytree(PROFILES / "base", tmp_path / "base")
    path = tmp_path / "base/catalogue/tax-credit-a.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("access: gov", "access: gvo", 1), encoding="utf-8")
    with pytest.raises(CatalogueInvalid, match=r"base/catalogue/tax-credit-a\.yaml 第\d+行"):
        load_catalogue(open_profile("base", tmp_path))


def test_an_unknown_item_names_those_there_are():
    catalogue = load_catalogue(open_profile("base", PROFILES))
    assert find_item(catalogue, "tax-credit-a").title == "纳税信用A级纳税人"
    with pytest.raises(UnknownItem) as caught:
        find_item(catalogue, "tax")
    assert "tax-credit-a" in caught.value.fix
