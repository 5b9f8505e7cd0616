"""The one place that decides whether an actor may do something: by the declared matrix, default deny.

Pure: no clock, no database. Row level goes on in the database (`rowsecurity`); consent and purpose are the gate's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from xinshu.kernel.errors import XinshuError
from xinshu.security.domain import ADMINISTRATORS, ROLE_WORDS, Actor
from xinshu.security.matrix import OPERATIONS, SCOPES, STEP_UP, Operation, Scope


class PolicyRefused(XinshuError):
    """The policy does not allow it. Subclasses say why."""

    code = "policy.refused"


class OperationUnknown(PolicyRefused):
    """An operation that is not in the matrix is allowed to nobody."""

    code = "policy.operation_unknown"


class RoleMissing(PolicyRefused):
    """The actor holds none of the posts that may do this."""

    code = "policy.role_missing"


class DutiesSeparated(PolicyRefused):
    """An administrator (三员) reads no data of subjects, whatever other post he holds."""

    code = "policy.duties_separated"


class OtherUnit(PolicyRefused):
    """The object belongs to another unit."""

    code = "policy.other_unit"


class OtherRegion(PolicyRefused):
    """The object belongs to a region outside the actor's."""

    code = "policy.other_region"


class OtherItem(PolicyRefused):
    """The actor's posts are limited to other catalogue items."""

    code = "policy.other_item"


class MandateScope(PolicyRefused):
    """The mandate under which the actor acts for a firm does not hold this."""

    code = "policy.mandate_scope"


class StepUpRequired(PolicyRefused):
    """The second factor was shown too long ago for this."""

    code = "policy.step_up_required"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says. `code`, `reason`: of a refusal, else empty."""

    allowed: bool
    code: str = ""
    reason: str = ""
    error: PolicyRefused | None = None


ALLOWED = Decision(True)


def decide(actor: Actor, action: str, *, unit: str = "", region: str = "", item: str = "", now: datetime) -> Decision:
    """Whether the actor may do this to an object of that unit, region and catalogue item.

    Args:
        action: a key of `OPERATIONS`.
        unit, region, item: of the object; empty where there is none (a list, a new object of the actor's own).
    """
    operation = OPERATIONS.get(action)
    if operation is None:
        return _refused(OperationUnknown(f"操作 {action} 未在权限表中声明", fix="联系系统管理员"))
    return (
        _duties(actor, operation)
        or _reach(actor, operation, unit, region, item)
        or _freshness(actor, operation, now)
        or ALLOWED
    )


def require(actor: Actor, action: str, *, unit: str = "", region: str = "", item: str = "", now: datetime) -> None:
    """The same as an error. Raises PolicyRefused; recording the refusal is the caller's."""
    found = decide(actor, action, unit=unit, region=region, item=item, now=now)
    if found.error is not None:
        raise found.error


def covers(region: str, other: str) -> bool:
    """Whether a region of GB/T 2260 is or contains the other: 990000 the province, 990100 a city, 990102 a county."""
    if len(region) != 6 or len(other) != 6:
        return False
    stem = region[:2] if region.endswith("0000") else region[:4] if region.endswith("00") else region
    return other.startswith(stem)


def _duties(actor: Actor, operation: Operation) -> Decision | None:
    if operation.subject_data and actor.roles & ADMINISTRATORS:
        return _refused(DutiesSeparated("三员岗位不能查看主体信息", fix="由查询员提出查询"))
    if not actor.roles & operation.roles:
        words = "、".join(word for role, word in ROLE_WORDS.items() if role in operation.roles)
        return _refused(RoleMissing(f"此操作需要岗位：{words or '无'}", fix="由安全管理员按程序授予岗位"))
    if operation.mandate and operation.mandate not in actor.mandate:
        words = SCOPES.get(operation.mandate, "由法定代表人本人办理")
        return _refused(MandateScope(f"经办授权不含此事项：{words}", fix="由企业法定代表人办理，或请其调整授权"))
    return None


def _reach(actor: Actor, operation: Operation, unit: str, region: str, item: str) -> Decision | None:
    if operation.scope is Scope.UNIT and (not actor.unit or (unit and unit != actor.unit)):
        return _refused(OtherUnit("只能办理本单位的事项", fix="核对单位；跨单位的事项由对方单位办理"))
    if operation.scope is Scope.REGION and region and not covers(actor.region, region):
        return _refused(OtherRegion("只能办理本地区的事项", fix="核对地区；其他地区的事项由当地办理"))
    if item and actor.items and item not in actor.items:
        return _refused(OtherItem(f"岗位不包括目录事项 {item}", fix="由安全管理员按程序调整岗位范围"))
    return None


def _freshness(actor: Actor, operation: Operation, now: datetime) -> Decision | None:
    shown = actor.second_factor_at
    if operation.step_up and (shown is None or now - shown > STEP_UP):
        return _refused(StepUpRequired("此操作需要再次验证第二因素", fix="输入动态口令或使用安全密钥后重试"))
    return None


def _refused(error: PolicyRefused) -> Decision:
    return Decision(False, error.code, error.message, error)
