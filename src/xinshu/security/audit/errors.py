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


class AnchorFailed(XinshuError):
    """A head could not be kept in the separate place, or what is kept there is not what was sealed."""

    code = "audit.anchor_failed"

    def __init__(self, message: str) -> None:
        super().__init__(message, fix="检查存证目录（XINSHU_AUDIT_ANCHOR_DIR）的空间、权限和内容；恢复后自动继续存证")


class NothingSealed(XinshuError):
    """There is no sealed block, or no row, of that number."""

    code = "audit.nothing_sealed"

    def __init__(self) -> None:
        super().__init__("没有已封存的审计记录，或没有该编号", fix="后台任务每分钟封存一次；核对编号后重试")
