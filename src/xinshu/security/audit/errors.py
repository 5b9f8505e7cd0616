"""Errors of the audit."""

from __future__ import annotations

from xinshu.kernel.errors import XinshuError


class AuditUnavailable(XinshuError):
    """The entry could not be written; what it was about does not happen."""

    code = "audit.unavailable"

    def __init__(self) -> None:
        super().__init__(
            "审计记录无法写入，本次操作未执行", fix="请稍后重试；仍不成功时请联系系统管理员检查数据库和磁盘空间"
        )


class AnchorStale(XinshuError):
    """The record was not sealed and anchored for too long; sensitive reads wait until it is."""

    code = "audit.anchor_stale"

    def __init__(self) -> None:
        super().__init__(
            "审计链长时间未封存存证，敏感查询暂停",
            fix="请稍后重试；系统管理员应检查后台任务和存证目录（XINSHU_AUDIT_ANCHOR_DIR），恢复后查询自动恢复",
        )
