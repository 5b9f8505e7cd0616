"""The rule codes and their words. Public: `xinshu.catalogue.rulebook`, which also says where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["file", "store"]
Level = Literal["error", "doubt", "warning"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule code. `message` and `fix` are format strings over the arguments of a finding:

    always {row} {title} {value}; others by rule: {expected} {date} {limit} {other} {reason} {names} {found} {days}.
    """

    code: str
    scope: Scope
    level: Level
    name: str
    message: str
    fix: str


_FIELD = "第 {row} 行「{title}」"
RULES = (
    Rule("required", "file", "error", "必填项为空", _FIELD + "未填写", "请补填"),
    Rule("conditional.required", "file", "error", "有条件必填项为空", _FIELD + "未填写，{reason}时必填", "请补填"),
    Rule(
        "conditional.forbidden",
        "file",
        "error",
        "应为空而有值",
        _FIELD + "填有 {value}，{reason}时应为空",
        "请清空该单元格，或核对相对人类别",
    ),
    Rule(
        "length",
        "file",
        "error",
        "超出长度",
        _FIELD + "共 {found} 个字，超过 {limit} 个字",
        "请缩短至 {limit} 个字以内",
    ),
    Rule("code_list", "file", "error", "不在代码表内", _FIELD + "为“{value}”，不在代码表内", "可填：{expected}"),
    Rule(
        "uscc.shape",
        "file",
        "error",
        "统一社会信用代码格式",
        _FIELD + "为 {value}，应为 18 位数字或大写字母（不含 I、O、S、V、Z）",
        "请核对营业执照或登记证书",
    ),
    Rule(
        "uscc.check_character",
        "file",
        "error",
        "统一社会信用代码校验位",
        _FIELD + "为 {value}，第 18 位校验位应为 {expected}",
        "请核对营业执照或登记证书",
    ),
    Rule(
        "uscc.category",
        "file",
        "error",
        "统一社会信用代码类别",
        _FIELD + "为 {value}，前两位 {found} 不是已知的登记管理部门和机构类别",
        "请核对营业执照或登记证书",
    ),
    Rule(
        "uscc.region",
        "file",
        "warning",
        "统一社会信用代码区划",
        _FIELD + "为 {value}，第 3—8 位 {found} 不是现行或曾用的行政区划代码",
        "已接收并标注。请核对后如有误更正",
    ),
    Rule(
        "org_code.check_character",
        "file",
        "error",
        "组织机构代码校验位",
        _FIELD + "为 {value}，{reason}",
        "请核对组织机构代码（9 位，末位为校验位）",
    ),
    Rule(
        "reg_no.check_digit",
        "file",
        "error",
        "工商注册号校验位",
        _FIELD + "为 {value}，{reason}",
        "请核对营业执照注册号（15 位，末位为校验位）",
    ),
    Rule(
        "id_number.shape",
        "file",
        "error",
        "公民身份号码格式",
        _FIELD + "为 {value}，应为 18 位（末位可为 X）",
        "请核对身份证件",
    ),
    Rule(
        "id_number.check_digit",
        "file",
        "error",
        "公民身份号码校验位",
        _FIELD + "为 {value}，校验位不符",
        "请核对身份证件",
    ),
    Rule(
        "id_number.birth_date",
        "file",
        "error",
        "公民身份号码出生日期",
        _FIELD + "为 {value}，其中的出生日期不存在或晚于今天",
        "请核对身份证件",
    ),
    Rule(
        "code.as_number",
        "file",
        "error",
        "编码被存为数字",
        _FIELD + "以数字存储（{value}），超过 15 位的部分已丢失或将会丢失",
        "请将该列设为文本格式后重新录入编码",
    ),
    Rule(
        "date.format",
        "file",
        "error",
        "日期格式",
        _FIELD + "为“{value}”，不是可识别的日期",
        "请写成 2026/09/03、2026-9-3 或 2026年9月3日",
    ),
    Rule("date.future", "file", "error", "日期晚于接收日", _FIELD + "为 {value}，晚于接收日 {date}", "请改为实际日期"),
    Rule(
        "date.order",
        "file",
        "error",
        "日期先后颠倒",
        _FIELD + "为 {value}，早于「{other}」{date}",
        "请核对两项日期",
    ),
    Rule("number.format", "file", "error", "数值格式", _FIELD + "为“{value}”，不是数值", "请只填数字，不带单位"),
    Rule("number.negative", "file", "error", "数值为负", _FIELD + "为 {value}，不应为负数", "请填实际数值"),
    Rule(
        "amount.required",
        "file",
        "error",
        "应有金额",
        _FIELD + "未填写或为 0，{reason}时应填大于 0 的金额",
        "请补填金额（万元）",
    ),
    Rule(
        "amount.unit",
        "file",
        "doubt",
        "金额单位存疑",
        _FIELD + "为 {value} 万元，{reason}，疑似以元填报",
        "确认无误可直接提交；如单位填成了元，请改为 {expected}",
    ),
    Rule(
        "document_no.shape",
        "file",
        "doubt",
        "文书号写法存疑",
        _FIELD + "为“{value}”，缺少带括号的四位年份或序号",
        "请按决定书写全，如 A环罚〔2026〕17号；确认无误可直接提交",
    ),
    Rule(
        "text.placeholder",
        "file",
        "error",
        "以占位字充数",
        _FIELD + "填写“{value}”，不是有效内容",
        "请填写实际内容",
    ),
    Rule(
        "text.garbled",
        "file",
        "error",
        "乱码或控制字符",
        _FIELD + "含有乱码或不可见的控制字符：{value}",
        "请以 UTF-8 或 GB18030 编码重新导出，并核对该单元格",
    ),
    Rule(
        "text.width",
        "file",
        "warning",
        "全角字母数字",
        _FIELD + "含全角字母或数字，已转为半角：{value}",
        "已接收。请在源系统中改用半角",
    ),
    Rule(
        "text.personal_data",
        "file",
        "doubt",
        "公开文本含个人信息",
        _FIELD + "将会公开，其中疑有{reason}：{value}",
        "请删去或遮盖个人信息；确认不是个人信息可直接提交",
    ),
    Rule(
        "duplicate.in_file",
        "file",
        "error",
        "文件内重复",
        _FIELD + "{value} 与第 {other} 行是同一条信息（关键字段相同）",
        "已保留第 {other} 行。请删去重复行，或核对文书号",
    ),
    Rule("column.missing", "file", "error", "缺少必填列", "缺少必填列“{names}”，文件未入库", "请下载最新模板核对表头"),
    Rule(
        "column.unknown",
        "file",
        "warning",
        "未识别的列",
        "未识别的列：{names}（已忽略）",
        "如应归集，请对照目录改用目录中的列名",
    ),
    Rule("column.duplicate", "file", "error", "列名重复", "列“{names}”出现多次，文件未入库", "请只保留一列"),
    Rule(
        "cell.error",
        "file",
        "error",
        "公式错误值",
        _FIELD + "是公式错误值 {value}",
        "请改正公式，或直接填写应有的值",
    ),
    Rule(
        "cell.uncalculated",
        "file",
        "error",
        "公式没有计算结果",
        _FIELD + "是公式，文件中没有它的计算结果",
        "请用办公软件打开并保存一次，或改为直接填写值",
    ),
    Rule(
        "sheet.unread",
        "file",
        "warning",
        "未读取的工作表",
        "只读取了工作表“{found}”，未读取：{names}",
        "如其中也有要报送的数据，请另存为单独的文件报送",
    ),
    Rule(
        "row.shape",
        "file",
        "error",
        "行的列数不符",
        "第 {row} 行{reason}",
        "请检查该行是否缺列、多列，或文本中有未加引号的分隔符",
    ),
    Rule("file.unreadable", "file", "error", "文件无法读取", "文件无法读取：{reason}", "{expected}"),
    Rule("file.limit", "file", "error", "超出文件限制", "文件超出限制：{reason}", "{expected}"),
    Rule("file.unsafe", "file", "error", "文件不安全", "文件未读取：{reason}", "{expected}"),
    Rule(
        "source.differs",
        "file",
        "warning",
        "数据来源单位与报送单位不同",
        _FIELD + "为 {value}，报送单位为 {expected}",
        "已接收并标注。如为代报，无需处理",
    ),
    Rule(
        "late",
        "file",
        "warning",
        "迟报",
        _FIELD + "为 {value}，报送时限为 {days} 个工作日，最晚 {date}，接收日已超期",
        "已接收；首次报送的计入迟报，更正不再计",
    ),
    Rule(
        "subject.name_mismatch",
        "store",
        "error",
        "名称与代码不匹配",
        _FIELD + "为“{value}”，与代码 {other} 在主体库中对应的“{expected}”不同",
        "如企业已更名，请报告主体库有误；如代码填错，请改代码",
    ),
    Rule(
        "subject.unknown",
        "store",
        "warning",
        "主体库中没有该主体",
        _FIELD + "为 {value}，主体库中尚无该主体，已入库待关联",
        "主体登记到达后自动关联。请核对代码和名称",
    ),
    Rule(
        "subject.suggestion",
        "store",
        "warning",
        "有相近名称",
        _FIELD + "为“{value}”，主体库中有相近名称“{expected}”（{reason}），未关联",
        "如是同一主体，请补填统一社会信用代码",
    ),
    Rule(
        "subject.closed",
        "store",
        "warning",
        "主体已注销或吊销",
        _FIELD + "为“{value}”，该主体已于 {date} {reason}，早于事件日期",
        "已接收并标注。请核对相对人",
    ),
    Rule(
        "duplicate.similar",
        "store",
        "doubt",
        "疑似重复报送",
        _FIELD + "为“{value}”，库内已有同一单位对同一主体同日作出的“{other}”",
        "如为同一决定，请更正文书号；确是两项决定可直接提交",
    ),
)
