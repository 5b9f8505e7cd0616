"""Errors of identity. Each refusal has its own code and stands on the audit record under it."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from xinshu.kernel.errors import XinshuError


class IdentityRefused(XinshuError):
    """A change of accounts, posts or mandates is refused. Subclasses say why."""

    code = "identity.refused"


class CredentialsWrong(IdentityRefused):
    """User name and password do not fit, or the account is disabled: one answer for all."""

    code = "identity.wrong_credentials"


class SignInLocked(IdentityRefused):
    """Too many failures of an account or from a source; thirty minutes."""

    code = "identity.locked"


class FactorWrong(IdentityRefused):
    """A code of the second factor is wrong, was used before, or is too old."""

    code = "identity.wrong_factor"


class DutiesExclusive(IdentityRefused):
    """A person would hold two posts that exclude each other, also by another account."""

    code = "identity.duties_exclusive"

    def __init__(self, held: str, asked: str) -> None:
        super().__init__(f"同一人已有岗位“{held}”，不能再任“{asked}”", fix="三员岗位互斥；先收回原岗位，或另选人员")


class CoolOff(IdentityRefused):
    """A person held an excluding post too lately."""

    code = "identity.cool_off"

    def __init__(self, held: str, until: datetime) -> None:
        day = timezone.localtime(until).date().isoformat()
        super().__init__(f"该人员离任“{held}”未满冷却期", fix=f"{day} 以后再提出，或另选人员")


class SamePerson(IdentityRefused):
    """Proposer and approver are one person, also by two accounts."""

    code = "identity.same_person"

    def __init__(self) -> None:
        super().__init__("提出人与审批人不能是同一人", fix="由另一名安全管理员审批")


class OwnRecord(IdentityRefused):
    """Somebody would decide about or propose his own posts."""

    code = "identity.own_record"

    def __init__(self) -> None:
        super().__init__("不能办理本人的岗位变更", fix="由其他管理员办理")


class ChangeUnknown(IdentityRefused):
    """No such proposed change."""

    code = "identity.change_unknown"

    def __init__(self) -> None:
        super().__init__("没有这项岗位变更", fix="回到列表核对")


class ChangeDecided(IdentityRefused):
    """Somebody decided it before, or it changed since it was looked at."""

    code = "identity.change_decided"

    def __init__(self, by: str = "") -> None:
        super().__init__(f"这项变更已由{by or '他人'}处理", fix="刷新页面查看结果")


class ChangePointless(IdentityRefused):
    """The post to be given is held already, or the one to be ended is not."""

    code = "identity.change_pointless"

    def __init__(self, held: bool) -> None:
        super().__init__("该账户已有此岗位" if held else "该账户没有此岗位", fix="刷新页面，核对该账户现有岗位")


class ChangeIncomplete(IdentityRefused):
    """A proposal without a reason, or a post without the organisation it needs."""

    code = "identity.change_incomplete"

    def __init__(self, what: str) -> None:
        super().__init__(f"岗位变更缺少{what}", fix=f"补上{what}后重新提出")


class LastSecurityAdministrator(IdentityRefused):
    """The platform would be left without a security administrator."""

    code = "identity.last_security_administrator"

    def __init__(self) -> None:
        super().__init__("这是最后一名安全管理员", fix="先授予另一人安全管理员岗位")


class AlreadyBootstrapped(IdentityRefused):
    """There was an administrator of this kind already; further ones are made by two persons."""

    code = "identity.already_bootstrapped"

    def __init__(self, role: str) -> None:
        super().__init__(f"本平台已有过{role}", fix="由现任管理员在 /c/iam 按程序授予；口令遗失用 xinshu account reset")


class AccountExternal(IdentityRefused):
    """An account that comes in by the province's sign-in has no password here, and is given none."""

    code = "identity.account_external"

    def __init__(self) -> None:
        super().__init__(
            "该账户由统一身份认证登录，没有也不能设置口令", fix="请本人在统一身份认证平台办理；可以停用该账户"
        )


class PersonDiffers(IdentityRefused):
    """The identity number given for an account is not that of the natural person whose other account was named."""

    code = "identity.person_differs"

    def __init__(self) -> None:
        super().__init__("身份证号与所选账户不是同一人", fix="核对身份证号；所选账户建立时未登记身份证号的，只选账户")


class MandateUnknown(IdentityRefused):
    """No such mandate, or it is another firm's."""

    code = "identity.mandate_unknown"

    def __init__(self) -> None:
        super().__init__("没有这项经办授权", fix="回到列表核对")


class MandateEnded(IdentityRefused):
    """The mandate under which somebody would act for a firm ran out or was taken back."""

    code = "identity.mandate_ended"

    def __init__(self) -> None:
        super().__init__("经办授权已到期或已收回", fix="请企业法定代表人重新授权；法定代表人请重新登录")


class MandateNotBegun(IdentityRefused):
    """The mandate under which somebody would act for a firm begins later."""

    code = "identity.mandate_not_begun"

    def __init__(self) -> None:
        super().__init__("经办授权尚未生效", fix="起始日期以后再办理")


class MandateInvalid(IdentityRefused):
    """A mandate with an end in the past or too far, an unknown scope, a handler who does not exist by that name or has one."""

    code = "identity.mandate_invalid"


class IdentityProviderRefused(IdentityRefused):
    """The answer of the identity provider cannot be believed: signature, audience, time, nonce or claims.

    `again`: it was about somebody signed in who was to identify himself once more.
    """

    code = "identity.provider_refused"

    def __init__(self, reason: str, *, again: bool = False) -> None:
        super().__init__("统一身份认证没有通过", fix="返回登录页重新登录；多次不成功请联系统一身份认证平台")
        self.reason, self.again = reason, again
