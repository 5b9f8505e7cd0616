"""What the checks say of one cell: one valid row, one change, one claim. docs/checks.md, "Before checking" and "One cell"."""

from __future__ import annotations

import pytest

from xinshu.catalogue.rulebook import RULEBOOK, codes
from xinshu.kernel.identifiers import Uscc, citizen_id, uscc

ID = "110101199003078" + "51"
ID += citizen_id.check_character(ID)
RIGHT_USCC = "91990100MA0000A193"
UNKNOWN_REGION = "91777777MA0000A19"
UNKNOWN_REGION += uscc.check_character(UNKNOWN_REGION)
UNKNOWN_CATEGORY = "9Y990100MA0000A19"
UNKNOWN_CATEGORY += uscc.check_character(UNKNOWN_CATEGORY)
ORG, REG = "MA0000A19", "990100000001016"
PERSON = {
    "CF_XDR_LB": "自然人",
    "CF_XDR_MC": "程示例",
    "CF_XDR_SHXYM": "",
    "CF_XDR_GSZC": "",
    "CF_XDR_ZZJG": "",
    "CF_FRDB": "",
    "CF_XDR_ZJLX": "身份证",
    "CF_XDR_ZJHM": ID,
}
SHOP = {"CF_XDR_LB": "个体工商户"}
MARK = "\ue000"  # put by the readers before a number
CARD = "6222020000000000000"


def bad(change: dict[str, str], rule: str, field: str = "", *, words: tuple[str, ...] = (), name: str = ""):
    where = field or next(reversed(change))
    return pytest.param(
        change, rule, where, words, id=name or f"{rule} {where}={next(reversed(change.values()))[:24]!r}"
    )


