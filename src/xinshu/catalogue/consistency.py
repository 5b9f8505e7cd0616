"""What one part of an item says about another: roles and keys name columns, words stand once, nothing leaks.

Works on an item whose parts have the right types (`reading`); every fault is noted at the line it is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from xinshu.catalogue.domain import Access, CatalogueItem, Condition, FieldKind, ItemField, RowRule, heading_key
from xinshu.catalogue.located import Node, did_you_mean

COUNTERPART = "counterpart"
"""The word among the parts of a natural key that stands for whoever the record is about."""

_ITEM_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_VERSION = re.compile(r"\d{4}\.\d{1,4}")
_CODE = re.compile(r"[A-Z][A-Z0-9_]*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NARROWNESS: dict[Access, int] = {"public": 0, "authorised": 1, "gov": 2, "barred": 3}
_DATES: frozenset[FieldKind] = frozenset({"date"})
_NUMERIC: frozenset[FieldKind] = frozenset({"amount", "number"})
_ROLE_KINDS: dict[str, frozenset[FieldKind]] = {
    "uscc": frozenset({"uscc"}),
    "org_code": frozenset({"org_code"}),
    "reg_no": frozenset({"reg_no"}),
    "id_no": frozenset({"id_number"}),
    "id_type": frozenset({"code"}),
    "counterpart_kind": frozenset({"code"}),
    "counterpart_name": frozenset({"name"}),
    "event_date": frozenset({"date"}),
    "ends_on": frozenset({"date"}),
    "authority_code": frozenset({"uscc"}),
    "source_code": frozenset({"uscc"}),
    "document_no": frozenset({"document_no", "other_no"}),
}


def check_item(item: CatalogueItem, top: Node, stem: str) -> None:
    """Note every contradiction of the item. `stem` is the file's name without `.yaml`, which is the item's name."""
    _check_head(item, top, stem)
    _check_words(item, top)
    for number, field in enumerate(item.fields):
        _check_field(item, field, top.at("fields", number))
    _check_key(item, top.at("xinshu", "key"))
    _check_roles(item, top.at("xinshu", "roles"))
    for number, rule in enumerate(item.rules):
        _check_rule(item, rule, top.at("xinshu", "rules", number))
    _check_publicity(item, top.at("xinshu", "publicity"))


def _check_head(item: CatalogueItem, top: Node, stem: str) -> None:
    if not _ITEM_NAME.fullmatch(item.item):
        top.at("name").fault("事项代码只能用小写字母、数字和连字符", "如 administrative-penalty")
    elif item.item != stem:
        top.at("name").fault(f"事项代码 {item.item} 与文件名 {stem}.yaml 不一致", "改成一致")
    if not item.title:
        top.at("title").fault("标题为空", "填写事项名称")
    if not _VERSION.fullmatch(item.version):
        top.at("xinshu", "version").fault("版本写法有误", '写成 "2026.1" 的形式：四位年份、点、序号')
    if not item.fields:
        top.at("fields").fault("没有数据项", "至少列出一个数据项")


def _check_words(item: CatalogueItem, top: Node) -> None:
    """Codes, titles and aliases are the words a heading may be; each may mean one column only, and stand once."""
    owners: dict[str, str] = {}
    names: set[str] = set()
    for number, field in enumerate(item.fields):
        place = top.at("fields", number)
        for word, at in _headings(field, place):
            key = heading_key(word)
            if key in owners:
                at.fault(f"“{word}”已经是 {owners[key]} 的代码、标题或别名", "同一个表头只能对应一个数据项")
            owners.setdefault(key, field.code)
        if field.name in names:
            place.at("xinshu", "name").fault(f"名称 {field.name} 重复", "每个数据项的 xinshu.name 不同")
        names.add(field.name)


def _headings(field: ItemField, place: Node) -> Iterator[tuple[str, Node]]:
    yield field.code, place.at("name")
    yield field.title, place.at("title")
    for number, alias in enumerate(field.aliases):
        yield alias, place.at("xinshu", "aliases", number)


def _check_field(item: CatalogueItem, field: ItemField, place: Node) -> None:
    ours = place.at("xinshu")
    if not _CODE.fullmatch(field.code):
        place.at("name").fault("数据项代码只能用大写字母、数字和下划线", "如 CF_WSH")
    if not field.title:
        place.at("title").fault("标题为空", "填写数据项的中文名称")
    if not _NAME.fullmatch(field.name):
        ours.at("name").fault("名称只能用小写字母、数字和下划线", "如 decision_no")
    listed = field.kind in {"code", "codes"}
    if listed and not field.values and not ours.at("list").key.endswith(".list"):
        ours.at("kind").fault(f"kind 为 {field.kind} 时要有代码表", "用 list 指明代码表，或用 values 列出取值")
    _only_for(listed or not (field.values or field.code_list), ours.at("list"), "list 和 values", "code 和 codes")
    _only_for(listed or not field.open_values, ours.at("open_values"), "open_values", "code 和 codes")
    _only_for(field.kind in _NUMERIC or field.usual_amount is None, ours.at("usual_amount"), "usual_amount", "金额")
    _only_for(field.kind == "date" or not field.past_only, ours.at("past_only"), "past_only", "日期")
    placeholder = ours.at("placeholder_code_when")
    _only_for(field.kind == "uscc" or not field.placeholder_code_when, placeholder, "placeholder_code_when", "uscc")
    unmeasured = field.kind == "date" or field.kind in _NUMERIC
    limit = place.at("constraints", "maxLength")
    _only_for(not unmeasured or field.max_length is None, limit, "maxLength", "文字")
    if _NARROWNESS[field.access] < _NARROWNESS[item.access]:
        ours.at("access").fault(f"数据项比事项（{item.access}）更公开", f"写作 {item.access} 或更严")
    if field.kind == "id_number" and field.mask != "id":
        ours.at("mask").fault("证件号码必须脱敏", "mask 写作 id")
    if field.kind == "id_number" and field.access == "public":
        ours.at("access").fault("证件号码不得公开", "access 写作 gov、authorised 或 barred")
    if field.personal_when and field.mask == "none":
        ours.at("personal_when").fault("有 personal_when 却没有脱敏方式", "mask 写作 name、id 等")
    _check_example(field, ours.at("example"))
    for key, conditions in (
        ("placeholder_code_when", field.placeholder_code_when),
        ("personal_when", field.personal_when),
    ):
        for number, condition in enumerate(conditions):
            _check_condition(item, condition, ours.at(key, number))


def _only_for(right: bool, node: Node, key: str, kinds: str) -> None:
    if not right:
        node.fault(f"{key} 只用于{kinds}的数据项", f"删去 {key}，或改 kind")


def _check_example(field: ItemField, node: Node) -> None:
    if field.max_length is not None and len(field.example) > field.max_length:
        node.fault(f"示例超过 {field.max_length} 个字", "缩短示例")
    if field.example and field.values and field.example not in {each.value for each in field.values}:
        node.fault(f"示例 {field.example} 不在代码表中", did_you_mean(field.example, _values(field)))


def _check_key(item: CatalogueItem, node: Node) -> None:
    if not item.key:
        node.fault("自然键为空", "列出能唯一确定一条信息的数据项代码")
    for number, part in enumerate(item.key):
        if part != COUNTERPART:
            _known(item, part, node.at(number))
        if part in item.key[:number]:
            node.at(number).fault(f"{part} 重复", "每个部分只写一次")


def _check_roles(item: CatalogueItem, node: Node) -> None:
    for role in type(item.roles).__dataclass_fields__:
        code = getattr(item.roles, role)
        if not code or not _known(item, code, node.at(role)):
            continue
        kinds = _ROLE_KINDS.get(role)
        if kinds and item.field(code).kind not in kinds:
            node.at(role).fault(f"{code} 的 kind 不能充当 {role}", f"应为 {'、'.join(sorted(kinds))}")


def _check_rule(item: CatalogueItem, rule: RowRule, node: Node) -> None:
    known = [_known(item, code, node.at("fields", number)) for number, code in enumerate(rule.fields)]
    if not rule.fields:
        node.at("fields").fault("没有数据项", "列出规则约束的数据项代码")
    elif rule.rule == "date.order" and (len(rule.fields) != 2 or not _all_of(item, rule, known, _DATES)):
        node.at("fields").fault("date.order 应为两个日期", "写成 [开始, 结束]")
    elif rule.rule == "amount.required" and (len(rule.fields) != 1 or not _all_of(item, rule, known, _NUMERIC)):
        node.at("fields").fault("amount.required 应为一个金额", "只写一个金额数据项")
    for number, condition in enumerate(rule.when):
        _check_condition(item, condition, node.at("when", number))


def _all_of(item: CatalogueItem, rule: RowRule, known: list[bool], kinds: frozenset[FieldKind]) -> bool:
    """Whether the rule's columns are of these kinds; true when one of them is unknown, which is told already."""
    return not all(known) or all(item.field(code).kind in kinds for code in rule.fields)


