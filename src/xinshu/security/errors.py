"""Errors of the security room."""

from __future__ import annotations

from xinshu.kernel.errors import XinshuError


class OrganisationUnknown(XinshuError):
    """An account or a key was asked for an organisation that is not stored."""

    code = "security.organisation_unknown"

    def __init__(self, uscc: str) -> None:
        super().__init__(
            f"单位 {uscc} 不在单位名录中",
            fix="核对统一社会信用代码，或先在 organisations.yaml 中登记并执行 xinshu init",
        )


class AccountTaken(XinshuError):
    """There is a user of that name already; names differ in more than case."""

    code = "security.account_taken"

    def __init__(self, username: str) -> None:
        super().__init__(f"用户名 {username} 已被使用", fix="换一个用户名；忘记口令请执行 xinshu account reset 用户名")


class AccountUnknown(XinshuError):
    """No user of that name."""

    code = "security.account_unknown"

    def __init__(self, username: str) -> None:
        super().__init__(f"没有用户 {username}", fix="用 xinshu account list 查看已有用户")


class UsernameInvalid(XinshuError):
    """A user name that is empty, too long or has other than letters, digits and . _ -."""

    code = "security.username_invalid"

    def __init__(self, username: str) -> None:
        super().__init__(
            f"用户名“{username[:40]}”不能使用", fix="用 3 至 40 个字母、数字、点、横线或下划线，以字母开头"
        )


class KeyUnknown(XinshuError):
    """No API key with that number."""

    code = "security.key_unknown"

    def __init__(self, key: str) -> None:
        super().__init__(f"没有编号为 {key[:40]} 的接口密钥", fix="用 xinshu key list 查看已有密钥")