CELLS = [
    bad({"CF_XDR_MC": ""}, "required", words=("未填写", "请补填")),
    bad({"CF_WSH": " \u3000\u200b"}, "required", name="required: only blanks"),
    bad({"CF_XDR_SHXYM": ""}, "conditional.required", words=("行政相对人类别", "法人及非法人组织")),
    bad({"CF_CFLB": "暂扣许可证"}, "conditional.required", "CF_NR_ZKDX", name="conditional.required: by an alias"),
    bad({"CF_XDR_ZJLX": "护照"}, "conditional.forbidden", words=("应为空", "护照")),
    bad({"CF_SY": "字" * 5001}, "length", words=("5001", "5000")),
    bad({"CF_XDR_SYDW": "1" * 13}, "length", words=("13", "12")),
    bad({"CF_WSH": "A环罚〔2026〕" + "1" * 128 + "号"}, "length"),
    bad({"CF_XDR_LB": "法人组织"}, "code_list", words=("不在代码表内", "法人及非法人组织")),
    bad({"CF_CFLB": "罚款；没收"}, "code_list", name="code_list: one of several"),
    bad({"CF_CFLB": "；"}, "code_list", name="code_list: a separator alone"),
    bad({"CF_CFLB": "罚款,警告"}, "code_list", name="code_list: comma does not join"),
    bad({"X_SXCD": "一般-较轻"}, "code_list", name="code_list: not an open list"),
    bad({"CF_XDR_SHXYM": RIGHT_USCC[:-1]}, "uscc.shape", words=("18 位",)),
    bad({"CF_XDR_SHXYM": "91990100MAO000A193"}, "uscc.shape", name="uscc.shape: letter O"),
    bad({"CF_XDR_SHXYM": RIGHT_USCC[:-1] + "4"}, "uscc.check_character", words=("第 18 位", "应为 3")),
    bad({"CF_XDR_SHXYM": Uscc.PLACEHOLDER}, "uscc.check_character", name="uscc.check_character: placeholder"),
    bad({"CF_XDR_SHXYM": UNKNOWN_CATEGORY}, "uscc.category", words=("9Y",)),
    bad({"CF_XDR_SHXYM": UNKNOWN_REGION}, "uscc.region", words=("777777",)),
    bad({"CF_XDR_ZZJG": ORG[:-1] + "8"}, "org_code.check_character", words=("应为 9",)),
    bad({"CF_XDR_ZZJG": "MA0000"}, "org_code.check_character", name="org_code: shape"),
    bad({"CF_XDR_GSZC": REG[:-1] + "7"}, "reg_no.check_digit", words=("应为 6",)),
    bad({"CF_XDR_GSZC": "12345"}, "reg_no.check_digit", name="reg_no: shape"),
    bad(PERSON | {"CF_XDR_ZJHM": ID[:-2]}, "id_number.shape"),
    bad(PERSON | {"CF_XDR_ZJHM": "11010119900230" + ID[14:]}, "id_number.birth_date"),
    bad(PERSON | {"CF_XDR_ZJHM": "11010120990307" + ID[14:]}, "id_number.birth_date", name="id_number: not born yet"),
    bad(PERSON | {"CF_XDR_ZJHM": ID[:-1] + ("1" if ID[-1] != "1" else "2")}, "id_number.check_digit"),
    bad({"CF_FR_ZJHM": "123"}, "id_number.shape", name="id_number: no id type counts as a citizen's"),
    bad({"CF_XDR_SHXYM": "9.13201E+17"}, "code.as_number", words=("9.13201E+17",)),
    bad({"CF_WSH": "2.026E+11"}, "code.as_number"),
    bad({"CF_XDR_SHZZ": "5.1E+17"}, "code.as_number"),
    bad({"CF_XDR_SHXYM": MARK + "913201000000000000"}, "code.as_number", words=("913201000000000000",)),
    bad({"CF_JDRQ": "2026.5.12"}, "date.format", words=("2026.5.12", "2026年9月3日")),
    bad({"CF_JDRQ": "2026-02-30"}, "date.format"),
    bad({"CF_JDRQ": "0000-01-01"}, "date.format"),
    bad({"CF_JDRQ": "2026-05-12 08:30:00"}, "date.format", name="date.format: time of day"),
    bad({"CF_JDRQ": "46154"}, "date.format", name="date.format: serial number"),
    bad({"CF_JDRQ": "2026-05-21"}, "date.future", words=("2026-05-20",)),
    bad({"CF_YXQ": "2026-05-11"}, "date.order", words=("处罚决定日期", "2026-05-12")),
    bad({"CF_NR_FK": "贰万"}, "number.format", words=("贰万",)),
    bad({"CF_NR_FK": "2万元"}, "number.format"),
    bad({"CF_NR_FK": "1e3"}, "number.format"),
    bad({"CF_NR_FK": "9" * 5000}, "number.format", name="number.format: 5000 digits"),
    bad({"CF_NR_FK": "-2"}, "number.negative", words=("-2",)),
    bad({"CF_NR_FK": ""}, "amount.required", words=("处罚类别", "罚款", "大于 0")),
    bad({"CF_NR_FK": "-0.00"}, "amount.required", name="amount.required: minus zero"),
    bad({"CF_NR_FK": "1000"}, "amount.unit", words=("100 倍", "0.1")),
    bad(SHOP | {"CF_NR_WFFF": "999"}, "", name="amount below both limits"),
    bad({"CF_WSH": "A环罚2026第17号"}, "document_no.shape", words=("A环罚2026第17号",)),
    bad({"CF_WSH": "A环罚〔2026〕号"}, "document_no.shape", name="document_no.shape: no number"),
    bad({"CF_WFXW": "无"}, "text.placeholder", words=("“无”",)),
    bad({"CF_FRDB": "／"}, "text.placeholder"),
    bad({"CF_XDR_MC": "测试企业01"}, "text.placeholder"),
    bad({"CF_SY": "锟斤拷锟斤拷"}, "text.garbled"),
    bad({"CF_SY": "正常\x1b[31m文字"}, "text.garbled", words=("␛",)),
    bad({"CF_XDR_MC": "\ue123公司"}, "text.garbled"),
    bad({"CF_XDR_MC": MARK + "示例公司"}, "text.garbled", name="text.garbled: the reader's mark before a text"),
    bad({"CF_YJ": "斤拷第四十九条"}, "text.garbled"),
    bad({"CF_SY": "\ufffd\ufffd决定"}, "text.garbled"),
    bad({"CF_SY": "#N/A"}, "cell.error", words=("#N/A", "公式")),
    bad({"CF_XDR_MC": " #REF! "}, "cell.error"),
    bad({"CF_WSH": "#VALUE!"}, "cell.error"),
    bad({"CF_JDRQ": "Err:502"}, "cell.error"),
    bad({"CF_XDR_SHXYM": "#DIV/0!"}, "cell.error"),
    bad({"CF_SY": "#N/A 一词出现在正文中"}, ""),
    bad({"CF_NR_FK": MARK + "="}, "cell.uncalculated", words=("公式",)),
    bad({"CF_XDR_MC": "示例Ｂ公司"}, "text.width", words=("示例Ｂ公司", "半角")),
    bad({"CF_NR_FK": "２"}, "text.width"),
    bad({"CF_WSH": "A环罚〔2026〕１７号"}, "text.width"),
    bad({"CF_SY": f"当事人程某（{ID}）未公示"}, "text.personal_data", words=("公民身份号码",)),
    bad({"CF_SY": "联系电话13800000000，未公示"}, "text.personal_data", words=("手机号码",)),
    bad({"CF_NR": f"缴至{CARD[:4]} {CARD[4:8]} {CARD[8:]}"}, "text.personal_data", words=("银行卡号",)),
    bad({"CF_SJLYDM": RIGHT_USCC}, "source.differs", words=("11990100000001011X",)),
    bad({"CF_JDRQ": "2026-05-09"}, "late", words=("7 个工作日", "2026-05-19")),
]
ELSEWHERE = {  # row.shape, column.* and file.*: tests/collection/test_reading*.py; duplicates: test_checks_rows.py
    *("row.shape", "duplicate.in_file", "column.missing", "column.unknown", "column.duplicate"),
    *("file.unreadable", "file.limit", "file.unsafe", "sheet.unread"),
}


