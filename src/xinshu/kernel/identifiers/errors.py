"""The one error of the identifiers. It never carries the refused text: that may be a person's number."""

from __future__ import annotations

from typing import Literal

from xinshu.kernel.errors import XinshuError

Reason = Literal["shape", "check_character", "category", "birth_date", "check_digit"]


class InvalidIdentifier(XinshuError):
    """A text is not an identifier of this kind.

    `kind` is uscc, org_code, citizen_id or reg_no; `expected` the right last character where one can be computed.
    """

    code = "identifier.invalid"

    def __init__(self, message: str, *, kind: str, reason: Reason, expected: str | None = None) -> None:
        super().__init__(message, fix="对照证照或登记系统核对后重新填写")
        self.kind: str = kind
        self.reason: Reason = reason
        self.expected: str | None = expected
