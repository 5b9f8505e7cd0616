"""Errors of the subjects room."""

from __future__ import annotations

from xinshu.kernel.errors import XinshuError


class SubjectNotFound(XinshuError):
    """No subject has this code, public id or name."""

    code = "subjects.not_found"

    def __init__(self, code: str) -> None:
        super().__init__(f"主体库中没有 {code}", fix="核对统一社会信用代码；也可用名称搜索")


class MergeRefused(XinshuError):
    """Two subjects cannot be merged, or a merge cannot be undone; the message says why."""

    code = "subjects.merge_refused"
