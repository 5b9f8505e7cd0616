"""An item's declarations in Chinese words, for the documentation page, the template and the comparison."""

from __future__ import annotations

from xinshu.catalogue.domain import (
    Access,
    CatalogueItem,
    Condition,
    FieldKind,
    ItemField,
    Mask,
    PublicityWay,
    RowRule,
)

KIND_WORDS: dict[FieldKind, str] = {
    "text": "文字",
    "name": "名称",
    "document_no": "文书号",
    "code": "代码表单选",
    "codes": "代码表多选",
    "uscc": "统一社会信用代码",
    "org_code": "组织机构代码",
    "reg_no": "工商注册号",
    "id_number": "证件号码",
    "date": "日期",
    "amount": "金额（万元）",
    "number": "数值",
    "year": "年份",
    "month": "月份",
    "region": "行政区划代码",
    "industry": "行业代码",
    "other_no": "其他编号",
}
ACCESS_WORDS: dict[Access, str] = {
    "public": "公开",
    "authorised": "授权查询",
    "gov": "政务共享",
    "barred": "不予输出",
}
MASK_WORDS: dict[Mask, str] = {
    "none": "不脱敏",
    "name": "按姓名脱敏",
    "id": "按证件号码脱敏",
    "phone": "按电话脱敏",
    "address": "按地址脱敏",
    "account": "按账号脱敏",
}
SUBJECT_WORDS = {"legal_person": "法人和非法人组织", "individual_business": "个体工商户", "natural_person": "自然人"}
_WAY_WORDS: dict[PublicityWay, str] = {
    "penalty": "按处罚的失信程度确定公示期",
    "permit": "入库即公示，有效期届满后标明已过期",
    "until-removal": "入库即公示，移出后停止公示",
    "always": "入库即公示，不设期限",
    "none": "不公示",
}
_ROLE_WORDS = {
    "counterpart_name": "相对人名称",
    "counterpart_kind": "相对人类别",
    "uscc": "统一社会信用代码",
    "org_code": "组织机构代码",
    "reg_no": "注册号",
    "id_type": "证件类型",
    "id_no": "证件号码",
    "event_date": "发生日期",
    "authority_name": "机关名称",
    "authority_code": "机关代码",
    "document_no": "文书号",
    "source_name": "数据来源单位",
    "source_code": "数据来源单位代码",
    "ends_on": "截止或移出日期",
    "headline": "公示标题",
}


def role_word(role: str) -> str:
    """What a role is called in Chinese."""
    return _ROLE_WORDS[role]


def title(item: CatalogueItem, code: str) -> str:
    """The heading of a column in quotation marks."""
    return f"“{item.field(code).title}”"


def condition_words(item: CatalogueItem, condition: Condition) -> str:
    """The condition as a clause: “处罚类别”含“罚款”."""
    field = item.field(condition.field)
    verb = "含" if field.kind == "codes" else "为"
    if condition.present:
        return f"“{field.title}”已填写"
    if condition.absent:
        return f"“{field.title}”为空"
    if condition.any_of:
        return f"“{field.title}”{verb}{_either(condition.any_of)}"
    return f"“{field.title}”已填写且不{verb}{_either(condition.none_of)}"


def conditions_words(item: CatalogueItem, conditions: tuple[Condition, ...]) -> str:
    """All the conditions, joined by 且."""
    return "，且".join(condition_words(item, each) for each in conditions)


def rule_words(item: CatalogueItem, rule: RowRule) -> str:
    """The row rule as one sentence without a full stop."""
    titles = "、".join(title(item, code) for code in rule.fields)
    when = f"{conditions_words(item, rule.when)}时，" if rule.when else ""
    if rule.rule == "conditional.required":
        return f"{when}{titles}必填"
    if rule.rule == "conditional.forbidden":
        return f"{when}{titles}应为空"
    if rule.rule == "amount.required":
        return f"{when}{titles}必填且大于零"
    start, end = rule.fields
    return f"{when}{title(item, end)}不得早于{title(item, start)}"


def required_words(item: CatalogueItem, field: ItemField) -> str:
    """必填, 条件必填 or 选填."""
    if field.required:
        return "必填"
    demanded = any(
        field.code in rule.fields and rule.rule in {"conditional.required", "amount.required"} for rule in item.rules
    )
    return "条件必填" if demanded else "选填"


def mask_words(item: CatalogueItem, field: ItemField) -> str:
    """How the field is masked, and when if not always."""
    if field.mask == "none" or not field.personal_when:
        return MASK_WORDS[field.mask]
    return f"{conditions_words(item, field.personal_when)}时{MASK_WORDS[field.mask]}"


def key_words(item: CatalogueItem) -> str:
    """The parts of the natural key."""
    return " + ".join("相对人" if part == "counterpart" else title(item, part) for part in item.key)


def publicity_words(item: CatalogueItem) -> str:
    """How records become public, as one sentence without a full stop."""
    publicity = item.publicity
    words = _WAY_WORDS[publicity.by]
    if publicity.by == "none":
        return words
    if publicity.when:
        words = f"仅当{conditions_words(item, publicity.when)}时公示：{words}"
    return f"{words}；自然人的信息{'脱敏后公示' if publicity.natural_persons else '不公示'}"


def _either(values: tuple[str, ...]) -> str:
    return "或".join(f"“{value}”" for value in values)
