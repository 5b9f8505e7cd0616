"""What can stand in the record as an action. One line each: its code, its Chinese title and what kind of act it is.

A code is public: never reused, never given another meaning. A test compares the table with the code that writes entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of acts, for the auditor's filter."""

    DISCLOSURE = "disclosure"  # data of a subject left the platform, or was asked for
    DECISION = "decision"  # somebody decided about another's request
    IDENTITY = "identity"  # signing in, accounts, roles
    KEY = "key"  # keys of cryptography and of the interface
    AUDIT = "audit"  # acts of the auditors themselves
    SYSTEM = "system"  # upkeep by the program


@dataclass(frozen=True, slots=True)
class Action:
    """An act that can be recorded."""

    code: str
    title: str
    kind: Kind


_TABLE = {
    Kind.DISCLOSURE: {
        "disclosure.register": "登记查询",
        "disclosure.query": "查询主体信息",
        "disclosure.batch_apply": "申请批量查询",
        "disclosure.batch_query": "批量查询",
        "disclosure.download": "下载查询结果",
        "disclosure.destroy": "销毁查询结果",
        "disclosure.scene": "政务场景核查",
        "disclosure.trail": "查看查询轨迹",
        "disclosure.own": "查看本主体信息",
        "disclosure.operator": "运营人员查看主体信息",
        "disclosure.alarm": "查询异常告警",
        "consent.paper_view": "查看纸质授权书",
    },
    Kind.DECISION: {
        "disclosure.review": "审核查询申请",
        "consent.ask": "申请授权",
        "consent.give": "授权",
        "consent.change": "变更授权",
        "consent.revoke": "撤回授权",
        "consent.use": "使用授权",
        "consent.paper_register": "登记纸质授权",
        "consent.paper_confirm": "复核纸质授权",
        "consent.paper_end": "登记纸质授权的撤回",
        "risk.review": "复核风险",
    },
    Kind.IDENTITY: {
        "identity.sign_in": "登录",
        "identity.sign_out": "退出",
        "identity.step_up": "再次验证身份",
        "identity.factor": "变更第二验证方式",
        "identity.account": "变更账户",
        "identity.role_propose": "提出角色变更",
        "identity.role_change": "变更角色",
        "identity.mandate": "变更经办授权",
        "identity.refused": "越权访问",
    },
    Kind.KEY: {
        "key.make": "生成密钥",
        "key.rotate": "轮换密钥",
        "key.destroy": "销毁密钥",
        "key.interface": "变更接口密钥",
    },
    Kind.AUDIT: {
        "audit.view": "查看审计首页",
        "audit.search": "检索审计记录",
        "audit.subject": "查看主体被查询情况",
        "audit.export": "导出审计记录",
        "audit.verify": "校验审计链",
        "audit.prove": "出具存证证明",
        "audit.evidence": "收集审计证据",
        "risk.view": "查看风险登记",
    },
    Kind.SYSTEM: {
        "audit.purge": "清理超期审计记录",
    },
}

ACTIONS = {code: Action(code, title, kind) for kind, titles in _TABLE.items() for code, title in titles.items()}