def _check_condition(item: CatalogueItem, condition: Condition, node: Node) -> None:
    if not _known(item, condition.field, node.at("field")):
        return
    values = _values(item.field(condition.field))
    for key in ("any_of", "none_of"):
        for number, value in enumerate(getattr(condition, key)):
            if values and value not in values:
                node.at(key, number).fault(f"{condition.field} 没有取值 {value}", did_you_mean(value, values))


def _check_publicity(item: CatalogueItem, node: Node) -> None:
    publicity = item.publicity
    for key in ("kinds_field", "severity_field", "domain_field", "procedure_field"):
        if code := getattr(publicity, key):
            _known(item, code, node.at(key))
    if publicity.by == "penalty" and not publicity.kinds_field:
        node.fault("by 为 penalty 时缺少 kinds_field", "指明处罚类别的数据项代码")
    if publicity.by in {"permit", "until-removal"} and not item.roles.ends_on:
        node.fault(f"by 为 {publicity.by} 时 roles 缺少 ends_on", "在 roles 中指明截止或移出日期")
    if publicity.by == "penalty" and not item.roles.event_date:
        node.fault("by 为 penalty 时 roles 缺少 event_date", "在 roles 中指明决定日期")
    if publicity.by != "none" and item.access != "public":
        node.at("by").fault(f"事项的 access 为 {item.access}，不能公示", "by 写作 none，或改 access")
    for number, condition in enumerate(publicity.when):
        _check_condition(item, condition, node.at("when", number))


def _known(item: CatalogueItem, code: str, node: Node) -> bool:
    known = item.by_code
    if code not in known:
        node.fault(f"没有数据项 {code}", did_you_mean(code, known))
    return code in known


def _values(field: ItemField) -> tuple[str, ...]:
    return tuple(each.value for each in field.values)