@pytest.mark.parametrize(("change", "rule", "field", "words"), CELLS)
def test_a_bad_value_is_one_finding_on_its_row(make_row, check, change, rule, field, words):
    found = check(make_row(), make_row(CF_WSH="A环罚〔2026〕2号") | change, supplier="11990100000001011X")
    assert [(each.row, each.rule, each.field) for each in found] == ([(3, rule, field)] if rule else [])
    for each in found:
        assert each.level == RULEBOOK[rule].level
        assert each.title
        assert each.message.startswith(f"第 3 行「{each.title}」")
        assert each.message.endswith("。")
        assert each.fix.endswith("。")
        assert [word for word in words if word not in each.message + each.fix] == []


def test_every_code_of_file_scope_is_tried():
    tried = {each.values[1] for each in CELLS} - {""}
    assert tried | ELSEWHERE == set(codes("file"))


GOOD = [
    pytest.param({}, id="the example"),
    pytest.param(PERSON, id="a natural person"),
    pytest.param(
        PERSON | {"CF_XDR_ZJLX": "护照", "CF_XDR_ZJHM": "E12345678"}, id="a passport is not judged as citizen id"
    ),
    pytest.param(PERSON | {"CF_XDR_ZJLX": "居民身份证"}, id="alias of the id type"),
    pytest.param(SHOP | {"CF_XDR_SHXYM": Uscc.PLACEHOLDER}, id="placeholder code of an individual business"),
    pytest.param(SHOP | {"CF_XDR_SHXYM": Uscc.PLACEHOLDER.lower()}, id="placeholder code in lower case"),
    pytest.param({"CF_FR_ZJLX": "护照", "CF_FR_ZJHM": "E123"}, id="passport of the legal representative"),
    pytest.param({"CF_XDR_SHXYM": f"\t{RIGHT_USCC.lower()}\u3000"}, id="lower case and blanks"),
    pytest.param({"CF_XDR_ZZJG": f"{ORG[:8]}-{ORG[8]}"}, id="hyphen in the organisation code"),
    pytest.param({"CF_XDR_GSZC": RIGHT_USCC}, id="credit code where the registration number was"),
    pytest.param({"CF_XDR_MC": "示例\u200b公司\ufeff"}, id="invisible characters"),
    pytest.param({"CF_CFLB": "处以罚款"}, id="alias"),
    pytest.param({"CF_CFLB": "警告；罚款;通报批评、其它"}, id="joined values"),
    pytest.param({"CF_CFLB": "罚款；其他-责令改正"}, id="open value"),
    pytest.param({"CF_WSH": "A环罚[2026]17号"}, id="square brackets"),
    pytest.param({"CF_WSH": "A环罚【2026】第17号"}, id="lenticular brackets"),
    pytest.param({"CF_WSH": "（2026）A0103行罚17号"}, id="year first"),
    pytest.param({"CF_JDRQ": "2026年5月12日"}, id="date in words"),
    pytest.param({"CF_JDRQ": "2026/5/12"}, id="date with strokes"),
    pytest.param({"CF_JDRQ": "2026-05-12 00:00:00"}, id="midnight"),
    pytest.param({"CF_YXQ": "2099-12-31"}, id="open-ended"),
    pytest.param({"CF_JDRQ": "2026-05-20"}, id="today"),
    pytest.param({"CF_NR_FK": "+0.50"}, id="plus sign"),
    pytest.param({"CF_NR_FK": MARK + "2"}, id="a number cell in an amount"),
    pytest.param({"BZ": "无"}, id="placeholder in a field nobody asks for"),
    pytest.param({"BZ": "13800000000"}, id="phone in a field that is not public"),
    pytest.param({"CF_SY": "案号1380000000011"}, id="thirteen digits are no phone"),
    pytest.param({"CF_SY": "×××于2026年"}, id="hidden parts are not garbled"),
    pytest.param({"CF_SY": "一、…\n二、“…”"}, id="line feed in a text"),
]


