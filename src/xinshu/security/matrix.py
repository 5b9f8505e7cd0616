"""Which role may do what: the declared matrix of operations, as data. `policy.decide` judges by it and by nothing else.

An operation that is not here is allowed to nobody. docs/identity.md shows the matrix; a test compares the two.
Source: security.md section 3 [proposed]; separation of the three administrators GB/T 22239-2019 8.1.4.2, 8.1.5 [recalled].
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from xinshu.security.domain import Role

# What a mandate can let a handler do for a firm, in words; LEGAL is the legal person's alone and cannot be passed on.
SCOPES = {"view": "查看本企业信息", "consent": "办理信息授权"}
LEGAL = "legal"
STEP_UP = timedelta(minutes=5)  # a second factor older than this is asked for again


class Scope(StrEnum):
    """Over which objects a role may act. Region: those of the actor's region and the regions in it."""

    ANY = "any"
    UNIT = "unit"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Operation:
    """Who may do it, over what, and whether a fresh second factor is asked for.

    `subject_data`: it reads data of a subject that are not public; then no administrator may, whatever else he is.
    `mandate`: what the mandate must hold under which an enterprise user acts: a key of SCOPES, or LEGAL.
    """

    roles: frozenset[Role]
    scope: Scope = Scope.ANY
    step_up: bool = False
    subject_data: bool = False
    mandate: str = ""


def _of(*roles: Role, scope: Scope = Scope.ANY, step_up: bool = False, subject_data: bool = False) -> Operation:
    return Operation(frozenset(roles), scope, step_up, subject_data)


def _for_firm(mandate: str, *, subject_data: bool = False, step_up: bool = False) -> Operation:
    roles = frozenset({Role.ENTERPRISE})
    return Operation(roles, Scope.UNIT, step_up=step_up, subject_data=subject_data, mandate=mandate)


_OFFICER, _APPROVER, _OPERATOR, _STEWARD = Role.QUERY_OFFICER, Role.QUERY_APPROVER, Role.OPERATOR, Role.STEWARD
_SECURITY, _SYSTEM, _AUDITOR = Role.SECURITY_ADMIN, Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN

OPERATIONS: dict[str, Operation] = {
    # work with data
    "collection.hand_in": _of(Role.REPORTER, scope=Scope.UNIT),
    "collection.own_batches": _of(Role.REPORTER, scope=Scope.UNIT, subject_data=True),
    "records.keep": _of(_STEWARD, scope=Scope.REGION, subject_data=True),
    # the gate of disclosure
    "disclosure.register": _of(_OFFICER, _OPERATOR, scope=Scope.UNIT),
    "disclosure.query": _of(_OFFICER, scope=Scope.UNIT, subject_data=True),
    "disclosure.scene": _of(_OFFICER, scope=Scope.UNIT, subject_data=True),
    "disclosure.batch_apply": _of(_OFFICER, scope=Scope.UNIT),
    "disclosure.batch_query": _of(_OFFICER, scope=Scope.UNIT, subject_data=True),
    "disclosure.batch_export": _of(_OFFICER, scope=Scope.UNIT, step_up=True, subject_data=True),
    "disclosure.download": _of(_OFFICER, scope=Scope.UNIT, subject_data=True),
    "disclosure.destroy": _of(_OFFICER, scope=Scope.UNIT),
    "disclosure.review": _of(_APPROVER, scope=Scope.UNIT),
    "disclosure.batch_approve": _of(_APPROVER, scope=Scope.UNIT, step_up=True),
    "disclosure.trail": _of(_OFFICER, _APPROVER, scope=Scope.UNIT),
    "disclosure.own": _for_firm("view", subject_data=True),
    "disclosure.operator": _of(_OPERATOR, subject_data=True),
    # consent
    "consent.give": _for_firm("consent", step_up=True),
    "consent.change": _for_firm("consent"),
    "consent.revoke": _for_firm("consent"),
    "consent.paper_register": _of(_OFFICER, scope=Scope.UNIT),
    "consent.paper_confirm": _of(_APPROVER, scope=Scope.UNIT, step_up=True),
    "consent.paper_end": _of(_OFFICER, _APPROVER, scope=Scope.UNIT),
    "consent.paper_view": _of(_OFFICER, _APPROVER, scope=Scope.UNIT, subject_data=True),
    "consent.override": _of(_APPROVER, scope=Scope.UNIT, step_up=True),
    # the record of what was done
    "audit.view": _of(_AUDITOR),
    "audit.search": _of(_AUDITOR),
    "audit.subject": _of(_AUDITOR),
    "audit.export": _of(_AUDITOR, step_up=True),
    "audit.verify": _of(_AUDITOR),
    "audit.prove": _of(_AUDITOR),
    "audit.evidence": _of(_AUDITOR),
    "audit.purge": _of(_AUDITOR, step_up=True),
    "risk.review": _of(_AUDITOR, _SECURITY),
    # keys
    "key.view": _of(_SECURITY),
    "key.make": _of(_SECURITY, step_up=True),
    "key.rotate": _of(_SECURITY, step_up=True),
    "key.destroy": _of(_SECURITY, step_up=True),
    "key.interface": _of(_SYSTEM, step_up=True),
    # identity
    "identity.view": _of(_SECURITY, _SYSTEM),
    "identity.account": _of(_SYSTEM, step_up=True),
    "identity.role_propose": _of(_SYSTEM, _SECURITY, step_up=True),
    "identity.role_change": _of(_SECURITY, step_up=True),
    "identity.mandate": _for_firm(LEGAL),
}