@pytest.mark.parametrize("change", GOOD)
def test_a_right_value_has_no_finding(make_row, check, change):
    assert check(make_row(**change)) == []


@pytest.mark.parametrize(
    ("item", "change", "rules"),
    [
        pytest.param("enterprise-registration", {"HYDM": "C1761"}, [], id="industry with its letter"),
        pytest.param("enterprise-registration", {"HYDM": "91761"}, ["code_list"], id="industry with a digit before"),
        pytest.param("enterprise-registration", {"HYDM": "9999"}, ["code_list"], id="unknown industry"),
        pytest.param("enterprise-registration", {"XZQHDM": "000000"}, ["code_list"], id="unknown division"),
        pytest.param("enterprise-registration", {"DJZT": "在营（开业）"}, [], id="spelling of the state"),
        pytest.param("enterprise-registration", {"ZCZB": "1000000"}, [], id="no usual amount"),
        pytest.param("enterprise-registration", {"ZCZB": "1,234.50"}, [], id="thousands"),
        pytest.param("tax-credit-a", {"PJND": "2025年"}, [], id="year"),
        pytest.param("tax-credit-a", {"PJND": "25"}, ["date.format"], id="two digits of a year"),
        pytest.param("tax-credit-a", {"PJND": "2101"}, ["date.format"], id="year too late"),
    ],
)
def test_kinds_of_other_items(make_row, check, item, change, rules):
    assert [each.rule for each in check(make_row(item, **change), item=item, due=None)] == rules


ORDER = [
    pytest.param({"CF_XDR_ZJLX": "身份正"}, ["conditional.forbidden"], id="forbidden ends the cell"),
    pytest.param(
        {"CF_XDR_ZJHM": MARK + "110101199003078000"}, ["conditional.forbidden"], id="forbidden before as_number"
    ),
    pytest.param({"CF_XDR_MC": "�无"}, ["text.garbled"], id="garbled before placeholder"),
    pytest.param({"CF_XDR_MC": "无" * 201}, ["text.placeholder"], id="placeholder before length"),
    pytest.param({"CF_XDR_MC": "ｘｘ"}, ["text.placeholder", "text.width"], id="width beside a placeholder"),
    pytest.param({"CF_WSH": "无"}, ["text.placeholder"], id="placeholder before the shape of a document number"),
    pytest.param({"BZ": "无" * 513}, ["length"], id="a placeholder nobody minds is judged on"),
    pytest.param(
        {"CF_XDR_SHXYM": UNKNOWN_CATEGORY[:-1] + "0"}, ["uscc.check_character"], id="check character before category"
    ),
    pytest.param({"CF_WSH": "1" * 129}, ["length"], id="length before the shape of a document number"),
    pytest.param({"CF_SY": "字" * 5000 + "13800000000"}, ["length"], id="length before personal data"),
    pytest.param({"CF_NR_FK": "贰万"}, ["number.format"], id="an unreadable amount is not a missing one"),
    pytest.param({"CF_JDRQ": "2026.05.20", "CF_YXQ": "2026-05-11"}, ["date.format"], id="no order without two dates"),
    pytest.param(
        {"CF_JDRQ": "+2026-5-20", "CF_YXQ": "2026-05-11"}, ["date.format"], id="a date that is none has no order"
    ),
    pytest.param({"CF_SJLYDM": "锟斤拷"}, ["text.garbled"], id="a bad source differs from nothing"),
    pytest.param(
        {"CF_SJLYDM": "91990100MA0000A194"}, ["uscc.check_character"], id="a wrong source differs from nothing"
    ),
]


@pytest.mark.parametrize(("change", "rules"), ORDER)
def test_the_first_rule_that_applies_ends_the_cell(make_row, check, change, rules):
    assert [each.rule for each in check(make_row(**change), supplier="11990100000001011X")] == rules


@pytest.mark.parametrize(
    ("change", "value", "absent"),
    [
        pytest.param(PERSON | {"CF_XDR_MC": "程示例" * 70}, "程**", "示例", id="name of a person"),
        pytest.param({"CF_XDR_LB": "自燃人", "CF_XDR_MC": "程示例" * 70}, "程**", "示例", id="kind not in its list"),
        pytest.param(PERSON | {"CF_XDR_ZJHM": ID[:-2]}, f"1{'*' * 14}{ID[-3]}", ID[4:12], id="id number"),
        pytest.param({"CF_FRDB": "\ue123程示例"}, "\ue123**", "示例", id="always personal, garbled"),
        pytest.param({"CF_XDR_SHXYM": ID}, None, ID[4:12], id="id number where the credit code belongs"),
        pytest.param(SHOP | {"CF_XDR_SWDJ": ID}, None, ID[4:12], id="tax number of an individual business"),
        pytest.param({"CF_SY": f"程某{ID}电话13800000000"}, None, ID[4:12], id="id number in a text"),
        pytest.param({"CF_NR_FK": "13800000000元"}, None, "0000000", id="phone where an amount belongs"),
        pytest.param(
            {"CF_XDR_MC": "示例公司" * 60},
            "示例公司" * 15 + "…",
            "示例公司" * 16,
            id="a company's name is cut, not masked",
        ),
    ],
)
def test_personal_values_are_masked(make_row, check, change, value, absent):
    found = check(make_row(**change))
    assert found
    for each in found:
        assert absent not in f"{each.value}{each.message}{each.fix}"
    assert value is None or value in [each.value for each in found]
